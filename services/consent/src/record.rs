//! A patient's record as a whole: open or closed, oppositions, treating doctors.

use std::collections::BTreeMap;

use aval_domain::etag::{Etag, Version};
use aval_domain::id::{PatientId, PractitionerId};
use aval_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// How a record is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Whose.
    pub patient_id: PatientId,
    /// Whether the patient opposes `bris_de_glace` (art. R.1111-48 CSP).
    pub opposes_break_glass: bool,
    /// Whether the patient opposes the regulating doctor's access.
    pub opposes_regulation_center: bool,
    /// Everybody who is or was a treating doctor, in the order in which they became so.
    pub treating_doctors: Vec<TreatingDoctor>,
    /// Since when it exists here.
    pub opened_at: Timestamp,
    /// When it was closed; `None` while it is open.
    pub closed_at: Option<Timestamp>,
    /// How often it was written.
    pub version: Version,
}

/// A doctor whom the patient declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreatingDoctor {
    /// Who.
    pub practitioner_id: PractitionerId,
    /// Since when.
    pub added_at: Timestamp,
    /// Until when; `None` while they are.
    pub removed_at: Option<Timestamp>,
}

/// What the patient says about emergencies; `None` leaves it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oppositions {
    /// Opposes `bris_de_glace`.
    pub break_glass: Option<bool>,
    /// Opposes the regulating doctor's access.
    pub regulation_center: Option<bool>,
}

impl Record {
    /// A record that begins to exist at `now`. No opposition is made in the
    /// patient's name.
    #[must_use]
    pub const fn opened(patient_id: PatientId, now: Timestamp) -> Self {
        Self {
            patient_id,
            opposes_break_glass: false,
            opposes_regulation_center: false,
            treating_doctors: Vec::new(),
            opened_at: now,
            closed_at: None,
            version: Version::FIRST,
        }
    }

    /// The record of a human of several identifiers, under the one that is asked for: the
    /// most restrictive setting of any wins, and treating doctors of any are theirs. `None`
    /// if there is none under any.
    #[must_use]
    pub fn of_human(patient_id: PatientId, records: Vec<Self>) -> Option<Self> {
        let mut records = records.into_iter();
        let first = records.next()?;
        let human = records.fold(first, Self::with);
        Some(Self {
            patient_id,
            ..human
        })
    }

    fn with(mut self, other: Self) -> Self {
        for doctor in other.treating_doctors {
            let known = self.treating_doctors.iter_mut();
            let mut known = known.filter(|known| known.practitioner_id == doctor.practitioner_id);
            match known.next() {
                Some(known) if known.removed_at.is_some() => *known = doctor,
                Some(_) => {}
                None => self.treating_doctors.push(doctor),
            }
        }
        self.treating_doctors
            .sort_by_key(|doctor| (doctor.added_at, doctor.practitioner_id));
        Self {
            opposes_break_glass: self.opposes_break_glass || other.opposes_break_glass,
            opposes_regulation_center: self.opposes_regulation_center
                || other.opposes_regulation_center,
            opened_at: self.opened_at.min(other.opened_at),
            closed_at: self.closed_at.max(other.closed_at),
            version: self.version.max(other.version),
            ..self
        }
    }

