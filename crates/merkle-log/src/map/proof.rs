//! What shows a patient's head, or that they have none.
//!
//! ```text
//! 0x01                                version
//! 0x00                                the map has no entry
//! 0x01 || sequence (8) || leaf (32)   the head
//! 0x02 || key (32) || value (32)      the entry that stands where the patient's would
//! count (2, big-endian)               siblings, from the root down, each
//!   depth (1) || hash (32)              the other half where the way splits
//! ```

use super::{MapKey, MapRoot, PatientHead, entry_hash, node_hash};
use crate::hash::Hash;

const VERSION: u8 = 1;

/// The half of a node into which the way does not lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sibling {
    /// The bit by which the node splits.
    pub depth: u8,
    /// The root of the other half.
    pub hash: Hash,
}

/// What stands at the end of the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofEnd {
    /// Nothing: the map is empty.
    Empty,
    /// The patient's head.
    Head(PatientHead),
    /// Somebody else's entry, of which the head stays hidden.
    Other {
        /// Their key.
        key: MapKey,
        /// The hash of their head.
        value: Hash,
    },
}

/// The way from a map's root to where a patient stands, or would stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapProof {
    /// Where the way splits, from the root down.
    pub siblings: Vec<Sibling>,
    /// Where it ends.
    pub end: ProofEnd,
}

/// Why a proof shows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MapProofError {
    /// The bytes are not a proof.
    #[error("the proof of the head is malformed")]
    Malformed,
    /// The way is none: its depths do not ascend, or an empty map splits.
    #[error("the proof of the head leads nowhere")]
    NoWay,
    /// Whoever stands at its end does not stand where the patient would.
    #[error("the proof of the head ends at somebody else's place")]
    WrongPlace,
    /// It does not lead to the root.
    #[error("the proof of the head does not lead to the signed root")]
    RootMismatch,
}

impl MapProof {
    /// The proof for a key, from all entries of the subtree to which its way leads, each
    /// key once, ascending, and the siblings above that subtree: none for a whole map.
    #[must_use]
    pub fn in_entries(
        key: &MapKey,
        entries: &[(MapKey, PatientHead)],
        mut above: Vec<Sibling>,
    ) -> Self {
        let mut within = entries;
        while let [first, .., last] = within {
            let Some(depth) = first.0.fork(&last.0) else {
                break;
            };
            let middle = within.partition_point(|(other, _)| !other.bit(depth));
            let (left, right) = within.split_at(middle);
            let (way, other) = if key.bit(depth) {
                (right, left)
            } else {
                (left, right)
            };
            above.extend(super::subtree(other).map(|hash| Sibling { depth, hash }));
            within = way;
        }
        let end = match within.first() {
            None => ProofEnd::Empty,
            Some((found, head)) if found == key => ProofEnd::Head(*head),
            Some((found, head)) => ProofEnd::Other {
                key: *found,
                value: head.value(),
            },
        };
        Self {
            siblings: above,
            end,
        }
    }

    /// The head that the map with this root has for the key; none: it has none.
    pub fn verify(
        &self,
        key: &MapKey,
        root: MapRoot,
    ) -> Result<Option<PatientHead>, MapProofError> {
        let ascends = self
            .siblings
            .is_sorted_by(|upper, lower| upper.depth < lower.depth);
        if !ascends {
            return Err(MapProofError::NoWay);
        }
        let (start, head) = match &self.end {
            ProofEnd::Empty if !self.siblings.is_empty() => return Err(MapProofError::NoWay),
            ProofEnd::Empty if root.is_none() => return Ok(None),
            ProofEnd::Empty => return Err(MapProofError::RootMismatch),
            ProofEnd::Head(head) => (entry_hash(key, &head.value()), Some(*head)),
            ProofEnd::Other { key: other, value } => {
                let mut ways = self.siblings.iter().map(|sibling| sibling.depth);
                if other == key || !ways.all(|depth| other.bit(depth) == key.bit(depth)) {
                    return Err(MapProofError::WrongPlace);
                }
                (entry_hash(other, value), None)
            }
        };
        let reached = self.siblings.iter().rev().fold(start, |below, sibling| {
            if key.bit(sibling.depth) {
                node_hash(sibling.depth, &sibling.hash, &below)
            } else {
                node_hash(sibling.depth, &below, &sibling.hash)
            }
        });
        if Some(reached) == root {
            Ok(head)
        } else {
            Err(MapProofError::RootMismatch)
        }
    }

    /// The proof's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        match &self.end {
            ProofEnd::Empty => bytes.push(0),
            ProofEnd::Head(head) => {
                bytes.push(1);
                bytes.extend(head.sequence.to_be_bytes());
                bytes.extend(head.leaf.as_bytes());
            }
            ProofEnd::Other { key, value } => {
                bytes.push(2);
                bytes.extend(key.as_bytes());
                bytes.extend(value.as_bytes());
            }
        }
        bytes.extend(self.count().to_be_bytes());
        for sibling in &self.siblings {
            bytes.push(sibling.depth);
            bytes.extend(sibling.hash.as_bytes());
        }
        bytes
    }

    fn count(&self) -> u16 {
        u16::try_from(self.siblings.len()).expect("a key has 256 bits")
    }

    /// Reads [`MapProof::encode`] and nothing else.
    pub fn decode(bytes: &[u8]) -> Result<Self, MapProofError> {
        Self::read(bytes).ok_or(MapProofError::Malformed)
    }

    fn read(mut bytes: &[u8]) -> Option<Self> {
        let [version, kind] = take(&mut bytes)?;
        if version != VERSION {
            return None;
        }
        let end = match kind {
            0 => ProofEnd::Empty,
            1 => ProofEnd::Head(PatientHead {
                sequence: u64::from_be_bytes(take(&mut bytes)?),
                leaf: Hash::from_bytes(take(&mut bytes)?),
            }),
            2 => ProofEnd::Other {
                key: MapKey::from_hash(Hash::from_bytes(take(&mut bytes)?)),
                value: Hash::from_bytes(take(&mut bytes)?),
            },
            _ => return None,
        };
        let count = usize::from(u16::from_be_bytes(take(&mut bytes)?));
        if count > 256 || bytes.len() != count * (1 + Hash::LENGTH) {
            return None;
        }
        let mut siblings = Vec::with_capacity(count);
        for _ in 0..count {
            let [depth] = take(&mut bytes)?;
            let hash = Hash::from_bytes(take(&mut bytes)?);
            siblings.push(Sibling { depth, hash });
        }
        Some(Self { siblings, end })
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}
