//! Public identifiers that are digits under a Luhn key.

/// A fixed number of ASCII digits, the last of which is the Luhn key of the others.
macro_rules! digit_identifier {
    (
        $(#[$meta:meta])*
        pub struct $name:ident, $what:literal, length $length:literal;
        rule $rule:literal;
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $length]);

        impl $name {
            /// How many digits it has, the key included.
            pub const LENGTH: usize = $length;

            /// Reads the digits and checks the key.
            pub fn parse(text: &str) -> Result<Self, $crate::InvalidValue> {
                let digits = $crate::digits::exactly(text, $what, $rule)?;
                if !$crate::luhn::holds(&digits) {
                    return Err($crate::InvalidValue::at(
                        $what,
                        "the last digit is not the Luhn key of the others",
                        $length - 1,
                    ));
                }
                Ok(Self(digits))
            }

            /// The number whose digits but the last are `body`, with the key
            /// computed.
            pub fn with_key(body: &str) -> Result<Self, $crate::InvalidValue> {
                let body: [u8; $length - 1] =
                    $crate::digits::exactly(body, $what, "there is one digit too many or too few")?;
                let mut digits = [b'0'; $length];
                digits[..$length - 1].copy_from_slice(&body);
                digits[$length - 1] = $crate::luhn::key(&body);
                Ok(Self(digits))
            }

            /// Digits whose key was checked as part of a longer number.
            pub(crate) const fn from_checked(digits: [u8; $length]) -> Self {
                Self(digits)
            }

            /// The digits.
            #[must_use]
            pub fn as_str(&self) -> &str {
                $crate::digits::as_text(&self.0)
            }
        }

        $crate::digits::text_form!($name, $what);

        #[cfg(test)]
        mod generated_values {
            use proptest::prelude::*;

            use super::$name;
            use crate::digits::tests::body;

            proptest! {
                #[test]
                fn a_number_with_its_key_round_trips(body in body($length - 1)) {
                    let number = $name::with_key(&body).unwrap();
                    prop_assert_eq!($name::parse(number.as_str()), Ok(number));
                    prop_assert_eq!(number.to_string(), number.as_str());
                    let json = serde_json::to_string(&number).unwrap();
                    prop_assert_eq!(serde_json::from_str::<$name>(&json).unwrap(), number);
                }

                #[test]
                fn every_wrong_digit_is_refused(
                    body in body($length - 1),
                    place in 0..$name::LENGTH,
                    shift in 1..10_u8,
                ) {
                    let mut digits = $name::with_key(&body).unwrap().0;
                    digits[place] = b'0' + (digits[place] - b'0' + shift) % 10;
                    prop_assert!($name::parse(std::str::from_utf8(&digits).unwrap()).is_err());
                }

                #[test]
                fn any_text_is_read_as_it_is_or_refused(text in crate::testing::any_text()) {
                    let _ = $name::with_key(&text);
                    match $name::parse(&text) {
                        Ok(number) => prop_assert_eq!(number.as_str(), text),
                        Err(error) => prop_assert_eq!(error.what, $what),
                    }
                }
            }
        }
    };
}

/// `Display`, `Debug`, `FromStr` and serde of a type with `as_str` and `parse`.
macro_rules! text_form {
    ($name:ident, $what:literal) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(self.as_str())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "{}({})", stringify!($name), self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::InvalidValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        serde_as_text!($name, $what);
    };
}

pub(crate) use {digit_identifier, text_form};

use crate::InvalidValue;

/// What was stored as digits or capital letters.
pub(crate) fn as_text(characters: &[u8]) -> &str {
    std::str::from_utf8(characters).expect("only ASCII is ever stored")
}

/// The bytes of `text`, which must be exactly `N` ASCII digits.
pub(crate) fn exactly<const N: usize>(
    text: &str,
    what: &'static str,
    length_rule: &'static str,
) -> Result<[u8; N], InvalidValue> {
    if let Some(position) = text.chars().position(|digit| !digit.is_ascii_digit()) {
        return Err(InvalidValue::at(
            what,
            "every character is a digit",
            position,
        ));
    }
    text.as_bytes()
        .try_into()
        .map_err(|_| InvalidValue::new(what, length_rule))
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    /// `length` digits.
    pub(crate) fn body(length: usize) -> impl Strategy<Value = String> {
        proptest::collection::vec(b'0'..=b'9', length)
            .prop_map(|digits| String::from_utf8(digits).unwrap())
    }
}
