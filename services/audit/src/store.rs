//! What the log rests on: one transaction a method, with its promises.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::ops::Range;

use aval_database::DatabaseError;
use aval_domain::event::{Event, EventKind};
use aval_domain::id::{EventId, PatientId, PractitionerId};
use aval_domain::time::Timestamp;
use aval_merkle_log::leaf::LeafContent;
use aval_merkle_log::map::{MapProof, MapTile, TileId};
use aval_merkle_log::tree::{KnownNodes, NodeId};
use futures::future::BoxFuture;
use tokio::sync::watch;

use crate::batch::{Batch, Origin, PatientHeads, Tip};
use crate::checkpoint_key::CheckpointKey;
use crate::entry::{StoredEntry, StoredErased};
use crate::erasure::{Erasable, Target};
use crate::examination::Examination;
use crate::oversight::{Found, Search};
use crate::plan::Recorded;
use crate::professionals::Identifiers;
use crate::query::{News, Onward, Query};
use crate::sequence::Positions;
use crate::submission::SealedEvent;
use crate::withholding::Audience;

#[cfg(test)]
mod conformance;
pub mod sql;

pub use sql::ReadyBatch;

/// How many entries [`Store::news_from`] looks at.
pub const MOST_NEWS: u64 = 4_096;

/// What a method of [`Store`] gives.
pub type Answer<'a, T, E = DatabaseError> = BoxFuture<'a, Result<T, E>>;

/// The log's storage. Whoever implements it promises:
///
/// - what a finished [`commit`](Self::commit) stored stays, whatever happens next;
/// - a batch is stored whole or not at all, and no reader sees a part of it;
/// - entries never change: only the payload and salt of an old one may be erased,
///   and every proof about it stays possible.
pub trait Store: fmt::Debug + Send + Sync {
    /// Waits until nobody else writes the log, then takes over: raises the fence, so
    /// that no batch of an earlier writer is taken any more, and reads where the log
    /// stands.
    ///
    /// On PostgreSQL the wait ends when the earlier writer gives up, dies or loses its
    /// connection. An SQLite database has one process, and there is no wait.
    fn take_over(&self) -> Answer<'_, Tenure>;

    /// The heads of all patients whose keys begin with one of these 16 bits. For the
    /// writer.
    fn heads_in<'a>(&'a self, buckets: &'a [u16]) -> Answer<'a, PatientHeads>;

    /// Those of these tiles of the map of heads that have an entry. For the writer.
    fn map_tiles<'a>(&'a self, tiles: &'a [TileId]) -> Answer<'a, MapTiles>;

    /// What proves a patient's head under the newest checkpoint, all of one state of the
    /// store; none before the first writer took over.
    fn head_proof(&self, patient_id: PatientId) -> Answer<'_, Option<HeadProof>>;

    /// The leaves of a patient from this place among theirs on, at most as many, also
    /// those whose payload was erased.
    fn patient_leaves(
        &self,
        patient_id: PatientId,
        from_sequence: u64,
        limit: u64,
    ) -> Answer<'_, Vec<LeafContent>>;

    /// Those of these events that the log holds.
    fn recorded<'a>(&'a self, events: &'a [EventId]) -> Answer<'a, Recorded>;

    /// The highest sequence recorded of this source and epoch; 0: none is.
    fn last_sequence<'a>(&'a self, source: &'a str, epoch: u64) -> Answer<'a, u64>;

