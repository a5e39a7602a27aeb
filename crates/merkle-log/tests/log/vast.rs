//! Logs of any size that 64 bits can count: a few entries of their own, all others the same.
//! A subtree without one of the few is known by its height alone.

use std::collections::BTreeSet;
use std::convert::Infallible;

use aval_merkle_log::{
    Hash,
    hash::{hash_children, hash_leaf},
    tree::{Frontier, NodeId, Nodes},
};
use proptest::{collection::vec, prelude::*};

/// Such a log; all its sizes at once.
#[derive(Debug, Clone)]
pub(crate) struct VastLog {
    own: BTreeSet<u64>,
    /// The subtree of each height over entries that are all the same.
    same: Vec<Hash>,
}

/// Two states of such a log, and a leaf that is in the newer one.
#[derive(Debug, Clone)]
pub(crate) struct Growth {
    pub(crate) log: VastLog,
    pub(crate) old: u64,
    pub(crate) size: u64,
    pub(crate) index: u64,
}

impl VastLog {
    pub(crate) fn new(own: impl IntoIterator<Item = u64>) -> Self {
        let first = hash_leaf(b"any other entry");
        let same = std::iter::successors(Some(first), |below| Some(hash_children(below, below)));
        Self {
            own: own.into_iter().collect(),
            same: same.take(64).collect(),
        }
    }

    pub(crate) fn leaf(&self, index: u64) -> Hash {
        self.hash(NodeId { level: 0, index })
    }

    pub(crate) fn root(&self, size: u64) -> Hash {
        Frontier::from_nodes(self, size).unwrap().root()
    }

    pub(crate) fn hash(&self, NodeId { level, index }: NodeId) -> Hash {
        let first = index << level;
        let last = first + ((1 << level) - 1);
        if self.own.range(first..=last).next().is_none() {
            return self.same[usize::from(level)];
        }
        if level == 0 {
            return hash_leaf(&index.to_be_bytes());
        }
        let below = |side| {
            self.hash(NodeId {
                level: level - 1,
                index: 2 * index + side,
            })
        };
        hash_children(&below(0), &below(1))
    }
}

impl Nodes for VastLog {
    type Error = Infallible;

    fn node(&self, id: NodeId) -> Result<Hash, Infallible> {
        Ok(self.hash(id))
    }
}

/// Numbers below `2^bits`, of every magnitude alike; none is 0.
pub(crate) fn magnitudes(bits: u32) -> impl Strategy<Value = u64> {
    (0..bits, any::<u64>()).prop_map(|(magnitude, bits)| {
        let highest = 1 << magnitude;
        highest | (bits & (highest - 1))
    })
}

/// States of logs below `2^bits` entries. The leaf has an entry of its own, and places are
/// likely near the ends, where trees are irregular.
pub(crate) fn growths(bits: u32) -> impl Strategy<Value = Growth> {
    let place = || (magnitudes(bits), any::<bool>());
    let others = vec(place(), 0..5);
    (magnitudes(bits), place(), place(), others).prop_map(|(size, old, index, others)| {
        let within = |(place, from_the_end): (u64, bool)| {
            let place = (place - 1) % size;
            if from_the_end {
                size - 1 - place
            } else {
                place
            }
        };
        let index = within(index);
        let others = others.into_iter().map(within);
        Growth {
            log: VastLog::new(others.chain([index])),
            old: within(old) + 1,
            size,
            index,
        }
    })
}

#[test]
fn a_vast_log_is_the_tree_over_its_entries() {
    let log = VastLog::new([0, 6, 40, 41]);
    let mut frontier = Frontier::new();
    for index in 0..100 {
        frontier.append(log.leaf(index)).unwrap();
        assert_eq!(frontier.root(), log.root(index + 1));
    }
}
