//! The log has only grown.

use aval_merkle_log::proof::ConsistencyProof;

use super::App;
use crate::error::Error;
use crate::growth::{growth, root_at};

/// A proof that one tree of the log is a prefix of another.
#[derive(Debug, Clone)]
pub struct Consistency {
    /// The proof.
    pub proof: ConsistencyProof,
    /// The signed checkpoint of the larger tree, if it is the newest or the newest witnessed.
    pub checkpoint: Option<String>,
}

impl App {
    /// Proves that the tree of the smaller size is a prefix of the larger one's; no
    /// larger size: the newest checkpoint's. Whoever the allowlist lets in may ask.
    ///
    /// What is stored is held against the newest checkpoint before it is given away.
    pub async fn get_consistency_proof(
        &self,
        old_size: u64,
        new_size: Option<u64>,
    ) -> Result<Consistency, Error> {
        let newest = self.newest_checkpoint().await?;
        let size = new_size.unwrap_or(newest.checkpoint.size);
        if size > newest.checkpoint.size {
            return Err(Error::BeyondTheLog {
                field: "new_size",
                rule: "must not be larger than the newest checkpoint's",
            });
        }
        if old_size == 0 || old_size > size {
            return Err(Error::BeyondTheLog {
                field: "old_size",
                rule: "must be at least 1 and not larger than the new size",
            });
        }
        let store = self.store.as_ref();
        let root = root_at(store, size, &newest.checkpoint).await?;
        let growth = growth(store, old_size, size, root).await?;
        Ok(Consistency {
            proof: growth.proof,
            checkpoint: self.checkpoint_of(size, newest).await?,
        })
    }
}