    /// Takes a batch, what it tells of who is whom, what it erases, and the producers'
    /// positions after it, durably, if nobody has taken over and the log is still as long as
    /// the writer found it.
    ///
    /// After [`CommitError::Database`] the batch may be there nevertheless: the writer
    /// takes over anew before it goes on.
    fn commit<'a>(
        &'a self,
        batch: &'a Batch<'a>,
        positions: &'a [(&'a str, u64, u64)],
    ) -> Answer<'a, (), CommitError>;

    /// Whether [`ready`](Self::ready) makes a batch of these events ready, by what is in memory
    /// at this moment.
    fn makes_ready(&self, events: &[(Origin<'_>, &SealedEvent)]) -> bool;

    /// Makes a batch ready for [`commit_ready`](Self::commit_ready), while another one is being
    /// stored: it reads nothing and changes nothing. None where what it takes is not in
    /// memory, or where the engine has nothing to make ready.
    fn ready(
        &self,
        batch: &Batch<'_>,
        positions: &[(&str, u64, u64)],
    ) -> Option<Result<ReadyBatch, DatabaseError>>;

    /// Takes a batch that was made ready, as [`commit`](Self::commit) does.
    fn commit_ready(&self, batch: ReadyBatch) -> Answer<'_, (), CommitError>;

    /// The newest signed checkpoint; none before the first writer took over.
    fn checkpoint(&self) -> Answer<'_, Option<String>>;

    /// The largest checkpoint that [`keep_witnessed`](Self::keep_witnessed) was given.
    fn witnessed(&self) -> Answer<'_, Option<String>>;

    /// Keeps a checkpoint of this size that witnesses cosigned, in the place of an earlier one
    /// that is not larger. It touches nothing that a batch does: neither waits for the other.
    fn keep_witnessed<'a>(&'a self, size: u64, note: &'a str) -> Answer<'a, ()>;

    /// The hashes of these nodes, as far as they are complete.
    fn nodes<'a>(&'a self, nodes: &'a [NodeId]) -> Answer<'a, KnownNodes>;

    /// Reads the [`nodes`](Self::nodes) anew from now on. Whoever finds that they are not those
    /// of the signed log asks for it: they may be remembered from a history that is not this one.
    fn forget_nodes(&self);

    /// The leaves of this range that there are, in order.
    fn leaves(&self, range: Range<u64>) -> Answer<'_, Vec<LeafContent>>;

    /// Those of these events that this producer delivered, in no particular order, with what
    /// is left of those whose payload was erased. One is told or erased or, if it is erased at
    /// this moment, both: it is missing in no case. At most as many as one delivery has.
    fn delivered<'a>(&'a self, source: &'a str, events: &'a [EventId]) -> Answer<'a, Page>;

    /// The event with this identifier, unless its payload was erased.
    fn event(&self, id: EventId) -> Answer<'_, Option<StoredEntry>>;

    /// Every identifier under which this patient's history stands, theirs among them: those
    /// that lead to them, as the log says. Whoever leads elsewhere has their own alone.
    fn identifiers(&self, patient_id: PatientId) -> Answer<'_, Vec<PatientId>>;

    /// The identifier that this patient has by now, as the log says: where theirs leads.
    fn present_patient(&self, id: PatientId) -> Answer<'_, PatientId>;

    /// Under what this professional is known, as the log says.
    fn professional(&self, id: PractitionerId) -> Answer<'_, Identifiers>;

    /// Those of these professionals who are known under another identifier by now, and under
    /// which, as the log says.
    fn humans<'a>(&'a self, ids: &'a BTreeSet<PractitionerId>) -> Answer<'a, Humans>;

    /// The events of [`crate::standing::KINDS`] that stand under the patient's
    /// [`identifiers`](Self::identifiers), in the order of the log, all of one state of the
    /// store; also those whose payload was erased.
    fn standing(&self, patient_id: PatientId) -> Answer<'_, Vec<StandingEntry>>;

    /// The events of [`crate::withholding::KINDS`] that may hide a document from this audience,
    /// in the same way.
    fn hidings(&self, id: PatientId, audience: Audience) -> Answer<'_, Vec<StandingEntry>>;

    /// The events of a query, the newest first, without those whose payload was erased; fewer
    /// than it asks for are the last ones, also where some are erased at this moment. A
    /// patient's are those of all their [`identifiers`](Self::identifiers), a professional's
    /// those of all of [their own](Self::professional); a filter by a professional leaves the
    /// acts of that human under whichever identifier, and of a filter's first accesses each
    /// human has one.
    fn events<'a>(&'a self, query: &'a Query) -> Answer<'a, Vec<StoredEntry>>;

    /// The same together with what is left of those whose payload was erased, as many again,
    /// where the query asks for a patient's whole history. One is told or erased or, if it is
    /// erased at this moment, both: it is missing in no case.
    fn page<'a>(&'a self, query: &'a Query) -> Answer<'a, Page>;

    /// The next entries of a list, the oldest first, without those whose payload was erased;
    /// whose, and how many, as in [`events`](Self::events). Entries become visible in the order
    /// of the log: whoever has seen one has seen every earlier one that there will ever be.
    fn events_from<'a>(&'a self, onward: &'a Onward) -> Answer<'a, Vec<StoredEntry>>;

    /// Looks for events across patients in a part of the log, from its end, without those
    /// whose payload was erased. It may look at less than the whole part, and says how far
    /// it did: what it answers is everything from there on that the filter leaves. The
    /// filter's first accesses are not looked for.
    fn search<'a>(&'a self, search: &'a Search) -> Answer<'a, Found>;

    /// The first place whose entry was recorded at or after this instant; the size of the
    /// log if there is none.
    fn place_at(&self, at: Timestamp) -> Answer<'_, u64>;

    /// How many entries there are.
    fn size(&self) -> Answer<'_, u64>;

    /// When the newest event occurred that another service told and that tells something still,
    /// by that service's clock.
    fn told_last(&self) -> Answer<'_, Option<Timestamp>>;

    /// Whom the entries from this place on concern, at most [`MOST_NEWS`] of them: also
    /// those to whom an entry's patient leads.
    fn news_from(&self, from: u64) -> Answer<'_, News>;

    /// Examines the whole log, all of one state of the store. It reads everything there
    /// is, and changes nothing.
    fn examine<'a>(&'a self, key: &'a CheckpointKey) -> Answer<'a, Examination>;

    /// Changes whenever this process has committed something; other processes' commits
    /// are not heard of.
    fn commits(&self) -> watch::Receiver<u64>;

    /// The next entries that this target names and whose payload is there, without those that
    /// are kept for ever. For the writer.
    fn erasable<'a>(&'a self, target: &'a Target) -> Answer<'a, Erasable>;

    /// What is left of the erased events of a patient in this part of the log, at most as
    /// many; the patient's as in [`events`](Self::events).
    fn erased_in(
        &self,
        patient_id: PatientId,
        range: Range<u64>,
        order: Sequence,
        limit: u64,
    ) -> Answer<'_, Vec<StoredErased>>;

    /// What is left of the event with this identifier, if its payload was erased.
    fn erased(&self, id: EventId) -> Answer<'_, Option<StoredErased>>;

    /// The entries at these places, without those whose payload was erased.
    fn entries_at<'a>(&'a self, indexes: &'a [u64]) -> Answer<'a, Vec<StoredEntry>>;

    /// The names of the wrapping keys without which something cannot be read.
    fn wrapping_keys_in_use(&self) -> Answer<'_, Vec<String>>;

    /// Wraps the next keys that are under this wrapping key, from after this place on, under
    /// the current one. What was erased meanwhile stays erased.
    fn rewrap<'a>(&'a self, wrapping_key_id: &'a str, after: i64) -> Answer<'a, Rekeyed>;

    /// Encrypts the next payloads that are in clear, from after this place on. What was
    /// erased meanwhile stays erased.
    fn encrypt(&self, after: i64) -> Answer<'_, Rekeyed>;

    /// What is under which key.
    fn key_counts(&self) -> Answer<'_, KeyCounts>;

    /// Keeps an event of this service's own durably until the log takes it, on
    /// whatever instance that is.
    fn trace<'a>(&'a self, event: &'a Event) -> Answer<'a, ()>;
}

/// In which order entries are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sequence {
    /// The newest first.
    NewestFirst,
    /// The oldest first.
    OldestFirst,
}

