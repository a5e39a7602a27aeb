//! The service and everything around it, started for one test.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aval_domain::random::SystemRandom;
use aval_domain::time::{Clock, ManualClock, SystemClock};
use aval_identity::config::{
    Config, JwksConfig, ParallelSessionsConfig, PatientClaims, PatientKeyFiles, ProviderAlgorithm,
    ProviderConfig, SessionConfig, TokenIssuance,
};
use aval_identity::server::{Running, Server};
use aval_runtime::config::{
    DurationText, GrpcConfig, OpsConfig, PeerConfig, TelemetryConfig, TlsFiles,
};
use aval_runtime::environment::Environment;
use aval_runtime::token::AuthenticationStrength;
use aval_testing::pki::DevelopmentPki;
use aval_testing::provider::{ClientConfig, DevelopmentProvider, Realm, Transport};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::clinic;
use crate::neighbours::Neighbours;

/// How long a test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
pub(crate) const ISSUER: &str = "https://identity.test";

const LOOPBACK: &str = "127.0.0.1:0";

/// `clinic` and `other-clinic` stand for the professionals' software.
const CALLERS: &str = "
[services]
'aval.identity.v1.SessionService' = ['gateway', 'operator', 'clinic', 'other-clinic']
'aval.identity.v1.PatientService' = ['gateway', 'records', 'operator', 'clinic']
'aval.identity.v1.MergeService' = ['consent', 'clinic', 'gateway']
";

/// A running service; it stops when this is dropped.
pub(crate) struct Stand {
    pub(crate) clock: ManualClock,
    pub(crate) provider: DevelopmentProvider,
    pub(crate) neighbours: Neighbours,
    pub(crate) identity: Running,
    pub(crate) pki: DevelopmentPki,
    pub(crate) folder: TempDir,
    shutdown: StopOnDrop,
}

/// What a test that ends leaves nothing behind by.
struct StopOnDrop(CancellationToken);

impl Stand {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_, _| {}).await
    }

    /// The same with another configuration.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Config, &DevelopmentPki)) -> Self {
        aval_runtime::tls::install_crypto_provider();
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::new(SystemClock.now());
        let environment = Environment {
            clock: Arc::new(clock.clone()),
            random: Arc::new(SystemRandom),
        };
        let pki = DevelopmentPki::create_or_open(&folder.path().join("pki"), clock.now()).unwrap();
        let provider = provider(&pki, &environment).await;
        let neighbours = Neighbours::start(tls_of(&pki, "audit"), &environment).await;
        let mut config = config(&folder, &pki, &provider, &neighbours);
        change(&mut config, &pki);
        let shutdown = CancellationToken::new();
        let identity = Server::start(config, environment, shutdown.clone())
            .await
            .unwrap();
        Self {
            clock,
            provider,
            neighbours,
            identity,
            pki,
            folder,
            shutdown: StopOnDrop(shutdown),
        }
    }

    /// The certificates of the caller of this name.
    pub(crate) fn tls(&self, name: &str) -> TlsFiles {
        self.pki.issue(name, SystemClock.now()).unwrap();
        tls_of(&self.pki, name)
    }

    /// How the caller of this name reaches the service.
    pub(crate) fn peer(&self, name: &str) -> PeerConfig {
        PeerConfig {
            uri: format!("https://localhost:{}", self.identity.grpc.port()),
            tls: Some(self.tls(name)),
            server_name: None,
            deadline: DurationText::from_secs(30),
            connections: 2,
        }
    }

    /// Where the tables are.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("identity.sqlite")
    }

    /// Where the keys of the tokens are published.
    pub(crate) fn jwks_url(&self) -> String {
        format!(
            "https://localhost:{}/.well-known/jwks.json",
            self.identity.jwks.port()
        )
    }

    /// Where the closed sessions are published.
    pub(crate) fn closed_sessions_url(&self) -> String {
        self.jwks_url().replace("jwks", "closed-sessions")
    }

    /// Where the providers say that somebody signed out.
    pub(crate) fn logout_url(&self) -> String {
        self.jwks_url().replace(
            "/.well-known/jwks.json",
            aval_identity::backchannel_logout::PATH,
        )
    }

    /// Stops the service alone; whoever holds them keeps those around it.
    pub(crate) async fn stop_alone(self) -> (Neighbours, DevelopmentPki, TempDir) {
        let Self {
            identity,
            neighbours,
            pki,
            folder,
            shutdown,
            ..
        } = self;
        shutdown.0.cancel();
        tokio::time::timeout(PATIENCE, identity.stopped())
            .await
            .unwrap();
        (neighbours, pki, folder)
    }

    /// Lets what is at work finish, and stops; the folder stays with whoever holds it.
    pub(crate) async fn stop(self) -> TempDir {
        let Self {
            identity,
            folder,
            shutdown,
            ..
        } = self;
        shutdown.0.cancel();
        tokio::time::timeout(PATIENCE, identity.stopped())
            .await
            .unwrap();
        folder
    }
}

