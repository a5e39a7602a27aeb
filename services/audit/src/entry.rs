//! What the log holds of one event, and whether that is still what it took.

use std::fmt;

use aval_domain::event::{Event, EventKind, Outcome};
use aval_domain::id::{OrganizationId, PatientId, PractitionerId};
use aval_domain::time::Timestamp;
use aval_merkle_log::Hash;
use aval_merkle_log::leaf::{LeafContent, commitment, leaf_hash};

/// An event as the log holds it. It agrees with its leaf: see [`StoredEntry::open`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the log, from 0.
    pub log_index: u64,
    /// What happened.
    pub event: Event,
    /// When the log took it.
    pub recorded_at: Timestamp,
    /// What the leaf commits to.
    pub leaf: LeafContent,
    /// The canonical bytes of the event.
    pub canonical: Vec<u8>,
    /// The salt of the commitment: for the receipt, and for nobody else.
    pub salt: Salt,
}

/// A salt, which is never displayed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 32]);

/// A row, before it is believed.
#[derive(Debug, Clone)]
pub struct StoredEntry {
    /// Its place in the log, from 0.
    pub log_index: u64,
    /// The leaf as its columns tell it.
    pub leaf: LeafContent,
    /// The hash under which the leaf stands in the tree.
    pub leaf_hash: Hash,
    /// The columns by which the row was found.
    pub columns: Columns,
    /// What was told.
    pub content: Content,
}

/// A row whose content was erased, before it is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredErased {
    /// Its place in the log, from 0.
    pub log_index: u64,
    /// The leaf as its columns tell it.
    pub leaf: LeafContent,
    /// The hash under which the leaf stands in the tree.
    pub leaf_hash: Hash,
    /// The place of the entry that is said to have erased it.
    pub erased_by: u64,
}

/// What a row tells, decrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// All of it.
    Told {
        /// The canonical bytes of the event.
        canonical: Vec<u8>,
        /// The salt of the commitment.
        salt: Salt,
    },
    /// It cannot be decrypted: this is why.
    Unreadable(&'static str),
}

/// What of an event stands in columns, to be filtered by. A function of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns {
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Whose record it concerns.
    pub patient_id: Option<PatientId>,
    /// The professional who acted.
    pub practitioner_id: Option<PractitionerId>,
    /// The organization for which they acted.
    pub organization_id: Option<OrganizationId>,
    /// What happened.
    pub kind: EventKind,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether it was an access in one of the two emergency modes.
    pub is_emergency: bool,
}

/// The row is not what the log took: somebody changed the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the entry at index {log_index} was altered: its {what} does not fit")]
pub struct Altered {
    /// Its place in the log.
    pub log_index: u64,
    /// What gave it away.
    pub what: &'static str,
}

impl Columns {
    /// The columns of an event.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        let mode = event.decision.as_ref().map(|decision| decision.mode);
        Self {
            occurred_at: event.occurred_at,
            patient_id: event.patient_id,
            practitioner_id: event.actor.practitioner_id(),
            organization_id: event.actor.organization_id(),
            kind: event.kind,
            outcome: event.outcome,
            is_emergency: mode.is_some_and(aval_domain::access::AccessMode::is_emergency),
        }
    }
}

impl StoredEntry {
    /// The entry, if the payload, the columns and the leaf still agree.
    ///
    /// That the leaf itself is the one of the tree is what a receipt proves.
    pub fn open(self) -> Result<Entry, Altered> {
        let log_index = self.log_index;
        let altered = |what| Altered { log_index, what };
        let (canonical, salt) = match self.content {
            Content::Told { canonical, salt } => (canonical, salt),
            Content::Unreadable(what) => return Err(altered(what)),
        };
        if commitment(&salt.0, &canonical) != self.leaf.commitment {
            return Err(altered("commitment"));
        }
        if leaf_hash(&self.leaf) != self.leaf_hash {
            return Err(altered("leaf"));
        }
        let event: Event = serde_json::from_slice(&canonical).map_err(|_| altered("payload"))?;
        if *event.event_id.as_uuid().as_bytes() != self.leaf.event_id {
            return Err(altered("event id"));
        }
        let patient_id = event.patient_id.map(|id| *id.as_uuid().as_bytes());
        if patient_id != self.leaf.patient_id() {
            return Err(altered("patient id"));
        }
        if Columns::of(&event) != self.columns {
            return Err(altered("columns"));
        }
        Ok(Entry {
            log_index: self.log_index,
            recorded_at: Timestamp::from_micros(self.leaf.recorded_at_micros),
            event,
            leaf: self.leaf,
            canonical,
            salt,
        })
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Salt")
    }
}
