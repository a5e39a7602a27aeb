//! The directory and the trail, as far as identity asks them.

mod changes;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aval_domain::event::{Event, EventKind};
use aval_proto::audit::v1 as audit;
use aval_proto::audit::v1::trail_service_server::{TrailService, TrailServiceServer};
use aval_proto::practitioner_directory::v1 as directory;
use aval_proto::practitioner_directory::v1::directory_service_server::{
    DirectoryService, DirectoryServiceServer,
};
use aval_proto::practitioner_directory::v1::resolve_identifier_response::Resolved;
use aval_runtime::caller::{Allowlist, CallerId};
use aval_runtime::config::{DurationText, GrpcConfig, TlsFiles, TokenConfig};
use aval_runtime::convert::event::event_from_proto;
use aval_runtime::environment::Environment;
use aval_runtime::server::GrpcServer;
use aval_runtime::status::{FieldErrors, Refusal, not_implemented};
use aval_runtime::token::{StaticKeys, TokenVerifier};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Request, Response, Status};

use crate::clinic;
use crate::stand::PATIENCE;

type Answers<T> = Pin<Box<dyn tokio_stream::Stream<Item = Result<T, Status>> + Send>>;

/// Both services behind one listener, which identity alone may call.
pub(crate) struct Neighbours {
    pub(crate) address: SocketAddr,
    pub(crate) memory: Arc<Memory>,
    _stop: DropGuard,
}

/// What the directory knows, what the trail took, and how they behave.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) practitioners: Mutex<HashMap<(i32, String), directory::Practitioner>>,
    pub(crate) fault: Mutex<Option<Status>>,
    changes: changes::Changes,
    events: Mutex<Vec<Event>>,
}

impl Neighbours {
    pub(crate) async fn start(tls: TlsFiles, environment: &Environment) -> Self {
        let memory = Arc::new(Memory::default());
        clinic::register_practitioners(&memory);
        let mut config = GrpcConfig::insecure_loopback("127.0.0.1:0".parse().unwrap());
        config.insecure_loopback = false;
        config.tls = Some(tls);
        let identity = CallerId::parse("identity").unwrap();
        let allowlist = Allowlist::default()
            .with("aval.practitioner_directory.v1.DirectoryService", &identity)
            .with("aval.audit.v1.TrailService", &identity);
        let nobodys_tokens = TokenConfig {
            issuer: "nobody".to_owned(),
            jwks_url: "https://localhost/".to_owned(),
            jwks_ca: None,
            closed_sessions_url: None,
            leeway: DurationText::from_secs(0),
        };
        let keys = Arc::new(StaticKeys::default());
        let verifier = Arc::new(TokenVerifier::with_keys(&nobodys_tokens, keys, environment));
        let server = GrpcServer::new(&config, environment, allowlist, verifier)
            .add_service(DirectoryServiceServer::new(Neighbour(Arc::clone(&memory))))
            .add_service(TrailServiceServer::new(Neighbour(Arc::clone(&memory))))
            .bind()
            .await
            .unwrap();
        let stop = CancellationToken::new();
        let address = server.bound_address();
        tokio::spawn(server.serve(stop.clone()));
        Self {
            address,
            memory,
            _stop: stop.drop_guard(),
        }
    }

    /// The directory answers with this status from now on, or answers again.
    pub(crate) fn fail(&self, fault: Option<Status>) {
        *self.memory.fault.lock().unwrap() = fault;
    }

    /// Changes what the directory knows of somebody.
    pub(crate) fn change(&self, rpps: &str, change: impl FnOnce(&mut directory::Practitioner)) {
        let kind = directory::IdentifierKind::Rpps.into();
        let mut known = self.memory.practitioners.lock().unwrap();
        change(known.get_mut(&(kind, rpps.to_owned())).unwrap());
    }

    /// The events of this kind that the trail took, once there are so many of them.
    pub(crate) async fn events(&self, kind: EventKind, count: usize) -> Vec<Event> {
        let taken = || -> Vec<Event> {
            let events = self.memory.events.lock().unwrap();
            events
                .iter()
                .filter(|event| event.kind == kind)
                .cloned()
                .collect()
        };
        let enough = async {
            while taken().len() < count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, enough).await.unwrap();
        taken()
    }
}

/// One of the two.
struct Neighbour(Arc<Memory>);

