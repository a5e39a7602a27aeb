//! A patient's refusal of a professional or an organization.

use std::collections::BTreeMap;

use aval_domain::etag::Version;
use aval_domain::id::{BlockId, PatientId};
use aval_domain::period::{Period, PeriodPosition};
use aval_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::asked_period;
use crate::grantee::{Grantee, GranteeName};

/// Somebody whom the patient shut out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// Its name; later ones sort later.
    pub block_id: BlockId,
    /// Whose record.
    pub patient_id: PatientId,
    /// Who is shut out: a known professional or an organization.
    pub grantee: Grantee,
    /// What they are called, as the directory had it when the block was made.
    pub grantee_name: Option<GranteeName>,
    /// From when to when.
    pub period: Period,
    /// Whether it began when it was made. Then it holds from the moment it is
    /// stored, on every replica, though their clocks differ by a little.
    pub immediate: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was lifted.
    pub removed_at: Option<Timestamp>,
    /// How often it was written.
    pub version: Version,
}

impl Block {
    /// Whether it was neither lifted nor is over.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.removed_at.is_none() && self.period.position(now) != PeriodPosition::After
    }

    /// Whether it shuts out at `now`.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.is_live(now) && (self.immediate || self.period.contains(now))
    }

    /// The block, made to hold whenever `asked` does too; `None` when it does
    /// already. Blocking twice never blocks for less long.
    #[must_use]
    pub fn widen(&self, asked: Period, now: Timestamp) -> Option<Self> {
        let from = self.period.from().min(asked.from());
        let until = match (self.period.until(), asked.until()) {
            (Some(mine), Some(theirs)) => Some(mine.max(theirs)),
            (None, _) | (_, None) => None,
        };
        let period = Period::new(from, until).ok()?;
        let immediate = self.immediate || from <= now;
        if (period, immediate) == (self.period, self.immediate) {
            return None;
        }
        Some(Self {
            period,
            immediate,
            version: self.version.next(),
            ..self.clone()
        })
    }

    /// The block, lifted at `now`; `None` when it was lifted before.
    #[must_use]
    pub fn lift(&self, now: Timestamp) -> Option<Self> {
        self.removed_at.is_none().then(|| Self {
            removed_at: Some(now),
            version: self.version.next(),
            ..self.clone()
        })
    }

    /// What the trail keeps of it.
    #[must_use]
    pub fn trail_fields(&self) -> BTreeMap<String, String> {
        let mut fields = BTreeMap::new();
        self.grantee.write_trail_field(&mut fields);
        GranteeName::write_trail_field(self.grantee_name.as_ref(), &mut fields);
        asked_period::write_trail_fields(self.period, &mut fields);
        if let Some(removed_at) = self.removed_at {
            fields.insert("removed_at".to_owned(), removed_at.to_string());
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aval_domain::id::PractitionerId;
    use aval_domain::random::SeededRandom;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

    fn hours(hours: u64) -> Timestamp {
        NOW.saturating_add(Duration::from_secs(3_600 * hours))
    }

    fn block(from: Timestamp, until: Option<Timestamp>) -> Block {
        let random = SeededRandom::new(1);
        Block {
            block_id: BlockId::new(NOW, &random),
            patient_id: PatientId::new(NOW, &random),
            grantee: Grantee::Practitioner(PractitionerId::new(NOW, &random)),
            grantee_name: None,
            period: Period::new(from, until).unwrap(),
            immediate: from <= NOW,
            created_at: NOW,
            removed_at: None,
            version: Version::FIRST,
        }
    }

    #[test]
    fn a_block_made_now_holds_even_where_the_clock_is_behind() {
        let behind = NOW.saturating_sub(Duration::from_millis(20));
        assert!(block(NOW, None).holds(behind));
        assert!(!block(hours(1), None).holds(NOW));
        assert!(block(hours(1), None).holds(hours(1)));
        assert!(!block(NOW, Some(hours(1))).holds(hours(1)));
    }

    #[test]
    fn blocking_again_never_blocks_for_less_long() {
        let day = block(NOW, Some(hours(24)));
        assert_eq!(
            day.widen(Period::new(hours(1), Some(hours(2))).unwrap(), NOW),
            None
        );
        let for_ever = day.widen(Period::starting(hours(1)), NOW).unwrap();
        assert_eq!(
            (for_ever.period, for_ever.version),
            (Period::starting(NOW), Version(2))
        );
        assert_eq!(
            for_ever.widen(Period::new(NOW, Some(hours(1))).unwrap(), NOW),
            None
        );
        let at_once = block(hours(5), None)
            .widen(Period::starting(NOW), NOW)
            .unwrap();
        assert!(at_once.immediate && at_once.holds(NOW));
    }

    #[test]
    fn a_block_is_lifted_once() {
        let lifted = block(NOW, None).lift(hours(1)).unwrap();
        assert_eq!(lifted.removed_at, Some(hours(1)));
        assert!(!lifted.holds(hours(1)) && !lifted.is_live(NOW));
        assert_eq!(lifted.lift(hours(2)), None);
    }
}
