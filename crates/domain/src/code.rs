//! The published code lists that access rules and the directory speak.

mod category;
mod function;
mod profession;
mod role;
mod sector;
mod speciality;

pub use category::{ExerciseMode, ProfessionalCategory};
pub use function::Function;
pub use profession::Profession;
pub use role::SubjectRole;
pub use sector::Sector;
pub use speciality::Speciality;

/// An open code list: codes of a fixed form held in place, with constants and
/// French labels for the known ones.
macro_rules! open_list {
    (
        $(#[$meta:meta])*
        pub struct $name:ident, $what:literal, $is_valid:path, $rule:literal;
        labels { $( $code:literal => $label:literal, )* }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($crate::code_text::CodeText<8>);

        impl $name {
            /// Takes a code of the right form, known or not. Codes are compared exactly.
            pub fn parse(code: &str) -> Result<Self, $crate::InvalidValue> {
                $crate::code_text::CodeText::new(code)
                    .filter(|_| $is_valid(code))
                    .map(Self)
                    .ok_or($crate::InvalidValue::new($what, $rule))
            }

            /// The code.
            #[must_use]
            pub fn code(&self) -> &str {
                self.0.as_str()
            }

            /// The French label of a known code, for end users.
            #[must_use]
            pub fn label_fr(&self) -> Option<&'static str> {
                match self.code() {
                    $( $code => Some($label), )*
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
                Self::parse(code)
            }
        }

        serde_as_text!($name, $what);
    };
}
use open_list;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_that_rules_use_have_the_published_value_and_a_label() {
        for (function, code) in [
            (Function::SUBSTITUTE, "FON-22"),
            (Function::OCCUPATIONAL_DOCTOR, "FON-29"),
            (Function::REGULATOR, "FON-32"),
            (Function::STUDENT_SUBSTITUTE, "FON-47"),
            (Function::INTERN, "FON-48"),
            (Function::EHPAD_COORDINATOR, "FON-63"),
        ] {
            assert_eq!(Function::parse(code), Ok(function));
            assert_eq!(function.code(), code);
            assert!(function.label_fr().is_some());
        }
    }

    #[test]
    fn professions_have_published_codes_and_french_labels() {
        assert_eq!(Profession::from_code("10").unwrap().label_fr(), "Médecin");
        assert_eq!(Profession::from_code("60").unwrap().label_fr(), "Infirmier");
        assert_eq!(
            Profession::from_code("98").unwrap().label_fr(),
            "Manipulateur ERM"
        );
        assert_eq!(Profession::from_code("93"), None);
        assert_eq!(Profession::ALL.len(), 29);
    }

    #[test]
    fn unknown_codes_of_the_right_form_are_kept_and_others_refused() {
        assert_eq!(Speciality::parse("SM99").unwrap().label_fr(), None);
        assert_eq!(
            Speciality::parse("SM26").unwrap().label_fr(),
            Some("Médecine générale")
        );
        assert_eq!(Sector::parse("SA30").unwrap().code(), "SA30");
        for text in ["", "S", "sm26", "26SM", "SM 26", "SM2600000", "ＳM26"] {
            assert!(Speciality::parse(text).is_err(), "{text:?}");
        }
        for text in ["", "SA", "SA1", "SA1234", "SB01", "SA0A"] {
            assert!(Sector::parse(text).is_err(), "{text:?}");
        }
        for text in [
            "",
            "FON-",
            "FON-1",
            "FON-12345",
            "FON22",
            "fon-22",
            "FON-2b",
        ] {
            assert!(Function::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_role_names_its_list() {
        let role = SubjectRole::parse("80^1.2.250.1.213.1.1.5.5").unwrap();
        assert_eq!(role.profession(), Some(Profession::Podiatrist));
        assert_eq!(role, SubjectRole::of_profession(Profession::Podiatrist));
        let student = SubjectRole::parse("10^1.2.250.1.71.1.2.8").unwrap();
        assert_eq!(student.profession(), None);
        assert_eq!(
            SubjectRole::parse("SECRETARIAT_MEDICAL^1.2")
                .unwrap()
                .profession(),
            None
        );
        for text in [
            "", "^", "80", "80^", "^1.2", "80^1..2", "80^1.2^3", "8 0^1.2", "80^１.2",
        ] {
            assert!(SubjectRole::parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_code_round_trips(
            speciality in "[A-Z][A-Z0-9]{1,7}",
            sector in "SA[0-9]{2,3}",
            function in "FON-[A-Z0-9]{2,4}",
        ) {
            prop_assert_eq!(Speciality::parse(&speciality).unwrap().to_string(), speciality);
            prop_assert_eq!(Sector::parse(&sector).unwrap().to_string(), sector);
            let function = Function::parse(&function).unwrap();
            let json = serde_json::to_string(&function).unwrap();
            prop_assert_eq!(serde_json::from_str::<Function>(&json).unwrap(), function);
        }

        #[test]
        fn every_role_round_trips(text in "[A-Za-z0-9_.-]{1,64}\\^[0-9]{1,9}(\\.[0-9]{1,9}){0,9}") {
            prop_assert_eq!(SubjectRole::parse(&text).unwrap().to_string(), text);
        }

        #[test]
        fn any_text_is_read_as_it_is_or_refused(text in crate::testing::any_text()) {
            if let Ok(code) = Speciality::parse(&text) {
                prop_assert_eq!(code.code(), text.as_str());
            }
            if let Ok(code) = Sector::parse(&text) {
                prop_assert_eq!(code.code(), text.as_str());
            }
            if let Ok(code) = Function::parse(&text) {
                prop_assert_eq!(code.code(), text.as_str());
            }
            if let Ok(role) = SubjectRole::parse(&text) {
                prop_assert_eq!(role.to_string(), text);
            }
        }
    }
}
