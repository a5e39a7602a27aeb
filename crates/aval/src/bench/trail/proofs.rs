//! Inclusion proofs, beside reading the leaf alone.

use std::sync::Arc;

use anyhow::ensure;
use aval_proto::audit::v1::{GetInclusionProofRequest, GetInclusionProofResponse};

use super::calls::{Told, made, one_of};
use super::log::Log;
use super::served::{CALLER, CONNECTIONS, Served};
use crate::bench::load::Failure;
use crate::bench::threads::Threads;

/// What is called.
const METHOD: &str = "/aval.audit.v1.TransparencyService/GetInclusionProof";

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
    told.add(("one leaf", callers), Some(log.size()), alone.await?);

    let wires = served.wires(CALLER, METHOD, CONNECTIONS, threads).await?;
    let (there, size) = (log.clone(), log.size());
    let proofs = made(callers, calls, threads, move |number| {
        let (mut wire, index) = (one_of(&wires, number), there.place(number));
        async move {
            let request = GetInclusionProofRequest {
                log_index: index,
                tree_size: size,
            };
            let answer = wire.call::<GetInclusionProofResponse>(&request).await;
            let proof = answer.map_err(Failure::into_error)?;
            ensure!(!proof.checkpoint.is_empty(), "a proof without checkpoint");
            Ok(())
        }
    });
    told.add(
        ("GetInclusionProof", callers),
        Some(log.size()),
        proofs.await?,
    );
    Ok(told)
}
