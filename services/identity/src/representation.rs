//! Somebody's right to act for a patient, under their own name.

use aval_domain::id::{PatientId, RepresentationId};
use aval_domain::time::{CivilDate, Timestamp};
use aval_runtime::token::{RepresentationKind, RepresentativeClaims};

/// A right to act for a patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Representation {
    /// Opaque.
    pub representation_id: RepresentationId,
    /// For whom.
    pub patient_id: PatientId,
    /// Who, as a patient of their own.
    pub representative_patient_id: PatientId,
    /// By which right.
    pub kind: RepresentationKind,
    /// Since when.
    pub started_at: Timestamp,
    /// Until when, exclusive; absent: until removed.
    pub end_at: Option<Timestamp>,
    /// When it was removed; absent while it was not.
    pub removed_at: Option<Timestamp>,
}

impl Representation {
    /// Whether it holds, as far as its own dates say.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.removed_at.is_none() && self.end_at.is_none_or(|end| now < end)
    }

    /// What a token says of it.
    #[must_use]
    pub const fn claims(&self) -> RepresentativeClaims {
        RepresentativeClaims {
            representation_id: self.representation_id,
            patient_id: self.representative_patient_id,
            kind: self.kind,
        }
    }
}

/// When somebody comes of age: with the birthday's first moment in UTC. Who was born on
/// 29 February does so on 1 March in a common year.
#[must_use]
pub fn comes_of_age(birth_date: CivilDate, age_of_majority: u8) -> Timestamp {
    let year = birth_date.year() + u16::from(age_of_majority);
    let birthday = CivilDate::new(year, birth_date.month(), birth_date.day())
        .or_else(|_| CivilDate::new(year, 3, 1));
    let midnight = birthday
        .ok()
        .and_then(|birthday| Timestamp::parse_rfc3339(&format!("{birthday}T00:00:00Z")).ok());
    // Beyond the calendar's last year nobody's age matters.
    midnight.unwrap_or(Timestamp::MAX)
}

/// The word for a kind, in the store and in the trail.
#[must_use]
pub const fn kind_code(kind: RepresentationKind) -> &'static str {
    match kind {
        RepresentationKind::Parent => "parent",
        RepresentationKind::Guardian => "guardian",
        RepresentationKind::Mandated => "mandated",
    }
}

/// The kind of this word.
#[must_use]
pub fn kind_from_code(code: &str) -> Option<RepresentationKind> {
    [
        RepresentationKind::Parent,
        RepresentationKind::Guardian,
        RepresentationKind::Mandated,
    ]
    .into_iter()
    .find(|kind| kind_code(*kind) == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_comes_of_age_on_their_birthday_and_not_before() {
        for (birth, age, expected) in [
            ("2008-11-28", 18, "2026-11-28T00:00:00Z"),
            ("2008-02-29", 18, "2026-03-01T00:00:00Z"),
            ("2008-02-29", 16, "2024-02-29T00:00:00Z"),
            ("2008-12-31", 16, "2024-12-31T00:00:00Z"),
        ] {
            let of_age = comes_of_age(CivilDate::parse(birth).unwrap(), age);
            assert_eq!(of_age, Timestamp::parse_rfc3339(expected).unwrap());
        }
        let last = CivilDate::parse("9999-01-01").unwrap();
        assert_eq!(comes_of_age(last, 18), Timestamp::MAX);
    }

    #[test]
    fn every_kind_is_read_by_its_word() {
        for word in ["parent", "guardian", "mandated"] {
            assert_eq!(kind_from_code(word).map(kind_code), Some(word));
        }
        assert_eq!(kind_from_code("friend"), None);
    }
}
