//! From when until when something holds.

use serde::{Deserialize, Serialize};

use crate::InvalidValue;
use crate::time::Timestamp;

/// The instants from `from` (included) until `until` (excluded), or for ever.
/// Never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "PeriodFields", into = "PeriodFields")]
pub struct Period {
    from: Timestamp,
    until: Option<Timestamp>,
}

/// Where an instant lies relative to a [`Period`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PeriodPosition {
    /// The period has not begun.
    Before,
    /// The period runs.
    Within,
    /// The period is over.
    After,
}

impl Period {
    /// From `from` until just before `until`; refused when that is empty.
    pub fn new(from: Timestamp, until: Option<Timestamp>) -> Result<Self, InvalidValue> {
        if until.is_some_and(|until| until <= from) {
            return Err(InvalidValue::new("period", "its end comes after its start"));
        }
        Ok(Self { from, until })
    }

    /// From `from`, without end.
    #[must_use]
    pub const fn starting(from: Timestamp) -> Self {
        Self { from, until: None }
    }

    /// The first instant within.
    #[must_use]
    pub const fn from(&self) -> Timestamp {
        self.from
    }

    /// The first instant after, `None` when there is no end.
    #[must_use]
    pub const fn until(&self) -> Option<Timestamp> {
        self.until
    }

    /// Whether the period runs at `instant`.
    #[must_use]
    pub fn contains(&self, instant: Timestamp) -> bool {
        self.position(instant) == PeriodPosition::Within
    }

    /// Where `instant` lies.
    #[must_use]
    pub fn position(&self, instant: Timestamp) -> PeriodPosition {
        if instant < self.from {
            PeriodPosition::Before
        } else if self.until.is_some_and(|until| until <= instant) {
            PeriodPosition::After
        } else {
            PeriodPosition::Within
        }
    }

    /// Whether some instant lies within both.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let ends_after = |period: &Self, instant| period.until.is_none_or(|until| instant < until);
        ends_after(self, other.from) && ends_after(other, self.from)
    }

    /// Whether every instant of `other` lies within this period.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let ends_late_enough = match (self.until, other.until) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(mine), Some(theirs)) => theirs <= mine,
        };
        self.from <= other.from && ends_late_enough
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PeriodFields {
    from: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

impl TryFrom<PeriodFields> for Period {
    type Error = InvalidValue;

    fn try_from(fields: PeriodFields) -> Result<Self, InvalidValue> {
        Self::new(fields.from, fields.until)
    }
}

impl From<Period> for PeriodFields {
    fn from(period: Period) -> Self {
        Self {
            from: period.from,
            until: period.until,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    #[test]
    fn the_start_is_within_and_the_end_is_after() {
        let period = Period::new(at(10), Some(at(20))).unwrap();
        let one = std::time::Duration::from_micros(1);
        assert_eq!(
            period.position(at(10).saturating_sub(one)),
            PeriodPosition::Before
        );
        assert_eq!(period.position(at(10)), PeriodPosition::Within);
        assert_eq!(
            period.position(at(20).saturating_sub(one)),
            PeriodPosition::Within
        );
        assert_eq!(period.position(at(20)), PeriodPosition::After);
    }

    #[test]
    fn an_empty_or_reversed_period_is_refused() {
        assert!(Period::new(at(10), Some(at(10))).is_err());
        assert!(Period::new(at(10), Some(at(9))).is_err());
        assert!(serde_json::from_str::<Period>(r#"{"from":10,"until":10}"#).is_err());
    }

    #[test]
    fn a_period_without_end_never_ends_and_says_so_by_absence() {
        let period = Period::starting(at(10));
        assert!(period.contains(Timestamp::MAX));
        assert_eq!(
            serde_json::to_string(&period).unwrap(),
            r#"{"from":10000000}"#
        );
    }

    fn period() -> impl Strategy<Value = Period> {
        (0..20_i64, proptest::option::of(1..20_i64)).prop_map(|(from, length)| {
            Period::new(at(from), length.map(|length| at(from + length))).unwrap()
        })
    }

    proptest! {
        #[test]
        fn overlapping_and_covering_agree_with_containing(
            first in period(),
            second in period(),
        ) {
            let instants = || (0..50).map(at);
            let shared = instants().any(|now| first.contains(now) && second.contains(now));
            prop_assert_eq!(first.overlaps(&second), shared);
            let inside = instants().all(|now| !second.contains(now) || first.contains(now));
            prop_assert_eq!(first.covers(&second), inside);
        }

        #[test]
        fn a_period_round_trips(period in period()) {
            let json = serde_json::to_string(&period).unwrap();
            prop_assert_eq!(serde_json::from_str::<Period>(&json).unwrap(), period);
        }
    }
}
