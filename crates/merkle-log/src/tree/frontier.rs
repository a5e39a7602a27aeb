//! The writer's state: the roots of the complete subtrees that tile the tree.

use super::{NodeId, Nodes, complete_subtrees, join_subtrees};
use crate::hash::{Hash, empty_root, hash_children};

/// The state from which a tree grows: its size, and one hash for each bit set in it.
///
/// Two frontiers are equal exactly if they hold the same leaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// From the left, that is from the largest subtree to the smallest.
    subtrees: Vec<Hash>,
}

/// One complete subtree, to be stored and never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// Where it stands.
    pub id: NodeId,
    /// Its root hash.
    pub hash: Hash,
}

/// What an append added to the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// Index of the first leaf appended.
    pub first_index: u64,
    /// The leaves and every subtree that they completed, in the order of completion.
    pub nodes: Vec<Node>,
}

/// The tree cannot count so many leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the tree would pass 2^64 - 1 leaves")]
pub struct TreeFull;

/// Bytes that are not a frontier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrontierError {
    /// The size itself takes eight bytes.
    #[error("a frontier begins with its size on eight bytes")]
    NoSize,
    /// A tree of this size has another number of complete subtrees.
    #[error("a tree of {size} leaves has {expected} complete subtrees, in 32 bytes each")]
    WrongLength {
        /// The size read.
        size: u64,
        /// Subtrees that such a tree has.
        expected: u32,
    },
}

impl Frontier {
    /// The empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the frontier of the tree's first `size` leaves back from stored nodes.
    pub fn from_nodes<N: Nodes>(nodes: &N, size: u64) -> Result<Self, N::Error> {
        let subtrees = Self::needed(size)
            .into_iter()
            .map(|id| nodes.node(id))
            .collect::<Result<_, _>>()?;
        Ok(Self { size, subtrees })
    }

    /// The nodes that [`Frontier::from_nodes`] asks for, at most 64.
    #[must_use]
    pub fn needed(size: u64) -> Vec<NodeId> {
        complete_subtrees(0..size)
    }

    /// How many leaves the tree has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root over all leaves; [`empty_root`] if there is none.
    #[must_use]
    pub fn root(&self) -> Hash {
        join_subtrees(&self.subtrees).unwrap_or_else(empty_root)
    }

    /// Appends one leaf, given by its [`hash_leaf`](crate::hash::hash_leaf).
    pub fn append(&mut self, leaf: Hash) -> Result<Appended, TreeFull> {
        self.append_all(&[leaf])
    }

    /// Appends leaves in order: all of them, or none if they are too many.
    pub fn append_all(&mut self, leaves: &[Hash]) -> Result<Appended, TreeFull> {
        let first_index = self.size;
        u64::try_from(leaves.len())
            .ok()
            .and_then(|count| first_index.checked_add(count))
            .ok_or(TreeFull)?;

        let mut nodes = Vec::with_capacity(leaves.len() * 2);
        for leaf in leaves {
            self.push(*leaf, &mut nodes);
        }
        Ok(Appended { first_index, nodes })
    }

    /// The size on eight big-endian bytes, then the subtrees' hashes from the left.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        for subtree in &self.subtrees {
            bytes.extend_from_slice(subtree.as_bytes());
        }
        bytes
    }

    /// Reads [`Frontier::to_bytes`] and nothing else.
    pub fn parse(bytes: &[u8]) -> Result<Self, FrontierError> {
        let (size, hashes) = bytes.split_first_chunk().ok_or(FrontierError::NoSize)?;
        let size = u64::from_be_bytes(*size);
        let expected = size.count_ones();
        let (chunks, rest) = hashes.as_chunks();
        if !rest.is_empty() || chunks.len() != expected as usize {
            return Err(FrontierError::WrongLength { size, expected });
        }
        let subtrees = chunks.iter().copied().map(Hash::from_bytes).collect();
        Ok(Self { size, subtrees })
    }

    /// The new leaf completes one subtree for each trailing one of its index.
    fn push(&mut self, leaf: Hash, nodes: &mut Vec<Node>) {
        let mut id = NodeId {
            level: 0,
            index: self.size,
        };
        let mut hash = leaf;
        nodes.push(Node { id, hash });
        while id.index & 1 == 1 {
            let left = self
                .subtrees
                .pop()
                .expect("each bit set in the size has its subtree");
            hash = hash_children(&left, &hash);
            id = NodeId {
                level: id.level + 1,
                index: id.index >> 1,
            };
            nodes.push(Node { id, hash });
        }
        self.subtrees.push(hash);
        self.size += 1;
    }
}

