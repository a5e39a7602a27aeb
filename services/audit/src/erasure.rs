//! Erasing what is told of events, because it is old or because somebody asked. Pure.
//!
//! The leaf stays, and the place in the patient's chain, and so every proof. An erasure is
//! an event of the same log, recorded by the transaction that erases: for each patient whom
//! it concerns it names the places that it erased, why, and how many they were.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aval_domain::event::{Event, EventKind};
use aval_domain::id::{EventId, PatientId};
use aval_domain::random::Random;
use aval_domain::time::Timestamp;
use aval_merkle_log::erasure::Places;

use crate::entry::{Altered, Entry, StoredErased};
use crate::submission::{SealedEvent, Unrecordable};

/// The producer's name under which the writer itself records erasures. It is in no
/// certificate: nobody else delivers under it.
pub const SOURCE: &str = "audit-erasure";

/// The one life of that producer's numbers, which are the log's own.
pub const EPOCH: u64 = 1;

/// How many events one transaction erases: so long do deliveries wait for it.
pub const MOST_AT_ONCE: u64 = 250;

/// The longest ground, in characters.
pub const LONGEST_GROUND: usize = 500;

/// What is to be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Everything of a patient, and then their key.
    Patient(PatientId),
    /// What is older than its kind is kept, from this place in the log on.
    Outdated {
        /// The place.
        from: u64,
        /// Of which kinds what was recorded before when.
        limits: Vec<Limit>,
    },
}

/// Until when some kinds are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// What was recorded before this.
    pub before: Timestamp,
    /// Of these kinds.
    pub kinds: BTreeSet<EventKind>,
}

/// One step of an erasure, at most [`MOST_AT_ONCE`] events.
#[derive(Debug, Clone)]
pub struct Order {
    /// What.
    pub target: Target,
    /// The event that tells of it: who, and of which kind.
    pub template: Event,
    /// Why, for the patient to read.
    pub ground: String,
    /// For identifiers and salts.
    pub random: Arc<dyn Random>,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Erased {
    /// How many events it erased.
    pub count: u64,
    /// From where in the log the next step goes on; none: there is nothing more.
    pub next: Option<u64>,
}

/// What the store finds of a target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Erasable {
    /// The next ones, in the order of the log.
    pub rows: Vec<ErasableRow>,
    /// From where in the log the next step goes on; none: these are the last.
    pub next: Option<u64>,
    /// Whether the patient has a key.
    pub has_key: bool,
}

/// An entry that is to be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErasableRow {
    /// Its place in the log.
    pub log_index: u64,
    /// Its patient, and its place among theirs.
    pub patient: Option<(PatientId, u64)>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

/// What is erased of one patient, or of nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The patient.
    pub patient_id: Option<PatientId>,
    /// Their places in the log.
    pub log_indexes: BTreeSet<u64>,
    /// Their places among the patient's events.
    pub sequences: BTreeSet<u64>,
    /// When the first and the last of them were recorded; none: nothing is left but a key.
    pub period: Option<(Timestamp, Timestamp)>,
}

/// What a batch erases by one of its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The place of the entry that says so.
    pub erased_by: u64,
    /// The places of what is erased.
    pub log_indexes: Vec<u64>,
}

/// What an event says that it erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Of whom.
    pub patient_id: Option<PatientId>,
    /// Places among the patient's events; of nobody's, in the log.
    pub places: Places,
}

/// What a reader learns of an event that was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasedEntry {
    /// The row.
    pub stored: StoredErased,
    /// The event that erased it.
    pub erasure_event_id: EventId,
    /// When it did.
    pub erased_at: Timestamp,
    /// Why.
    pub ground: String,
    /// Whether its time was over, or somebody asked.
    pub kind: EventKind,
}

