//! For how long something is asked for, before it is settled.

use std::collections::BTreeMap;
use std::time::Duration;

use aval_domain::period::Period;
use aval_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::grantee::Grantee;

const DAY: Duration = Duration::from_hours(24);
/// It begins within a year: the same day of the next one included.
const LATEST_START: Duration = DAY.saturating_mul(366);
/// It lasts at most a hundred years.
const LONGEST: Duration = DAY.saturating_mul(36_525);

/// The bounds that a person asks for; each may be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AskedPeriod {
    /// When it begins; `None`: now.
    pub from: Option<Timestamp>,
    /// When it ends; `None`: until it is taken back.
    pub until: Option<Timestamp>,
}

impl AskedPeriod {
    /// The period of a grant to this grantee, asked for at `now`. Everybody of an
    /// organization is many people, some of whom the patient will never meet: their
    /// grant always ends.
    pub fn settle_grant(self, grantee: Grantee, now: Timestamp) -> Result<Period, Error> {
        if self.until.is_none() && grantee.organization_id().is_some() {
            return Err(invalid(
                "period.until_at",
                "is required for an organization",
            ));
        }
        self.settle(now)
    }

    /// The period, asked for at `now`.
    pub fn settle(self, now: Timestamp) -> Result<Period, Error> {
        let from = self.from.unwrap_or(now);
        if from > now.saturating_add(LATEST_START) {
            return Err(invalid("period.from_at", "must begin within a year"));
        }
        // Without an end it has lasted too long already.
        if now.since(from) > LONGEST {
            return Err(invalid(
                "period.from_at",
                "must not be more than 100 years ago",
            ));
        }
        if let Some(until) = self.until {
            check_end(from, until, now)?;
        }
        Period::new(from, self.until)
            .map_err(|_| invalid("period.until_at", "must be later than from_at"))
    }
}

/// The same period with another end.
pub fn with_end(
    period: Period,
    until: Option<Timestamp>,
    grantee: Grantee,
    now: Timestamp,
) -> Result<Period, Error> {
    let asked = AskedPeriod {
        from: Some(period.from()),
        until,
    };
    asked.settle_grant(grantee, now)
}

fn check_end(from: Timestamp, until: Timestamp, now: Timestamp) -> Result<(), Error> {
    if until <= now {
        return Err(invalid("period.until_at", "must be in the future"));
    }
    if until.since(from) > LONGEST {
        return Err(invalid(
            "period.until_at",
            "must be at most 100 years after the beginning",
        ));
    }
    Ok(())
}

fn invalid(field: &'static str, rule: &'static str) -> Error {
    Error::Invalid { field, rule }
}

/// What the trail keeps of a period.
pub(crate) fn write_trail_fields(period: Period, fields: &mut BTreeMap<String, String>) {
    fields.insert("from_at".to_owned(), period.from().to_string());
    if let Some(until) = period.until() {
        fields.insert("until_at".to_owned(), until.to_string());
    }
}

#[cfg(test)]
mod tests {
    use aval_domain::id::{OrganizationId, PractitionerId};
    use aval_domain::random::SeededRandom;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

    fn practitioner() -> Grantee {
        Grantee::Practitioner(PractitionerId::new(NOW, &SeededRandom::new(1)))
    }

    fn organization() -> Grantee {
        Grantee::Organization(OrganizationId::new(NOW, &SeededRandom::new(2)))
    }

    fn later(days: u32) -> Timestamp {
        NOW.saturating_add(DAY * days)
    }

    fn earlier(days: u32) -> Timestamp {
        NOW.saturating_sub(DAY * days)
    }

    fn broken_rule(asked: AskedPeriod, grantee: Grantee) -> Option<&'static str> {
        match asked.settle_grant(grantee, NOW) {
            Ok(_) => None,
            Err(Error::Invalid { field, .. }) => Some(field),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn nothing_asked_for_means_from_now_on_without_end() {
        let period = AskedPeriod::default()
            .settle_grant(practitioner(), NOW)
            .unwrap();
        assert_eq!(period, Period::starting(NOW));
    }

    #[test]
    fn an_organization_needs_an_end() {
        let endless = AskedPeriod::default();
        assert_eq!(
            broken_rule(endless, organization()),
            Some("period.until_at")
        );
        let ending = AskedPeriod {
            from: None,
            until: Some(later(1)),
        };
        assert_eq!(broken_rule(ending, organization()), None);
    }

    #[test]
    fn the_bounds_are_those_of_the_contract() {
        for (from, until, broken) in [
            (Some(later(366)), None, None),
            (Some(later(367)), None, Some("period.from_at")),
            (None, Some(NOW), Some("period.until_at")),
            (None, Some(later(36_525)), None),
            (None, Some(later(36_526)), Some("period.until_at")),
            (Some(later(10)), Some(later(5)), Some("period.until_at")),
            (Some(later(10)), Some(later(10)), Some("period.until_at")),
            (Some(earlier(36_525)), None, None),
            (
                Some(earlier(36_525)),
                Some(later(1)),
                Some("period.until_at"),
            ),
            (Some(earlier(36_526)), None, Some("period.from_at")),
            (Some(Timestamp::MIN), None, Some("period.from_at")),
            (Some(Timestamp::MIN), Some(later(5)), Some("period.from_at")),
        ] {
            assert_eq!(
                broken_rule(AskedPeriod { from, until }, practitioner()),
                broken
            );
        }
    }

    #[test]
    fn a_new_end_keeps_the_beginning_and_the_bounds() {
        let period = Period::new(NOW, Some(later(10))).unwrap();
        let longer = with_end(period, Some(later(20)), practitioner(), NOW).unwrap();
        assert_eq!((longer.from(), longer.until()), (NOW, Some(later(20))));
        assert!(with_end(period, Some(NOW), practitioner(), NOW).is_err());
        assert!(with_end(period, None, practitioner(), NOW).is_ok());
        assert!(with_end(period, None, organization(), NOW).is_err());
    }
}
