//! The entries in the order of the log, and the tree over them.

use aval_merkle_log::Hash;
use aval_merkle_log::leaf::{LeafContent, leaf_hash};
use aval_merkle_log::tree::{Frontier, OpenGroups};

use super::numbers::Life;
use super::{Examination, Fault};
use crate::entry::{Altered, StoredEntry};

/// An entry as its row tells it.
#[derive(Debug)]
pub struct Row {
    /// Its place in the log.
    pub log_index: u64,
    /// Its leaf, as the columns tell it.
    pub leaf: LeafContent,
    /// The hashes that stand with it: of the leaf, then of each subtree that it completes, then
    /// of the groups that it completes, which entries from before there were groups are without.
    pub nodes: Vec<Hash>,
    /// What was told.
    pub payload: Payload,
    /// Who delivered it.
    pub life: Life,
    /// Under which number there.
    pub number: i64,
    /// Whether identity told here that two patients are one human, or two again.
    pub tells_who_is_whom: bool,
}

/// What is there of what an entry tells.
#[derive(Debug)]
pub enum Payload {
    /// All of it.
    There(Box<StoredEntry>),
    /// Nothing: it was erased.
    Erased {
        /// Whether an entry that the log itself recorded says so.
        is_told: bool,
    },
    /// A part: the payload without its salt or its key, something beside the payload that is
    /// said to be erased, or the reverse.
    Half,
}

/// Follows the tree as it grew.
#[derive(Debug, Default)]
pub struct Tree {
    frontier: Frontier,
    groups: OpenGroups,
    next: u64,
    recorded_at_micros: i64,
}

/// What [`StoredEntry::open`] calls a leaf that is not the one of the tree.
const LEAF: &str = "leaf";

impl Tree {
    /// Takes the next entry that there is.
    pub fn take(&mut self, row: Row, found: &mut Examination) {
        let log_index = row.log_index;
        if log_index > self.next {
            found.note(Fault::Missing {
                from: self.next,
                to: log_index - 1,
            });
        }
        self.next = log_index.saturating_add(1);
        found.entries += 1;
        if row.leaf.recorded_at_micros < self.recorded_at_micros {
            found.note(Fault::Time { log_index });
        }
        self.recorded_at_micros = row.leaf.recorded_at_micros;
        self.grow(&row, found);
        match row.payload {
            Payload::There(entry) => match entry.open() {
                // Told already.
                Err(altered) if altered.what == LEAF => {}
                Err(altered) => found.note(altered),
                Ok(_) => {}
            },
            Payload::Erased { is_told } => {
                found.erased += 1;
                if !is_told {
                    found.note(Fault::ErasedUntold { log_index });
                }
            }
            Payload::Half => found.note(Fault::HalfErased { log_index }),
        }
    }

    /// Size and root of the tree. Where entries are missing it ends before the first of
    /// them: nothing after a hole can be held against a tree.
    #[must_use]
    pub fn root(&self) -> (u64, Hash) {
        (self.frontier.size(), self.frontier.root())
    }

    /// The tree grows by the hash that stands with the entry, so that one altered column
    /// is one fault. Whether that hash was signed is told by those above it.
    fn grow(&mut self, row: &Row, found: &mut Examination) {
        let log_index = row.log_index;
        let leaf = leaf_hash(&row.leaf);
        let stored = row.nodes.first().copied();
        if stored != Some(leaf) {
            found.note(Altered {
                log_index,
                what: LEAF,
            });
        }
        if log_index != self.frontier.size() {
            return;
        }
        let Ok(appended) = self.frontier.append(stored.unwrap_or(leaf)) else {
            return;
        };
        let computed: Vec<Hash> = appended.nodes.iter().map(|node| node.hash).collect();
        let besides = self.groups.take(&computed);
        let (own, kept) = row.nodes.split_at(computed.len().min(row.nodes.len()));
        let are_kept = kept.is_empty() || kept == besides;
        if own.get(1..) != computed.get(1..) || !are_kept {
            found.note(Fault::Tree { log_index });
        }
    }
}
