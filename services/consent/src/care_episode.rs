//! A care team's care for a patient.

use std::collections::BTreeMap;
use std::time::Duration;

use aval_domain::etag::Version;
use aval_domain::id::{CareEpisodeId, OrganizationId, PatientId, PractitionerId};
use aval_domain::period::{Period, PeriodPosition};
use aval_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::asked_period;
use crate::error::Error;

/// It ends within a year: the same day of the next one included.
const LONGEST: Duration = Duration::from_hours(24 * 366);

/// A team that is presumed authorised while its care lasts (art. L.1110-4 and R.1111-46
/// CSP).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CareEpisode {
    /// Its name; later ones sort later.
    pub care_episode_id: CareEpisodeId,
    /// Whose record.
    pub patient_id: PatientId,
    /// The team, nobody twice.
    pub members: Vec<PractitionerId>,
    /// The organization in which they care, where who opened it acts in one.
    pub organization_id: Option<OrganizationId>,
    /// The member who opened it.
    pub opened_by: PractitionerId,
    /// From when to when; an end is always set.
    pub period: Period,
    /// When it was closed before its end.
    pub closed_at: Option<Timestamp>,
    /// How often it was written.
    pub version: Version,
}

impl CareEpisode {
    /// The period of a care episode that begins at `now`.
    pub fn period(until: Timestamp, now: Timestamp) -> Result<Period, Error> {
        let invalid = |rule| Error::Invalid {
            field: "until_at",
            rule,
        };
        if until > now.saturating_add(LONGEST) {
            return Err(invalid("must be at most a year away"));
        }
        Period::new(now, Some(until)).map_err(|_| invalid("must be in the future"))
    }

    /// Whether it was neither closed nor is over.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.closed_at.is_none() && self.period.position(now) != PeriodPosition::After
    }

    /// Whether this professional is of the team.
    #[must_use]
    pub fn has_member(&self, practitioner_id: PractitionerId) -> bool {
        self.members.contains(&practitioner_id)
    }

    /// The episode, closed at `now`; `None` when it was closed already. One that is over is
    /// closed all the same: a clock that runs ahead may say so too early, and where clocks
    /// are right the team would be presumed authorised again.
    #[must_use]
    pub fn close(&self, now: Timestamp) -> Option<Self> {
        self.closed_at.is_none().then(|| Self {
            closed_at: Some(now),
            version: self.version.next(),
            ..self.clone()
        })
    }

    /// What the trail keeps of it.
    #[must_use]
    pub fn trail_fields(&self) -> BTreeMap<String, String> {
        let members: Vec<_> = self.members.iter().map(ToString::to_string).collect();
        let mut fields =
            BTreeMap::from([("member_practitioner_ids".to_owned(), members.join(","))]);
        if let Some(organization_id) = self.organization_id {
            fields.insert("organization_id".to_owned(), organization_id.to_string());
        }
        asked_period::write_trail_fields(self.period, &mut fields);
        if let Some(closed_at) = self.closed_at {
            fields.insert("closed_at".to_owned(), closed_at.to_string());
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use aval_domain::random::SeededRandom;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

    fn hours(hours: u64) -> Timestamp {
        NOW.saturating_add(Duration::from_secs(3_600 * hours))
    }

    fn episode() -> CareEpisode {
        let random = SeededRandom::new(1);
        let opened_by = PractitionerId::new(NOW, &random);
        CareEpisode {
            care_episode_id: CareEpisodeId::new(NOW, &random),
            patient_id: PatientId::new(NOW, &random),
            members: vec![opened_by],
            organization_id: None,
            opened_by,
            period: CareEpisode::period(hours(10), NOW).unwrap(),
            closed_at: None,
            version: Version::FIRST,
        }
    }

    #[test]
    fn it_ends_within_a_year_and_not_before_it_begins() {
        for (until, is_taken) in [
            (hours(1), true),
            (hours(24 * 366), true),
            (hours(24 * 367), false),
            (NOW, false),
            (Timestamp::MIN, false),
            (Timestamp::MAX, false),
        ] {
            assert_eq!(CareEpisode::period(until, NOW).is_ok(), is_taken);
        }
    }

    #[test]
    fn it_is_closed_once_whatever_the_time() {
        let closed = episode().close(hours(1)).unwrap();
        assert_eq!(
            (closed.closed_at, closed.version),
            (Some(hours(1)), Version(2))
        );
        assert!(!closed.is_live(hours(1)));
        assert_eq!(closed.close(hours(2)), None);
        assert!(episode().is_live(hours(9)) && !episode().is_live(hours(10)));
        // Closed where a clock is ahead, it is closed where it is not.
        let closed = episode().close(hours(10)).unwrap();
        assert!(!closed.is_live(hours(1)));
    }
}
