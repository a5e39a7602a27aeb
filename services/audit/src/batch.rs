//! How the log grows: a batch of sealed events becomes leaves, nodes and a signed
//! checkpoint. Pure; the store then takes the whole batch or nothing of it.

use std::collections::HashMap;

use aval_domain::id::PatientId;
use aval_domain::time::Timestamp;
use aval_merkle_log::Hash;
use aval_merkle_log::leaf::{LeafContent, LeafError, PatientLink, leaf_hash};
pub use aval_merkle_log::map::PatientHead;
use aval_merkle_log::note::NoteError;
use aval_merkle_log::tree::{Frontier, NodeId, OpenGroups, TreeFull};

use crate::aliases::{self, PatientChange};
use crate::checkpoint_key::CheckpointKey;
use crate::erasure::Erasure;
use crate::head_map::{HeadMap, MapChange};
use crate::submission::SealedEvent;

/// Where the log stands, for the one who writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tip {
    /// Which writer this is: each one that takes over has a higher number.
    pub fence: u64,
    /// The tree.
    pub frontier: Frontier,
    /// What of its groups is not complete yet.
    pub groups: OpenGroups,
    /// When the last event was recorded; the next is not recorded before.
    pub recorded_at: Timestamp,
}

/// The last events of the patients whom a batch concerns.
pub type PatientHeads = HashMap<PatientId, PatientHead>;

/// What is written at once.
#[derive(Debug, Clone)]
pub struct Batch<'a> {
    /// The fence of the writer, and the size that it found: the store takes the batch
    /// only if both still hold.
    pub fence: u64,
    /// Leaves before the batch.
    pub old_size: u64,
    /// Leaves after it.
    pub new_size: u64,
    /// When its events were recorded.
    pub recorded_at: Timestamp,
    /// The new entries, in the order of the log.
    pub entries: Vec<NewEntry<'a>>,
    /// The heads after it of the patients whom it concerns.
    pub patient_heads: PatientHeads,
    /// What it changes of the map of heads.
    pub map: MapChange,
    /// What its events tell of who is whom, in their order.
    pub who_is_whom: Vec<PatientChange>,
    /// What its entries erase of earlier ones.
    pub erasures: Vec<Erasure>,
    /// The patient whose key is erased with it.
    pub erased_key: Option<PatientId>,
    /// The signed checkpoint of the new size, a C2SP note.
    pub checkpoint: String,
}

/// One new entry of the log.
#[derive(Debug, Clone)]
pub struct NewEntry<'a> {
    /// Its place in the log, from 0.
    pub log_index: u64,
    /// Who delivered it, and under which number.
    pub origin: Origin<'a>,
    /// The event.
    pub sealed: &'a SealedEvent,
    /// What its leaf says.
    pub leaf: LeafContent,
    /// The hash of the leaf, then of each subtree that it completes, from the smallest; then
    /// what is kept with it of the groups that it completes ([`OpenGroups::take`]).
    pub nodes: Vec<Hash>,
}

/// Where an event came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The producer.
    pub source: &'a str,
    /// Which life of its outbox.
    pub epoch: u64,
    /// Its place there.
    pub sequence: u64,
}

