//! How the tree is kept, so that a proof reads little of it.
//!
//! No part of the format: a verifier never sees a group. A proof needs a node of every level,
//! and each was completed by another entry. So whoever completes 32 leaves keeps the hashes of
//! all of them together, and likewise of 32 such groups, and so on: one piece holds five levels
//! of a way up, since what is between is computed from the lowest.
//!
//! ```text
//! level 10            o             a group of level 1: 32 nodes of level 5
//! level 5     o    o  …  o          groups of level 0: 32 leaves each
//! level 0    ..…  ..… …  ..…
//! ```

use super::{MissingNode, NodeId, Nodes};
use crate::hash::{Hash, hash_children};

/// Levels of the tree that a group holds.
const HEIGHT: u8 = 5;

/// The lowest nodes of a group.
const WIDTH: usize = 1 << HEIGHT;

/// All nodes of a group below its top.
const NODES: usize = 2 * WIDTH - 2;

/// Where a group stands: it covers `32^(level + 1)` leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId {
    /// Its lowest nodes are of five times this level.
    pub level: u8,
    /// Position among the groups of this level, from the left, from 0.
    pub index: u64,
}

/// The nodes of a complete group below its top.
#[derive(Clone, PartialEq, Eq)]
pub struct Group {
    id: GroupId,
    /// From the lowest level up, from the left.
    nodes: [Hash; NODES],
}

/// The lowest nodes of those groups that are not complete yet, for the one who writes: the
/// whole frontier follows from them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenGroups(Vec<Vec<Hash>>);

impl GroupId {
    /// The group in which a node stands below its top.
    #[must_use]
    pub const fn of(node: NodeId) -> Self {
        Self {
            level: node.level / HEIGHT,
            index: node.index >> (HEIGHT - node.level % HEIGHT),
        }
    }

    /// The node above the whole group.
    #[must_use]
    pub const fn top(self) -> NodeId {
        NodeId {
            level: (self.level + 1) * HEIGHT,
            index: self.index,
        }
    }
}

impl Group {
    /// The group out of what is kept with the entry at `last`, which completed it: what the
    /// entry itself completed, from its leaf up, then what [`OpenGroups::take`] gave. None:
    /// that is not there.
    #[must_use]
    pub fn among(id: GroupId, last: u64, kept: &[Hash]) -> Option<Self> {
        let completed = last.trailing_ones() as usize + 1;
        let others = completed + usize::from(id.level) * (WIDTH - 1);
        let others = kept.get(others..others + (WIDTH - 1))?;
        let own = kept.get(usize::from(id.level * HEIGHT))?;
        let mut nodes = [*own; NODES];
        nodes[..WIDTH - 1].copy_from_slice(others);
        for place in WIDTH..NODES {
            let below = 2 * (place - WIDTH);
            nodes[place] = hash_children(&nodes[below], &nodes[below + 1]);
        }
        Some(Self { id, nodes })
    }

    /// One of its nodes; none: it stands elsewhere.
    #[must_use]
    pub fn node(&self, node: NodeId) -> Option<Hash> {
        if GroupId::of(node) != self.id {
            return None;
        }
        let width = WIDTH >> (node.level % HEIGHT);
        let place = usize::try_from(node.index).ok()? & (width - 1);
        self.nodes.get(2 * (WIDTH - width) + place).copied()
    }
}

impl OpenGroups {
    /// The nodes that [`OpenGroups::from_nodes`] asks for, at most 31 of every fifth level.
    #[must_use]
    pub fn needed(size: u64) -> Vec<NodeId> {
        let levels = (0..64).step_by(usize::from(HEIGHT));
        let of_level = levels.flat_map(|level: u8| {
            let complete = size >> level;
            let first = complete - complete % WIDTH as u64;
            (first..complete).map(move |index| NodeId { level, index })
        });
        of_level.collect()
    }

    /// Reads them back from the stored nodes of the tree's first `size` leaves.
    pub fn from_nodes<N: Nodes>(nodes: &N, size: u64) -> Result<Self, N::Error> {
        let mut open = Self::default();
        for id in Self::needed(size) {
            open.of_level(id.level / HEIGHT).push(nodes.node(id)?);
        }
        Ok(open)
    }

    /// Takes what the next entry completes, from its leaf up. Gives what is to be kept with
    /// it besides: of each group that it completes the 31 other lowest nodes, the lowest group
    /// first.
    pub fn take(&mut self, completed: &[Hash]) -> Vec<Hash> {
        let mut besides = Vec::new();
        for (level, hash) in (0..).zip(completed.iter().step_by(usize::from(HEIGHT))) {
            let open = self.of_level(level);
            if open.len() == WIDTH - 1 {
                besides.append(open);
            } else {
                open.push(*hash);
            }
        }
        besides
    }

    /// How many groups of this level are complete, as follows from the size: no node of those
    /// is here any more.
    fn complete(&self, level: u8) -> u64 {
        let size: u64 = (0..64)
            .step_by(usize::from(HEIGHT))
            .zip(&self.0)
            .map(|(bits, open)| (open.len() as u64) << bits)
            .sum();
        let top = u32::from(level) * u32::from(HEIGHT) + u32::from(HEIGHT);
        size.checked_shr(top).unwrap_or_default()
    }

    fn of_level(&mut self, level: u8) -> &mut Vec<Hash> {
        let level = usize::from(level);
        if self.0.len() <= level {
            self.0.resize(level + 1, Vec::new());
        }
        &mut self.0[level]
    }
}