#[tonic::async_trait]
impl DirectoryService for Neighbour {
    async fn resolve_identifier(
        &self,
        request: Request<directory::ResolveIdentifierRequest>,
    ) -> Result<Response<directory::ResolveIdentifierResponse>, Status> {
        if let Some(fault) = self.0.fault.lock().unwrap().clone() {
            return Err(fault);
        }
        let asked = request.into_inner().identifier.unwrap();
        let known = self.0.practitioners.lock().unwrap();
        let found = known.get(&(asked.kind, asked.value));
        let found = found.ok_or_else(|| Status::not_found("there is no such identifier"))?;
        Ok(Response::new(directory::ResolveIdentifierResponse {
            resolved: Some(Resolved::Practitioner(found.clone())),
            as_of: None,
        }))
    }

    async fn get_practitioner(
        &self,
        request: Request<directory::GetPractitionerRequest>,
    ) -> Result<Response<directory::GetPractitionerResponse>, Status> {
        if let Some(fault) = self.0.fault.lock().unwrap().clone() {
            return Err(fault);
        }
        let asked = request.into_inner().practitioner_id;
        let known = self.0.practitioners.lock().unwrap();
        let found = known.values().find(|one| one.practitioner_id == asked);
        let found = found.ok_or_else(|| Status::not_found("there is no such practitioner"))?;
        Ok(Response::new(directory::GetPractitionerResponse {
            practitioner: Some(found.clone()),
            ..directory::GetPractitionerResponse::default()
        }))
    }

    async fn batch_get_practitioners(
        &self,
        _: Request<directory::BatchGetPractitionersRequest>,
    ) -> Result<Response<directory::BatchGetPractitionersResponse>, Status> {
        Err(not_implemented().into())
    }

    async fn search_practitioners(
        &self,
        _: Request<directory::SearchPractitionersRequest>,
    ) -> Result<Response<directory::SearchPractitionersResponse>, Status> {
        Err(not_implemented().into())
    }

    async fn get_organization(
        &self,
        _: Request<directory::GetOrganizationRequest>,
    ) -> Result<Response<directory::GetOrganizationResponse>, Status> {
        Err(not_implemented().into())
    }

    async fn search_organizations(
        &self,
        _: Request<directory::SearchOrganizationsRequest>,
    ) -> Result<Response<directory::SearchOrganizationsResponse>, Status> {
        Err(not_implemented().into())
    }

    type WatchChangesStream = Answers<directory::WatchChangesResponse>;

    async fn watch_changes(
        &self,
        request: Request<directory::WatchChangesRequest>,
    ) -> Result<Response<Self::WatchChangesStream>, Status> {
        let cursor = request.into_inner().cursor;
        changes::watch(Arc::clone(&self.0), &cursor).map(Response::new)
    }

    async fn get_freshness(
        &self,
        _: Request<directory::GetFreshnessRequest>,
    ) -> Result<Response<directory::GetFreshnessResponse>, Status> {
        Err(not_implemented().into())
    }
}

#[tonic::async_trait]
impl TrailService for Neighbour {
    async fn append_events(
        &self,
        request: Request<audit::AppendEventsRequest>,
    ) -> Result<Response<audit::AppendEventsResponse>, Status> {
        let request = request.into_inner();
        assert_eq!(request.source, "identity");
        let mut fields = FieldErrors::new();
        let mut read = |one: &audit::SequencedEvent| {
            event_from_proto(&mut fields, one.event.as_ref().unwrap())
        };
        let events: Option<Vec<Event>> = request.events.iter().map(&mut read).collect();
        fields.finish().map_err(Refusal::into_status)?;
        self.0.events.lock().unwrap().extend(events.unwrap());
        Ok(Response::new(audit::AppendEventsResponse {
            acknowledged_sequence: request.events.last().unwrap().sequence,
            receipts: Vec::new(),
        }))
    }

    async fn report_outbox(
        &self,
        request: Request<audit::ReportOutboxRequest>,
    ) -> Result<Response<audit::ReportOutboxResponse>, Status> {
        let recorded_sequence = request.into_inner().newest_sequence;
        Ok(Response::new(audit::ReportOutboxResponse {
            recorded_sequence,
        }))
    }

    async fn list_events(
        &self,
        _: Request<audit::ListEventsRequest>,
    ) -> Result<Response<audit::ListEventsResponse>, Status> {
        Err(not_implemented().into())
    }

    async fn get_event(
        &self,
        _: Request<audit::GetEventRequest>,
    ) -> Result<Response<audit::GetEventResponse>, Status> {
        Err(not_implemented().into())
    }

    type WatchEventsStream = Answers<audit::WatchEventsResponse>;

    async fn watch_events(
        &self,
        _: Request<audit::WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        Err(not_implemented().into())
    }

    type ExportEventsStream = Answers<audit::ExportEventsResponse>;

    async fn export_events(
        &self,
        _: Request<audit::ExportEventsRequest>,
    ) -> Result<Response<Self::ExportEventsStream>, Status> {
        Err(not_implemented().into())
    }
}
