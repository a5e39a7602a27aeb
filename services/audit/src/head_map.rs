//! The part of the map of patients' heads that the writer has read, and how a batch
//! changes it.
//!
//! What is read is held against what is above it, up to the root that the last
//! checkpoint signed: a head that somebody changed in the database is never built upon.

use std::collections::{BTreeSet, HashMap};

use aval_database::DatabaseError;
use aval_domain::id::PatientId;
use aval_merkle_log::map::{MapKey, MapRoot, MapTile, TileId, subtree};

use crate::batch::{PatientHead, PatientHeads};
use crate::store::Store;

/// How many heads are remembered.
const MOST_HEADS: usize = 100_000;

/// The map, as far as it was read: tiles, and whole buckets below them.
#[derive(Debug, Clone, Default)]
pub struct HeadMap {
    tiles: HashMap<TileId, MapTile>,
    buckets: HashMap<u16, Bucket>,
    heads: usize,
}

/// The heads of a bucket, ascending by key, as [`subtree`] wants them.
type Bucket = Vec<(MapKey, PatientHead)>;

/// What a batch changes.
#[derive(Debug, Clone, Default)]
pub struct MapChange {
    /// The root afterwards.
    pub root: MapRoot,
    /// The tiles that change, as they are afterwards.
    pub tiles: Vec<(TileId, MapTile)>,
    buckets: HashMap<u16, Bucket>,
}

/// Why heads cannot be built upon.
#[derive(Debug, thiserror::Error)]
pub enum HeadMapError {
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] DatabaseError),
    /// What is stored is not what was signed.
    #[error("the patients' heads in the database are not those that were signed")]
    Altered,
}

/// The key of a patient.
#[must_use]
pub fn key_of(patient_id: PatientId) -> MapKey {
    MapKey::of_patient(patient_id.as_uuid().as_bytes())
}

impl HeadMap {
    /// The map of which the store has this root tile.
    pub async fn read(store: &dyn Store) -> Result<Self, DatabaseError> {
        let mut map = Self::default();
        let tiles = store.map_tiles(&[TileId::ROOT]).await?;
        let root = tiles.get(&TileId::ROOT).copied().unwrap_or_default();
        map.tiles.insert(TileId::ROOT, root);
        Ok(map)
    }

    /// The map's root.
    #[must_use]
    pub fn root(&self) -> MapRoot {
        self.tile(TileId::ROOT).root(0)
    }

    /// The heads of those of these patients who have one. Reads what is not known yet.
    pub async fn heads(
        &mut self,
        store: &dyn Store,
        patients: &BTreeSet<PatientId>,
    ) -> Result<PatientHeads, HeadMapError> {
        if self.is_full() {
            (self.heads, self.buckets) = (0, HashMap::new());
        }
        let keys: Vec<_> = patients.iter().map(|id| (*id, key_of(*id))).collect();
        let buckets: BTreeSet<u16> = keys.iter().map(|(_, key)| key.bucket()).collect();
        self.read_tiles(store, &buckets).await?;
        self.read_buckets(store, &buckets).await?;
        let head = |(patient_id, key): &(PatientId, MapKey)| {
            let bucket = self.buckets.get(&key.bucket())?;
            let place = place_of(bucket, key).ok()?;
            Some((*patient_id, bucket[place].1))
        };
        Ok(keys.iter().filter_map(head).collect())
    }

