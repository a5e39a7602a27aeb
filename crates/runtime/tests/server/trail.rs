//! Events on their way to the trail, and streams.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aval_domain::event::{Actor, Event, EventKind, Outcome};
use aval_domain::id::EventId;
use aval_domain::random::SeededRandom;
use aval_domain::time::Timestamp;
use aval_proto::audit::v1::trail_service_client::TrailServiceClient;
use aval_proto::audit::v1::trail_service_server::{TrailService, TrailServiceServer};
use aval_proto::audit::v1::{
    AppendEventsRequest, AppendEventsResponse, ExportEventsRequest, ExportEventsResponse,
    GetEventRequest, GetEventResponse, ListEventsRequest, ListEventsResponse, ReportOutboxRequest,
    ReportOutboxResponse, WatchEventsRequest, WatchEventsResponse,
};
use aval_proto::common::v1::ErrorReason;
use aval_runtime::caller::{Allowlist, CallerId};
use aval_runtime::channel::connect_lazy;
use aval_runtime::config::{GrpcConfig, PeerConfig, TokenConfig};
use aval_runtime::convert::event::event_from_proto;
use aval_runtime::environment::Environment;
use aval_runtime::server::GrpcServer;
use aval_runtime::status::{FieldErrors, Refusal, not_implemented};
use aval_runtime::token::{StaticKeys, TokenVerifier};
use aval_runtime::trail::{TrailClient, TrailError};
use futures::StreamExt;
use tokio_util::sync::CancellationToken;
use tonic::codegen::tokio_stream::Stream;
use tonic::{Code, Request, Response, Status};

