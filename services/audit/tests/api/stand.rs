//! The service, started as it is in production, on a throw-away database.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aval_audit::config::{
    Config, EncryptionConfig, ListsConfig, LogConfig, PageTokensConfig, RetentionConfig,
    UnusualConfig, WatchConfig, WitnessesConfig,
};
use aval_audit::server::{Running, Server};
use aval_database::DatabaseConfig;
use aval_domain::time::{Clock, SystemClock, Timestamp};
use aval_proto::audit::v1::GetCheckpointRequest;
use aval_proto::audit::v1::finding_service_client::FindingServiceClient;
use aval_proto::audit::v1::oversight_service_client::OversightServiceClient;
use aval_proto::audit::v1::retention_service_client::RetentionServiceClient;
use aval_proto::audit::v1::trail_service_client::TrailServiceClient;
use aval_proto::audit::v1::transparency_service_client::TransparencyServiceClient;
use aval_runtime::channel::{Channel, connect_lazy};
use aval_runtime::config::{
    GrpcConfig, OpsConfig, PeerConfig, TelemetryConfig, TlsFiles, TokenConfig,
};
use aval_runtime::environment::Environment;
use aval_runtime::token::TokenSigner;
use aval_testing::pki::{DevelopmentPki, TRUST_DOMAIN};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::jwks;

pub(crate) const ISSUER: &str = "https://identity.test";

/// Longer than any machine takes; a test that waits so long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The table that the platform ships.
const CALLERS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../deploy/base/callers.toml"
);

/// The machine's clock, and as far ahead of it as it was told. Clones share that.
#[derive(Debug, Clone, Default)]
pub(crate) struct AheadClock(Arc<AtomicU64>);

impl AheadClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_secs(), Ordering::SeqCst);
    }
}

impl Clock for AheadClock {
    fn now(&self) -> Timestamp {
        let ahead = Duration::from_secs(self.0.load(Ordering::SeqCst));
        SystemClock.now().saturating_add(ahead)
    }
}

/// A running service, with everybody's certificates and the issuer's key.
pub(crate) struct Stand {
    pub(crate) signer: TokenSigner,
    pki: DevelopmentPki,
    folder: TempDir,
    jwks_url: String,
    watch: WatchConfig,
    witnesses: WitnessesConfig,
    /// The service's.
    pub(crate) clock: AheadClock,
    service: Option<(Running, CancellationToken)>,
}

impl Stand {
    pub(crate) async fn start() -> Self {
        Self::start_with(WatchConfig::default()).await
    }

    /// Starts the service with other bounds for those who watch.
    pub(crate) async fn start_with(watch: WatchConfig) -> Self {
        let folder = TempDir::new().unwrap();
        let now = SystemClock.now();
        let pki = DevelopmentPki::create_or_open(&folder.path().join("pki"), now).unwrap();
        let signer = TokenSigner::generate();
        let address = jwks::serve(signer.jwks().to_string()).await;
        let mut stand = Self {
            signer,
            pki,
            folder,
            jwks_url: format!("http://{address}/jwks.json"),
            watch,
            witnesses: WitnessesConfig::default(),
            clock: AheadClock::default(),
            service: None,
        };
        stand.start_again().await;
        stand
    }

    /// Starts the service on the same database, after [`Stand::stop`].
    pub(crate) async fn start_again(&mut self) {
        let shutdown = CancellationToken::new();
        let environment = Environment {
            clock: Arc::new(self.clock.clone()),
            ..Environment::system()
        };
        let running = Server::start(self.config(), environment, shutdown.clone()).await;
        self.service = Some((running.unwrap(), shutdown));
        self.until_it_writes().await;
    }

    /// Has these witnesses asked from the next start on.
    pub(crate) fn witnessed_by(&mut self, witnesses: WitnessesConfig) {
        self.witnesses = witnesses;
    }

    pub(crate) async fn stop(&mut self) {
        let (running, shutdown) = self.service.take().unwrap();
        shutdown.cancel();
        let stopped = tokio::time::timeout(PATIENCE, running.stopped()).await;
        stopped.expect("the service stops");
    }

    pub(crate) fn trail(&self, caller: &str) -> TrailServiceClient<Channel> {
        TrailServiceClient::new(self.channel(caller))
    }

    pub(crate) fn retention(&self, caller: &str) -> RetentionServiceClient<Channel> {
        RetentionServiceClient::new(self.channel(caller))
    }

