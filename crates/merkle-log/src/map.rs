//! The map of patients' heads: how many events each patient has, and which is the last.
//!
//! A receipt shows that an event is among a patient's. That no other is missing follows
//! from here: each leaf names the patient's leaf before it, and every checkpoint commits
//! to the last leaf of every patient. Whoever holds the last one holds them all.
//!
//! The map is a Merkle trie over 256-bit keys without empty places: a subtree with one
//! entry is that entry, one with more splits at the first bit at which its keys differ.
//!
//! ```text
//! key   = SHA-256("aval patient map key v1" padded to 32 || patient id)
//! value = SHA-256(0x04 || sequence, 8 bytes big-endian || leaf hash)
//! entry = SHA-256(0x02 || key || value)
//! node  = SHA-256(0x03 || depth, 1 byte || left || right)      bit 0 left, bit 1 right
//! ```
//!
//! A node hashes the depth of the bit by which it splits. So under one root every key
//! has one way down and one entry at its end: nobody can show a patient one head and
//! another to somebody else, or claim that a patient who is there is not.
//!
//! The key follows from the patient's identifier alone, for the same reason: a log that
//! could choose keys could keep two entries of one patient. Identifiers are random, so
//! that a key tells nobody whose it is.

mod proof;
mod tile;

pub use proof::{MapProof, MapProofError, ProofEnd, Sibling};
pub use tile::{CROWN_DEPTH, Descent, MapTile, TileId, TileMalformed};

use crate::{
    checkpoint::Checkpoint,
    hash::{Hash, digest, digest_of_two},
};

const KEY_PREFIX: &[u8; 32] = b"aval patient map key v1\0\0\0\0\0\0\0\0\0";
const ENTRY_PREFIX: [u8; 1] = [0x02];
const NODE_PREFIX: [u8; 1] = [0x03];
const VALUE_PREFIX: [u8; 1] = [0x04];

/// The extension line of a checkpoint that commits to the map begins so.
const LINE: &str = "aval-patient-heads/v1 ";

/// What the line says of a map without entries.
const EMPTY: &str = "empty";

/// Where a patient stands in the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MapKey(Hash);

/// A patient's last event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PatientHead {
    /// Its number among this patient's events, from 1: how many they have.
    pub sequence: u64,
    /// The hash of its leaf.
    pub leaf: Hash,
}

/// The root of a map; none: the map has no entry.
pub type MapRoot = Option<Hash>;

/// The checkpoint does not commit to a map of heads, or not in the form known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the checkpoint does not say the patients' heads")]
pub struct NoMapRoot;

impl MapKey {
    /// The key of the patient with this UUID.
    #[must_use]
    pub fn of_patient(patient_id: &[u8; 16]) -> Self {
        Self(digest(&[KEY_PREFIX, patient_id]))
    }

    /// The key with these bytes.
    #[must_use]
    pub const fn from_hash(hash: Hash) -> Self {
        Self(hash)
    }

    /// The key's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Hash::LENGTH] {
        self.0.as_bytes()
    }

    /// The first 16 bits.
    #[must_use]
    pub const fn bucket(&self) -> u16 {
        let bytes = self.as_bytes();
        u16::from_be_bytes([bytes[0], bytes[1]])
    }

    /// Whether the way leads to the right at this depth.
    const fn bit(&self, depth: u8) -> bool {
        let byte = self.as_bytes()[(depth / 8) as usize];
        byte >> (7 - depth % 8) & 1 == 1
    }

    /// The first bit at which two keys differ; none: they are the same.
    fn fork(&self, other: &Self) -> Option<u8> {
        let mut pairs = (0_u8..).zip(self.as_bytes().iter().zip(other.as_bytes()));
        let (byte, (left, right)) = pairs.find(|(_, (left, right))| left != right)?;
        let bit = u8::try_from((left ^ right).leading_zeros()).expect("a byte has 8 bits");
        Some(byte * 8 + bit)
    }
}

impl PatientHead {
    fn value(&self) -> Hash {
        let sequence = self.sequence.to_be_bytes();
        digest(&[&VALUE_PREFIX, &sequence, self.leaf.as_bytes()])
    }
}

/// The root of the subtree that holds exactly these entries, each key once, ascending.
#[must_use]
pub fn subtree(entries: &[(MapKey, PatientHead)]) -> MapRoot {
    let (first, rest) = entries.split_first()?;
    let Some(last) = rest.last() else {
        return Some(entry_hash(&first.0, &first.1.value()));
    };
    let depth = first.0.fork(&last.0)?;
    let middle = entries.partition_point(|(key, _)| !key.bit(depth));
    let (left, right) = entries.split_at(middle);
    join(depth, subtree(left), subtree(right))
}

/// The line with which a checkpoint commits to a map.
#[must_use]
pub fn extension_line(root: MapRoot) -> String {
    let root = root.map_or_else(|| EMPTY.to_owned(), Hash::to_base64);
    format!("{LINE}{root}")
}

/// The map to which a checkpoint commits.
pub fn root_in(checkpoint: &Checkpoint) -> Result<MapRoot, NoMapRoot> {
    let mut lines = checkpoint
        .extensions
        .iter()
        .filter_map(|line| line.strip_prefix(LINE));
    match (lines.next(), lines.next()) {
        (Some(EMPTY), None) => Ok(None),
        (Some(root), None) => Hash::from_base64(root).map(Some).map_err(|_| NoMapRoot),
        _ => Err(NoMapRoot),
    }
}

fn entry_hash(key: &MapKey, value: &Hash) -> Hash {
    digest(&[&ENTRY_PREFIX, key.as_bytes(), value.as_bytes()])
}

fn node_hash(depth: u8, left: &Hash, right: &Hash) -> Hash {
    digest_of_two([NODE_PREFIX[0], depth], left, right)
}

/// The subtree with these two halves, split by the bit at `depth`.
fn join(depth: u8, left: MapRoot, right: MapRoot) -> MapRoot {
    match (left, right) {
        (Some(left), Some(right)) => Some(node_hash(depth, &left, &right)),
        (one, None) | (None, one) => one,
    }
}

#[cfg(test)]
mod tests;
