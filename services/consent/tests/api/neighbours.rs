//! The directory and the trail, as far as this service asks them.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aval_domain::event::Event;
use aval_proto::audit::v1 as audit;
use aval_proto::audit::v1::trail_service_server::{TrailService, TrailServiceServer};
use aval_proto::practitioner_directory::v1 as directory;
use aval_proto::practitioner_directory::v1::directory_service_server::{
    DirectoryService, DirectoryServiceServer,
};
use aval_proto::practitioner_directory::v1::resolve_identifier_response::Resolved;
use aval_runtime::caller::{Allowlist, CallerId};
use aval_runtime::config::{GrpcConfig, TlsFiles, TokenConfig};
use aval_runtime::convert::event::event_from_proto;
use aval_runtime::environment::Environment;
use aval_runtime::server::GrpcServer;
use aval_runtime::status::{FieldErrors, not_implemented};
use aval_runtime::token::{StaticKeys, TokenVerifier};
use futures::Stream;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Request, Response, Status};

use crate::people::{DOCTOR, MERGED, NURSE, ORGANIZATION, RPPS_OF_DOCTOR, activity_id_of};
use crate::stand::PATIENCE;

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Both services behind one listener, which consent alone may call.
pub(crate) struct Neighbours {
    pub(crate) address: SocketAddr,
    memory: Memory,
    _stop: DropGuard,
}

/// What the trail took, and whether the directory answers.
#[derive(Clone, Default)]
struct Memory {
    events: Arc<Mutex<Vec<Event>>>,
    directory_is_down: Arc<AtomicBool>,
}

impl Neighbours {
    pub(crate) async fn start(tls: TlsFiles, environment: &Environment) -> Self {
        let memory = Memory::default();
        let mut config = GrpcConfig::insecure_loopback("127.0.0.1:0".parse().unwrap());
        config.insecure_loopback = false;
        config.tls = Some(tls);
        let consent = CallerId::parse("consent").unwrap();
        let allowlist = Allowlist::default()
            .with("aval.practitioner_directory.v1.DirectoryService", &consent)
            .with("aval.audit.v1.TrailService", &consent);
        let nobodys_tokens = TokenConfig {
            issuer: "nobody".to_owned(),
            jwks_url: "https://localhost/".to_owned(),
            jwks_ca: None,
            closed_sessions_url: None,
            leeway: Duration::ZERO.into(),
        };
        let keys = Arc::new(StaticKeys::default());
        let verifier = Arc::new(TokenVerifier::with_keys(&nobodys_tokens, keys, environment));
        let server = GrpcServer::new(&config, environment, allowlist, verifier)
            .add_service(DirectoryServiceServer::new(memory.clone()))
            .add_service(TrailServiceServer::new(memory.clone()))
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

    /// The directory answers nobody from now on, or answers again.
    pub(crate) fn directory_is_down(&self, down: bool) {
        self.memory.directory_is_down.store(down, Ordering::SeqCst);
    }

    /// The kinds of the events that the trail took, once there are so many.
    pub(crate) async fn event_kinds(&self, count: usize) -> Vec<&'static str> {
        let events = self.events(count).await;
        events.iter().map(|event| event.kind.code()).collect()
    }

    /// The events that the trail took, once there are so many.
    pub(crate) async fn events(&self, count: usize) -> Vec<Event> {
        let taken = || self.memory.events.lock().unwrap().clone();
        let enough = async {
            while taken().len() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, enough)
            .await
            .expect("the trail takes the events");
        taken()
    }
}

impl Memory {
    fn answers(&self) -> Result<(), Status> {
        if self.directory_is_down.load(Ordering::SeqCst) {
            return Err(Status::unavailable("it is down"));
        }
        Ok(())
    }
}

fn practitioner(id: &str) -> Option<directory::Practitioner> {
    let (id, profession_code) = match id {
        DOCTOR | MERGED => (DOCTOR, "10"),
        NURSE => (NURSE, "60"),
        _ => return None,
    };
    Some(directory::Practitioner {
        practitioner_id: id.to_owned(),
        civility: "Dr".to_owned(),
        given_name: "Camille".to_owned(),
        family_name: "MARTIN".to_owned(),
        active: true,
        activities: vec![directory::Activity {
            activity_id: activity_id_of(id),
            profession_code: profession_code.to_owned(),
            organization: organization(ORGANIZATION),
            active: true,
            ..directory::Activity::default()
        }],
        ..directory::Practitioner::default()
    })
}

