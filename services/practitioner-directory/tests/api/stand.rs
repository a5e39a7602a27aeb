//! The service behind real sockets, with a throw-away database.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aval_domain::id::RequestId;
use aval_domain::random::SystemRandom;
use aval_domain::time::{Clock, SystemClock, Timestamp};
use aval_practitioner_directory::config::{
    Config, FreshnessConfig, ImportConfig, PeopleConfig, SearchConfig, WatchConfig,
};
use aval_practitioner_directory::server::{Running, Server};
use aval_proto::practitioner_directory::v1::directory_admin_service_client::DirectoryAdminServiceClient;
use aval_proto::practitioner_directory::v1::directory_service_client::DirectoryServiceClient;
use aval_proto::practitioner_directory::v1::import_extraction_request::Part;
use aval_proto::practitioner_directory::v1::{
    Import, ImportExtractionRequest, ImportHeader, ImportState, ListImportsRequest,
};
use aval_runtime::channel::{Channel, connect_lazy};
use aval_runtime::config::{GrpcConfig, OpsConfig, PeerConfig, TlsFiles, TokenConfig};
use aval_runtime::environment::Environment;
use aval_testing::pki::{DevelopmentPki, TRUST_DOMAIN};
use aval_testing::synthesize::{Directory, SynthesisPlan, file_name};
use futures::stream;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::issuer::{self, Issuer};
use crate::trail::Trail;

/// How long a test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Who may call what in these tests. `gateway` may call the admin service too, to show
/// that the table is not the only thing that stands before it.
const CALLERS: &str = "[services]\n\
    'aval.practitioner_directory.v1.DirectoryService' = \
        ['gateway', 'records', 'identity', 'consent', 'operator']\n\
    'aval.practitioner_directory.v1.DirectoryAdminService' = ['operator', 'gateway']\n";

/// The running service and everything around it.
pub(crate) struct Stand {
    pub(crate) pki: DevelopmentPki,
    pub(crate) issuer: Issuer,
    pub(crate) trail: Trail,
    grpc: SocketAddr,
    ops: SocketAddr,
    shutdown: CancellationToken,
    _running: Running,
    _folder: TempDir,
}

