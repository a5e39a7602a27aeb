//! The service, started as it is in production, on a throw-away database.

use std::time::Duration;

use aval_consent::config::{
    CacheConfig, Config, NotificationsConfig, PageTokensConfig, PolicyConfig, RequestsConfig,
    TrailConfig,
};
use aval_consent::server::{Running, Server};
use aval_database::DatabaseConfig;
use aval_domain::id::RequestId;
use aval_domain::random::SystemRandom;
use aval_domain::time::{Clock, SystemClock};
use aval_proto::common::v1 as common;
use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::decision_service_client::DecisionServiceClient;
use aval_proto::consent::v1::grant_service_client::GrantServiceClient;
use aval_proto::consent::v1::notification_service_client::NotificationServiceClient;
use aval_proto::consent::v1::policy_service_client::PolicyServiceClient;
use aval_proto::consent::v1::record_settings_service_client::RecordSettingsServiceClient;
use aval_runtime::channel::{Channel, connect_lazy};
use aval_runtime::config::{
    GrpcConfig, OpsConfig, PeerConfig, TelemetryConfig, TlsFiles, TokenConfig,
};
use aval_runtime::environment::Environment;
use aval_runtime::token::TokenSigner;
use aval_testing::pki::{DevelopmentPki, TRUST_DOMAIN};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic_types::StatusExt;

use crate::jwks;
use crate::neighbours::Neighbours;
use crate::people::{ANNA, DOCTOR, Person, caller_of};

pub(crate) const ISSUER: &str = "https://identity.test";

/// Longer than any machine takes; a test that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The table that the platform ships.
const CALLERS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../deploy/base/callers.toml"
);

/// A running service with its neighbours, everybody's certificates, the issuer's key.
pub(crate) struct Stand {
    pub(crate) neighbours: Neighbours,
    pub(crate) signer: TokenSigner,
    pki: DevelopmentPki,
    folder: TempDir,
    running: Option<Running>,
    shutdown: CancellationToken,
    port: u16,
}

impl Stand {
    /// With an open record of Anna's.
    pub(crate) async fn start() -> Self {
        let stand = Self::start_empty().await;
        stand.open_record(ANNA).await;
        stand
    }

    pub(crate) async fn start_empty() -> Self {
        let folder = TempDir::new().unwrap();
        let now = SystemClock.now();
        let pki = DevelopmentPki::create_or_open(&folder.path().join("pki"), now).unwrap();
        pki.issue("stranger", now).unwrap();
        let environment = Environment::system();
        let neighbours = Neighbours::start(files(&pki, "audit"), &environment).await;
        let signer = TokenSigner::generate();
        let address = jwks::serve(signer.jwks().to_string()).await;
        let mut stand = Self {
            neighbours,
            signer,
            pki,
            folder,
            running: None,
            shutdown: CancellationToken::new(),
            port: 0,
        };
        let config = stand.config(&format!("http://{address}/jwks.json"));
        let shutdown = stand.shutdown.clone();
        let running = Server::start(config, environment, shutdown).await.unwrap();
        stand.port = running.grpc.port();
        stand.running = Some(running);
        stand
    }

    pub(crate) async fn stop(mut self) {
        self.shutdown.cancel();
        let running = self.running.take().unwrap();
        let stopped = tokio::time::timeout(PATIENCE, running.stopped()).await;
        stopped.expect("the service stops");
    }

    pub(crate) fn grants(&self, person: Person) -> GrantServiceClient<Channel> {
        GrantServiceClient::new(self.channel(caller_of(person)))
    }

    pub(crate) fn settings(&self, person: Person) -> RecordSettingsServiceClient<Channel> {
        RecordSettingsServiceClient::new(self.channel(caller_of(person)))
    }

    pub(crate) fn decisions(&self, person: Person) -> DecisionServiceClient<Channel> {
        DecisionServiceClient::new(self.channel(caller_of(person)))
    }

    pub(crate) fn notifications(&self, person: Person) -> NotificationServiceClient<Channel> {
        NotificationServiceClient::new(self.channel(caller_of(person)))
    }

    /// As this software calls it.
    pub(crate) fn policy(&self, software: &str) -> PolicyServiceClient<Channel> {
        PolicyServiceClient::new(self.channel(software))
    }

    pub(crate) fn channel(&self, caller: &str) -> Channel {
        let peer = PeerConfig {
            uri: format!("https://localhost:{}", self.port),
            tls: Some(self.files(caller)),
            server_name: None,
            deadline: PATIENCE.into(),
            connections: 2,
        };
        connect_lazy(&peer).unwrap()
    }

    pub(crate) fn files(&self, name: &str) -> TlsFiles {
        files(&self.pki, name)
    }

    pub(crate) async fn open_record(&self, patient_id: &str) {
        let request = proto::OpenRecordRequest {
            patient_id: patient_id.to_owned(),
            request_id: request_id(),
        };
        let mut settings = RecordSettingsServiceClient::new(self.channel("records"));
        settings.open_record(request).await.unwrap();
    }

