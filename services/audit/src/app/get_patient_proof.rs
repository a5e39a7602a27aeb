//! A patient's events are all there.

use aval_domain::id::PatientId;
use aval_merkle_log::Hash;
use aval_merkle_log::leaf::{LeafContent, leaf_hash};
use aval_merkle_log::map::{MapProof, PatientHead, root_in};
use aval_merkle_log::proof::InclusionProof;
use aval_runtime::context::{Denied, RequestContext};

use super::{App, may_read};
use crate::checkpoint_key::CheckpointRefused;
use crate::error::Error;
use crate::head_map::key_of;
use crate::query::Scope;

/// How many leaves one answer has.
const MOST_LEAVES: u64 = 20_000;

/// What proves that a patient's events are all there.
#[derive(Debug, Clone)]
pub struct PatientProof {
    /// How many events the patient has.
    pub event_count: u64,
    /// Their leaves, from the place asked for on.
    pub leaves: Vec<LeafContent>,
    /// Where the last of all stands; none if there is none.
    pub last: Option<InclusionProof>,
    /// The way to the patient's head in the map to which the checkpoint commits.
    pub map_proof: MapProof,
    /// The signed checkpoint.
    pub checkpoint: String,
    /// Every identifier under which the reader's history stands.
    pub patient_ids: Vec<PatientId>,
}

impl App {
    /// Proves under the newest checkpoint which events a patient has, under their own
    /// identifier or one that leads to it. When somebody else than the patient reads, that
    /// is traced first.
    ///
    /// What is stored is held against what was signed before it is given away.
    pub async fn get_patient_proof(
        &self,
        cx: &RequestContext,
        patient_id: Option<PatientId>,
        from_sequence: u64,
    ) -> Result<PatientProof, Error> {
        let Scope::Patient(reader) = may_read(cx, None)? else {
            return Err(Denied::ActorNotAllowed.into());
        };
        let patient_ids = self.store.identifiers(reader).await?;
        let patient_id = patient_id.unwrap_or(reader);
        if !patient_ids.contains(&patient_id) {
            return Err(Denied::ActorNotAllowed.into());
        }
        let stored = self.store.head_proof(patient_id).await?;
        let stored = stored.ok_or(Error::NotSigned)?;
        let signed = self.key.open(&stored.checkpoint)?;
        let map = root_in(&signed).map_err(|_| Error::NotSigned)?;
        let head = stored.proof.verify(&key_of(patient_id), map);
        let differs = || CheckpointRefused::MapDiffers { size: signed.size };
        let head = head.map_err(|_| differs())?;
        let event_count = head.map_or(0, |head| head.sequence);
        let from = from_sequence.max(1);
        if from > event_count + 1 {
            return Err(Error::BeyondTheLog {
                field: "from_sequence",
                rule: "must be at most one more than the number of the patient's events",
            });
        }
        let count = (event_count + 1 - from).min(MOST_LEAVES);
        let leaves = self.store.patient_leaves(patient_id, from, count).await?;
        if leaves.len() as u64 != count || !are_links(&leaves, from, head) {
            return Err(differs().into());
        }
        let last = match (head, stored.last_log_index) {
            (Some(head), Some(index)) => {
                let root = Some(signed.root);
                let (leaf, proof) = self.prove_inclusion(index, signed.size, root).await?;
                if leaf != head.leaf {
                    return Err(differs().into());
                }
                Some(proof)
            }
            (None, None) => None,
            _ => return Err(differs().into()),
        };
        self.trace_reading(cx, Some(patient_id), None, None).await?;
        Ok(PatientProof {
            event_count,
            leaves,
            last,
            map_proof: stored.proof,
            checkpoint: self.with_cosignatures(stored.checkpoint).await?,
            patient_ids,
        })
    }
}

/// Whether these are links of one patient's chain from a place on, which ends in the head
/// if the last of all is among them.
fn are_links(leaves: &[LeafContent], from: u64, head: Option<PatientHead>) -> bool {
    let mut previous: Option<Hash> = None;
    for (sequence, leaf) in (from..).zip(leaves) {
        let is_linked = sequence == from || leaf.previous_patient_leaf() == previous;
        if leaf.patient_sequence() != sequence || !is_linked {
            return false;
        }
        previous = Some(leaf_hash(leaf));
    }
    let last = leaves.last().map(LeafContent::patient_sequence);
    last.is_none_or(|last| {
        let is_head = head.filter(|head| head.sequence == last);
        is_head.is_none_or(|head| previous == Some(head.leaf))
    })
}
