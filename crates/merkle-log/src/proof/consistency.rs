//! A tree has only grown.

use std::ops::Range;

use super::{ComputeError, ProofError};
use crate::{
    hash::{Hash, empty_root, hash_children},
    tree::{NodeId, Nodes, complete_subtrees, range_root, split},
};

/// The hashes that lead to an older root and to a newer one at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsistencyProof {
    /// Leaves of the older tree.
    pub old_size: u64,
    /// Leaves of the newer tree.
    pub new_size: u64,
    /// Empty if the sizes are equal or the older tree is empty.
    pub path: Vec<Hash>,
}

impl ConsistencyProof {
    /// Computes the proof from the nodes stored for the newer tree.
    pub fn compute<N: Nodes>(
        nodes: &N,
        old_size: u64,
        new_size: u64,
    ) -> Result<Self, ComputeError<N::Error>> {
        let path = ranges(old_size, new_size)?
            .into_iter()
            .map(|range| range_root(nodes, range))
            .collect::<Result<_, _>>()
            .map_err(ComputeError::Source)?;
        Ok(Self {
            old_size,
            new_size,
            path,
        })
    }

    /// The nodes that [`ConsistencyProof::compute`] asks for, so that a store can
    /// fetch them at once.
    pub fn needed(old_size: u64, new_size: u64) -> Result<Vec<NodeId>, ProofError> {
        let ranges = ranges(old_size, new_size)?;
        Ok(ranges.into_iter().flat_map(complete_subtrees).collect())
    }

    /// Proves that the tree with the old root is the beginning of the tree with the new one.
    pub fn verify(&self, old_root: Hash, new_root: Hash) -> Result<(), ProofError> {
        if self.old_size > self.new_size {
            return Err(ProofError::SizesReversed {
                old_size: self.old_size,
                new_size: self.new_size,
            });
        }
        if self.old_size == 0 {
            return self.verify_from_nothing(old_root, new_root);
        }
        if self.old_size == self.new_size {
            return self.verify_unchanged(old_root, new_root);
        }
        let (old, new) = self.roots(old_root)?;
        if old != old_root {
            return Err(ProofError::OldRootMismatch);
        }
        if new != new_root {
            return Err(ProofError::RootMismatch);
        }
        Ok(())
    }

    /// Every tree begins with the empty one, whose root is known.
    fn verify_from_nothing(&self, old_root: Hash, new_root: Hash) -> Result<(), ProofError> {
        if old_root != empty_root() {
            return Err(ProofError::OldRootMismatch);
        }
        if self.new_size == 0 {
            return self.verify_unchanged(old_root, new_root);
        }
        self.require_no_path()
    }

    fn verify_unchanged(&self, old_root: Hash, new_root: Hash) -> Result<(), ProofError> {
        self.require_no_path()?;
        if old_root == new_root {
            Ok(())
        } else {
            Err(ProofError::RootMismatch)
        }
    }

    fn require_no_path(&self) -> Result<(), ProofError> {
        if self.path.is_empty() {
            Ok(())
        } else {
            Err(ProofError::TooLong)
        }
    }

    /// The older and the newer root to which the path leads; `0 < old_size < new_size`.
    fn roots(&self, old_root: Hash) -> Result<(Hash, Hash), ProofError> {
        let mut path = self.path.iter();
        // An older tree that is one complete subtree is itself the first element.
        let first = if self.old_size.is_power_of_two() {
            old_root
        } else {
            *path.next().ok_or(ProofError::TooShort)?
        };
        let mut position = self.old_size - 1;
        let mut last = self.new_size - 1;
        while position & 1 == 1 {
            position >>= 1;
            last >>= 1;
        }
        let (mut old, mut new) = (first, first);
        for sibling in path {
            if last == 0 {
                return Err(ProofError::TooLong);
            }
            if position & 1 == 1 || position == last {
                old = hash_children(sibling, &old);
                new = hash_children(sibling, &new);
                while position & 1 == 0 && position != 0 {
                    position >>= 1;
                    last >>= 1;
                }
            } else {
                new = hash_children(&new, sibling);
            }
            position >>= 1;
            last >>= 1;
        }
        if last != 0 {
            return Err(ProofError::TooShort);
        }
        Ok((old, new))
    }
}