/// Why the log cannot grow.
#[derive(Debug, thiserror::Error)]
pub enum GrowthError {
    /// More leaves than can be counted.
    #[error(transparent)]
    TreeFull(#[from] TreeFull),
    /// A patient's head is not one.
    #[error("a patient's chain is broken")]
    PatientHead(#[from] LeafError),
    /// The checkpoint could not be signed.
    #[error("the checkpoint cannot be signed")]
    Checkpoint(#[from] NoteError),
}

impl Tip {
    /// The log after these events, in this order. `heads` holds the heads of the
    /// patients concerned who have one, as `map` knows them.
    pub fn extend<'a>(
        &self,
        events: &[(Origin<'a>, &'a SealedEvent)],
        mut heads: PatientHeads,
        map: &HeadMap,
        now: Timestamp,
        key: &CheckpointKey,
    ) -> Result<(Self, Batch<'a>), GrowthError> {
        // The clock may be set back; the log's time does not go back with it.
        let recorded_at = now.max(self.recorded_at);
        let mut leaves = Vec::with_capacity(events.len());
        for (_, sealed) in events {
            leaves.push(next_leaf(sealed, &mut heads, recorded_at)?);
        }
        let hashes: Vec<Hash> = leaves.iter().map(|(_, hash)| *hash).collect();
        let mut frontier = self.frontier.clone();
        let appended = frontier.append_all(&hashes)?;
        let mut groups = self.groups.clone();
        let mut nodes = nodes_by_leaf(appended.into_iter()).map(|mut nodes| {
            let besides = groups.take(&nodes);
            nodes.extend(besides);
            nodes
        });
        let entries = (self.frontier.size()..)
            .zip(events)
            .zip(leaves)
            .map(|((log_index, (origin, sealed)), (leaf, _))| NewEntry {
                log_index,
                origin: *origin,
                sealed,
                leaf,
                nodes: nodes.next().unwrap_or_default(),
            })
            .collect();
        let told = events.iter();
        let told =
            told.filter_map(|(origin, sealed)| aliases::told_by(origin.source, &sealed.event));
        let who_is_whom = told.collect();
        let change = map.with(&heads);
        let batch = Batch {
            fence: self.fence,
            old_size: self.frontier.size(),
            new_size: frontier.size(),
            recorded_at,
            entries,
            patient_heads: heads,
            checkpoint: key.sign(frontier.size(), frontier.root(), change.root)?,
            map: change,
            who_is_whom,
            erasures: Vec::new(),
            erased_key: None,
        };
        let tip = Self {
            fence: self.fence,
            frontier,
            groups,
            recorded_at,
        };
        Ok((tip, batch))
    }
}

fn next_leaf(
    sealed: &SealedEvent,
    heads: &mut PatientHeads,
    recorded_at: Timestamp,
) -> Result<(LeafContent, Hash), LeafError> {
    let link = |patient_id: PatientId| {
        let head = heads.get(&patient_id);
        let sequence = head.map_or(0, |head| head.sequence) + 1;
        let previous = head.map(|head| head.leaf);
        PatientLink::new(*patient_id.as_uuid().as_bytes(), sequence, previous)
    };
    let leaf = LeafContent {
        event_id: *sealed.event.event_id.as_uuid().as_bytes(),
        patient: sealed.event.patient_id.map(link).transpose()?,
        recorded_at_micros: recorded_at.as_micros(),
        commitment: sealed.commitment,
    };
    let hash = leaf_hash(&leaf);
    if let Some(patient_id) = sealed.event.patient_id {
        let sequence = leaf.patient_sequence();
        heads.insert(
            patient_id,
            PatientHead {
                sequence,
                leaf: hash,
            },
        );
    }
    Ok((leaf, hash))
}

/// Groups completed nodes by the leaf that completed them: each group begins with
/// the leaf itself.
fn nodes_by_leaf(nodes: impl Iterator<Item = (NodeId, Hash)>) -> std::vec::IntoIter<Vec<Hash>> {
    let mut groups: Vec<Vec<Hash>> = Vec::new();
    for (id, hash) in nodes {
        match groups.last_mut() {
            Some(group) if id.level > 0 => group.push(hash),
            _ => groups.push(vec![hash]),
        }
    }
    groups.into_iter()
}

/// The entry that completes a node, and where among that entry's nodes it stands;
/// `None` for a node that no log of 2^63 entries has.
#[must_use]
pub fn completed_by(node: NodeId) -> Option<(u64, usize)> {
    let past_last = node
        .index
        .checked_add(1)?
        .checked_mul(1_u64.checked_shl(node.level.into())?)?;
    Some((past_last - 1, node.level.into()))
}
