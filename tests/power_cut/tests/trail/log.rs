//! The whole log as anybody may read it: the newest checkpoint, and every leaf.

use aval_merkle_log::Hash;
use aval_merkle_log::bundle;
use aval_merkle_log::checkpoint::{Checkpoint, Policy};
use aval_merkle_log::hash::hash_leaf;
use aval_merkle_log::leaf::LeafContent;
use aval_merkle_log::note::SignedNote;
use aval_merkle_log::tile::{TILE_WIDTH, Tile, TileKind};
use aval_merkle_log::tree::Frontier;
use aval_proto::audit::v1::transparency_service_client::TransparencyServiceClient;
use aval_proto::audit::v1::{GetCheckpointRequest, GetTileRequest};
use aval_runtime::channel::Channel;

/// The log at one moment.
pub(crate) struct Log {
    pub(crate) checkpoint: Checkpoint,
    /// Which event each leaf is about.
    pub(crate) events: Vec<[u8; 16]>,
    leaves: Vec<Hash>,
}

/// The newest checkpoint's note.
pub(crate) async fn newest(channel: &Channel) -> Result<SignedNote, String> {
    let mut transparency = TransparencyServiceClient::new(channel.clone());
    let answer = transparency.get_checkpoint(GetCheckpointRequest {}).await;
    let answer = answer.map_err(|status| status.to_string())?.into_inner();
    SignedNote::parse(answer.checkpoint.as_bytes()).map_err(|error| error.to_string())
}

/// What a note says, whoever signed it.
pub(crate) fn unverified(note: &SignedNote) -> Checkpoint {
    Checkpoint::parse(note.unverified_text()).unwrap()
}

impl Log {
    /// Reads all of it; why not, where that is not possible.
    pub(crate) async fn read(channel: &Channel, policy: &Policy) -> Result<Self, String> {
        let note = newest(channel).await?;
        let checkpoint = policy.open(&note).map_err(|error| error.to_string())?;
        let mut log = Self {
            checkpoint,
            events: Vec::new(),
            leaves: Vec::new(),
        };
        let mut transparency = TransparencyServiceClient::new(channel.clone());
        for index in 0..log.checkpoint.size.div_ceil(u64::from(TILE_WIDTH)) {
            let tile = Tile::in_tree(TileKind::Entries, index, log.checkpoint.size).unwrap();
            let path = tile.to_string();
            let answer = transparency.get_tile(GetTileRequest { path }).await;
            let answer = answer.map_err(|status| status.to_string())?.into_inner();
            let entries = bundle::decode(&answer.data).map_err(|error| error.to_string())?;
            for entry in entries {
                let leaf = LeafContent::decode(entry).map_err(|error| error.to_string())?;
                log.events.push(leaf.event_id);
                log.leaves.push(hash_leaf(entry));
            }
        }
        Ok(log)
    }

    /// Whether its leaves are those of the checkpoint, which may be an older one.
    pub(crate) fn continues(&self, checkpoint: &Checkpoint) -> bool {
        let size = usize::try_from(checkpoint.size).unwrap();
        let Some(leaves) = self.leaves.get(..size) else {
            return false;
        };
        let mut frontier = Frontier::new();
        frontier.append_all(leaves).unwrap();
        frontier.root() == checkpoint.root
    }

    /// How many leaves it has.
    pub(crate) fn size(&self) -> u64 {
        self.leaves.len() as u64
    }
}
