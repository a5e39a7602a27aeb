//! Enumerations whose outside form is a published code.

/// An enum with one code per variant: `ALL`, `code`, `from_code`, `Display`,
/// `FromStr` and serde, all through the code.
macro_rules! closed_list {
    (
        $(#[$meta:meta])*
        pub enum $name:ident, $what:literal {
            $( $(#[$variant_meta:meta])* $variant:ident = $code:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )+
        }

        impl $name {
            /// Every value, in the order of the list.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )+];

            /// The published code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $( Self::$variant => $code, )+
                }
            }

            /// The value of a code, `None` for a code that is not in the list.
            /// Codes are compared exactly.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                match code {
                    $( $code => Some(Self::$variant), )+
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(self.code())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::InvalidValue;

            fn from_str(code: &str) -> Result<Self, Self::Err> {
                Self::from_code(code)
                    .ok_or($crate::InvalidValue::new($what, "the code is not in the list"))
            }
        }

        serde_as_text!($name, $what);
    };
}

/// A [`closed_list!`] whose values also have a French label for end users.
macro_rules! labelled_list {
    (
        $(#[$meta:meta])*
        pub enum $name:ident, $what:literal {
            $( $(#[$variant_meta:meta])* $variant:ident = $code:literal => $label:literal, )+
        }
    ) => {
        closed_list! {
            $(#[$meta])*
            pub enum $name, $what {
                $( $(#[$variant_meta])* #[doc = $label] $variant = $code, )+
            }
        }

        impl $name {
            /// The French label, for end users.
            #[must_use]
            pub const fn label_fr(self) -> &'static str {
                match self {
                    $( Self::$variant => $label, )+
                }
            }
        }
    };
}
