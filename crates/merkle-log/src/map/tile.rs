//! How the first 16 levels of the map are kept, so that a batch touches little of it.
//!
//! No part of the format: a verifier never sees a tile. A tile holds the roots of the 16
//! subtrees that are four levels below its own; four tiles lead from the root to a
//! bucket, and what is below it is computed from the bucket's entries.

use super::{MapKey, MapProof, MapRoot, PatientHead, Sibling, join};
use crate::hash::Hash;

/// Levels that tiles hold; below are the buckets.
pub const CROWN_DEPTH: u8 = 16;

const LEVELS_PER_TILE: u8 = 4;
const CHILDREN: usize = 16;
const BYTES: usize = CHILDREN * Hash::LENGTH;

/// Which tile: its level from the root, 0 to 3, and the bits of the way to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// 0 holds the root.
    pub level: u8,
    /// The first `4 * level` bits of the keys below, as a number.
    pub position: u16,
}

/// The roots of 16 subtrees.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MapTile {
    children: [MapRoot; CHILDREN],
}

/// Bytes that are not a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tile of the map has {BYTES} bytes")]
pub struct TileMalformed;

impl TileId {
    /// The tile that holds the root.
    pub const ROOT: Self = Self {
        level: 0,
        position: 0,
    };

    /// The tiles on the way to a bucket, from the root down.
    #[must_use]
    pub fn to_bucket(bucket: u16) -> [Self; 4] {
        [0, 1, 2, 3].map(|level| Self {
            level,
            position: bucket
                .checked_shr((CROWN_DEPTH - level * LEVELS_PER_TILE).into())
                .unwrap_or_default(),
        })
    }

    /// The tile above, and which child of it this one is; none: this is the root.
    #[must_use]
    pub fn parent(self) -> Option<(Self, usize)> {
        let parent = Self {
            level: self.level.checked_sub(1)?,
            position: self.position >> LEVELS_PER_TILE,
        };
        Some((parent, usize::from(self.position) % CHILDREN))
    }

    /// The 16 tiles right below; none below the last level, where buckets are.
    pub fn children(self) -> impl Iterator<Item = Self> {
        let is_last = self.level + 1 == CROWN_DEPTH / LEVELS_PER_TILE;
        let children = if is_last { 0 } else { CHILDREN };
        (0..children).map(move |child| self.below(child))
    }

    /// What is below, at this child: a tile, or at the last level a bucket.
    fn below(self, child: usize) -> Self {
        let child = u16::try_from(child).expect("a tile has 16 children");
        Self {
            level: self.level + 1,
            position: self.position << LEVELS_PER_TILE | child,
        }
    }

    /// The tile right above a bucket, and which child of it the bucket is.
    #[must_use]
    pub fn above_bucket(bucket: u16) -> (Self, usize) {
        let parent = Self {
            level: CROWN_DEPTH / LEVELS_PER_TILE - 1,
            position: bucket >> LEVELS_PER_TILE,
        };
        (parent, usize::from(bucket) % CHILDREN)
    }
}

impl MapTile {
    /// The root of a child's subtree.
    #[must_use]
    pub fn child(&self, child: usize) -> MapRoot {
        self.children.get(child).copied().flatten()
    }

    /// Another root for a child, below 16.
    pub fn set_child(&mut self, child: usize, root: MapRoot) {
        self.children[child] = root;
    }

    /// The root of the tile's own subtree, whose first bit is at `4 * level`.
    #[must_use]
    pub fn root(&self, level: u8) -> MapRoot {
        self.half(level * LEVELS_PER_TILE, 0, CHILDREN)
    }

    /// The root over `width` children from `first` on.
    fn half(&self, depth: u8, first: usize, width: usize) -> MapRoot {
        if width == 1 {
            return self.children[first];
        }
        let half = width / 2;
        let left = self.half(depth + 1, first, half);
        let right = self.half(depth + 1, first + half, half);
        join(depth, left, right)
    }

    /// The children one after the other, 32 bytes each; zeros for one without entries.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(BYTES);
        for child in &self.children {
            let child = child.map_or([0; Hash::LENGTH], |hash| *hash.as_bytes());
            bytes.extend_from_slice(&child);
        }
        bytes
    }

    /// Reads [`MapTile::encode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, TileMalformed> {
        let (hashes, rest) = bytes.as_chunks();
        if hashes.len() != CHILDREN || !rest.is_empty() {
            return Err(TileMalformed);
        }
        let mut tile = Self::default();
        for (child, hash) in tile.children.iter_mut().zip(hashes) {
            *child = (*hash != [0; Hash::LENGTH]).then(|| Hash::from_bytes(*hash));
        }
        Ok(tile)
    }

    /// The way of a key through the tile, to the child in which it ends; none: the tile
    /// has no entry. Where only one half has entries there is no node, and the way leads
    /// there whatever the key says.
    fn way(&self, level: u8, key: &MapKey, siblings: &mut Vec<Sibling>) -> Option<usize> {
        let (mut first, mut width) = (0, CHILDREN);
        for depth in level * LEVELS_PER_TILE..(level + 1) * LEVELS_PER_TILE {
            width /= 2;
            let left = self.half(depth + 1, first, width);
            let right = self.half(depth + 1, first + width, width);
            let goes_right = match (left, right) {
                (None, None) => return None,
                (Some(_), None) => false,
                (None, Some(_)) => true,
                (Some(left), Some(right)) => {
                    let goes_right = key.bit(depth);
                    let hash = if goes_right { left } else { right };
                    siblings.push(Sibling { depth, hash });
                    goes_right
                }
            };
            if goes_right {
                first += width;
            }
        }
        Some(first)
    }
}

/// The way of one key down through the tiles, one after the other, to a bucket.
#[derive(Debug, Clone)]
pub struct Descent {
    key: MapKey,
    siblings: Vec<Sibling>,
    next: TileId,
    is_over: bool,
}

impl Descent {
    /// The way of this key, at the root.
    #[must_use]
    pub const fn new(key: MapKey) -> Self {
        Self {
            key,
            siblings: Vec::new(),
            next: TileId::ROOT,
            is_over: false,
        }
    }

    /// The tile through which the way leads; none: it has reached a bucket, or nothing.
    #[must_use]
    pub fn tile(&self) -> Option<TileId> {
        let is_tile = self.next.level < CROWN_DEPTH / LEVELS_PER_TILE;
        (is_tile && !self.is_over).then_some(self.next)
    }

    /// Goes through the tile.
    pub fn through(&mut self, tile: &MapTile) {
        match tile.way(self.next.level, &self.key, &mut self.siblings) {
            None => self.is_over = true,
            Some(child) => {
                self.next = self.next.below(child);
            }
        }
    }

    /// The bucket that the way has reached; none: it has reached none.
    #[must_use]
    pub fn bucket(&self) -> Option<u16> {
        (self.tile().is_none() && !self.is_over).then_some(self.next.position)
    }

    /// The proof, from all entries of the bucket, each key once, ascending.
    #[must_use]
    pub fn finish(self, entries: &[(MapKey, PatientHead)]) -> MapProof {
        MapProof::in_entries(&self.key, entries, self.siblings)
    }
}
