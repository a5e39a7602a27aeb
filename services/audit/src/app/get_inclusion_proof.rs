//! A leaf is in the log.

use aval_merkle_log::Hash;
use aval_merkle_log::proof::{ComputeError, InclusionProof};
use aval_merkle_log::tree::{NodeId, Nodes};

use super::App;
use crate::error::Error;

/// A proof that a leaf is in a tree of the log.
#[derive(Debug, Clone)]
pub struct Inclusion {
    /// The proof.
    pub proof: InclusionProof,
    /// The leaf's hash.
    pub leaf_hash: Hash,
    /// The signed checkpoint of the tree, if it is the newest or the newest witnessed.
    pub checkpoint: Option<String>,
}

impl App {
    /// Proves that the leaf at an index stands in the tree of a size; no size: the
    /// newest checkpoint's. Whoever the allowlist lets in may ask.
    pub async fn get_inclusion_proof(
        &self,
        log_index: u64,
        tree_size: Option<u64>,
    ) -> Result<Inclusion, Error> {
        let newest = self.newest_checkpoint().await?;
        let size = tree_size.unwrap_or(newest.checkpoint.size);
        if size > newest.checkpoint.size {
            return Err(Error::BeyondTheLog {
                field: "tree_size",
                rule: "must not be larger than the newest checkpoint's",
            });
        }
        if log_index >= size {
            return Err(Error::BeyondTheLog {
                field: "log_index",
                rule: "must be less than the size of the tree",
            });
        }
        let leaf = NodeId {
            level: 0,
            index: log_index,
        };
        // The leaf and its way up in one look.
        let mut needed =
            InclusionProof::needed(log_index, size).map_err(ComputeError::Impossible)?;
        needed.push(leaf);
        let nodes = self.store.nodes(&needed).await?;
        Ok(Inclusion {
            proof: InclusionProof::compute(&nodes, log_index, size)?,
            leaf_hash: nodes.node(leaf).map_err(ComputeError::Source)?,
            checkpoint: self.checkpoint_of(size, newest).await?,
        })
    }

    pub(super) async fn prove_inclusion(
        &self,
        index: u64,
        size: u64,
    ) -> Result<InclusionProof, Error> {
        let needed = InclusionProof::needed(index, size).map_err(ComputeError::Impossible)?;
        let nodes = self.store.nodes(&needed).await?;
        Ok(InclusionProof::compute(&nodes, index, size)?)
    }
}
