//! What auditors ask for.

use aval_domain::id::{EventId, PractitionerId};
use aval_domain::page::PageSize;
use aval_domain::time::Timestamp;

use crate::entry::StoredEntry;
use crate::query::Filter;
use crate::unusual::UnusualKind;

/// Why an auditor looks, in their own words: 10 to 500 characters on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose(String);

/// A text that says no purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must say why in 10 to 500 characters on one line")]
pub struct NotAPurpose;

/// When the log took what is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecordedPeriod {
    /// At or after; none: from the oldest.
    pub from_at: Option<Timestamp>,
    /// Before; none: up to the newest.
    pub until_at: Option<Timestamp>,
}

/// What an auditor asks for with `SearchEvents`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchEvents {
    /// Why.
    pub purpose: Purpose,
    /// When the events were recorded.
    pub recorded: RecordedPeriod,
    /// Which of them.
    pub filter: Filter,
    /// How many at most.
    pub page_size: PageSize,
    /// From the previous page; none: the first.
    pub page_token: Option<String>,
}

/// What an auditor asks for with `ListHistory`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListHistory {
    /// Why.
    pub purpose: Purpose,
    /// An event of the history.
    pub event_id: EventId,
    /// How many at most.
    pub page_size: PageSize,
    /// From the previous page; none: the first.
    pub page_token: Option<String>,
}

/// What an auditor asks for with `ListUnusualAccesses`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListUnusualAccesses {
    /// Why.
    pub purpose: Purpose,
    /// When the accesses were recorded.
    pub recorded: RecordedPeriod,
    /// Of which kinds; none: of any.
    pub kinds: Vec<UnusualKind>,
    /// By whom; none: by anybody.
    pub practitioner_id: Option<PractitionerId>,
    /// How many at most.
    pub page_size: PageSize,
    /// From the previous page; none: the first.
    pub page_token: Option<String>,
}

/// A part of the log, looked at from its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Which events.
    pub filter: Filter,
    /// From this place on.
    pub from: u64,
    /// Below this place.
    pub before: u64,
    /// How many at most.
    pub limit: u64,
}

/// What a look at a part of the log found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The entries, the newest first.
    pub entries: Vec<StoredEntry>,
    /// Everything from this place on was looked at; what is below was not.
    pub looked_from: u64,
}

impl Purpose {
    /// The purpose in these words.
    pub fn parse(words: &str) -> Result<Self, NotAPurpose> {
        let words = words.trim();
        let is_long_enough = (10..=500).contains(&words.chars().count());
        if !is_long_enough || words.chars().any(char::is_control) {
            return Err(NotAPurpose);
        }
        Ok(Self(words.to_owned()))
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl RecordedPeriod {
    /// The period as texts: part of what a page token is sealed for.
    #[must_use]
    pub fn texts(&self) -> [String; 2] {
        [self.from_at, self.until_at].map(|at| {
            let micros = at.map(|at| at.as_micros().to_string());
            micros.unwrap_or_default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purpose_is_ten_to_five_hundred_characters_on_one_line() {
        let longest = "é".repeat(500);
        for words in ["Plainte 12", "  Plainte n° 12 ", longest.as_str()] {
            assert_eq!(Purpose::parse(words).unwrap().as_str(), words.trim());
        }
        let too_long = "é".repeat(501);
        for words in [
            "",
            "Plainte 1",
            "         Plainte",
            "Plainte\nn° 12",
            &too_long,
        ] {
            assert_eq!(Purpose::parse(words), Err(NotAPurpose));
        }
    }
}