impl IntoIterator for Appended {
    type Item = (NodeId, Hash);
    type IntoIter = std::iter::Map<std::vec::IntoIter<Node>, fn(Node) -> (NodeId, Hash)>;

    fn into_iter(self) -> Self::IntoIter {
        self.nodes.into_iter().map(|node| (node.id, node.hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{hash::hash_leaf, tree::KnownNodes};

    fn leaves(count: u8) -> Vec<Hash> {
        (0..count).map(|entry| hash_leaf(&[entry])).collect()
    }

    #[test]
    fn an_append_yields_the_leaf_and_the_subtrees_it_completes() {
        let mut frontier = Frontier::new();
        frontier.append_all(&leaves(3)).unwrap();
        let appended = frontier.append(hash_leaf(&[3])).unwrap();
        assert_eq!(appended.first_index, 3);
        let ids: Vec<_> = appended
            .nodes
            .iter()
            .map(|node| (node.id.level, node.id.index))
            .collect();
        assert_eq!(ids, [(0, 3), (1, 1), (2, 0)]);
        assert_eq!(appended.nodes[2].hash, frontier.root());
    }

    #[test]
    fn appending_one_by_one_or_all_at_once_gives_the_same_tree() {
        let mut at_once = Frontier::new();
        let batch = at_once.append_all(&leaves(77)).unwrap();
        let mut one_by_one = Frontier::new();
        let mut nodes = Vec::new();
        for leaf in leaves(77) {
            nodes.extend(one_by_one.append(leaf).unwrap().nodes);
        }
        assert_eq!(at_once, one_by_one);
        assert_eq!(batch.nodes, nodes);
    }

    #[test]
    fn a_frontier_is_read_back_from_stored_nodes_at_every_size() {
        let mut stored = KnownNodes::new();
        let mut frontier = Frontier::new();
        let mut history = vec![frontier.clone()];
        for leaf in leaves(70) {
            stored.extend(frontier.append(leaf).unwrap());
            history.push(frontier.clone());
        }
        for past in history {
            assert_eq!(Frontier::from_nodes(&stored, past.size()), Ok(past));
        }
    }

    #[test]
    fn a_frontier_is_read_back_from_its_bytes() {
        let mut frontier = Frontier::new();
        assert_eq!(Frontier::parse(&frontier.to_bytes()), Ok(frontier.clone()));
        frontier.append_all(&leaves(13)).unwrap();
        assert_eq!(Frontier::parse(&frontier.to_bytes()), Ok(frontier));
    }

    #[test]
    fn bytes_of_another_length_are_not_a_frontier() {
        let mut frontier = Frontier::new();
        frontier.append_all(&leaves(5)).unwrap();
        let bytes = frontier.to_bytes();
        assert_eq!(Frontier::parse(&bytes[..7]), Err(FrontierError::NoSize));
        for wrong in [
            &bytes[..bytes.len() - 1],
            &bytes[..40],
            &[bytes.as_slice(), &[0; 32]].concat(),
        ] {
            assert_eq!(
                Frontier::parse(wrong),
                Err(FrontierError::WrongLength {
                    size: 5,
                    expected: 2
                })
            );
        }
    }

    #[test]
    fn a_full_tree_refuses_leaves_and_stays_as_it_was() {
        let mut bytes = (u64::MAX - 1).to_be_bytes().to_vec();
        bytes.extend([7; 63 * 32]);
        let mut frontier = Frontier::parse(&bytes).unwrap();
        let before = frontier.clone();
        assert_eq!(frontier.append_all(&leaves(2)), Err(TreeFull));
        assert_eq!(frontier, before);
        assert!(frontier.append(hash_leaf(b"last")).is_ok());
        assert_eq!(frontier.append(hash_leaf(b"one too many")), Err(TreeFull));
    }
}
