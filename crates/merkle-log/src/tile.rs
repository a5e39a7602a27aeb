//! Tiles after C2SP tlog-tiles: the whole tree as resources that never change.
//!
//! A hash tile of level L holds up to 256 consecutive nodes of height 8 × L; an
//! entry bundle holds the entries under a tile of level 0. Both are partial at the
//! right edge of the tree, and named with their width while they are.

use std::fmt;

use crate::{text::decimal, tree::NodeId};

/// Height of a tile in levels of the tree.
pub const TILE_HEIGHT: u8 = 8;

/// Nodes, or entries, in a full tile.
pub const TILE_WIDTH: u16 = 1 << TILE_HEIGHT;

/// The highest level that a tree counted in 64 bits can reach.
pub const MAX_LEVEL: u8 = 7;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileKind {
    /// Node hashes of height 8 × this level, 0 to [`MAX_LEVEL`].
    Hashes(u8),
    /// The log's entries themselves.
    Entries,
}

/// One tile of the log: a name, with nothing in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tile {
    kind: TileKind,
    index: u64,
    width: u16,
}

/// No tree that 64 bits can count has such a tile, or the text is not a tile's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such tile")]
pub struct NoSuchTile;

impl Tile {
    /// The tile of this kind and index with its first `width` (1 to 256) elements.
    pub fn new(kind: TileKind, index: u64, width: u16) -> Result<Self, NoSuchTile> {
        let tile = Self { kind, index, width };
        let is_wide = (1..=TILE_WIDTH).contains(&width);
        if !is_wide || tile.checked_end().is_none() {
            return Err(NoSuchTile);
        }
        Ok(tile)
    }

    /// The tile of this kind and index as it stands in a tree of `tree_size` leaves:
    /// full, partial, or absent.
    #[must_use]
    pub fn in_tree(kind: TileKind, index: u64, tree_size: u64) -> Option<Self> {
        let elements = tree_size.checked_shr(kind.shift())?;
        let beyond = elements.checked_sub(index.checked_mul(u64::from(TILE_WIDTH))?)?;
        let width = u16::try_from(beyond).map_or(TILE_WIDTH, |width| width.min(TILE_WIDTH));
        Self::new(kind, index, width).ok()
    }

    /// Reads `tile/<level>/<index>[.p/<width>]` or `tile/entries/<index>[.p/<width>]`.
    pub fn parse(path: &str) -> Result<Self, NoSuchTile> {
        Self::read(path)
            .filter(|tile| tile.to_string() == path)
            .ok_or(NoSuchTile)
    }

    /// What the tile holds.
    #[must_use]
    pub const fn kind(&self) -> TileKind {
        self.kind
    }

    /// Position among the tiles of this kind, from 0.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// How many elements it holds, 1 to 256.
    #[must_use]
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Whether elements are still to come.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        self.width < TILE_WIDTH
    }

    /// The nodes whose hashes fill the tile, from the left: for an entry bundle,
    /// the leaves of its entries.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        let level = self.kind.level() * TILE_HEIGHT;
        let first = self.index * u64::from(TILE_WIDTH);
        (first..)
            .take(usize::from(self.width))
            .map(move |index| NodeId { level, index })
    }

    /// Leaves of the smallest tree that has this tile.
    #[must_use]
    pub fn smallest_tree(&self) -> u64 {
        (self.index * u64::from(TILE_WIDTH) + u64::from(self.width)) << self.kind.shift()
    }

    /// [`Tile::smallest_tree`], before it is known that there is one.
    fn checked_end(&self) -> Option<u64> {
        let elements = self
            .index
            .checked_mul(u64::from(TILE_WIDTH))?
            .checked_add(u64::from(self.width))?;
        // A shift by 64 or more, beyond the highest level, is none.
        elements.checked_mul(1_u64.checked_shl(self.kind.shift())?)
    }

    fn read(path: &str) -> Option<Self> {
        let (kind, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let kind = match kind {
            "entries" => TileKind::Entries,
            level => TileKind::Hashes(u8::try_from(decimal(level)?).ok()?),
        };
        let (elements, width) = match rest.split_once(".p/") {
            Some((elements, width)) => (elements, u16::try_from(decimal(width)?).ok()?),
            None => (rest, TILE_WIDTH),
        };
        let mut index: u64 = 0;
        for element in elements.split('/') {
            let digits = element.strip_prefix('x').unwrap_or(element);
            if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
        }
        Self::new(kind, index, width).ok()
    }
}

impl TileKind {
    const fn level(self) -> u8 {
        match self {
            Self::Hashes(level) => level,
            Self::Entries => 0,
        }
    }

    /// How many times a leaf's index is halved to reach this level.
    fn shift(self) -> u32 {
        u32::from(self.level()) * u32::from(TILE_HEIGHT)
    }
}

