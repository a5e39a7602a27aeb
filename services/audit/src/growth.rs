//! What the log was at an earlier size, and what proves that it has only grown since, held
//! against a root that is signed before anything of it is given away: nodes of the tree are
//! remembered, and the database of which they were read may have been restored meanwhile.

use aval_merkle_log::Hash;
use aval_merkle_log::checkpoint::Checkpoint;
use aval_merkle_log::proof::{ComputeError, ConsistencyProof};
use aval_merkle_log::tree::{Frontier, KnownNodes};

use crate::entry::Altered;
use crate::error::Error;
use crate::store::Store;

/// How the log grew out of an earlier tree.
#[derive(Debug, Clone)]
pub(crate) struct Growth {
    /// The root of the earlier tree.
    pub(crate) earlier_root: Hash,
    /// What leads from it to the later one.
    pub(crate) proof: ConsistencyProof,
}

/// How the log grew from an earlier size to the tree of this size and root, which is known.
/// [`Error::Altered`] if what is stored leads elsewhere.
pub(crate) async fn growth(
    store: &dyn Store,
    earlier_size: u64,
    size: u64,
    root: Hash,
) -> Result<Growth, Error> {
    let mut needed =
        ConsistencyProof::needed(earlier_size, size).map_err(ComputeError::Impossible)?;
    needed.extend(Frontier::needed(earlier_size));
    let leading_there = |nodes: &KnownNodes| {
        let earlier = Frontier::from_nodes(nodes, earlier_size).map_err(ComputeError::Source)?;
        let growth = Growth {
            earlier_root: earlier.root(),
            proof: ConsistencyProof::compute(nodes, earlier_size, size)?,
        };
        let held = growth.proof.verify(growth.earlier_root, root);
        held.map_err(|_| Altered {
            log_index: size.saturating_sub(1),
            what: "place in the tree",
        })?;
        Ok(growth)
    };
    let remembered: Result<Growth, Error> = leading_there(&store.nodes(&needed).await?);
    if remembered.is_ok() {
        return remembered;
    }
    store.forget_nodes();
    leading_there(&store.nodes(&needed).await?)
}

/// The root of the tree of this size, which the signed one continues.
pub(crate) async fn root_at(
    store: &dyn Store,
    size: u64,
    signed: &Checkpoint,
) -> Result<Hash, Error> {
    if size == signed.size {
        return Ok(signed.root);
    }
    let growth = growth(store, size, signed.size, signed.root).await?;
    Ok(growth.earlier_root)
}
