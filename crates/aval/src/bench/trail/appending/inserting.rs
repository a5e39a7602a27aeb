//! A trail that keeps each event as one row, in one durable transaction of its own.

use std::pin::Pin;
use std::sync::Arc;

use aval_database::baseline::SingleRowInserts;
use aval_database::{Database, DatabaseConfig};
use aval_proto::audit::v1 as proto;
use aval_proto::audit::v1::trail_service_server::{TrailService, TrailServiceServer};
use aval_runtime::status::not_implemented;
use futures::Stream;
use tonic::{Request, Response, Status};

use crate::bench::threads::Threads;
use crate::bench::trail::served::{Served, serve};
use crate::stack::Engines;

use super::EVENT_LENGTH;

/// So many transactions at once: as many as a PostgreSQL of two cores does best with, and
/// fewer than it lets in.
const CONNECTIONS: u32 = 64;

#[derive(Debug, Clone)]
pub(super) struct Inserting {
    inserts: SingleRowInserts,
    payload: Arc<str>,
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

impl Inserting {
    /// Serves one on the servers' thread, in the engine of the log.
    pub(super) async fn start(
        beside: &Served,
        engines: &Engines,
        threads: &Threads,
    ) -> anyhow::Result<Served> {
        let config = if let Some(url) = &engines.postgres {
            DatabaseConfig {
                max_connections: CONNECTIONS,
                ..DatabaseConfig::for_url(url)
            }
        } else {
            let file = beside.folder().join("rows.sqlite");
            DatabaseConfig::for_url(format!("sqlite://{}?mode=rwc", file.display()))
        };
        let (files, signer) = beside.of_server()?;
        let address = threads.servers().spawn(async move {
            let db = Database::connect(&config).await?;
            let inserting = Self {
                inserts: SingleRowInserts::prepare(&db).await?,
                payload: "x".repeat(EVENT_LENGTH).into(),
            };
            let service = TrailServiceServer::new(inserting);
            serve(&files, &signer, |server| server.add_service(service)).await
        });
        Ok(beside.at(address.await??))
    }
}

#[tonic::async_trait]
impl TrailService for Inserting {
    async fn append_events(
        &self,
        request: Request<proto::AppendEventsRequest>,
    ) -> Result<Response<proto::AppendEventsResponse>, Status> {
        let mut acknowledged_sequence = 0;
        for event in request.into_inner().events {
            let inserted = self.inserts.insert(&self.payload).await;
            inserted.map_err(|_| Status::unavailable("the row was not inserted"))?;
            acknowledged_sequence = event.sequence;
        }
        Ok(Response::new(proto::AppendEventsResponse {
            acknowledged_sequence,
            receipts: Vec::new(),
        }))
    }

    async fn report_outbox(
        &self,
        request: Request<proto::ReportOutboxRequest>,
    ) -> Result<Response<proto::ReportOutboxResponse>, Status> {
        let recorded_sequence = request.into_inner().newest_sequence;
        Ok(Response::new(proto::ReportOutboxResponse {
            recorded_sequence,
        }))
    }

    async fn list_events(
        &self,
        _: Request<proto::ListEventsRequest>,
    ) -> Result<Response<proto::ListEventsResponse>, Status> {
        Err(not_implemented().into())
    }

    async fn get_event(
        &self,
        _: Request<proto::GetEventRequest>,
    ) -> Result<Response<proto::GetEventResponse>, Status> {
        Err(not_implemented().into())
    }

    type WatchEventsStream = Answers<proto::WatchEventsResponse>;

    async fn watch_events(
        &self,
        _: Request<proto::WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        Err(not_implemented().into())
    }

    type ExportEventsStream = Answers<proto::ExportEventsResponse>;

    async fn export_events(
        &self,
        _: Request<proto::ExportEventsRequest>,
    ) -> Result<Response<Self::ExportEventsStream>, Status> {
        Err(not_implemented().into())
    }
}
