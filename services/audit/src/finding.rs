//! What is found unusual in one patient's history, and how far the log was looked at for it.

pub(crate) mod walk;

use std::fmt;
use std::str::FromStr;

use aval_domain::id::{EventId, PatientId, PractitionerId};
use aval_domain::time::Timestamp;
use uuid::Uuid;

use crate::unusual::UnusualKind;

/// Accesses of one professional to one record that are unusual together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// The same whenever the same is found.
    pub id: Uuid,
    /// In what way.
    pub kind: UnusualKind,
    /// Whose record, as the access names them.
    pub patient_id: PatientId,
    /// Who, under their present identifier.
    pub practitioner_id: PractitionerId,
    /// The first of the accesses.
    pub event_id: EventId,
    /// When it happened.
    pub first_at: Timestamp,
}

/// How far the log was looked at. What is to be followed up is looked at later, and has a
/// place of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FindingCursor {
    /// Below this place accesses were judged.
    pub looked: u64,
    /// Below this place it was looked whether emergencies were followed up.
    pub followed_up: u64,
}

/// A text that is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be empty, \"start\", or one that was given")]
pub struct NotACursor;

impl fmt::Display for FindingCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.looked, self.followed_up)
    }
}

impl FromStr for FindingCursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let (looked, followed_up) = text.split_once('.').ok_or(NotACursor)?;
        let place = |digits: &str| {
            let are_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
            let place = digits.parse().ok().filter(|_| are_digits);
            place.ok_or(NotACursor)
        };
        Ok(Self {
            looked: place(looked)?,
            followed_up: place(followed_up)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_nothing_else_is_one() {
        let cursor = FindingCursor {
            looked: 4_711,
            followed_up: 7,
        };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for text in ["", ".", "1", "1.", ".1", "+1.1", "1.2.3", "a.b", "1. 2"] {
            assert_eq!(text.parse::<FindingCursor>(), Err(NotACursor), "{text}");
        }
    }
}
