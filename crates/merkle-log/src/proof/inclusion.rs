//! A leaf is in a tree.

use std::ops::Range;

use super::{ComputeError, ProofError};
use crate::{
    hash::{Hash, hash_children},
    tree::{NodeId, Nodes, complete_subtrees, range_root, split},
};

/// The hashes that lead from one leaf to the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionProof {
    /// The leaf's index, from 0.
    pub index: u64,
    /// The tree's number of leaves.
    pub tree_size: u64,
    /// From the leaf's sibling up to the root's child.
    pub path: Vec<Hash>,
}

impl InclusionProof {
    /// Computes the proof from stored nodes.
    pub fn compute<N: Nodes>(
        nodes: &N,
        index: u64,
        tree_size: u64,
    ) -> Result<Self, ComputeError<N::Error>> {
        let path = siblings(index, tree_size)?
            .into_iter()
            .map(|range| range_root(nodes, range))
            .collect::<Result<_, _>>()
            .map_err(ComputeError::Source)?;
        Ok(Self {
            index,
            tree_size,
            path,
        })
    }

    /// The nodes that [`InclusionProof::compute`] asks for, so that a store can
    /// fetch them at once.
    pub fn needed(index: u64, tree_size: u64) -> Result<Vec<NodeId>, ProofError> {
        let siblings = siblings(index, tree_size)?;
        Ok(siblings.into_iter().flat_map(complete_subtrees).collect())
    }

    /// The root to which this leaf hash and the path lead.
    pub fn root(&self, leaf: Hash) -> Result<Hash, ProofError> {
        if self.index >= self.tree_size {
            return Err(ProofError::IndexOutOfRange {
                index: self.index,
                tree_size: self.tree_size,
            });
        }
        let mut position = self.index;
        let mut last = self.tree_size - 1;
        let mut root = leaf;
        for sibling in &self.path {
            if last == 0 {
                return Err(ProofError::TooLong);
            }
            if position & 1 == 1 || position == last {
                root = hash_children(sibling, &root);
                // The last node of a level without a sibling moves up unchanged.
                while position & 1 == 0 && position != 0 {
                    position >>= 1;
                    last >>= 1;
                }
            } else {
                root = hash_children(&root, sibling);
            }
            position >>= 1;
            last >>= 1;
        }
        if last != 0 {
            return Err(ProofError::TooShort);
        }
        Ok(root)
    }

    /// Proves that the leaf with this hash stands at `index` in the tree with this root.
    pub fn verify(&self, leaf: Hash, root: Hash) -> Result<(), ProofError> {
        if self.root(leaf)? == root {
            Ok(())
        } else {
            Err(ProofError::RootMismatch)
        }
    }
}

/// The ranges of leaves beside the path to one leaf, from the leaf up.
fn siblings(index: u64, tree_size: u64) -> Result<Vec<Range<u64>>, ProofError> {
    if index >= tree_size {
        return Err(ProofError::IndexOutOfRange { index, tree_size });
    }
    let mut siblings = Vec::new();
    let (mut start, mut end) = (0, tree_size);
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            siblings.push(middle..end);
            end = middle;
        } else {
            siblings.push(start..middle);
            start = middle;
        }
    }
    siblings.reverse();
    Ok(siblings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_leaf_is_the_root() {
        let leaf = Hash::from_bytes([1; 32]);
        let proof = InclusionProof {
            index: 0,
            tree_size: 1,
            path: Vec::new(),
        };
        assert_eq!(proof.verify(leaf, leaf), Ok(()));
    }

    #[test]
    fn an_index_outside_the_tree_is_refused() {
        for (index, tree_size) in [(0, 0), (1, 1), (u64::MAX, u64::MAX), (u64::MAX, 0)] {
            let refusal = ProofError::IndexOutOfRange { index, tree_size };
            assert_eq!(InclusionProof::needed(index, tree_size), Err(refusal));
            let proof = InclusionProof {
                index,
                tree_size,
                path: Vec::new(),
            };
            assert_eq!(proof.root(Hash::from_bytes([0; 32])), Err(refusal));
        }
    }

    #[test]
    fn the_largest_tree_takes_sixty_four_hashes_and_no_other_number() {
        for (index, length) in [(0, 64), (u64::MAX - 1, 63), (1 << 63, 64)] {
            let of = |length| InclusionProof {
                index,
                tree_size: u64::MAX,
                path: vec![Hash::from_bytes([7; 32]); length],
            };
            let leaf = Hash::from_bytes([1; 32]);
            assert!(of(length).root(leaf).is_ok(), "index {index}");
            assert_eq!(of(length - 1).root(leaf), Err(ProofError::TooShort));
            assert_eq!(of(length + 1).root(leaf), Err(ProofError::TooLong));
            assert_eq!(siblings(index, u64::MAX).unwrap().len(), length);
        }
    }
}