/// The ranges of leaves whose roots make the proof, from the deepest up.
fn ranges(old_size: u64, new_size: u64) -> Result<Vec<Range<u64>>, ProofError> {
    if old_size > new_size {
        return Err(ProofError::SizesReversed { old_size, new_size });
    }
    let mut ranges = Vec::new();
    if old_size == 0 {
        return Ok(ranges);
    }
    let (mut start, mut end) = (0, new_size);
    while old_size < end {
        let middle = start + split(end - start);
        if old_size <= middle {
            ranges.push(middle..end);
            end = middle;
        } else {
            ranges.push(start..middle);
            start = middle;
        }
    }
    // The verifier holds the older root already when it is a subtree of the newer tree.
    if start > 0 {
        ranges.push(start..end);
    }
    ranges.reverse();
    Ok(ranges)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Hash = Hash::from_bytes([1; 32]);
    const TWO: Hash = Hash::from_bytes([2; 32]);

    fn proof(old_size: u64, new_size: u64, length: usize) -> ConsistencyProof {
        ConsistencyProof {
            old_size,
            new_size,
            path: vec![ONE; length],
        }
    }

    #[test]
    fn equal_sizes_need_equal_roots_and_no_path() {
        assert_eq!(proof(3, 3, 0).verify(ONE, ONE), Ok(()));
        assert_eq!(
            proof(3, 3, 0).verify(ONE, TWO),
            Err(ProofError::RootMismatch)
        );
        assert_eq!(proof(3, 3, 1).verify(ONE, ONE), Err(ProofError::TooLong));
    }

    #[test]
    fn the_empty_tree_begins_every_tree_under_its_own_root_only() {
        assert_eq!(proof(0, 9, 0).verify(empty_root(), ONE), Ok(()));
        assert_eq!(
            proof(0, 9, 0).verify(ONE, ONE),
            Err(ProofError::OldRootMismatch)
        );
        assert_eq!(
            proof(0, 9, 1).verify(empty_root(), ONE),
            Err(ProofError::TooLong)
        );
        assert_eq!(
            proof(0, 0, 0).verify(empty_root(), ONE),
            Err(ProofError::RootMismatch)
        );
        assert_eq!(proof(0, 0, 0).verify(empty_root(), empty_root()), Ok(()));
    }

    #[test]
    fn a_tree_that_shrank_is_refused() {
        let refusal = ProofError::SizesReversed {
            old_size: u64::MAX,
            new_size: 1,
        };
        assert_eq!(proof(u64::MAX, 1, 0).verify(ONE, ONE), Err(refusal));
        assert_eq!(ConsistencyProof::needed(u64::MAX, 1), Err(refusal));
    }

    #[test]
    fn the_largest_trees_are_refused_without_overflow() {
        for old_size in [1, 2, 3, 1 << 63, u64::MAX - 1] {
            let needed = ranges(old_size, u64::MAX).unwrap().len();
            for length in 0..70 {
                let outcome = proof(old_size, u64::MAX, length).verify(ONE, TWO);
                let expected = match length.cmp(&needed) {
                    std::cmp::Ordering::Less => ProofError::TooShort,
                    std::cmp::Ordering::Greater => ProofError::TooLong,
                    std::cmp::Ordering::Equal if old_size.is_power_of_two() => {
                        ProofError::RootMismatch
                    }
                    std::cmp::Ordering::Equal => ProofError::OldRootMismatch,
                };
                assert_eq!(outcome, Err(expected), "{old_size}, {length}");
            }
        }
    }
}