    /// Whether it is open.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.closed_at.is_none()
    }

    /// The record, if it is open.
    pub fn require_open(self) -> Result<Self, Error> {
        if self.is_open() {
            return Ok(self);
        }
        Err(Error::RecordUnavailable)
    }

    /// The treating doctors of now.
    pub fn current_treating_doctors(&self) -> impl Iterator<Item = PractitionerId> {
        self.treating_doctors
            .iter()
            .filter(|doctor| doctor.removed_at.is_none())
            .map(|doctor| doctor.practitioner_id)
    }

    /// The record opened again; `None` when it is open.
    #[must_use]
    pub fn reopen(&self) -> Option<Self> {
        self.closed_at?;
        Some(Self {
            closed_at: None,
            ..self.written()
        })
    }

    /// The record closed at `now`; `None` when it is closed.
    #[must_use]
    pub fn close(&self, now: Timestamp) -> Option<Self> {
        self.is_open().then(|| Self {
            closed_at: Some(now),
            ..self.written()
        })
    }

    /// The record with these oppositions, `None` when they are the present ones. The
    /// patient saw `etag`.
    pub fn oppose(&self, oppositions: Oppositions, etag: Etag) -> Result<Option<Self>, Error> {
        if etag.version() != self.version {
            return Err(Error::EtagMismatch);
        }
        let changed = Self {
            opposes_break_glass: oppositions.break_glass.unwrap_or(self.opposes_break_glass),
            opposes_regulation_center: oppositions
                .regulation_center
                .unwrap_or(self.opposes_regulation_center),
            ..self.written()
        };
        let same = changed.opposes_break_glass == self.opposes_break_glass
            && changed.opposes_regulation_center == self.opposes_regulation_center;
        Ok((!same).then_some(changed))
    }

    /// Whether an opposition of `before` is no longer made.
    #[must_use]
    pub const fn opposes_less_than(&self, before: &Self) -> bool {
        (before.opposes_break_glass && !self.opposes_break_glass)
            || (before.opposes_regulation_center && !self.opposes_regulation_center)
    }

    /// The record with one more treating doctor, `None` when they are one. One under
    /// another identifier of the same human is no reason: should they turn out to be two,
    /// this one stays.
    #[must_use]
    pub fn add_treating_doctor(&self, doctor: PractitionerId, now: Timestamp) -> Option<Self> {
        if self
            .current_treating_doctors()
            .any(|current| current == doctor)
        {
            return None;
        }
        let mut changed = self.written();
        changed
            .treating_doctors
            .retain(|past| past.practitioner_id != doctor);
        changed.treating_doctors.push(TreatingDoctor {
            practitioner_id: doctor,
            added_at: now,
            removed_at: None,
        });
        Some(changed)
    }

    /// The record without this treating doctor, who may have several identifiers; `None`
    /// when they were removed before; an error when they never were one.
    pub fn remove_treating_doctor(
        &self,
        doctor: &[PractitionerId],
        now: Timestamp,
    ) -> Result<Option<Self>, Error> {
        let mut changed = self.written();
        let (mut was_one, mut is_one) = (false, false);
        for known in &mut changed.treating_doctors {
            if doctor.contains(&known.practitioner_id) {
                was_one = true;
                is_one |= known.removed_at.is_none();
                known.removed_at.get_or_insert(now);
            }
        }
        if !was_one {
            return Err(Error::NotFound);
        }
        Ok(is_one.then_some(changed))
    }

    /// What the trail keeps of it.
    #[must_use]
    pub fn trail_fields(&self) -> BTreeMap<String, String> {
        let doctors: Vec<_> = self
            .current_treating_doctors()
            .map(|doctor| doctor.to_string())
            .collect();
        BTreeMap::from([
            ("open".to_owned(), self.is_open().to_string()),
            (
                "opposes_break_glass".to_owned(),
                self.opposes_break_glass.to_string(),
            ),
            (
                "opposes_regulation_center".to_owned(),
                self.opposes_regulation_center.to_string(),
            ),
            ("treating_doctor_ids".to_owned(), doctors.join(",")),
        ])
    }

    fn written(&self) -> Self {
        Self {
            version: self.version.next(),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use aval_domain::random::SeededRandom;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
    const LATER: Timestamp = Timestamp::from_unix_seconds(1_800_000_060);

    fn record() -> Record {
        Record::opened(PatientId::new(NOW, &SeededRandom::new(1)), NOW)
    }

    fn doctor(seed: u64) -> PractitionerId {
        PractitionerId::new(NOW, &SeededRandom::new(seed))
    }

    #[test]
    fn a_record_closes_once_and_keeps_its_birth_when_it_reopens() {
        let closed = record().close(LATER).unwrap();
        assert_eq!((closed.is_open(), closed.version), (false, Version(2)));
        assert_eq!(closed.close(LATER), None);
        assert!(matches!(
            closed.clone().require_open(),
            Err(Error::RecordUnavailable)
        ));
        let reopened = closed.reopen().unwrap();
        assert_eq!((reopened.opened_at, reopened.is_open()), (NOW, true));
        assert_eq!(reopened.reopen(), None);
    }

    #[test]
    fn oppositions_change_one_by_one_under_the_etag_that_was_seen() {
        let record = record();
        let oppose = |break_glass, regulation_center| Oppositions {
            break_glass,
            regulation_center,
        };
        let stale = record.oppose(oppose(Some(true), None), Version(9).etag());
        assert!(matches!(stale, Err(Error::EtagMismatch)));
        let changed = record
            .oppose(oppose(Some(true), None), record.version.etag())
            .unwrap();
        let changed = changed.unwrap();
        assert!(changed.opposes_break_glass && !changed.opposes_regulation_center);
        let same = changed.oppose(oppose(Some(true), Some(false)), changed.version.etag());
        assert_eq!(same.unwrap(), None);
    }

    #[test]
    fn a_treating_doctor_is_added_once_removed_once_and_may_come_back() {
        let added = record().add_treating_doctor(doctor(2), NOW).unwrap();
        assert_eq!(added.add_treating_doctor(doctor(2), LATER), None);
        let both = added.add_treating_doctor(doctor(3), NOW).unwrap();
        let removed = both
            .remove_treating_doctor(&[doctor(2)], LATER)
            .unwrap()
            .unwrap();
        assert_eq!(
            removed.current_treating_doctors().collect::<Vec<_>>(),
            [doctor(3)]
        );
        assert_eq!(
            removed.remove_treating_doctor(&[doctor(2)], LATER).unwrap(),
            None
        );
        let back = removed.add_treating_doctor(doctor(2), LATER).unwrap();
        assert_eq!(
            back.current_treating_doctors().collect::<Vec<_>>(),
            [doctor(3), doctor(2)]
        );
        assert_eq!(back.treating_doctors.len(), 2);
        assert!(matches!(
            back.remove_treating_doctor(&[doctor(4)], LATER),
            Err(Error::NotFound)
        ));
    }

    #[test]
    fn a_treating_doctor_of_two_identifiers_is_removed_under_both() {
        let added = record().add_treating_doctor(doctor(2), NOW).unwrap();
        let both = added.add_treating_doctor(doctor(3), NOW).unwrap();
        let human = [doctor(2), doctor(3)];
        let removed = both.remove_treating_doctor(&human, LATER).unwrap().unwrap();
        assert_eq!(removed.current_treating_doctors().count(), 0);
        assert_eq!(removed.remove_treating_doctor(&human, LATER).unwrap(), None);
    }
}