    pub(crate) fn transparency(&self, caller: &str) -> TransparencyServiceClient<Channel> {
        TransparencyServiceClient::new(self.channel(caller))
    }

    pub(crate) fn findings(&self, caller: &str) -> FindingServiceClient<Channel> {
        FindingServiceClient::new(self.channel(caller))
    }

    pub(crate) fn oversight(&self, caller: &str) -> OversightServiceClient<Channel> {
        OversightServiceClient::new(self.channel(caller))
    }

    pub(crate) fn channel(&self, caller: &str) -> Channel {
        let (running, _) = self.service.as_ref().unwrap();
        let peer = PeerConfig {
            uri: format!("https://localhost:{}", running.grpc.port()),
            tls: Some(self.files(caller)),
            server_name: None,
            deadline: PATIENCE.into(),
            connections: 2,
        };
        connect_lazy(&peer).unwrap()
    }

    /// Gives software of this name a certificate.
    pub(crate) fn admit(&self, name: &str) {
        self.pki.issue(name, SystemClock.now()).unwrap();
    }

    pub(crate) fn files(&self, name: &str) -> TlsFiles {
        let files = self.pki.files(name);
        TlsFiles {
            certificate: files.certificate,
            private_key: files.key,
            client_ca: files.ca,
        }
    }

    pub(crate) fn ops_port(&self) -> u16 {
        self.service.as_ref().unwrap().0.ops.port()
    }

    pub(crate) fn database_file(&self) -> PathBuf {
        self.folder.path().join("audit.sqlite")
    }

    pub(crate) fn config(&self) -> Config {
        let any_port = "127.0.0.1:0".parse().unwrap();
        let url = format!("sqlite://{}?mode=rwc", self.database_file().display());
        Config {
            migrate_on_start: true,
            create_missing_keys: true,
            grpc: GrpcConfig {
                tls: Some(self.files("audit")),
                insecure_loopback: false,
                callers: Some(CALLERS.into()),
                trust_domain: Some(TRUST_DOMAIN.to_owned()),
                ..GrpcConfig::insecure_loopback(any_port)
            },
            ops: OpsConfig { listen: any_port },
            telemetry: TelemetryConfig::default(),
            database: DatabaseConfig::for_url(url),
            token: TokenConfig {
                issuer: ISSUER.to_owned(),
                jwks_url: self.jwks_url.clone(),
                jwks_ca: None,
                closed_sessions_url: None,
                leeway: Duration::from_secs(2).into(),
            },
            log: LogConfig {
                origin: "audit.example/trail".to_owned(),
                key_file: self.folder.path().join("keys/checkpoint.key"),
                former_keys: Vec::new(),
            },
            encryption: EncryptionConfig {
                key_files: vec![self.folder.path().join("keys/trail-encryption.key")],
            },
            retention: RetentionConfig::default(),
            page_tokens: PageTokensConfig {
                key_file: self.folder.path().join("keys/page-tokens.key"),
            },
            watch: self.watch.clone(),
            lists: ListsConfig::default(),
            unusual: UnusualConfig::default(),
            witnesses: self.witnesses.clone(),
        }
    }

    /// The writer takes over a moment after the service answers its first call.
    async fn until_it_writes(&self) {
        let mut transparency = self.transparency("gateway");
        let written = async {
            loop {
                match transparency.get_checkpoint(GetCheckpointRequest {}).await {
                    Ok(_) => return,
                    Err(status) => assert_eq!(status.code(), Code::Unavailable, "{status:?}"),
                }
            }
        };
        let written = tokio::time::timeout(PATIENCE, written).await;
        written.expect("the log is signed");
    }
}

/// The reason in a refusal.
pub(crate) fn reason(status: &Status) -> String {
    let info = status.get_details_error_info();
    info.map(|info| info.reason).unwrap_or_default()
}

/// The fields that a refusal names.
pub(crate) fn fields(status: &Status) -> Vec<String> {
    let request = status.get_details_bad_request();
    let violations = request.map(|request| request.field_violations);
    let violations = violations.unwrap_or_default().into_iter();
    violations.map(|violation| violation.field).collect()
}

/// An entry of a refusal's metadata.
pub(crate) fn metadata(status: &Status, key: &str) -> Option<String> {
    status.get_details_error_info()?.metadata.remove(key)
}
