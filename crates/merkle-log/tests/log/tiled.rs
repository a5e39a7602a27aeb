//! The same log by an implementation of C2SP tlog-tiles: its roots, its proofs, and its tiles.

use std::cell::Cell;
use std::collections::BTreeSet;

use aval_merkle_log::{
    Hash,
    proof::{ConsistencyProof, InclusionProof},
    tile::{MAX_LEVEL, TILE_HEIGHT, TILE_WIDTH, Tile, TileKind},
    tree::{Frontier, NodeId},
};
use proptest::{prelude::*, sample::Index};
use tlog_tiles::{HashReader, TileHashReader, TileReader};

use crate::vast::{Growth, VastLog, growths, magnitudes};

/// Beyond it the oracle cannot number the nodes of a tree.
const NUMBERED: u32 = 62;
/// Beyond it the oracle cannot tell the tiles of a tree.
const TILED: u32 = 55;

pub(crate) fn theirs(hash: Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(*hash.as_bytes())
}

pub(crate) fn their_path(path: &[Hash]) -> Vec<tlog_tiles::Hash> {
    path.iter().copied().map(theirs).collect()
}

/// The log as a store of nodes that are numbered in the order of their completion.
struct Numbered<'log>(&'log VastLog);

impl HashReader for Numbered<'_> {
    fn read_hashes(&self, numbers: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        let hash = |number: &u64| theirs(self.0.hash(numbered(*number)));
        Ok(numbers.iter().map(hash).collect())
    }
}

fn numbered(number: u64) -> NodeId {
    let (level, index) = tlog_tiles::split_stored_hash_index(number);
    NodeId { level, index }
}

/// The log as tiles that are found by their paths, one byte of one of them altered if asked
/// for.
struct Published<'log> {
    log: &'log VastLog,
    size: u64,
    altered: Option<(Index, Index)>,
    was_altered: Cell<bool>,
}

impl TileReader for Published<'_> {
    fn height(&self) -> u8 {
        TILE_HEIGHT
    }

    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let mut read: Vec<_> = tiles.iter().map(|tile| self.read(tile)).collect();
        if let Some((tile, byte)) = &self.altered {
            let bytes = &mut read[tile.index(tiles.len())];
            let byte = byte.index(bytes.len());
            bytes[byte] ^= 1;
            self.was_altered.set(true);
        }
        Ok(read)
    }

    fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
}

impl<'log> Published<'log> {
    fn new(log: &'log VastLog, size: u64) -> Self {
        Self {
            log,
            size,
            altered: None,
            was_altered: Cell::new(false),
        }
    }

    fn read(&self, tile: &tlog_tiles::Tile) -> Vec<u8> {
        let tile = Tile::parse(&our_path(tile)).unwrap();
        let here = Tile::in_tree(tile.kind(), tile.index(), self.size);
        assert_eq!(here, Some(tile), "the tree has the tile, as wide as that");
        let hashes = tile.nodes().map(|node| self.log.hash(node));
        hashes.flat_map(|hash| *hash.as_bytes()).collect()
    }
}

/// They say the height of tiles in each path, and `data` for what C2SP came to call entries.
fn our_path(tile: &tlog_tiles::Tile) -> String {
    let path = tile.path();
    let below = path.strip_prefix("tile/8/").unwrap();
    let below = below.replacen("data/", "entries/", 1);
    format!("tile/{below}")
}

fn their_tile(tile: Tile) -> tlog_tiles::Tile {
    let (level, holds_entries) = match tile.kind() {
        TileKind::Hashes(level) => (level, false),
        TileKind::Entries => (0, true),
    };
    let width = u32::from(tile.width());
    tlog_tiles::Tile::new(TILE_HEIGHT, level, tile.index(), width, holds_entries)
}

/// The tiles of hashes of a tree that the tree before it does not have, or not as wide.
fn new_tiles(old: u64, new: u64) -> BTreeSet<String> {
    let mut tiles = BTreeSet::new();
    for level in 0..=MAX_LEVEL {
        let kind = TileKind::Hashes(level);
        let tile = u32::from(TILE_HEIGHT) * (u32::from(level) + 1);
        let first = old.checked_shr(tile).unwrap_or(0);
        let last = new.checked_shr(tile).unwrap_or(0);
        for index in first..=last {
            let here = Tile::in_tree(kind, index, new);
            let is_new = here != Tile::in_tree(kind, index, old);
            tiles.extend(here.filter(|_| is_new).map(|tile| tile.to_string()));
        }
    }
    tiles
}

