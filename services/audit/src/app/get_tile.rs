//! A part of the log as a static resource.

use aval_merkle_log::bundle;
use aval_merkle_log::leaf::LeafContent;
use aval_merkle_log::proof::ComputeError;
use aval_merkle_log::tile::{Tile, TileKind};
use aval_merkle_log::tree::{MissingNode, NodeId, Nodes};

use super::App;
use crate::error::Error;

/// A tile's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileData {
    /// As C2SP tlog-tiles lays them out.
    pub bytes: Vec<u8>,
    /// Whether it is full.
    pub is_full: bool,
}

impl App {
    /// Answers the tile, or the bundle of leaves, that this path names, if the newest
    /// checkpoint covers it. Whoever the allowlist lets in may ask: a leaf holds a
    /// salted commitment, not an event.
    pub async fn get_tile(&self, path: &str) -> Result<TileData, Error> {
        let tile = Tile::parse(path).map_err(|_| Error::TilePathInvalid)?;
        let newest = self.newest_checkpoint().await?;
        if tile.smallest_tree() > newest.checkpoint.size {
            return Err(Error::NotFound);
        }
        let bytes = match tile.kind() {
            TileKind::Hashes(_) => self.hashes(&tile).await?,
            TileKind::Entries => self.entries(&tile).await?,
        };
        Ok(TileData {
            bytes,
            is_full: !tile.is_partial(),
        })
    }

    async fn hashes(&self, tile: &Tile) -> Result<Vec<u8>, Error> {
        let ids: Vec<NodeId> = tile.nodes().collect();
        let nodes = self.store.nodes(&ids).await?;
        let mut bytes = Vec::with_capacity(ids.len() * 32);
        for id in ids {
            let hash = nodes.node(id).map_err(ComputeError::Source)?;
            bytes.extend_from_slice(hash.as_bytes());
        }
        Ok(bytes)
    }

    async fn entries(&self, tile: &Tile) -> Result<Vec<u8>, Error> {
        let end = tile.smallest_tree();
        let first = end - u64::from(tile.width());
        let leaves = self.store.leaves(first..end).await?;
        let entries: Vec<Vec<u8>> = leaves.iter().map(LeafContent::encode).collect();
        if entries.len() != usize::from(tile.width()) {
            let missing = NodeId {
                level: 0,
                index: first + entries.len() as u64,
            };
            return Err(ComputeError::Source(MissingNode(missing)).into());
        }
        Ok(bundle::encode(&entries).expect("a tile has 1 to 256 entries of some 130 bytes"))
    }
}
