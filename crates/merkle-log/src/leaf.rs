//! What a leaf commits to.
//!
//! A leaf carries no event: it carries a commitment to one, under a random salt.
//! Once the event and its salt are erased nothing can be recomputed from the
//! commitment, and every proof about the leaf stays valid.

use std::num::NonZeroU64;

use crate::{
    fields::{Fields, WrongField, push_field},
    hash::{Hash, digest, hash_leaf},
};

/// First byte of every encoded leaf; another layout takes another number.
const VERSION: u8 = 1;

/// No encoded leaf is longer, in bytes.
const LONGEST: usize = 144;

/// Nothing else that is hashed begins so, and its length is fixed: no other
/// prefix, salt and event make the same input.
const COMMITMENT_PREFIX: &[u8; 32] = b"aval audit event commitment v1\0\0";

/// What the log says about one event, without the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafContent {
    /// The event's UUID.
    pub event_id: [u8; 16],
    /// The event's place among its patient's; none if it concerns no patient.
    pub patient: Option<PatientLink>,
    /// When the log received the event, in microseconds since the Unix epoch, UTC.
    pub recorded_at_micros: i64,
    /// [`commitment`] to the event's canonical bytes.
    pub commitment: Hash,
}

/// One link of a patient's chain: the first has no predecessor, every other has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PatientLink {
    patient_id: [u8; 16],
    sequence: NonZeroU64,
    previous: Option<Hash>,
}

/// Why bytes are not a leaf, or a link not a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// The first byte names a layout that is not known here.
    #[error("leaf version {0} is not known")]
    UnknownVersion(u8),
    /// A field is missing, cut short or of a length that it cannot have.
    #[error("the field {0} is missing or has a wrong length")]
    Field(&'static str),
    /// Bytes follow the last field.
    #[error("bytes follow the leaf's last field")]
    TrailingBytes,
    /// A first event has no predecessor, a later one has, no patient means no place.
    #[error("patient, patient sequence and previous leaf contradict each other")]
    BrokenLink,
}

impl LeafContent {
    /// The UUID of the patient concerned.
    #[must_use]
    pub fn patient_id(&self) -> Option<[u8; 16]> {
        self.patient.map(|link| link.patient_id)
    }

    /// The event's number among its patient's, from 1; 0 if it concerns no patient.
    #[must_use]
    pub fn patient_sequence(&self) -> u64 {
        self.patient.map_or(0, |link| link.sequence.get())
    }

    /// The leaf hash of the same patient's previous event.
    #[must_use]
    pub fn previous_patient_leaf(&self) -> Option<Hash> {
        self.patient.and_then(|link| link.previous)
    }

    /// The log's entry: a version byte, then each field after its length on one byte.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let patient_id = self.patient_id();
        let previous = self.previous_patient_leaf();
        let mut entry = Vec::with_capacity(LONGEST);
        entry.push(VERSION);
        for field in [
            self.event_id.as_slice(),
            patient_id.as_ref().map_or(&[], |id| id.as_slice()),
            &self.patient_sequence().to_be_bytes(),
            previous
                .as_ref()
                .map_or(&[], |hash| hash.as_bytes().as_slice()),
            &self.recorded_at_micros.to_be_bytes(),
            self.commitment.as_bytes(),
        ] {
            push_field(&mut entry, field);
        }
        entry
    }

    /// Reads [`LeafContent::encode`] and nothing else.
    pub fn decode(entry: &[u8]) -> Result<Self, LeafError> {
        let (version, fields) = entry.split_first().ok_or(LeafError::Field("version"))?;
        if *version != VERSION {
            return Err(LeafError::UnknownVersion(*version));
        }
        let mut fields = Fields::new(fields);
        let event_id = fields.required("event id")?;
        let patient_id = fields.optional("patient id")?;
        let sequence = u64::from_be_bytes(fields.required("patient sequence")?);
        let previous = fields
            .optional("previous patient leaf")?
            .map(Hash::from_bytes);
        let recorded_at_micros = i64::from_be_bytes(fields.required("time of recording")?);
        let commitment = Hash::from_bytes(fields.required("commitment")?);
        if !fields.is_finished() {
            return Err(LeafError::TrailingBytes);
        }
        let patient = match (patient_id, sequence, previous) {
            (None, 0, None) => None,
            (None, _, _) => return Err(LeafError::BrokenLink),
            (Some(patient_id), sequence, previous) => {
                Some(PatientLink::new(patient_id, sequence, previous)?)
            }
        };
        Ok(Self {
            event_id,
            patient,
            recorded_at_micros,
            commitment,
        })
    }
}

impl PatientLink {
    /// The place of an event: number 1 without previous leaf, or a later one with it.
    pub fn new(
        patient_id: [u8; 16],
        sequence: u64,
        previous: Option<Hash>,
    ) -> Result<Self, LeafError> {
        let sequence = NonZeroU64::new(sequence).ok_or(LeafError::BrokenLink)?;
        if (sequence == NonZeroU64::MIN) != previous.is_none() {
            return Err(LeafError::BrokenLink);
        }
        Ok(Self {
            patient_id,
            sequence,
            previous,
        })
    }

    /// The place of a patient's first event.
    #[must_use]
    pub const fn first(patient_id: [u8; 16]) -> Self {
        Self {
            patient_id,
            sequence: NonZeroU64::MIN,
            previous: None,
        }
    }
}

impl From<WrongField> for LeafError {
    fn from(WrongField(name): WrongField) -> Self {
        Self::Field(name)
    }
}

/// The hash under which the leaf stands in the tree.
#[must_use]
pub fn leaf_hash(content: &LeafContent) -> Hash {
    hash_leaf(&content.encode())
}

/// Commits to an event's canonical bytes: without the salt, 32 random bytes used
/// for this event alone, nobody can test a guess of the event.
#[must_use]
pub fn commitment(salt: &[u8; 32], canonical: &[u8]) -> Hash {
    digest(&[COMMITMENT_PREFIX, salt, canonical])
}

#[cfg(test)]
mod tests;
