//! A role as Pro Santé Connect states it.

use std::fmt;
use std::str::FromStr;

use super::Profession;
use crate::InvalidValue;

const WHAT: &str = "subject role";

/// One entry of Pro Santé Connect's `SubjectRole`: `code^oid`. The OID says in
/// which list the code stands: professions, students in training, and roles
/// that are no health profession each have their own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectRole {
    code: String,
    oid: String,
}

impl SubjectRole {
    /// Reads `code^oid`: a code of 1 to 64 ASCII letters, digits, `_`, `-` and
    /// `.`, an OID of at most 128 digits and dots.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let (code, oid) = text
            .split_once('^')
            .ok_or(InvalidValue::new(WHAT, "it is a code, '^', and an OID"))?;
        if !is_code(code) {
            return Err(InvalidValue::new(
                WHAT,
                "the code has 1 to 64 ASCII letters, digits, '_', '-' or '.'",
            ));
        }
        if !is_oid(oid) {
            return Err(InvalidValue::new(
                WHAT,
                "the OID is numbers between dots, at most 128 characters",
            ));
        }
        Ok(Self {
            code: code.to_owned(),
            oid: oid.to_owned(),
        })
    }

    /// The role of a health profession.
    #[must_use]
    pub fn of_profession(profession: Profession) -> Self {
        Self {
            code: profession.code().to_owned(),
            oid: Profession::SUBJECT_ROLE_OID.to_owned(),
        }
    }

    /// The code within its list.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The list.
    #[must_use]
    pub fn oid(&self) -> &str {
        &self.oid
    }

    /// The health profession, `None` when the code is of another list or unknown.
    #[must_use]
    pub fn profession(&self) -> Option<Profession> {
        (self.oid == Profession::SUBJECT_ROLE_OID)
            .then(|| Profession::from_code(&self.code))
            .flatten()
    }
}

fn is_code(code: &str) -> bool {
    (1..=64).contains(&code.len())
        && code
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

fn is_oid(oid: &str) -> bool {
    oid.len() <= 128
        && oid
            .split('.')
            .all(|arc| !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit()))
}

impl fmt::Display for SubjectRole {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}^{}", self.code, self.oid)
    }
}

impl FromStr for SubjectRole {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::parse(text)
    }
}

serde_as_text!(SubjectRole, "subject role");