fn organization(id: &str) -> Option<directory::Organization> {
    (id == ORGANIZATION).then(|| directory::Organization {
        organization_id: id.to_owned(),
        name: "CH de Sainte-Colombe".to_owned(),
        ..directory::Organization::default()
    })
}

#[tonic::async_trait]
impl DirectoryService for Memory {
    async fn get_practitioner(
        &self,
        request: Request<directory::GetPractitionerRequest>,
    ) -> Result<Response<directory::GetPractitionerResponse>, Status> {
        self.answers()?;
        let known = practitioner(&request.into_inner().practitioner_id);
        let practitioner = Some(known.ok_or_else(|| Status::not_found("nobody"))?);
        Ok(Response::new(directory::GetPractitionerResponse {
            practitioner,
            as_of: None,
        }))
    }

    async fn get_organization(
        &self,
        request: Request<directory::GetOrganizationRequest>,
    ) -> Result<Response<directory::GetOrganizationResponse>, Status> {
        self.answers()?;
        let known = organization(&request.into_inner().organization_id);
        let organization = Some(known.ok_or_else(|| Status::not_found("none"))?);
        Ok(Response::new(directory::GetOrganizationResponse {
            organization,
            as_of: None,
        }))
    }

    async fn resolve_identifier(
        &self,
        request: Request<directory::ResolveIdentifierRequest>,
    ) -> Result<Response<directory::ResolveIdentifierResponse>, Status> {
        self.answers()?;
        let identifier = request.into_inner().identifier.unwrap();
        let known = practitioner(DOCTOR).filter(|_| identifier.value == RPPS_OF_DOCTOR);
        let known = known.ok_or_else(|| Status::not_found("nobody"))?;
        Ok(Response::new(directory::ResolveIdentifierResponse {
            resolved: Some(Resolved::Practitioner(known)),
            as_of: None,
        }))
    }

    async fn batch_get_practitioners(
        &self,
        request: Request<directory::BatchGetPractitionersRequest>,
    ) -> Result<Response<directory::BatchGetPractitionersResponse>, Status> {
        self.answers()?;
        let ids = request.into_inner().practitioner_ids;
        let missing = ids.iter().filter(|id| practitioner(id).is_none());
        Ok(Response::new(directory::BatchGetPractitionersResponse {
            missing_practitioner_ids: missing.cloned().collect(),
            practitioners: ids.iter().filter_map(|id| practitioner(id)).collect(),
            as_of: None,
        }))
    }

    async fn search_practitioners(
        &self,
        _: Request<directory::SearchPractitionersRequest>,
    ) -> Result<Response<directory::SearchPractitionersResponse>, Status> {
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
        _: Request<directory::WatchChangesRequest>,
    ) -> Result<Response<Self::WatchChangesStream>, Status> {
        Err(not_implemented().into())
    }

    async fn get_freshness(
        &self,
        _: Request<directory::GetFreshnessRequest>,
    ) -> Result<Response<directory::GetFreshnessResponse>, Status> {
        Err(not_implemented().into())
    }
}

#[tonic::async_trait]
impl TrailService for Memory {
    async fn append_events(
        &self,
        request: Request<audit::AppendEventsRequest>,
    ) -> Result<Response<audit::AppendEventsResponse>, Status> {
        let request = request.into_inner();
        assert_eq!(request.source, "consent");
        let mut acknowledged_sequence = 0;
        for sequenced in request.events {
            acknowledged_sequence = sequenced.sequence;
            let mut fields = FieldErrors::new();
            let event = event_from_proto(&mut fields, &sequenced.event.unwrap());
            self.events
                .lock()
                .unwrap()
                .push(event.expect("an event of ours is whole"));
        }
        Ok(Response::new(audit::AppendEventsResponse {
            acknowledged_sequence,
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