/// What belongs together: one part for each patient, in the order of the log. Of a patient
/// who has a key and nothing under it one empty part.
#[must_use]
pub fn parts(target: &Target, found: &Erasable) -> Vec<Part> {
    let mut order: Vec<Option<PatientId>> = Vec::new();
    let mut parts: BTreeMap<Option<PatientId>, Part> = BTreeMap::new();
    for row in &found.rows {
        let patient_id = row.patient.map(|(id, _)| id);
        let part = parts.entry(patient_id).or_insert_with(|| {
            order.push(patient_id);
            Part::empty(patient_id)
        });
        part.log_indexes.insert(row.log_index);
        part.sequences.extend(row.patient.map(|(_, place)| place));
        let first = part.period.map_or(row.recorded_at, |(first, _)| first);
        part.period = Some((first, row.recorded_at));
    }
    match target {
        Target::Patient(id) if parts.is_empty() && found.has_key => vec![Part::empty(Some(*id))],
        _ => order.iter().filter_map(|id| parts.remove(id)).collect(),
    }
}

impl Order {
    /// The event that tells of a part, ready to be recorded.
    pub fn tell(&self, part: &Part, now: Timestamp) -> Result<SealedEvent, Unrecordable> {
        let mut event = self.template.clone();
        event.event_id = EventId::new(now, self.random.as_ref());
        event.occurred_at = now;
        event.patient_id = part.patient_id;
        let (name, places) = match part.patient_id {
            Some(_) => ("patient_sequences", &part.sequences),
            None => ("log_indexes", &part.log_indexes),
        };
        let mut told = vec![
            ("ground", self.ground.clone()),
            ("count", part.log_indexes.len().to_string()),
            (name, Places::of(places).to_string()),
        ];
        if let Some((first, last)) = part.period {
            told.push(("first_recorded_at", first.to_string()));
            told.push(("last_recorded_at", last.to_string()));
        }
        let told = told.into_iter();
        event.after = told.map(|(name, value)| (name.to_owned(), value)).collect();
        SealedEvent::seal(event, self.random.as_ref())
    }

    /// Whose key goes with the last of it.
    #[must_use]
    pub fn key_of(&self, found: &Erasable) -> Option<PatientId> {
        match self.target {
            Target::Patient(id) if found.next.is_none() => Some(id),
            Target::Patient(_) | Target::Outdated { .. } => None,
        }
    }
}

/// What an event says that it erased; none: it is no erasure. Whoever reads this must know
/// that the event is one that the writer itself recorded, or that the patient holds proved.
#[must_use]
pub fn told_in(event: &Event) -> Option<Told> {
    if !matches!(event.kind, EventKind::TrailPruned | EventKind::TrailErased) {
        return None;
    }
    let name = match event.patient_id {
        Some(_) => "patient_sequences",
        None => "log_indexes",
    };
    Some(Told {
        patient_id: event.patient_id,
        places: Places::parse(event.after.get(name)?).ok()?,
    })
}

impl Told {
    /// Whether this says that the entry was erased.
    #[must_use]
    pub fn names(&self, erased: &StoredErased) -> bool {
        let patient_id = erased.leaf.patient_id();
        let is_theirs = patient_id == self.patient_id.map(|id| *id.as_uuid().as_bytes());
        let place = match patient_id {
            Some(_) => erased.leaf.patient_sequence(),
            None => erased.log_index,
        };
        is_theirs && self.places.contains(place)
    }
}

impl ErasedEntry {
    /// What a reader learns of this row, if the entry that is said to have erased it says so
    /// itself.
    pub fn of(stored: StoredErased, by: Option<&Entry>) -> Result<Self, Altered> {
        let told = by.and_then(|by| Some((by, told_in(&by.event)?)));
        let told = told.filter(|(by, told)| by.log_index > stored.log_index && told.names(&stored));
        let (by, _) = told.ok_or(Altered {
            log_index: stored.log_index,
            what: "erasure",
        })?;
        let ground = by.event.after.get("ground").cloned();
        Ok(Self {
            erasure_event_id: by.event.event_id,
            erased_at: by.recorded_at,
            ground: ground.unwrap_or_default(),
            kind: by.event.kind,
            stored,
        })
    }
}

impl Part {
    fn empty(patient_id: Option<PatientId>) -> Self {
        Self {
            patient_id,
            log_indexes: BTreeSet::new(),
            sequences: BTreeSet::new(),
            period: None,
        }
    }
}
