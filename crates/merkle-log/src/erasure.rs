//! What was erased, and what accounts for it.
//!
//! The content of an old event may be erased; its leaf stays, and with it every proof. An
//! erasure is itself an event, which names the places of what it erased: so whoever holds a
//! history that is proved whole can tell content that was erased from content that is
//! left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::ops::RangeInclusive;

use crate::history::VerifiedHistory;
use crate::text::decimal;

/// A set of places, written in one way only: ascending ranges that do not touch, as in
/// `1-3 7 9-12`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places(Vec<RangeInclusive<u64>>);

/// The text is not a set of places, or not spelt in the one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a set of places: ascending numbers and ranges that do not touch, as 1-3 7")]
pub struct NotPlaces;

/// What a history shows of its leaves, by their sequence.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// Those whose event is shown and was held against the leaf.
    pub told: BTreeSet<u64>,
    /// Those that are said to be erased.
    pub erased: BTreeSet<u64>,
    /// Those that are said to be withheld from whoever reads: that nothing accounts for but who
    /// says so.
    pub withheld: BTreeSet<u64>,
    /// What those of the shown events that are erasures say that they erased.
    pub erasures: BTreeMap<u64, Places>,
}

/// Why what is shown does not account for a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unaccounted {
    /// Of an event neither content nor erasure is shown.
    #[error("event {sequence} of the patient is not shown")]
    NotShown {
        /// Its place among the patient's events.
        sequence: u64,
    },
    /// An event is said to be erased, and no later event of the log says so.
    #[error("event {sequence} of the patient is said to be erased, and no erasure names it")]
    NotErased {
        /// Its place among the patient's events.
        sequence: u64,
    },
}

impl Places {
    /// These places, in whatever order.
    #[must_use]
    pub fn of(places: &BTreeSet<u64>) -> Self {
        let mut ranges: Vec<RangeInclusive<u64>> = Vec::new();
        for place in places.iter().copied() {
            match ranges.last_mut() {
                Some(last) if last.end().checked_add(1) == Some(place) => {
                    *last = *last.start()..=place;
                }
                _ => ranges.push(place..=place),
            }
        }
        Self(ranges)
    }

    /// Reads what [`Places`] displays and nothing else. No place at all is the empty text.
    pub fn parse(text: &str) -> Result<Self, NotPlaces> {
        let mut ranges: Vec<RangeInclusive<u64>> = Vec::new();
        for word in text.split(' ').filter(|_| !text.is_empty()) {
            let range = match word.split_once('-') {
                None => decimal(word).map(|place| place..=place),
                Some((start, end)) => decimal(start)
                    .zip(decimal(end))
                    .filter(|(start, end)| start < end)
                    .map(|(start, end)| start..=end),
            };
            let range = range.ok_or(NotPlaces)?;
            // One that touched the last would be spelt as one with it.
            let last = ranges.last().map(|last| last.end().checked_add(1));
            let is_beyond = last.is_none_or(|next| next.is_some_and(|next| *range.start() > next));
            if !is_beyond {
                return Err(NotPlaces);
            }
            ranges.push(range);
        }
        Ok(Self(ranges))
    }

    /// Whether this place is among them.
    #[must_use]
    pub fn contains(&self, place: u64) -> bool {
        let after = self.0.partition_point(|range| *range.end() < place);
        self.0
            .get(after)
            .is_some_and(|range| range.contains(&place))
    }
}

impl fmt::Display for Places {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, range) in self.0.iter().enumerate() {
            if position > 0 {
                formatter.write_char(' ')?;
            }
            write!(formatter, "{}", range.start())?;
            if range.start() < range.end() {
                write!(formatter, "-{}", range.end())?;
            }
        }
        Ok(())
    }
}

impl VerifiedHistory {
    /// Makes sure that of each event of this history either the content is shown, or it is said
    /// to be withheld, or a later event of the same history, whose content is shown, says that it
    /// was erased. Gives the erased ones, each with the event that erased it.
    pub fn require_accounted(&self, account: &Account) -> Result<BTreeMap<u64, u64>, Unaccounted> {
        let mut erased = BTreeMap::new();
        for (sequence, _) in (1..).zip(&self.leaves) {
            if account.told.contains(&sequence) || account.withheld.contains(&sequence) {
                continue;
            }
            if !account.erased.contains(&sequence) {
                return Err(Unaccounted::NotShown { sequence });
            }
            let later = account.erasures.range(sequence + 1..);
            let mut by =
                later.filter(|(at, places)| account.told.contains(at) && places.contains(sequence));
            let (by, _) = by.next().ok_or(Unaccounted::NotErased { sequence })?;
            erased.insert(sequence, *by);
        }
        Ok(erased)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn places(places: &[u64]) -> Places {
        Places::of(&places.iter().copied().collect())
    }

    #[test]
    fn places_that_follow_each_other_are_one_range() {
        assert_eq!(places(&[]).to_string(), "");
        assert_eq!(places(&[9, 1, 2, 3, 7, 10]).to_string(), "1-3 7 9-10");
        let ends = places(&[0, u64::MAX - 1, u64::MAX]);
        assert_eq!(Places::parse(&ends.to_string()), Ok(ends));
    }

    #[test]
    fn every_other_spelling_is_refused() {
        for text in [
            " ",
            "1 ",
            " 1",
            "1  3",
            "1,3",
            "3 1",
            "1 1",
            "1 2",
            "1-2 3",
            "1-3 2-5",
            "3-1",
            "2-2",
            "01",
            "1-",
            "-1",
            "1-2-3",
            "+1",
            "x",
            "18446744073709551616",
            "18446744073709551614-18446744073709551615 18446744073709551615",
        ] {
            assert_eq!(Places::parse(text), Err(NotPlaces), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again_and_contains_what_it_was_made_of(
            set in prop::collection::btree_set(0_u64..200, 0..80),
        ) {
            let places = Places::of(&set);
            let text = places.to_string();
            prop_assert_eq!(Places::parse(&text), Ok(places.clone()));
            for place in 0..201 {
                prop_assert_eq!(places.contains(place), set.contains(&place));
            }
        }

        #[test]
        fn a_text_that_is_read_is_the_one_that_is_written(text in "[0-9 -]{0,12}") {
            if let Ok(places) = Places::parse(&text) {
                prop_assert_eq!(places.to_string(), text);
            }
        }
    }
}
