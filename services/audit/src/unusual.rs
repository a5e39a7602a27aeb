//! Which accesses are unusual, by what the log alone says. Pure.
//!
//! Most accesses explain themselves: they rest on the patient's grant, a care episode, a
//! declared consent, the quality of treating doctor. What is left is held against what the
//! same professional did before, and against what followed. The answer depends on nothing
//! but the facts and the rules: not on their order, not on who asks, not on the clock. And
//! nothing that explains an access ever makes anything unusual. Feeding a record is left out:
//! it shows nothing, and whoever may do it unasked must not explain themselves by it.
//!
//! Names are not looked at. A professional who opens the record of somebody of their own
//! name is worth a look as well, but the trail has no patient's name, and is not to learn
//! any: whoever knows both names may look for that.

mod by_day;
mod by_pair;
mod fact;
mod sentence;

pub use fact::{Access, Basis, Fact, Relation, Who};

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration;

use aval_database::requests::fingerprint;
use aval_domain::id::{EventId, PatientId, PractitionerId};
use aval_domain::time::Timestamp;
use uuid::Uuid;

use crate::sentence::paris_time::ParisTime;

/// In what way accesses are unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnusualKind {
    /// The first time that a professional turned to a record, without anything known that
    /// joins them to the patient.
    FirstAccessWithoutRelation,
    /// More patients in a day than anybody should need, or than is usual and explained.
    Volume,
    /// Outside the usual hours, by somebody who does not do that.
    OffHours,
    /// The glass was broken, and nothing joined the two before or within days after.
    EmergencyWithoutFollowUp,
}

/// What counts as unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// For how long before a period it is known what is usual.
    pub past: Duration,
    /// Within what time an emergency is followed up.
    pub follow_up: Duration,
    /// How many patients a day are too many, whatever explains them.
    pub most_patients: usize,
    /// How many patients a day without an explanation are never too many.
    pub least_patients: usize,
    /// How many times a professional's busiest day before is too many without one.
    pub times_the_usual: usize,
    /// The hour of the day, in Paris, at which the usual hours begin.
    pub hours_begin: u8,
    /// The hour at which they have ended.
    pub hours_end: u8,
}

/// The accesses that are judged: those recorded in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Recorded at or after.
    pub from: Timestamp,
    /// Recorded before.
    pub until: Timestamp,
    /// Up to when the log says what happened: what is to be followed up later than this
    /// is not judged yet.
    pub known_until: Timestamp,
}

/// Accesses of one professional that are unusual together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusual {
    /// The same whenever the same is found.
    pub id: Uuid,
    /// In what way.
    pub kind: UnusualKind,
    /// Who.
    pub practitioner_id: PractitionerId,
    /// When the first of them happened.
    pub first_at: Timestamp,
    /// Their events, the oldest first.
    pub events: Vec<EventId>,
    /// Of how many patients.
    pub patients: usize,
    /// The most patients in a day before, for [`UnusualKind::Volume`]; none: there were
    /// more than anybody should need.
    pub busiest_before: Option<usize>,
}

impl UnusualKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [
        Self::FirstAccessWithoutRelation,
        Self::Volume,
        Self::OffHours,
        Self::EmergencyWithoutFollowUp,
    ];

    /// Its code in traces.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::FirstAccessWithoutRelation => "first_access_without_relation",
            Self::Volume => "volume",
            Self::OffHours => "off_hours",
            Self::EmergencyWithoutFollowUp => "emergency_without_follow_up",
        }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            past: Duration::from_hours(28 * 24),
            follow_up: Duration::from_hours(7 * 24),
            most_patients: 200,
            least_patients: 10,
            times_the_usual: 3,
            hours_begin: 7,
            hours_end: 21,
        }
    }
}

impl Rules {
    /// After so long it is known of an access whether it was followed up, however late in
    /// its day the last one of the same emergency was.
    #[must_use]
    pub fn followed_up_after(&self) -> Duration {
        const LONGEST_DAY: Duration = Duration::from_hours(25);
        self.follow_up.saturating_add(LONGEST_DAY)
    }

    fn is_off_hours(&self, at: Timestamp) -> bool {
        let hour = ParisTime::of(at).hour;
        !(i64::from(self.hours_begin)..i64::from(self.hours_end)).contains(&hour)
    }
}

impl Window {
    fn has(&self, access: &Access) -> bool {
        (self.from..self.until).contains(&access.recorded_at)
    }
}

/// What is unusual among the accesses of the window, the newest first. Facts of the time
/// before say what is usual, those of the time after what followed; a fact that is told
/// twice is one.
#[must_use]
pub fn unusual(facts: &[Fact], window: Window, rules: &Rules) -> Vec<Unusual> {
    let (accesses, relations) = apart(facts);
    let mut found = by_pair::unusual(&accesses, &relations, window, rules);
    found.extend(by_day::unusual(&accesses, window, rules));
    found.sort_by_key(|found| Reverse(found.place()));
    found
}

/// What of this kind is found of one record with this access as its first, by what the log
/// said until `known_until`; `facts` are those of the record, as far back as it is known what
/// is usual.
#[must_use]
pub fn unusual_from(
    facts: &[Fact],
    access: &Access,
    kind: UnusualKind,
    known_until: Timestamp,
    rules: &Rules,
) -> Option<Unusual> {
    let (accesses, relations) = apart(facts);
    let window = Window {
        from: access.recorded_at,
        until: access.recorded_at.saturating_add(Duration::from_micros(1)),
        known_until,
    };
    let found = by_pair::unusual(&accesses, &relations, window, rules);
    let is_this = |found: &Unusual| {
        found.kind == kind
            && found
                .events
                .first()
                .is_some_and(|id| *id == access.event_id)
    };
    found.into_iter().find(is_this)
}

fn apart(facts: &[Fact]) -> (BTreeSet<Access>, BTreeSet<Relation>) {
    let mut accesses = BTreeSet::new();
    let mut relations = BTreeSet::new();
    for fact in facts {
        match fact {
            Fact::Access(access) => {
                accesses.insert(*access);
            }
            Fact::Relation(relation) => {
                relations.insert(*relation);
            }
        }
    }
    (accesses, relations)
}

impl Unusual {
    /// Where it stands in the list: the highest is the newest.
    #[must_use]
    pub fn place(&self) -> (Timestamp, Uuid) {
        (self.first_at, self.id)
    }

    /// Of these accesses, of which there is one at least, in the order in which they
    /// happened. `about` is the patient, where it is about one.
    fn of(kind: UnusualKind, accesses: &[Access], day: i64, about: Option<PatientId>) -> Self {
        let first = accesses[0];
        let patients: BTreeSet<_> = accesses.iter().map(|access| access.patient_id).collect();
        let about = about.map(PatientId::as_uuid).unwrap_or_default();
        let name = fingerprint([
            kind.code().as_bytes(),
            first.practitioner_id.as_uuid().as_bytes(),
            about.as_bytes(),
            &day.to_be_bytes(),
        ]);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&name[..16]);
        Self {
            id: uuid::Builder::from_custom_bytes(bytes).into_uuid(),
            kind,
            practitioner_id: first.practitioner_id,
            first_at: first.at,
            events: accesses.iter().map(|access| access.event_id).collect(),
            patients: patients.len(),
            busiest_before: None,
        }
    }
}

#[cfg(test)]
mod tests;
