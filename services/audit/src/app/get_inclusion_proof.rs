//! A leaf is in the log.

use aval_merkle_log::Hash;
use aval_merkle_log::proof::{ComputeError, InclusionProof};
use aval_merkle_log::tree::{NodeId, Nodes};

use super::App;
use crate::entry::Altered;
use crate::error::Error;
use crate::growth::root_at;

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
    ///
    /// What is stored is held against the newest checkpoint before it is given away.
    pub async fn get_inclusion_proof(
        &self,
        log_index: u64,
        tree_size: Option<u64>,
    ) -> Result<Inclusion, Error> {
        // Where the size is known, the way up is looked for at the same time.
        let asked = tree_size.filter(|size| log_index < *size);
        let way_up = async { self.way_up(log_index, asked?).await.ok() };
        let (newest, found) = tokio::join!(self.newest_checkpoint(), way_up);
        let newest = newest?;
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
        let root = root_at(self.store.as_ref(), size, &newest.checkpoint).await?;
        let found = found.filter(|found| leads_to(found, Some(root)));
        let (leaf_hash, proof) = match found {
            Some(found) => found,
            None => self.prove_inclusion(log_index, size, Some(root)).await?,
        };
        Ok(Inclusion {
            proof,
            leaf_hash,
            checkpoint: self.checkpoint_of(size, newest).await?,
        })
    }

    /// The hash of a leaf, and the proof that leads from it to this root of the tree of this
    /// size, where the root is known. [`Error::Altered`] if what is stored leads elsewhere.
    pub(super) async fn prove_inclusion(
        &self,
        log_index: u64,
        size: u64,
        root: Option<Hash>,
    ) -> Result<(Hash, InclusionProof), Error> {
        let found = self.way_up(log_index, size).await?;
        if leads_to(&found, root) {
            return Ok(found);
        }
        self.store.forget_nodes();
        let found = self.way_up(log_index, size).await?;
        let altered = Altered {
            log_index,
            what: "place in the tree",
        };
        leads_to(&found, root)
            .then_some(found)
            .ok_or(altered.into())
    }

    /// A leaf and its way up, in one look.
    async fn way_up(&self, log_index: u64, size: u64) -> Result<(Hash, InclusionProof), Error> {
        let leaf = NodeId {
            level: 0,
            index: log_index,
        };
        let mut needed =
            InclusionProof::needed(log_index, size).map_err(ComputeError::Impossible)?;
        needed.push(leaf);
        let nodes = self.store.nodes(&needed).await?;
        let leaf = nodes.node(leaf).map_err(ComputeError::Source)?;
        Ok((leaf, InclusionProof::compute(&nodes, log_index, size)?))
    }
}

/// Whether a leaf's way up ends in this root, where the root is known.
fn leads_to((leaf, proof): &(Hash, InclusionProof), root: Option<Hash>) -> bool {
    root.is_none_or(|root| proof.verify(*leaf, root).is_ok())
}
