//! A trail that keeps what it is told in memory.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use aval_proto::audit::v1 as proto;
use aval_proto::audit::v1::trail_service_server::{TrailService, TrailServiceServer};
use aval_runtime::caller::{Allowlist, CallerId};
use aval_runtime::config::{GrpcConfig, TokenConfig};
use aval_runtime::environment::Environment;
use aval_runtime::server::GrpcServer;
use aval_runtime::status::not_implemented;
use aval_runtime::token::{StaticKeys, TokenSigner, TokenVerifier};
use aval_testing::pki::DevelopmentPki;
use futures::Stream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use crate::stand::{Shared, tls};

pub(crate) struct Trail {
    pub(crate) address: SocketAddr,
    told: Shared<Vec<proto::Event>>,
}

impl Trail {
    /// Listens until `shutdown`.
    pub(crate) async fn start(pki: &DevelopmentPki, shutdown: CancellationToken) -> Self {
        let mut config = GrpcConfig::insecure_loopback("127.0.0.1:0".parse().unwrap());
        config.insecure_loopback = false;
        config.tls = Some(tls(pki, "audit"));
        let caller = CallerId::parse("practitioner-directory").unwrap();
        let allowlist = Allowlist::default().with("aval.audit.v1.TrailService", &caller);
        let environment = Environment::system();
        let token = TokenConfig {
            issuer: crate::issuer::NAME.to_owned(),
            jwks_url: "https://identity.test/jwks".to_owned(),
            jwks_ca: None,
            closed_sessions_url: None,
            leeway: std::time::Duration::from_secs(2).into(),
        };
        let keys = Arc::new(StaticKeys::of(&TokenSigner::generate()));
        let verifier = Arc::new(TokenVerifier::with_keys(&token, keys, &environment));
        let told = Shared::default();
        let desk = Desk {
            told: Arc::clone(&told),
        };
        let server = GrpcServer::new(&config, &environment, allowlist, verifier)
            .add_service(TrailServiceServer::new(desk))
            .bind()
            .await
            .unwrap();
        let address = server.bound_address();
        tokio::spawn(server.serve(shutdown));
        Self { address, told }
    }

    /// What it was told so far.
    pub(crate) fn told(&self) -> Vec<proto::Event> {
        self.told.lock().unwrap().clone()
    }
}

struct Desk {
    told: Shared<Vec<proto::Event>>,
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl TrailService for Desk {
    type WatchEventsStream = Answers<proto::WatchEventsResponse>;
    type ExportEventsStream = Answers<proto::ExportEventsResponse>;

    async fn append_events(
        &self,
        request: Request<proto::AppendEventsRequest>,
    ) -> Result<Response<proto::AppendEventsResponse>, Status> {
        let request = request.into_inner();
        assert_eq!(request.source, "practitioner-directory");
        let acknowledged_sequence = request.events.last().unwrap().sequence;
        let events = request.events.into_iter().filter_map(|item| item.event);
        self.told.lock().unwrap().extend(events);
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

    async fn watch_events(
        &self,
        _: Request<proto::WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        Err(not_implemented().into())
    }

    async fn export_events(
        &self,
        _: Request<proto::ExportEventsRequest>,
    ) -> Result<Response<Self::ExportEventsStream>, Status> {
        Err(not_implemented().into())
    }
}
