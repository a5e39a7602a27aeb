//! The map of patients' heads, from the root down to its buckets.

use std::collections::BTreeMap;

use aval_merkle_log::map::{MapKey, MapRoot, MapTile, PatientHead, TileId, subtree};

use super::{Examination, Fault};

/// The tiles of the map: some thousands, however many patients there are.
#[derive(Debug)]
pub struct Map(BTreeMap<TileId, MapTile>);

impl Map {
    /// Holds each of these tiles against the one above it.
    pub fn of(tiles: BTreeMap<TileId, MapTile>, found: &mut Examination) -> Self {
        let map = Self(tiles);
        for (id, tile) in &map.0 {
            let Some((above, child)) = id.parent() else {
                continue;
            };
            if map.tile(above).child(child) != tile.root(id.level) {
                found.note(tile_fault(*id));
            }
        }
        // What is said of a tile that is not there.
        for (id, tile) in &map.0 {
            for (child, below) in id.children().enumerate() {
                if tile.child(child).is_some() && !map.0.contains_key(&below) {
                    found.note(tile_fault(below));
                }
            }
        }
        map
    }

    /// The root of the map.
    #[must_use]
    pub fn root(&self) -> MapRoot {
        self.tile(TileId::ROOT).root(0)
    }

    /// Holds all heads of a bucket, in any order, against the map.
    pub fn hold(
        &self,
        bucket: u16,
        mut heads: Vec<(MapKey, PatientHead)>,
        found: &mut Examination,
    ) {
        heads.sort_unstable_by_key(|(key, _)| *key);
        let (above, child) = TileId::above_bucket(bucket);
        if subtree(&heads) != self.tile(above).child(child) {
            found.note(Fault::Bucket { bucket });
        }
    }

    fn tile(&self, id: TileId) -> MapTile {
        self.0.get(&id).copied().unwrap_or_default()
    }
}

fn tile_fault(id: TileId) -> Fault {
    Fault::Tile {
        level: id.level,
        position: id.position,
    }
}