/// The tile's path: index in groups of three digits, all but the last marked by an `x`.
impl fmt::Display for Tile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes(level) => write!(formatter, "tile/{level}/")?,
            TileKind::Entries => formatter.write_str("tile/entries/")?,
        }
        let mut group = 1000_u64.pow(self.index.checked_ilog(1000).unwrap_or(0));
        while group > 1 {
            write!(formatter, "x{:03}/", self.index / group % 1000)?;
            group /= 1000;
        }
        write!(formatter, "{:03}", self.index % 1000)?;
        if self.is_partial() {
            write!(formatter, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(kind: TileKind, index: u64, width: u16) -> String {
        Tile::new(kind, index, width).unwrap().to_string()
    }

    #[test]
    fn a_path_names_level_index_and_width() {
        assert_eq!(
            path(TileKind::Hashes(0), 1_234_067, 256),
            "tile/0/x001/x234/067"
        );
        assert_eq!(path(TileKind::Hashes(0), 0, 256), "tile/0/000");
        assert_eq!(path(TileKind::Hashes(1), 999, 1), "tile/1/999.p/1");
        assert_eq!(
            path(TileKind::Hashes(2), 1000, 255),
            "tile/2/x001/000.p/255"
        );
        assert_eq!(path(TileKind::Entries, 273, 112), "tile/entries/273.p/112");
    }

    #[test]
    fn a_path_has_one_spelling() {
        let refused = [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "/tile/0/000",
            "tile/0/000/",
            "tile/00/000",
            "tile/+0/000",
            "tile/8/000",
            "tile/-1/000",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/x000",
            "tile/0/x000/001",
            "tile/0/001/002",
            "tile/0/x001/x002",
            "tile/0/x1/000",
            "tile/0/00a",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/",
            "tile/0/000.p",
            "tile/0/000.p/1.p/1",
            "tile/entry/000",
            "tile/0/x072/x057/x594/x037/x927/936",
            "tile/0/x018/x446/x744/x073/x709/x551/x616/000",
        ];
        for path in refused {
            assert_eq!(Tile::parse(path), Err(NoSuchTile), "{path}");
        }
        assert!(Tile::parse("tile/0/x072/x057/x594/x037/x927/935.p/255").is_ok());
    }

    #[test]
    fn a_tree_of_seventy_thousand_has_the_tiles_that_the_format_describes() {
        let width = |kind, index| Tile::in_tree(kind, index, 70_000).map(|tile| tile.width());
        assert_eq!(width(TileKind::Hashes(0), 272), Some(256));
        assert_eq!(width(TileKind::Hashes(0), 273), Some(112));
        assert_eq!(width(TileKind::Hashes(0), 274), None);
        assert_eq!(width(TileKind::Hashes(1), 0), Some(256));
        assert_eq!(width(TileKind::Hashes(1), 1), Some(17));
        assert_eq!(width(TileKind::Hashes(1), 2), None);
        assert_eq!(width(TileKind::Hashes(2), 0), Some(1));
        assert_eq!(width(TileKind::Hashes(3), 0), None);
        assert_eq!(width(TileKind::Entries, 273), Some(112));
    }

    #[test]
    fn a_tree_of_one_full_tile_has_one_hash_above() {
        let tile = Tile::in_tree(TileKind::Hashes(1), 0, 256).unwrap();
        assert_eq!(tile.to_string(), "tile/1/000.p/1");
        assert_eq!(
            tile.nodes().collect::<Vec<_>>(),
            [NodeId { level: 8, index: 0 }]
        );
        assert_eq!(Tile::in_tree(TileKind::Hashes(0), 1, 256), None);
    }

    #[test]
    fn a_tile_holds_consecutive_nodes_eight_levels_apart() {
        let tile = Tile::new(TileKind::Hashes(2), 3, 2).unwrap();
        let first = 3 * 256;
        assert_eq!(
            tile.nodes().collect::<Vec<_>>(),
            [
                NodeId {
                    level: 16,
                    index: first
                },
                NodeId {
                    level: 16,
                    index: first + 1
                }
            ]
        );
        assert_eq!(tile.smallest_tree(), (first + 2) << 16);
    }

    #[test]
    fn the_largest_tree_has_no_full_tile_at_the_highest_level() {
        assert_eq!(Tile::new(TileKind::Hashes(7), 0, 256), Err(NoSuchTile));
        assert_eq!(
            Tile::in_tree(TileKind::Hashes(7), 0, u64::MAX)
                .unwrap()
                .width(),
            255
        );
        assert_eq!(Tile::in_tree(TileKind::Hashes(8), 0, u64::MAX), None);
        assert_eq!(Tile::in_tree(TileKind::Hashes(u8::MAX), 0, u64::MAX), None);
        assert_eq!(Tile::in_tree(TileKind::Hashes(0), u64::MAX, u64::MAX), None);
        assert_eq!(Tile::new(TileKind::Hashes(u8::MAX), 0, 1), Err(NoSuchTile));
        assert_eq!(Tile::new(TileKind::Hashes(0), u64::MAX, 1), Err(NoSuchTile));
        assert_eq!(Tile::new(TileKind::Hashes(0), 0, 0), Err(NoSuchTile));
    }

    fn any_tile() -> impl Strategy<Value = Tile> {
        let kind = prop_oneof![
            Just(TileKind::Entries),
            (0..=MAX_LEVEL).prop_map(TileKind::Hashes)
        ];
        (kind, any::<u64>(), 0..64_u32, 1..=TILE_WIDTH).prop_filter_map(
            "the tile is beyond any tree",
            |(kind, index, shift, width)| Tile::new(kind, index >> shift, width).ok(),
        )
    }

    proptest! {
        #[test]
        fn every_tile_is_read_back_from_its_path(tile in any_tile()) {
            prop_assert_eq!(Tile::parse(&tile.to_string()), Ok(tile));
        }

        #[test]
        fn a_tile_appears_with_its_smallest_tree(tile in any_tile()) {
            let size = tile.smallest_tree();
            prop_assert_eq!(Tile::in_tree(tile.kind(), tile.index(), size), Some(tile));
            prop_assert_ne!(Tile::in_tree(tile.kind(), tile.index(), size - 1), Some(tile));
            prop_assert_eq!(tile.nodes().count(), usize::from(tile.width()));
        }
    }
}