proptest! {
    #[test]
    fn roots_and_proofs_are_the_same(growth in growths(NUMBERED)) {
        let Growth { log, old, size, index } = growth;
        let nodes = Numbered(&log);
        let root = theirs(log.root(size));
        prop_assert_eq!(root, tlog_tiles::tree_hash(size, &nodes).unwrap());

        let ours = their_path(&InclusionProof::compute(&log, index, size).unwrap().path);
        prop_assert_eq!(&ours, &tlog_tiles::prove_record(size, index, &nodes).unwrap());
        let leaf = theirs(log.leaf(index));
        prop_assert!(tlog_tiles::check_record(&ours, size, root, index, leaf).is_ok());

        let ours = their_path(&ConsistencyProof::compute(&log, old, size).unwrap().path);
        prop_assert_eq!(&ours, &tlog_tiles::prove_tree(size, old, &nodes).unwrap());
        let before = theirs(log.root(old));
        prop_assert!(tlog_tiles::check_tree(&ours, size, root, old, before).is_ok());
    }

    #[test]
    fn proofs_are_the_same_from_the_tiles_alone(growth in growths(TILED)) {
        let Growth { log, old, size, index } = growth;
        let published = Published::new(&log, size);
        let nodes = TileHashReader::new(size, theirs(log.root(size)), &published);
        let ours = InclusionProof::compute(&log, index, size).unwrap().path;
        prop_assert_eq!(their_path(&ours), tlog_tiles::prove_record(size, index, &nodes).unwrap());
        let ours = ConsistencyProof::compute(&log, old, size).unwrap().path;
        prop_assert_eq!(their_path(&ours), tlog_tiles::prove_tree(size, old, &nodes).unwrap());
    }

    /// They do not look at all of each tile that they read, and notice most.
    #[test]
    fn a_tile_altered_anywhere_proves_nothing_else(
        growth in growths(TILED), tile: Index, byte: Index,
    ) {
        let Growth { log, size, index, .. } = growth;
        let root = log.root(size);
        let mut published = Published::new(&log, size);
        published.altered = Some((tile, byte));
        let nodes = TileHashReader::new(size, theirs(root), &published);
        let made = tlog_tiles::prove_record(size, index, &nodes);
        // Where the leaf is the tree, nothing is read.
        prop_assert_eq!(published.was_altered.get(), size > 1);
        if let Ok(path) = made {
            let sound = InclusionProof::compute(&log, index, size).unwrap();
            let path = path.iter().map(|hash| Hash::from_bytes(hash.0)).collect();
            let made = InclusionProof { path, ..sound.clone() };
            let is_taken = made.verify(log.leaf(index), root).is_ok();
            prop_assert_eq!(is_taken, made == sound);
        }
    }

    #[test]
    fn nodes_are_completed_in_the_order_of_their_numbers(size in 1..600_u64, own in 0..600_u64) {
        let log = VastLog::new([own]);
        let (mut frontier, mut number) = (Frontier::new(), 0);
        for index in 0..size {
            let leaf = log.leaf(index);
            let appended = frontier.append(leaf).unwrap().nodes;
            let theirs_are =
                tlog_tiles::stored_hashes_for_record_hash(index, theirs(leaf), &Numbered(&log));
            let ours_are: Vec<_> = appended.iter().map(|node| theirs(node.hash)).collect();
            prop_assert_eq!(ours_are, theirs_are.unwrap());
            for node in appended {
                prop_assert_eq!(node.id, numbered(number));
                number += 1;
            }
        }
        prop_assert_eq!(number, tlog_tiles::stored_hash_count(size));
    }

    #[test]
    fn a_tile_has_the_same_name(
        kind in prop_oneof![
            Just(TileKind::Entries),
            (0..=MAX_LEVEL).prop_map(TileKind::Hashes),
        ],
        index in magnitudes(64),
        width in 1..=TILE_WIDTH,
    ) {
        for index in [index - 1, index] {
            let Ok(tile) = Tile::new(kind, index, width) else { continue };
            let same = their_tile(tile);
            prop_assert_eq!(our_path(&same), tile.to_string());
            prop_assert_eq!(tlog_tiles::Tile::from_path(&same.path()).unwrap(), same);
        }
    }

    #[test]
    fn a_tree_that_grew_has_the_same_new_tiles(old in magnitudes(TILED), by in magnitudes(20)) {
        for old in [old - 1, old] {
            let new = old + by - 1;
            let same = tlog_tiles::Tile::new_tiles(TILE_HEIGHT, old, new);
            let same: BTreeSet<_> = same.iter().map(our_path).collect();
            prop_assert_eq!(new_tiles(old, new), same, "{} to {}", old, new);
        }
    }
}