/// The nodes of the frontier, and all others of groups that are not complete.
impl Nodes for OpenGroups {
    type Error = MissingNode;

    fn node(&self, id: NodeId) -> Result<Hash, MissingNode> {
        let group = GroupId::of(id);
        let open = self.0.get(usize::from(group.level));
        let open = open.filter(|_| group.index == self.complete(group.level));
        let width = 1 << (id.level % HEIGHT);
        let first = usize::try_from(id.index % (WIDTH / width) as u64).unwrap_or(WIDTH) * width;
        let lowest = open.and_then(|open| open.get(first..first + width));
        lowest.and_then(root_of).ok_or(MissingNode(id))
    }
}

/// The root over so many nodes, a power of two.
fn root_of(nodes: &[Hash]) -> Option<Hash> {
    match nodes {
        [] => None,
        [one] => Some(*one),
        several => {
            let (left, right) = several.split_at(several.len() / 2);
            Some(hash_children(&root_of(left)?, &root_of(right)?))
        }
    }
}

impl std::fmt::Debug for Group {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Group")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::hash::hash_leaf;
    use crate::tree::{Frontier, KnownNodes};

    /// More than a group of 32 groups.
    const SIZE: u64 = 1_100;

    /// A tree, every node of it, and what is kept with each entry.
    struct Grown {
        nodes: HashMap<NodeId, Hash>,
        kept: Vec<Vec<Hash>>,
    }

    fn grown(mut each: impl FnMut(&Frontier, &OpenGroups, &Grown)) -> Grown {
        let (mut frontier, mut open) = (Frontier::new(), OpenGroups::default());
        let mut grown = Grown {
            nodes: HashMap::new(),
            kept: Vec::new(),
        };
        for entry in 0..SIZE {
            let appended = frontier.append(hash_leaf(&entry.to_be_bytes())).unwrap();
            let mut kept: Vec<Hash> = appended.nodes.iter().map(|node| node.hash).collect();
            grown.nodes.extend(appended);
            kept.extend(open.take(&kept.clone()));
            grown.kept.push(kept);
            each(&frontier, &open, &grown);
        }
        grown
    }

    fn last_of(id: GroupId) -> u64 {
        let NodeId { level, index } = id.top();
        ((index + 1) << level) - 1
    }

    #[test]
    fn one_piece_holds_every_node_of_a_complete_group() {
        let grown = grown(|_, _, _| {});
        let mut found = 0;
        for (node, hash) in &grown.nodes {
            let id = GroupId::of(*node);
            let last = last_of(id);
            let Some(kept) = grown.kept.get(usize::try_from(last).unwrap()) else {
                continue;
            };
            let group = Group::among(id, last, kept).unwrap();
            assert_eq!(group.node(*node), Some(*hash), "{node}");
            found += 1;
        }
        // 34 groups of leaves, and one of 32 of them.
        assert_eq!(found, 35 * NODES);
    }

    #[test]
    fn what_was_kept_without_groups_makes_none() {
        let grown = grown(|_, _, _| {});
        let id = GroupId { level: 1, index: 0 };
        let kept = &grown.kept[1_023];
        assert_eq!(kept.len(), 11 + 2 * (WIDTH - 1));
        assert!(Group::among(id, 1_023, kept).is_some());
        assert_eq!(Group::among(id, 1_023, &kept[..kept.len() - 1]), None);
        assert_eq!(Group::among(id, 1_023, &kept[..11]), None);
    }

    #[test]
    fn a_group_knows_its_own_nodes_alone() {
        let grown = grown(|_, _, _| {});
        let id = GroupId { level: 0, index: 1 };
        let group = Group::among(id, 63, &grown.kept[63]).unwrap();
        let node = |level, index| group.node(NodeId { level, index }).is_some();
        assert!(node(0, 32) && node(0, 63) && node(4, 3));
        assert!(!node(0, 31) && !node(0, 64) && !node(4, 1) && !node(5, 1));
    }

    #[test]
    fn open_groups_hold_no_node_of_one_that_is_complete_or_not_begun() {
        let (mut frontier, mut open) = (Frontier::new(), OpenGroups::default());
        for entry in 0..33_u64 {
            let appended = frontier.append(hash_leaf(&entry.to_be_bytes())).unwrap();
            let kept: Vec<Hash> = appended.nodes.iter().map(|node| node.hash).collect();
            open.take(&kept);
        }
        let node = |level, index| open.node(NodeId { level, index });
        assert_eq!(node(0, 32), Ok(hash_leaf(&32_u64.to_be_bytes())));
        assert!(node(5, 0).is_ok());
        for (level, index) in [(0, 0), (0, 31), (0, 64), (1, 0), (4, 1), (5, 32), (255, 0)] {
            let id = NodeId { level, index };
            assert_eq!(open.node(id), Err(MissingNode(id)));
        }
    }

    #[test]
    fn open_groups_and_the_frontier_are_read_back_at_every_size() {
        grown(|frontier, open, grown| {
            let size = frontier.size();
            if size % 31 < 4 || size > 1_020 {
                let stored = grown.nodes.iter().map(|(id, hash)| (*id, *hash));
                let stored: KnownNodes = stored.collect();
                assert_eq!(OpenGroups::from_nodes(&stored, size).as_ref(), Ok(open));
            }
            assert_eq!(Frontier::from_nodes(open, size).as_ref(), Ok(frontier));
        });
    }
}
