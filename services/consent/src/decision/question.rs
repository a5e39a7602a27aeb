//! What is asked, and by whom.

use std::fmt;

use aval_domain::access::{AccessMode, Action};
use aval_domain::code::{Function, Profession};
use aval_domain::document::DocumentRef;
use aval_domain::id::{ActivityId, OrganizationId, PatientId, PractitionerId};

/// May this asker do this with these documents of this record?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Who asks.
    pub asker: Asker,
    /// Whose record.
    pub patient_id: PatientId,
    /// What is to be done with it.
    pub action: Action,
    /// In which circumstances.
    pub mode: AccessMode,
    /// Which documents. None: whether the record may be opened at all, and for
    /// which classes.
    pub documents: Vec<DocumentRef>,
    /// Why, in an emergency.
    pub emergency_reason: Option<EmergencyReason>,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asker {
    /// The patient of that id, for themselves.
    Patient(PatientId),
    /// Somebody who acts in the place of the patient of that id.
    Representative(PatientId),
    /// A professional, in one practice situation.
    Practitioner(Capacity),
}

/// A professional in one practice situation, as far as rules look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    /// The one human.
    pub practitioner_id: PractitionerId,
    /// The practice situation.
    pub activity_id: ActivityId,
    /// Its profession.
    pub profession: Profession,
    /// Its function, where it has one.
    pub function: Option<Function>,
    /// Where it takes place, where that is known.
    pub organization_id: Option<OrganizationId>,
    /// Whether the professional practises, in this very situation.
    pub active: bool,
    /// Whether the situation may use the regulation centre's mode.
    pub regulation_access: bool,
    /// Whether they signed in themselves, strongly: not through their software.
    pub directly_authenticated: bool,
}

/// Why a record is opened in an emergency, in the professional's own words: 10 to
/// 1,000 characters, not counting blanks around them. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct EmergencyReason(String);

impl Asker {
    /// The professional, if it is one.
    #[must_use]
    pub const fn capacity(&self) -> Option<&Capacity> {
        match self {
            Self::Practitioner(capacity) => Some(capacity),
            Self::Patient(_) | Self::Representative(_) => None,
        }
    }
}

impl EmergencyReason {
    /// The fewest characters that say something.
    pub const SHORTEST: usize = 10;
    /// The most characters.
    pub const LONGEST: usize = 1_000;

    /// The reason in `text`, `None` when it is too short or too long to be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        (Self::SHORTEST..=Self::LONGEST)
            .contains(&text.chars().count())
            .then(|| Self(text.to_owned()))
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EmergencyReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EmergencyReason")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_ten_to_a_thousand_characters_without_the_blanks_around() {
        let length = |text: &str| EmergencyReason::parse(text).map(|reason| reason.as_str().len());
        assert_eq!(length(""), None);
        assert_eq!(length("         x         "), None);
        assert_eq!(length("  inconscient "), Some(11));
        assert_eq!(
            EmergencyReason::parse(&"é".repeat(1_000))
                .unwrap()
                .as_str()
                .len(),
            2_000
        );
        assert_eq!(length(&"x".repeat(1_001)), None);
    }

    #[test]
    fn a_reason_never_shows_in_debug() {
        let reason = EmergencyReason::parse("patient inconscient").unwrap();
        assert!(!format!("{reason:?}").contains("inconscient"));
    }
}