impl Stand {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pki = DevelopmentPki::create_or_open(&folder.path().join("pki"), SystemClock.now());
        let pki = pki.unwrap();
        pki.issue("stranger", SystemClock.now()).unwrap();
        let callers = folder.path().join("callers.toml");
        std::fs::write(&callers, CALLERS).unwrap();
        let shutdown = CancellationToken::new();
        let issuer = Issuer::start(shutdown.clone()).await;
        let trail = Trail::start(&pki, shutdown.clone()).await;
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let mut grpc = GrpcConfig::insecure_loopback(any);
        grpc.insecure_loopback = false;
        grpc.tls = Some(tls(&pki, "practitioner-directory"));
        grpc.trust_domain = Some(TRUST_DOMAIN.to_owned());
        grpc.callers = Some(callers);
        let database = folder.path().join("store.sqlite").display().to_string();
        let mut config = Config {
            migrate_on_start: true,
            grpc,
            ops: OpsConfig { listen: any },
            telemetry: aval_runtime::config::TelemetryConfig::default(),
            database: aval_database::DatabaseConfig::for_url(format!(
                "sqlite://{database}?mode=rwc"
            )),
            token: TokenConfig {
                issuer: issuer::NAME.to_owned(),
                jwks_url: issuer.jwks_url(),
                jwks_ca: None,
                closed_sessions_url: None,
                leeway: Duration::from_secs(2).into(),
            },
            audit: peer(&pki, "practitioner-directory", trail.address),
            import: ImportConfig::default(),
            freshness: FreshnessConfig::default(),
            watch: WatchConfig::default(),
            people: PeopleConfig::default(),
            search: SearchConfig {
                folder: Some(folder.path().to_owned()),
            },
        };
        change(&mut config);
        let running = Server::start(config, Environment::system(), shutdown.clone()).await;
        let running = running.unwrap();
        Self {
            pki,
            issuer,
            trail,
            grpc: running.grpc,
            ops: running.ops,
            shutdown,
            _running: running,
            _folder: folder,
        }
    }

    /// The channel of the caller of this name.
    pub(crate) fn channel(&self, name: &str) -> Channel {
        connect_lazy(&peer(&self.pki, name, self.grpc)).unwrap()
    }

    pub(crate) fn directory(&self, name: &str) -> DirectoryServiceClient<Channel> {
        DirectoryServiceClient::new(self.channel(name))
    }

    pub(crate) fn admin(&self, name: &str) -> DirectoryAdminServiceClient<Channel> {
        DirectoryAdminServiceClient::new(self.channel(name))
    }

    /// What the ops listener says to whoever collects metrics.
    pub(crate) async fn metrics(&self) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};

        let mut connection = tokio::net::TcpStream::connect(self.ops).await.unwrap();
        let request = b"GET /metrics HTTP/1.0\r\n\r\n";
        connection.write_all(request).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// Has the service drain and stop.
    pub(crate) fn stop(&self) {
        self.shutdown.cancel();
    }

    /// Sends these messages as the operator.
    pub(crate) async fn send(
        &self,
        messages: Vec<ImportExtractionRequest>,
    ) -> Result<Import, Status> {
        let sent = self
            .admin("operator")
            .import_extraction(stream::iter(messages))
            .await;
        Ok(sent?.into_inner().import.unwrap())
    }

    /// Sends a file of this name.
    pub(crate) async fn send_file(&self, name: &str, bytes: &[u8]) -> Result<Import, Status> {
        self.send(messages(header(name, bytes.len()), bytes)).await
    }

    /// Imports a directory as the source would generate it now.
    pub(crate) async fn import(&self, directory: &Directory) -> Import {
        let import = self.send_file(&name_now(), &text_of(directory)).await;
        let import = import.unwrap();
        assert_eq!(import.state, i32::from(ImportState::Applied), "{import:?}");
        import
    }

    pub(crate) async fn imports(&self) -> Vec<Import> {
        let listed = self
            .admin("operator")
            .list_imports(ListImportsRequest::default())
            .await;
        listed.unwrap().into_inner().imports
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub(crate) fn tls(pki: &DevelopmentPki, name: &str) -> TlsFiles {
    let files = pki.files(name);
    TlsFiles {
        certificate: files.certificate,
        private_key: files.key,
        client_ca: files.ca,
    }
}

fn peer(pki: &DevelopmentPki, name: &str, address: SocketAddr) -> PeerConfig {
    PeerConfig {
        uri: format!("https://localhost:{}", address.port()),
        tls: Some(tls(pki, name)),
        ..PeerConfig::insecure_loopback(address)
    }
}

/// A synthetic directory of that many people.
pub(crate) fn synthesized(people: u32) -> Directory {
    SynthesisPlan::new(11, people).directory()
}

pub(crate) fn text_of(directory: &Directory) -> Vec<u8> {
    let mut text = Vec::new();
    directory.write(&mut text).unwrap();
    text
}

/// The name of a file that is generated now.
pub(crate) fn name_now() -> String {
    file_name(SystemClock.now())
}

/// The name of a file that was generated so long ago.
pub(crate) fn name_before(age: Duration) -> String {
    file_name(Timestamp::saturating_sub(SystemClock.now(), age))
}

pub(crate) fn header(name: &str, size: usize) -> ImportHeader {
    ImportHeader {
        file_name: name.to_owned(),
        size_bytes: size as u64,
        request_id: RequestId::new(&SystemRandom).to_string(),
    }
}

/// A header and the bytes in pieces.
pub(crate) fn messages(header: ImportHeader, bytes: &[u8]) -> Vec<ImportExtractionRequest> {
    let pieces = bytes.chunks(64 * 1024).map(|piece| data(piece.to_vec()));
    let header = ImportExtractionRequest {
        part: Some(Part::Header(header)),
    };
    std::iter::once(header).chain(pieces).collect()
}

pub(crate) fn data(bytes: Vec<u8>) -> ImportExtractionRequest {
    ImportExtractionRequest {
        part: Some(Part::Data(bytes.into())),
    }
}

/// The reason in a status, which must be one of ours.
pub(crate) fn reason(status: &Status) -> String {
    use tonic_types::StatusExt;

    let info = status.get_details_error_info();
    let info = info.unwrap_or_else(|| panic!("no ErrorInfo in {status:?}"));
    assert_eq!(info.domain, "aval");
    info.reason
}

/// The fields that a status finds fault with.
pub(crate) fn fields(status: &Status) -> Vec<String> {
    use tonic_types::StatusExt;

    assert_eq!(reason(status), "FIELD_INVALID");
    let violations = status.get_details_bad_request().unwrap().field_violations;
    violations
        .into_iter()
        .map(|violation| violation.field)
        .collect()
}

/// Waits until something holds.
pub(crate) async fn until<Asked: Future<Output = bool>>(what: &str, holds: impl Fn() -> Asked) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| panic!("{what}"));
}

/// Everything is kept for as long as the test.
pub(crate) type Shared<T> = Arc<std::sync::Mutex<T>>;
