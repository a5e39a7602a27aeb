//! A page of a history, beside the same rows out of the database.

use std::sync::Arc;

use anyhow::{Context, ensure};
use aval_audit::query::{Filter, Query, Scope};
use aval_proto::audit::v1::ListEventsRequest;
use aval_proto::audit::v1::trail_service_client::TrailServiceClient;

use super::calls::{Told, made, one_of};
use super::log::Log;
use super::served::{CALLER, CONNECTIONS, Served};
use crate::bench::threads::Threads;

const PAGE: u64 = 50;

/// Reads pages of so many patients, one each.
pub(super) async fn measure(
    log: &Log,
    served: &Served,
    callers: u32,
    calls: u32,
    threads: &Threads,
) -> anyhow::Result<Told> {
    let mut told = Told::default();
    let store = Arc::clone(&log.store);
    let there = log.clone();
    let alone = made(callers, calls, threads, move |number| {
        let (store, patient_id) = (Arc::clone(&store), there.patient(number));
        async move {
            let query = Query {
                scope: Scope::Patient(patient_id),
                filter: Filter::default(),
                before: None,
                limit: PAGE,
            };
            let rows = store.events(&query).await?;
            ensure!(rows.len() as u64 == PAGE, "a page is not full");
            Ok(())
        }
    });
    told.add(("rows of a page", callers), Some(log.size()), alone.await?);

    // Tokens are made before: whoever reads has one.
    let mut bearers = Vec::new();
    for number in 0..u64::from(calls) {
        bearers.push(served.bearer(log.patient(number))?);
    }
    let connections = Arc::new(served.connections(CALLER, CONNECTIONS, threads).await?);
    let bearers = Arc::new(bearers);
    let pages = made(callers, calls, threads, move |number| {
        let (bearers, connection) = (Arc::clone(&bearers), one_of(&connections, number));
        async move {
            let bearer = bearers.get(usize::try_from(number)?);
            let bearer = bearer.context("a token for each call")?;
            let request = bearer.asks(ListEventsRequest {
                page_size: i32::try_from(PAGE)?,
                ..ListEventsRequest::default()
            });
            let mut trail = TrailServiceClient::new(connection);
            let page = trail.list_events(request).await?.into_inner();
            ensure!(page.events.len() as u64 == PAGE, "a page is not full");
            Ok(())
        }
    });
    told.add(
        ("ListEvents, 50 a page", callers),
        Some(log.size()),
        pages.await?,
    );
    Ok(told)
}