pub(crate) fn tls_of(pki: &DevelopmentPki, name: &str) -> TlsFiles {
    let files = pki.files(name);
    TlsFiles {
        certificate: files.certificate,
        private_key: files.key,
        client_ca: files.ca,
    }
}

async fn provider(pki: &DevelopmentPki, environment: &Environment) -> DevelopmentProvider {
    let transport = Transport::https(&pki.files("provider"));
    let mut config = aval_testing::provider::ProviderConfig::new(
        transport,
        Arc::clone(&environment.clock),
        Arc::clone(&environment.random),
    );
    clinic::register_accounts(&mut config.accounts);
    DevelopmentProvider::start(config).await.unwrap()
}

fn config(
    folder: &TempDir,
    pki: &DevelopmentPki,
    provider: &DevelopmentProvider,
    neighbours: &Neighbours,
) -> Config {
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("callers.toml"), CALLERS).unwrap();
    std::fs::write(file("client-secret"), ClientConfig::development().secret).unwrap();
    let listen = LOOPBACK.parse().unwrap();
    let mut grpc = GrpcConfig::insecure_loopback(listen);
    grpc.insecure_loopback = false;
    grpc.tls = Some(tls_of(pki, "identity"));
    grpc.callers = Some(file("callers.toml"));
    let peer = PeerConfig {
        uri: format!("https://localhost:{}", neighbours.address.port()),
        tls: grpc.tls.clone(),
        server_name: None,
        deadline: DurationText::from_secs(5),
        connections: 2,
    };
    let realm = |realm: Realm, acr: &[(&str, AuthenticationStrength)]| ProviderConfig {
        client_certificate: None,
        issuer: provider.issuer(realm).to_owned(),
        discovery_url: provider.discovery_url(realm),
        client_id: ClientConfig::development().id,
        client_secret_file: Some(file("client-secret")),
        ca: pki.files("provider").ca,
        algorithms: vec![ProviderAlgorithm::Rs256],
        acr_values: acr
            .iter()
            .map(|(acr, strength)| ((*acr).to_owned(), *strength))
            .collect(),
        clock_skew: DurationText::from_secs(30),
        oldest_sign_in: DurationText::from_secs(4 * 60 * 60),
        timeout: DurationText::from_secs(5),
        introspection: true,
    };
    let database = format!("sqlite://{}?mode=rwc", file("identity.sqlite").display());
    Config {
        grpc,
        ops: OpsConfig { listen },
        jwks: JwksConfig { listen },
        telemetry: TelemetryConfig::default(),
        database: aval_database::DatabaseConfig::for_url(database),
        migrate_on_start: true,
        token: TokenIssuance {
            issuer: ISSUER.to_owned(),
            signing_key_file: file("token.pem"),
            published_key_files: Vec::new(),
            lifetime: DurationText::from_secs(300),
        },
        parallel_sessions: ParallelSessionsConfig::default(),
        age_of_majority: 18,
        session: SessionConfig::default(),
        patient_keys: PatientKeyFiles {
            digest_key_file: file("digest.key"),
            other_digest_key_files: Vec::new(),
            encryption_key_file: file("encryption.key"),
            other_encryption_key_files: Vec::new(),
        },
        create_missing_keys: true,
        accept_test_identities: true,
        practitioners_provider: realm(
            Realm::Professionals,
            &[("eidas1", AuthenticationStrength::Substantial)],
        ),
        patients_provider: realm(
            Realm::Patients,
            &[
                ("eidas2", AuthenticationStrength::Substantial),
                ("eidas3", AuthenticationStrength::High),
            ],
        ),
        patient_claims: PatientClaims::default(),
        practitioner_directory: peer.clone(),
        audit: peer,
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
