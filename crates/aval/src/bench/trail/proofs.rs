//! Inclusion proofs, beside reading the leaf alone.

use std::sync::Arc;

use anyhow::ensure;
use aval_proto::audit::v1::GetInclusionProofRequest;
use aval_proto::audit::v1::transparency_service_client::TransparencyServiceClient;

use super::calls::{Told, made, one_of};
use super::log::Log;
use super::served::{CALLER, CONNECTIONS, Served};
use crate::bench::threads::Threads;

/// Proves entries all over the log.
pub(super) async fn measure(
    log: &Log,
    served: &Served,
    callers: u32,
    calls: u32,
    threads: &Threads,
) -> anyhow::Result<Told> {
    let mut told = Told::default();
    let (store, there) = (Arc::clone(&log.store), log.clone());
    let alone = made(callers, calls, threads, move |number| {
        let (store, index) = (Arc::clone(&store), there.place(number));
        async move {
            let leaves = store.leaves(index..index + 1).await?;
            ensure!(leaves.len() == 1, "a leaf is missing");
            Ok(())
        }
    });
    told.add("one leaf", Some(log.size()), alone.await?);

    let connections = Arc::new(served.connections(CALLER, CONNECTIONS, threads).await?);
    let (there, size) = (log.clone(), log.size());
    let proofs = made(callers, calls, threads, move |number| {
        let (connection, index) = (one_of(&connections, number), there.place(number));
        async move {
            let request = GetInclusionProofRequest {
                log_index: index,
                tree_size: size,
            };
            let mut transparency = TransparencyServiceClient::new(connection);
            transparency.get_inclusion_proof(request).await?;
            Ok(())
        }
    });
    told.add("GetInclusionProof", Some(log.size()), proofs.await?);
    Ok(told)
}
