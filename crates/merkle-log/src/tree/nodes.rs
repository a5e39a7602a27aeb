//! Complete subtrees: the only nodes that are stored, for they never change again.

use std::{collections::HashMap, fmt, ops::Range};

use crate::hash::{Hash, hash_children};

/// Where a complete subtree stands: it covers the leaves
/// `index × 2^level .. (index + 1) × 2^level`. Leaves have level 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    /// Height of the subtree, 0 to 63.
    pub level: u8,
    /// Position among the subtrees of this height, from the left, from 0.
    pub index: u64,
}

/// A source of stored nodes.
///
/// It promises to return what the append of the subtree's last leaf yielded.
/// Only subtrees complete at the asked tree size are asked for. A source that
/// lies makes proofs that do not verify, never a proof of something false.
pub trait Nodes {
    /// Why a node cannot be had.
    type Error;

    /// The root hash of this complete subtree.
    fn node(&self, id: NodeId) -> Result<Hash, Self::Error>;
}

/// Nodes held in memory: a whole small log, or those fetched for one proof.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownNodes(HashMap<NodeId, Hash>);

/// A node that [`KnownNodes`] does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no node is known at {0}")]
pub struct MissingNode(pub NodeId);

impl KnownNodes {
    /// No node yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Remembers one node.
    pub fn insert(&mut self, id: NodeId, hash: Hash) {
        self.0.insert(id, hash);
    }
}

impl Nodes for KnownNodes {
    type Error = MissingNode;

    fn node(&self, id: NodeId) -> Result<Hash, MissingNode> {
        self.0.get(&id).copied().ok_or(MissingNode(id))
    }
}

impl FromIterator<(NodeId, Hash)> for KnownNodes {
    fn from_iter<I: IntoIterator<Item = (NodeId, Hash)>>(nodes: I) -> Self {
        Self(nodes.into_iter().collect())
    }
}

impl Extend<(NodeId, Hash)> for KnownNodes {
    fn extend<I: IntoIterator<Item = (NodeId, Hash)>>(&mut self, nodes: I) {
        self.0.extend(nodes);
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "level {}, index {}", self.level, self.index)
    }
}

/// Where RFC 6962 cuts a range of `leaves`: the largest power of two below it.
/// There must be at least two leaves.
pub(crate) const fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}

/// The complete subtrees that tile a range, from the left, that is from the largest.
///
/// The range must be one that RFC 6962's recursion reaches: its start is a
/// multiple of the smallest power of two not below its length.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the logarithm of a u64 is at most 63"
)]
pub(crate) fn complete_subtrees(range: Range<u64>) -> Vec<NodeId> {
    let mut subtrees = Vec::new();
    let mut start = range.start;
    while start < range.end {
        let level = (range.end - start).ilog2();
        subtrees.push(NodeId {
            level: level as u8,
            index: start >> level,
        });
        start += 1 << level;
    }
    subtrees
}

/// The root over subtrees given from the left; nothing over nothing.
pub(crate) fn join_subtrees(subtrees: &[Hash]) -> Option<Hash> {
    subtrees
        .iter()
        .rev()
        .copied()
        .reduce(|right, left| hash_children(&left, &right))
}

/// The root of a range that holds at least one leaf.
pub(crate) fn range_root<N: Nodes>(nodes: &N, range: Range<u64>) -> Result<Hash, N::Error> {
    let subtrees = complete_subtrees(range)
        .into_iter()
        .map(|id| nodes.node(id))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(join_subtrees(&subtrees).expect("the range holds at least one leaf"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_at_the_largest_power_of_two_below_it() {
        let cuts = [2, 3, 4, 5, 8, 9, u64::MAX].map(split);
        assert_eq!(cuts, [1, 2, 2, 4, 4, 8, 1 << 63]);
    }

    #[test]
    fn the_largest_tree_is_sixty_four_subtrees() {
        let subtrees = complete_subtrees(0..u64::MAX);
        assert_eq!(subtrees.len(), 64);
        assert_eq!(
            subtrees[0],
            NodeId {
                level: 63,
                index: 0
            }
        );
        assert_eq!(
            subtrees[63],
            NodeId {
                level: 0,
                index: u64::MAX - 1
            }
        );
    }

    #[test]
    fn a_node_that_was_not_stored_is_named() {
        let id = NodeId { level: 3, index: 7 };
        let missing = KnownNodes::new().node(id).unwrap_err();
        assert_eq!(missing.to_string(), "no node is known at level 3, index 7");
    }
}
