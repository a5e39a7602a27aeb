//! The five traits of an INS, and how far an identity is to be trusted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::InvalidValue;
use crate::code_text::CodeText;
use crate::time::CivilDate;

closed_list! {
    /// The sex as the national register has it. `I` is assumed from the practice
    /// of identity vigilance; `F` and `M` are what `INSi` gives for everybody else.
    pub enum Sex, "sex" {
        /// Female.
        Female = "F",
        /// Male.
        Male = "M",
        /// Not determined.
        Undetermined = "I",
    }
}

closed_list! {
    /// How far a patient's identity is to be trusted. A qualified one was
    /// obtained or verified through `INSi` *and* checked against a high-trust
    /// document; only then may the matricule reference health data (ANS, INS
    /// FAQ). That these are the four names of the national referential is
    /// assumed, not confirmed.
    pub enum InsStatus, "INS status" {
        /// Neither retrieved nor checked.
        Provisional = "provisional",
        /// Retrieved or verified through `INSi`, not checked against a document.
        Retrieved = "retrieved",
        /// Checked against a document, not retrieved.
        Validated = "validated",
        /// Both.
        Qualified = "qualified",
    }
}

impl InsStatus {
    /// The status of an identity by the two facts that make it.
    #[must_use]
    pub const fn of(retrieved: bool, validated: bool) -> Self {
        match (retrieved, validated) {
            (false, false) => Self::Provisional,
            (true, false) => Self::Retrieved,
            (false, true) => Self::Validated,
            (true, true) => Self::Qualified,
        }
    }

    /// Whether `INSi` gave or confirmed the matricule.
    #[must_use]
    pub const fn is_retrieved(self) -> bool {
        matches!(self, Self::Retrieved | Self::Qualified)
    }

    /// Whether a document proved the identity.
    #[must_use]
    pub const fn is_validated(self) -> bool {
        matches!(self, Self::Validated | Self::Qualified)
    }
}

/// The official code (COG, INSEE) of a commune or country of birth: five
/// characters, digits but for the Corsican `2A` and `2B` in front; countries
/// begin with `99`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InseeCode(CodeText<5>);

impl InseeCode {
    /// Reads the five characters.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let bytes = text.as_bytes();
        let digits = match bytes {
            [b'2', b'A' | b'B', rest @ ..] => rest,
            _ => bytes,
        };
        if bytes.len() != 5 || !digits.iter().all(u8::is_ascii_digit) {
            let rule = "it has five digits, or 2A or 2B and three digits";
            return Err(InvalidValue::new("INSEE code", rule));
        }
        Ok(Self(CodeText::of(text)))
    }

    /// The five characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it is a country other than France.
    #[must_use]
    pub fn is_foreign_country(&self) -> bool {
        self.as_str().starts_with("99")
    }
}

impl fmt::Display for InseeCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl FromStr for InseeCode {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::parse(text)
    }
}

serde_as_text!(InseeCode, "INSEE code");

/// The five traits that, with the matricule and its OID, make an INS.
///
/// Names are kept exactly as `INSi` gave them, hyphens included: its comparison is
/// strict. [`crate::name::search_key`] is for searching, never for proof.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InsTraits {
    /// The name at birth.
    pub birth_name: String,
    /// The first names of the birth certificate, in order, at least one.
    pub birth_first_names: Vec<String>,
    /// The date of birth.
    pub birth_date: CivilDate,
    /// The sex.
    pub sex: Sex,
    /// The commune or country of birth.
    pub birth_place: InseeCode,
}

impl InsTraits {
    /// The most characters of one name.
    pub const MAX_NAME_LENGTH: usize = 100;
    /// The most first names.
    pub const MAX_FIRST_NAMES: usize = 20;

    /// Says which trait is not what it must be: names are not blank, have at
    /// most [`MAX_NAME_LENGTH`](Self::MAX_NAME_LENGTH) characters, none of them
    /// a control character; there are 1 to
    /// [`MAX_FIRST_NAMES`](Self::MAX_FIRST_NAMES) first names.
    pub fn check(&self) -> Result<(), InvalidValue> {
        Self::check_birth_name(&self.birth_name)?;
        Self::check_birth_first_names(&self.birth_first_names)
    }

    /// [`check`](Self::check) of the birth name alone.
    pub fn check_birth_name(name: &str) -> Result<(), InvalidValue> {
        check_name(name, "birth name")
    }

    /// [`check`](Self::check) of the first names alone.
    pub fn check_birth_first_names(names: &[String]) -> Result<(), InvalidValue> {
        if !(1..=Self::MAX_FIRST_NAMES).contains(&names.len()) {
            return Err(InvalidValue::new("birth first names", "there are 1 to 20"));
        }
        names
            .iter()
            .try_for_each(|name| check_name(name, "birth first name"))
    }
}

fn check_name(name: &str, what: &'static str) -> Result<(), InvalidValue> {
    if name.trim().is_empty() {
        return Err(InvalidValue::new(what, "it is not blank"));
    }
    if name.chars().count() > InsTraits::MAX_NAME_LENGTH {
        return Err(InvalidValue::new(what, "it has at most 100 characters"));
    }
    if let Some(position) = name.chars().position(char::is_control) {
        let rule = "it has no control character";
        return Err(InvalidValue::at(what, rule, position));
    }
    Ok(())
}

impl fmt::Debug for InsTraits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("InsTraits(masked)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traits() -> InsTraits {
        InsTraits {
            birth_name: "PAT-TROIS".into(),
            birth_first_names: vec!["DOMINIQUE".into(), "MARIE".into()],
            birth_date: CivilDate::new(1979, 3, 28).unwrap(),
            sex: Sex::Female,
            birth_place: InseeCode::parse("51215").unwrap(),
        }
    }

    #[test]
    fn complete_traits_pass_and_blank_or_absent_names_do_not() {
        assert_eq!(traits().check(), Ok(()));
        let blank = InsTraits {
            birth_name: " ".into(),
            ..traits()
        };
        assert_eq!(blank.check().unwrap_err().what, "birth name");
        let nameless = InsTraits {
            birth_first_names: Vec::new(),
            ..traits()
        };
        assert_eq!(nameless.check().unwrap_err().what, "birth first names");
        let control = InsTraits {
            birth_first_names: vec!["A\nB".into()],
            ..traits()
        };
        assert_eq!(control.check().unwrap_err().position, Some(1));
        let endless = InsTraits {
            birth_name: "É".repeat(101),
            ..traits()
        };
        assert!(endless.check().is_err());
    }

    #[test]
    fn debug_shows_no_trait() {
        assert_eq!(format!("{:?}", traits()), "InsTraits(masked)");
    }

    #[test]
    fn birth_places_are_communes_corsican_communes_or_countries() {
        for valid in ["51215", "2A004", "2B033", "99100"] {
            assert_eq!(InseeCode::parse(valid).unwrap().to_string(), valid);
        }
        for invalid in [
            "",
            "5121",
            "512155",
            "2C004",
            "2a004",
            "A2004",
            "51 15",
            "５１２１５",
        ] {
            assert!(InseeCode::parse(invalid).is_err(), "{invalid:?}");
        }
        assert!(InseeCode::parse("99100").unwrap().is_foreign_country());
        assert!(!InseeCode::parse("51215").unwrap().is_foreign_country());
    }

    #[test]
    fn a_status_is_made_of_two_facts() {
        for status in InsStatus::ALL.iter().copied() {
            let remade = InsStatus::of(status.is_retrieved(), status.is_validated());
            assert_eq!(remade, status);
        }
        assert_eq!(InsStatus::of(true, true), InsStatus::Qualified);
    }
}