/// A part of a list, and of what was erased there; of a history, the newest first.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The events.
    pub entries: Vec<StoredEntry>,
    /// What is left of others.
    pub erased: Vec<StoredErased>,
    /// Whether there was nothing in [`Store::hidings`], whoever reads, in the very state in which
    /// these events were found. Said of one patient's history alone, and not where telling it
    /// would take another look: not of a patient of several identifiers, nor of an empty list.
    pub nothing_hidden: bool,
}

/// What one step of a rotation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rekeyed {
    /// The last place that was looked at; none: there is nothing more.
    pub reached: Option<i64>,
    /// How many rows are under the current key now.
    pub changed: u64,
    /// How many could not be read, and were left as they are.
    pub unreadable: u64,
}

/// What is under which key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyCounts {
    /// How many patients' keys are under each wrapping key.
    pub keys: BTreeMap<String, u64>,
    /// How many payloads are in clear.
    pub in_clear: u64,
}

/// The present identifiers of professionals who have another one.
pub type Humans = HashMap<PractitionerId, PractitionerId>;

/// Tiles of the map of heads.
pub type MapTiles = HashMap<TileId, MapTile>;

/// What proves a patient's head.
#[derive(Debug, Clone)]
pub struct HeadProof {
    /// The signed checkpoint.
    pub checkpoint: String,
    /// The way to the head in the map to which the checkpoint commits.
    pub proof: MapProof,
    /// Where the patient's last event stands in the log; none: they have none.
    pub last_log_index: Option<u64>,
}

/// An event that says how somebody stands to a patient, or who may see a document of theirs.
#[derive(Debug, Clone)]
pub struct StandingEntry {
    /// Which producer delivered it.
    pub source: String,
    /// Under which of the patient's identifiers it stands.
    pub under: PatientId,
    /// What happened.
    pub kind: EventKind,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// What the log holds of it; none: its payload was erased.
    pub entry: Option<StoredEntry>,
}

/// The right to write, and where the log stood when it was given.
#[derive(Debug)]
pub struct Tenure {
    /// Where the log stands.
    pub tip: Tip,
    /// How far each producer has come.
    pub positions: Positions,
    /// The newest signed checkpoint; none for a new log.
    pub checkpoint: Option<String>,
    /// Lets the next writer in when it is dropped.
    pub lease: Lease,
}

/// Keeps other writers waiting until it is dropped.
pub struct Lease {
    _guard: Box<dyn Send + Sync>,
}

/// Why a batch was not taken.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Another writer has taken over, or the log has grown. Nothing was changed.
    #[error("another writer has taken over the log")]
    Fenced,
    /// One of the events is in the log already. Nothing was changed.
    #[error("an event of the batch is in the log already")]
    AlreadyRecorded,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Lease {
    /// A lease that ends when `guard` is dropped.
    #[must_use]
    pub fn new(guard: impl Send + Sync + 'static) -> Self {
        Self {
            _guard: Box::new(guard),
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Lease")
    }
}