    async fn read_tiles(
        &mut self,
        store: &dyn Store,
        buckets: &BTreeSet<u16>,
    ) -> Result<(), HeadMapError> {
        let ways = buckets.iter().flat_map(|bucket| TileId::to_bucket(*bucket));
        let missing: BTreeSet<TileId> = ways.filter(|id| !self.tiles.contains_key(id)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let missing: Vec<TileId> = missing.into_iter().collect();
        let read = store.map_tiles(&missing).await?;
        // From the root down, so that each is held against one that was held before.
        for id in missing {
            let tile = read.get(&id).copied().unwrap_or_default();
            let above = id.parent();
            let expected = above.map(|(above, child)| self.tile(above).child(child));
            if expected != Some(tile.root(id.level)) {
                return Err(HeadMapError::Altered);
            }
            self.tiles.insert(id, tile);
        }
        Ok(())
    }

    async fn read_buckets(
        &mut self,
        store: &dyn Store,
        buckets: &BTreeSet<u16>,
    ) -> Result<(), HeadMapError> {
        let (mut empty, mut missing) = (Vec::new(), Vec::new());
        for bucket in buckets.iter().filter(|b| !self.buckets.contains_key(b)) {
            let list = match self.bucket_root(*bucket) {
                None => &mut empty,
                Some(_) => &mut missing,
            };
            list.push(*bucket);
        }
        let mut read: HashMap<u16, Bucket> = HashMap::new();
        if !missing.is_empty() {
            for (patient_id, head) in store.heads_in(&missing).await? {
                let key = key_of(patient_id);
                read.entry(key.bucket()).or_default().push((key, head));
            }
        }
        for bucket in missing {
            let mut heads = read.remove(&bucket).unwrap_or_default();
            heads.sort_unstable_by_key(|(key, _)| *key);
            if subtree(&heads) != self.bucket_root(bucket) {
                return Err(HeadMapError::Altered);
            }
            self.heads += heads.len();
            self.buckets.insert(bucket, heads);
        }
        let empty = empty.into_iter().map(|bucket| (bucket, Bucket::new()));
        self.buckets.extend(empty);
        Ok(())
    }

    /// What these heads change, all of whose patients [`HeadMap::heads`] was asked for.
    #[must_use]
    pub fn with(&self, heads: &PatientHeads) -> MapChange {
        let mut change = MapChange::default();
        for (patient_id, head) in heads {
            let key = key_of(*patient_id);
            let bucket = change.buckets.entry(key.bucket()).or_insert_with(|| {
                let known = self.buckets.get(&key.bucket());
                known.cloned().unwrap_or_default()
            });
            put(bucket, key, *head);
        }
        let mut roots: Vec<_> = change
            .buckets
            .iter()
            .map(|(bucket, heads)| (TileId::above_bucket(*bucket), subtree(heads)))
            .collect();
        // One level of tiles after the other, each tile once, up to the root.
        while !roots.is_empty() {
            roots.sort_unstable_by_key(|(place, _)| *place);
            let mut above = Vec::new();
            for below in roots.chunk_by(|(one, _), (other, _)| one.0 == other.0) {
                let id = below[0].0.0;
                let mut tile = self.tile(id);
                for ((_, child), root) in below {
                    tile.set_child(*child, *root);
                }
                let root = tile.root(id.level);
                change.tiles.push((id, tile));
                match id.parent() {
                    Some(parent) => above.push((parent, root)),
                    None => change.root = root,
                }
            }
            roots = above;
        }
        if change.tiles.is_empty() {
            change.root = self.root();
        }
        change
    }

    /// The map after a change. Gives the change back to what it was.
    pub fn apply(&mut self, change: MapChange) -> MapChange {
        let mut before = MapChange {
            root: self.root(),
            ..MapChange::default()
        };
        for (id, tile) in change.tiles {
            let tile = self.tiles.insert(id, tile).unwrap_or_default();
            before.tiles.push((id, tile));
        }
        for (bucket, heads) in change.buckets {
            self.heads += heads.len();
            let heads = self.buckets.insert(bucket, heads).unwrap_or_default();
            self.heads = self.heads.saturating_sub(heads.len());
            before.buckets.insert(bucket, heads);
        }
        before
    }

    /// Whether [`HeadMap::heads`] forgets first what it knows. What is not stored yet must not
    /// be forgotten.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.heads > MOST_HEADS
    }

    fn tile(&self, id: TileId) -> MapTile {
        self.tiles.get(&id).copied().unwrap_or_default()
    }

    fn bucket_root(&self, bucket: u16) -> MapRoot {
        let (tile, child) = TileId::above_bucket(bucket);
        self.tile(tile).child(child)
    }
}

/// Where a key is in a bucket, or where it would be.
fn place_of(bucket: &[(MapKey, PatientHead)], key: &MapKey) -> Result<usize, usize> {
    bucket.binary_search_by_key(key, |(key, _)| *key)
}

fn put(bucket: &mut Bucket, key: MapKey, head: PatientHead) {
    match place_of(bucket, &key) {
        Ok(place) => bucket[place].1 = head,
        Err(place) => bucket.insert(place, (key, head)),
    }
}