/// A trail that has recorded this many events, and keeps none.
struct Trail {
    recorded: u64,
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl TrailService for Trail {
    async fn append_events(
        &self,
        request: Request<AppendEventsRequest>,
    ) -> Result<Response<AppendEventsResponse>, Status> {
        let request = request.into_inner();
        let mut fields = FieldErrors::new();
        let sequences = fields.each("events", &request.events, |fields, item| {
            let event = fields.required("event", item.event.as_ref())?;
            fields.within("event", |fields| event_from_proto(fields, event))?;
            Some(item.sequence)
        });
        let sequences = fields.build(|| sequences)?;
        if sequences[0] > self.recorded + 1 {
            let expected = (self.recorded + 1).to_string();
            let hole = Refusal::new(ErrorReason::StateConflict, "events are missing");
            return Err(hole.metadata("expected_sequence", expected).into());
        }
        let acknowledged_sequence = *sequences.last().unwrap();
        Ok(Response::new(AppendEventsResponse {
            acknowledged_sequence,
            receipts: Vec::new(),
        }))
    }

    async fn report_outbox(
        &self,
        request: Request<ReportOutboxRequest>,
    ) -> Result<Response<ReportOutboxResponse>, Status> {
        if request.into_inner().newest_sequence < self.recorded {
            let behind = Refusal::new(ErrorReason::StateConflict, "the report is behind");
            let recorded = self.recorded.to_string();
            return Err(behind.metadata("recorded_sequence", recorded).into());
        }
        Ok(Response::new(ReportOutboxResponse {
            recorded_sequence: self.recorded,
        }))
    }

    async fn list_events(
        &self,
        _: Request<ListEventsRequest>,
    ) -> Result<Response<ListEventsResponse>, Status> {
        Err(not_implemented().into())
    }

    async fn get_event(
        &self,
        _: Request<GetEventRequest>,
    ) -> Result<Response<GetEventResponse>, Status> {
        Err(not_implemented().into())
    }

    type WatchEventsStream = Answers<WatchEventsResponse>;

    /// Never says anything.
    async fn watch_events(
        &self,
        _: Request<WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        Ok(Response::new(Box::pin(futures::stream::pending())))
    }

    type ExportEventsStream = Answers<ExportEventsResponse>;

    /// Panics after its first piece.
    async fn export_events(
        &self,
        _: Request<ExportEventsRequest>,
    ) -> Result<Response<Self::ExportEventsStream>, Status> {
        let pieces = futures::stream::iter(0..2).map(|piece| {
            assert_eq!(piece, 0, "a defect of this test's handler");
            Ok(ExportEventsResponse::default())
        });
        Ok(Response::new(Box::pin(pieces)))
    }
}

async fn start(recorded: u64) -> PeerConfig {
    let config = GrpcConfig::insecure_loopback("127.0.0.1:0".parse().unwrap());
    let service = "aval.audit.v1.TrailService";
    let allowlist = Allowlist::default().with(service, &CallerId::insecure_loopback());
    let environment = Environment::system();
    let token = TokenConfig {
        issuer: "https://identity.test".to_owned(),
        jwks_url: "https://identity.test/jwks".to_owned(),
        jwks_ca: None,
        closed_sessions_url: None,
        leeway: Duration::ZERO.into(),
    };
    let keys = Arc::new(StaticKeys::default());
    let verifier = Arc::new(TokenVerifier::with_keys(&token, keys, &environment));
    let server = GrpcServer::new(&config, &environment, allowlist, verifier)
        .add_service(TrailServiceServer::new(Trail { recorded }))
        .bind()
        .await
        .unwrap();
    let peer = PeerConfig::insecure_loopback(server.bound_address());
    tokio::spawn(server.serve(CancellationToken::new()));
    peer
}

fn events(sequences: std::ops::RangeInclusive<u64>) -> Vec<(u64, Event)> {
    let random = SeededRandom::new(1);
    let now = Timestamp::from_unix_seconds(1_800_000_000);
    sequences
        .map(|sequence| {
            let actor = Actor::Service {
                name: "consent".to_owned(),
            };
            let id = EventId::new(now, &random);
            let kind = EventKind::GrantExpired;
            (
                sequence,
                Event::new(id, now, kind, Outcome::Success, actor, "consent"),
            )
        })
        .collect()
}

#[tokio::test]
async fn events_that_follow_what_is_recorded_are_acknowledged() {
    let trail = TrailClient::new(connect_lazy(&start(7).await).unwrap());
    assert_eq!(
        trail.append("consent", 1, events(8..=10)).await.unwrap(),
        10
    );
    assert_eq!(trail.append("consent", 1, events(3..=8)).await.unwrap(), 8);
}

#[tokio::test]
async fn events_after_a_hole_are_answered_with_the_one_that_is_missing() {
    let trail = TrailClient::new(connect_lazy(&start(7).await).unwrap());
    let error = trail
        .append("consent", 1, events(9..=10))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            TrailError::Hole {
                expected_sequence: 8
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_report_that_is_behind_what_is_recorded_is_refused() {
    let trail = TrailClient::new(connect_lazy(&start(7).await).unwrap());
    let waits_since = Some(Timestamp::from_unix_seconds(1_800_000_000));
    trail.report("consent", 1, 7, None).await.unwrap();
    trail.report("consent", 1, 9, waits_since).await.unwrap();
    let refused = trail.report("consent", 1, 6, None).await.unwrap_err();
    assert!(matches!(refused, TrailError::Refused(_)), "{refused:?}");
}

#[tokio::test]
async fn a_stream_ends_at_the_deadline_that_its_client_set() {
    let peer = start(0).await;
    let clear = tonic::transport::Endpoint::from_shared(peer.uri)
        .unwrap()
        .connect_lazy();
    let mut request = Request::new(WatchEventsRequest::default());
    request.set_timeout(Duration::from_secs(1));
    // This client's own limit ends with the headers: what comes after is the server's.
    let answer = TrailServiceClient::new(clear)
        .watch_events(request)
        .await
        .unwrap();
    let status = answer.into_inner().message().await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_stream_that_panics_ends_with_internal() {
    let mut client = TrailServiceClient::new(connect_lazy(&start(0).await).unwrap());
    let answer = client
        .export_events(ExportEventsRequest::default())
        .await
        .unwrap();
    let mut pieces = answer.into_inner();
    // What was ready before the panic may or may not have left.
    let status = loop {
        match pieces.message().await {
            Ok(piece) => assert!(piece.is_some(), "the stream ends with an error"),
            Err(status) => break status,
        }
    };
    assert_eq!(status.code(), Code::Internal);
}
