//! What a history proof shows, and why one is refused.

use super::HistoryProof;
use crate::{
    checkpoint::{Checkpoint, CheckpointError, Policy},
    hash::Hash,
    leaf::{LeafContent, leaf_hash},
    map::{MapKey, MapProofError, NoMapRoot, root_in},
    proof::{ConsistencyProof, InclusionProof, ProofError},
};

/// What is proved: these are all leaves of the patient under this checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedHistory {
    /// Whose.
    pub patient_id: [u8; 16],
    /// All of them, from the first.
    pub leaves: Vec<LeafContent>,
    /// Their hashes, in the same order.
    pub leaf_hashes: Vec<Hash>,
    /// The log's state.
    pub checkpoint: Checkpoint,
}

/// What a patient keeps of a history that they verified: enough to notice later that
/// it was not continued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptHead {
    /// How many events they had.
    pub sequence: u64,
    /// The hash of the last one's leaf; none: they had no event.
    pub leaf: Option<Hash>,
}

/// Why a history proof is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// The log did not sign the checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint says nothing of heads.
    #[error(transparent)]
    NoMapRoot(#[from] NoMapRoot),
    /// The head is not shown.
    #[error(transparent)]
    Head(#[from] MapProofError),
    /// There are more or fewer leaves than the patient has events.
    #[error("the patient has {expected} events and {found} are shown")]
    Incomplete {
        /// How many the patient has.
        expected: u64,
        /// How many are shown.
        found: u64,
    },
    /// A leaf is not the one that the next leaf, or the head, names.
    #[error("event {sequence} of the patient is not the one that the log recorded")]
    Broken {
        /// Its place among the patient's events, from 1.
        sequence: u64,
    },
    /// The last leaf is not in the log.
    #[error("the patient's last event is not in the log")]
    NotIncluded(#[source] ProofError),
    /// Events that the patient knew of are gone or are others.
    #[error("the patient had {kept} events before, and they are not the first of these")]
    NotContinued {
        /// How many the patient had.
        kept: u64,
    },
}

/// Why a checkpoint does not continue an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Continuation {
    /// They are of two logs, which a policy may name: neither says anything of the other.
    #[error("the earlier state is of {kept}, the later one of {found}")]
    OtherLog {
        /// The origin of the earlier one.
        kept: String,
        /// The origin of the later one.
        found: String,
    },
    /// The log had more entries before.
    #[error("the log had {kept} entries before and says now that it has {found}")]
    Shorter {
        /// How many it had.
        kept: u64,
        /// How many it says that it has.
        found: u64,
    },
    /// Two states of the same size differ: the log tells different people different
    /// things, or has rewritten its history.
    #[error("two signed states of {size} entries differ: the log has been forked")]
    Forked {
        /// Their size.
        size: u64,
    },
    /// The later state does not begin with the earlier one.
    #[error("the earlier state of the log is not the beginning of the later one")]
    Rewritten(#[source] ProofError),
    /// There is no proof, and one is needed.
    #[error("no proof shows that the later state continues the earlier one")]
    Unproved,
}

impl HistoryProof {
    /// Proves that the leaves are all of the patient's under the checkpoint, which one
    /// of the keys of `policy` signed.
    pub fn verify(&self, policy: &Policy) -> Result<VerifiedHistory, HistoryError> {
        let checkpoint = policy.open(&self.checkpoint)?;
        let key = MapKey::of_patient(&self.patient_id);
        let head = self.map_proof.verify(&key, root_in(&checkpoint)?)?;
        let expected = head.map_or(0, |head| head.sequence);
        let found = self.leaves.len() as u64;
        if found != expected {
            return Err(HistoryError::Incomplete { expected, found });
        }
        let leaf_hashes = self.chain()?;
        if let (Some(head), Some(last)) = (head, leaf_hashes.last()) {
            if *last != head.leaf {
                return Err(HistoryError::Broken { sequence: found });
            }
            self.require_included(*last, &checkpoint)?;
        }
        Ok(VerifiedHistory {
            patient_id: self.patient_id,
            leaves: self.leaves.clone(),
            leaf_hashes,
            checkpoint,
        })
    }

    /// The hashes of the leaves, each of which names the one before.
    fn chain(&self) -> Result<Vec<Hash>, HistoryError> {
        let mut hashes: Vec<Hash> = Vec::with_capacity(self.leaves.len());
        for (sequence, leaf) in (1..).zip(&self.leaves) {
            let follows = leaf.patient_id() == Some(self.patient_id)
                && leaf.patient_sequence() == sequence
                && leaf.previous_patient_leaf() == hashes.last().copied();
            if !follows {
                return Err(HistoryError::Broken { sequence });
            }
            hashes.push(leaf_hash(leaf));
        }
        Ok(hashes)
    }

    fn require_included(&self, leaf: Hash, checkpoint: &Checkpoint) -> Result<(), HistoryError> {
        let proof = InclusionProof {
            index: self.last.as_ref().map_or(u64::MAX, |last| last.index),
            tree_size: checkpoint.size,
            path: self
                .last
                .as_ref()
                .map_or_else(Vec::new, |last| last.path.clone()),
        };
        proof
            .verify(leaf, checkpoint.root)
            .map_err(HistoryError::NotIncluded)
    }
}

impl VerifiedHistory {
    /// What to keep of it.
    #[must_use]
    pub fn head(&self) -> KeptHead {
        KeptHead {
            sequence: self.leaves.len() as u64,
            leaf: self.leaf_hashes.last().copied(),
        }
    }

    /// Proves that this history continues the one of which `kept` was kept.
    pub fn require_continues(&self, kept: &KeptHead) -> Result<(), HistoryError> {
        let then = match kept.sequence.checked_sub(1) {
            None => None,
            Some(last) => {
                let place = usize::try_from(last).ok();
                let found = place.and_then(|place| self.leaf_hashes.get(place));
                Some(found.ok_or(HistoryError::NotContinued {
                    kept: kept.sequence,
                })?)
            }
        };
        if then.copied() == kept.leaf {
            Ok(())
        } else {
            Err(HistoryError::NotContinued {
                kept: kept.sequence,
            })
        }
    }
}

impl Checkpoint {
    /// Proves that this state of a log continues an earlier one, both opened under the
    /// same policy. Of states of different sizes it takes a proof to tell.
    pub fn require_continues(
        &self,
        earlier: &Self,
        proof: Option<&ConsistencyProof>,
    ) -> Result<(), Continuation> {
        if self.origin != earlier.origin {
            return Err(Continuation::OtherLog {
                kept: earlier.origin.clone(),
                found: self.origin.clone(),
            });
        }
        if self.size < earlier.size {
            return Err(Continuation::Shorter {
                kept: earlier.size,
                found: self.size,
            });
        }
        if self.size == earlier.size {
            let maps = (root_in(self), root_in(earlier));
            // The map follows from the leaves; a checkpoint may say nothing of it.
            let maps_differ = matches!(maps, (Ok(one), Ok(other)) if one != other);
            if self.root != earlier.root || maps_differ {
                return Err(Continuation::Forked { size: self.size });
            }
            return Ok(());
        }
        if earlier.size == 0 {
            return Ok(());
        }
        let proof = proof.ok_or(Continuation::Unproved)?;
        if (proof.old_size, proof.new_size) != (earlier.size, self.size) {
            return Err(Continuation::Unproved);
        }
        proof
            .verify(earlier.root, self.root)
            .map_err(Continuation::Rewritten)
    }
}
