//! What a receipt proves, and why one is refused.

use super::Receipt;
use crate::{
    checkpoint::{Checkpoint, CheckpointError, Policy},
    hash::Hash,
    leaf::{LeafContent, commitment, leaf_hash},
    note::{KeyName, SignatureError},
    proof::{InclusionProof, ProofError},
    text::Malformed,
};

/// What the receipt is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence<'a> {
    /// Nothing more: the leaf is in the log, whatever event it committed to.
    LeafOnly,
    /// The event's canonical bytes: it is this event that the log recorded.
    Event(&'a [u8]),
}

/// What is proved, and only that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedReceipt {
    /// What the log's entry says.
    pub leaf: LeafContent,
    /// The hash under which the entry stands in the log.
    pub leaf_hash: Hash,
    /// The entry's index in the log.
    pub index: u64,
    /// The log's state that contains the entry.
    pub checkpoint: Checkpoint,
    /// Whether the event itself was shown to be the one committed to.
    pub event_verified: bool,
}

/// Why a receipt is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The text is not a receipt.
    #[error("not a receipt")]
    Malformed(#[from] Malformed),
    /// A key of the log did not make the signature that bears its name.
    #[error("the checkpoint's signature by {0} does not verify")]
    BadSignature(KeyName),
    /// The same key of the log signed twice.
    #[error("the checkpoint's signature by {0} is repeated")]
    RepeatedSignature(KeyName),
    /// None of the log's keys signed.
    #[error("none of the log's known keys signed the checkpoint")]
    UnknownSigner,
    /// The checkpoint is another log's.
    #[error("the checkpoint is of {found}, not of {expected}")]
    WrongOrigin {
        /// The origin that the policy names.
        expected: String,
        /// The origin that the checkpoint states.
        found: String,
    },
    /// Too few of the witnesses that the policy names cosigned the checkpoint.
    #[error("too few witnesses cosigned the checkpoint")]
    NotWitnessed,
    /// The entry is not in the log that the checkpoint states.
    #[error("the entry is not in the log")]
    NotIncluded(#[source] ProofError),
    /// The event is not the one that the log recorded.
    #[error("the event is not the one that was recorded")]
    EventAltered,
    /// The receipt has no salt, so that no event can be held against it.
    #[error("the receipt carries no salt: it proves the entry, not the event")]
    NoSalt,
}

impl Receipt {
    /// Proves that the log which `policy` names holds the receipt's leaf and, if it
    /// is shown, that the leaf commits to this event.
    pub fn verify(
        &self,
        evidence: Evidence<'_>,
        policy: &Policy,
    ) -> Result<VerifiedReceipt, ReceiptError> {
        let checkpoint = policy.open(&self.checkpoint)?;
        self.verify_in(evidence, &checkpoint)
    }

    /// Proves the same of a checkpoint that the caller has opened already, as when
    /// many receipts come with one. The checkpoint in the receipt is not looked at.
    pub fn verify_in(
        &self,
        evidence: Evidence<'_>,
        opened: &Checkpoint,
    ) -> Result<VerifiedReceipt, ReceiptError> {
        let leaf_hash = leaf_hash(&self.leaf);
        let proof = InclusionProof {
            index: self.index,
            tree_size: opened.size,
            path: self.path.clone(),
        };
        proof
            .verify(leaf_hash, opened.root)
            .map_err(ReceiptError::NotIncluded)?;

        let event_verified = self.verify_event(evidence)?;
        Ok(VerifiedReceipt {
            leaf: self.leaf.clone(),
            leaf_hash,
            index: self.index,
            checkpoint: opened.clone(),
            event_verified,
        })
    }

    fn verify_event(&self, evidence: Evidence<'_>) -> Result<bool, ReceiptError> {
        let Evidence::Event(canonical) = evidence else {
            return Ok(false);
        };
        let salt = self.salt.as_ref().ok_or(ReceiptError::NoSalt)?;
        if commitment(salt, canonical) == self.leaf.commitment {
            Ok(true)
        } else {
            Err(ReceiptError::EventAltered)
        }
    }
}

impl From<CheckpointError> for ReceiptError {
    fn from(error: CheckpointError) -> Self {
        match error {
            CheckpointError::Malformed(malformed) => Self::Malformed(malformed),
            CheckpointError::WrongOrigin { expected, found } => {
                Self::WrongOrigin { expected, found }
            }
            CheckpointError::NotWitnessed => Self::NotWitnessed,
            CheckpointError::Signature(SignatureError::Bad(name)) => Self::BadSignature(name),
            CheckpointError::Signature(SignatureError::Repeated(name)) => {
                Self::RepeatedSignature(name)
            }
            CheckpointError::Signature(SignatureError::NoKnownSigner) => Self::UnknownSigner,
        }
    }
}