    pub(crate) async fn grant_to_doctor(&self) -> proto::Grant {
        let request = self.request(create_grant(), Person::Anna);
        let answer = self
            .grants(Person::Anna)
            .create_grant(request)
            .await
            .unwrap();
        answer.into_inner().grant.unwrap()
    }

    pub(crate) async fn check(
        &self,
        question: proto::AccessQuestion,
        person: Person,
    ) -> proto::Decision {
        let request = self.request(
            proto::CheckRequest {
                question: Some(question),
            },
            person,
        );
        let answer = self.decisions(person).check(request).await.unwrap();
        answer.into_inner().decision.unwrap()
    }

    pub(crate) async fn authorize(
        &self,
        question: proto::AccessQuestion,
        person: Person,
    ) -> proto::AuthorizeResponse {
        let question = Some(question);
        let message = proto::AuthorizeRequest {
            question,
            request_id: request_id(),
        };
        let request = self.request(message, person);
        self.decisions(person)
            .authorize(request)
            .await
            .unwrap()
            .into_inner()
    }

    fn config(&self, jwks_url: &str) -> Config {
        let any_port = "127.0.0.1:0".parse().unwrap();
        let database = self.folder.path().join("consent.sqlite");
        let neighbour = || PeerConfig {
            uri: format!("https://localhost:{}", self.neighbours.address.port()),
            tls: Some(self.files("consent")),
            server_name: None,
            deadline: PATIENCE.into(),
            connections: 2,
        };
        Config {
            migrate_on_start: true,
            create_missing_keys: true,
            grpc: GrpcConfig {
                tls: Some(self.files("consent")),
                insecure_loopback: false,
                callers: Some(CALLERS.into()),
                trust_domain: Some(TRUST_DOMAIN.to_owned()),
                ..GrpcConfig::insecure_loopback(any_port)
            },
            ops: OpsConfig { listen: any_port },
            telemetry: TelemetryConfig::default(),
            database: DatabaseConfig::for_url(format!("sqlite://{}?mode=rwc", database.display())),
            token: TokenConfig {
                issuer: ISSUER.to_owned(),
                jwks_url: jwks_url.to_owned(),
                jwks_ca: None,
                closed_sessions_url: None,
                leeway: Duration::from_secs(2).into(),
            },
            practitioner_directory: neighbour(),
            identity: neighbour(),
            audit: neighbour(),
            page_tokens: PageTokensConfig {
                key_file: self.folder.path().join("keys/page-tokens.key"),
            },
            cache: CacheConfig::default(),
            policy: PolicyConfig {
                example_matrix: true,
                ..PolicyConfig::default()
            },
            trail: TrailConfig::default(),
            requests: RequestsConfig::default(),
            // So that nothing is waited for that time brings about.
            notifications: NotificationsConfig {
                expiring_before: Duration::from_secs(10).into(),
                look_every: Duration::from_millis(100).into(),
                heartbeat_every: Duration::from_millis(200).into(),
                ..NotificationsConfig::default()
            },
        }
    }
}

fn files(pki: &DevelopmentPki, name: &str) -> TlsFiles {
    let files = pki.files(name);
    TlsFiles {
        certificate: files.certificate,
        private_key: files.key,
        client_ca: files.ca,
    }
}

pub(crate) fn request_id() -> String {
    RequestId::new(&SystemRandom).to_string()
}

/// Anna authorises the doctor for reports, until revoked.
pub(crate) fn create_grant() -> proto::CreateGrantRequest {
    proto::CreateGrantRequest {
        patient_id: ANNA.to_owned(),
        grantee: Some(person(DOCTOR)),
        document_classes: vec![common::DocumentClass::Report.into()],
        period: None,
        request_id: request_id(),
    }
}

pub(crate) fn person(practitioner_id: &str) -> common::Grantee {
    let grantee = common::grantee::Grantee::PractitionerId(practitioner_id.to_owned());
    common::Grantee {
        grantee: Some(grantee),
    }
}

/// To consult two documents of Anna's: a report and a prescription.
pub(crate) fn question() -> proto::AccessQuestion {
    proto::AccessQuestion {
        patient_id: ANNA.to_owned(),
        action: common::AccessAction::Consult.into(),
        mode: common::AccessMode::Normal.into(),
        documents: vec![
            document("report-1", common::DocumentClass::Report),
            document("prescription-1", common::DocumentClass::Prescription),
        ],
        ..proto::AccessQuestion::default()
    }
}

pub(crate) fn document(id: &str, class: common::DocumentClass) -> common::DocumentRef {
    common::DocumentRef {
        document_id: id.to_owned(),
        document_class: class.into(),
        ..common::DocumentRef::default()
    }
}

/// The reason in a refusal.
pub(crate) fn reason(status: &Status) -> String {
    status
        .get_details_error_info()
        .map(|info| info.reason)
        .unwrap_or_default()
}

/// The fields that a refusal names.
pub(crate) fn fields(status: &Status) -> Vec<String> {
    let request = status.get_details_bad_request();
    let violations = request
        .map(|request| request.field_violations)
        .unwrap_or_default();
    violations
        .into_iter()
        .map(|violation| violation.field)
        .collect()
}
