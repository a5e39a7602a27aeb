//! A server with a service made for these tests, standing behind real sockets.
//!
//! The service is the contract's `TransparencyService`, with handlers that do what a
//! test needs: answer, wait, panic, ask another server.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aval_domain::random::SeededRandom;
use aval_domain::time::SystemClock;
use aval_proto::audit::v1::transparency_service_client::TransparencyServiceClient;
use aval_proto::audit::v1::transparency_service_server::{
    TransparencyService, TransparencyServiceServer,
};
use aval_proto::audit::v1::{
    GetCheckpointRequest, GetCheckpointResponse, GetConsistencyProofRequest,
    GetConsistencyProofResponse, GetInclusionProofRequest, GetInclusionProofResponse,
    GetPatientProofRequest, GetPatientProofResponse, GetTileRequest, GetTileResponse,
};
use aval_proto::common::v1::ErrorReason;
use aval_runtime::caller::{Allowlist, CallerId};
use aval_runtime::channel::{Channel, connect_lazy};
use aval_runtime::condition::Condition;
use aval_runtime::config::{GrpcConfig, PeerConfig, TlsFiles, TokenConfig};
use aval_runtime::context::RequestContext;
use aval_runtime::environment::Environment;
use aval_runtime::server::GrpcServer;
use aval_runtime::status::Refusal;
use aval_runtime::token::{StaticKeys, TokenSigner, TokenVerifier};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use crate::pki::Pki;

pub(crate) const SERVICE: &str = "aval.audit.v1.TransparencyService";
pub(crate) const ISSUER: &str = "https://identity.test";

/// What the handlers share with the test.
#[derive(Clone)]
pub(crate) struct Desk {
    /// A permit comes here each time a handler begins to wait.
    pub(crate) waiting: Arc<Semaphore>,
    /// A permit lets one waiting handler go on.
    pub(crate) go_on: Arc<Semaphore>,
    /// Whom `get_tile` asks.
    pub(crate) other: Option<TransparencyServiceClient<Channel>>,
    /// Whether `get_checkpoint` is served, and how often it was asked for.
    pub(crate) post: Arc<Post>,
}

/// Something that one instance serves and others do not.
#[derive(Debug)]
pub(crate) struct Post {
    pub(crate) is_held: AtomicBool,
    pub(crate) asked: AtomicUsize,
    /// How long those are told to wait who ask where it is not.
    pub(crate) told_to_wait: Mutex<Option<Duration>>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self {
            waiting: Arc::new(Semaphore::new(0)),
            go_on: Arc::new(Semaphore::new(0)),
            other: None,
            post: Arc::new(Post {
                is_held: AtomicBool::new(true),
                asked: AtomicUsize::new(0),
                told_to_wait: Mutex::new(Some(Duration::from_millis(100))),
            }),
        }
    }

    /// Returns once a handler waits.
    pub(crate) async fn until_a_handler_waits(&self) {
        let waiting = tokio::time::timeout(PATIENCE, self.waiting.acquire()).await;
        waiting.expect("a handler begins to wait").unwrap().forget();
    }
}

/// What an instance says that does not hold the post.
pub(crate) const NOT_HELD: &str = "another instance serves this";

/// How long a test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

#[tonic::async_trait]
impl TransparencyService for Desk {
    /// Says who called and in which trace, where the post is held.
    async fn get_checkpoint(
        &self,
        request: Request<GetCheckpointRequest>,
    ) -> Result<Response<GetCheckpointResponse>, Status> {
        self.post.asked.fetch_add(1, Ordering::SeqCst);
        if !self.post.is_held.load(Ordering::SeqCst) {
            let refusal = Refusal::new(ErrorReason::DependencyUnavailable, NOT_HELD);
            let wait = *self.post.told_to_wait.lock().unwrap();
            return Err(match wait {
                Some(wait) => refusal.retry_after(wait).into(),
                None => refusal.into(),
            });
        }
        let cx = RequestContext::of(&request)?;
        Ok(Response::new(GetCheckpointResponse {
            checkpoint: cx.caller.to_string(),
            verifier_key: cx.trace_id.map(|id| id.to_string()).unwrap_or_default(),
            witnessed_checkpoint: String::new(),
        }))
    }

    /// Waits until it may go on.
    async fn get_inclusion_proof(
        &self,
        _: Request<GetInclusionProofRequest>,
    ) -> Result<Response<GetInclusionProofResponse>, Status> {
        self.waiting.add_permits(1);
        self.go_on
            .acquire()
            .await
            .expect("the semaphore stays open")
            .forget();
        Ok(Response::new(GetInclusionProofResponse::default()))
    }

    /// Panics.
    async fn get_consistency_proof(
        &self,
        _: Request<GetConsistencyProofRequest>,
    ) -> Result<Response<GetConsistencyProofResponse>, Status> {
        panic!("a defect of this test's handler");
    }

    /// Serves patients alone.
    async fn get_patient_proof(
        &self,
        request: Request<GetPatientProofRequest>,
    ) -> Result<Response<GetPatientProofResponse>, Status> {
        let (cx, _) = RequestContext::open(request)?;
        cx.patient().map_err(Refusal::from)?;
        Ok(Response::new(GetPatientProofResponse::default()))
    }

    /// Asks the other server in which trace its call stood.
    async fn get_tile(
        &self,
        _: Request<GetTileRequest>,
    ) -> Result<Response<GetTileResponse>, Status> {
        let mut other = self.other.clone().expect("the test names another server");
        let answer = other.get_checkpoint(GetCheckpointRequest {}).await?;
        let data = answer.into_inner().verifier_key.into_bytes();
        Ok(Response::new(GetTileResponse {
            data,
            ..Default::default()
        }))
    }
}

/// A running server.
pub(crate) struct Stand {
    pub(crate) pki: Pki,
    pub(crate) address: SocketAddr,
    pub(crate) signer: TokenSigner,
    pub(crate) shutdown: CancellationToken,
    pub(crate) serving: JoinHandle<()>,
}

impl Stand {
    /// A server with mutual TLS that lets `records` in, with the configuration changed
    /// like this.
    pub(crate) async fn start(desk: &Desk, change: impl FnOnce(&mut GrpcConfig)) -> Self {
        Self::start_telling(None, desk, change).await
    }

    /// The same, whose health is that of this condition.
    pub(crate) async fn start_telling(
        condition: Option<Condition>,
        desk: &Desk,
        change: impl FnOnce(&mut GrpcConfig),
    ) -> Self {
        let pki = Pki::new();
        let mut config = GrpcConfig::insecure_loopback("127.0.0.1:0".parse().unwrap());
        config.insecure_loopback = false;
        config.tls = Some(pki.files("server"));
        config.trust_domain = Some("aval.test".to_owned());
        change(&mut config);
        let caller = CallerId::parse("records").unwrap();
        let allowlist = Allowlist::default()
            .with(SERVICE, &caller)
            .with(SERVICE, &CallerId::insecure_loopback());
        let environment = Environment {
            clock: Arc::new(SystemClock),
            random: Arc::new(SeededRandom::new(1)),
        };
        let signer = TokenSigner::generate();
        let token = TokenConfig {
            issuer: ISSUER.to_owned(),
            jwks_url: "https://identity.test/jwks".to_owned(),
            jwks_ca: None,
            closed_sessions_url: None,
            leeway: Duration::from_secs(2).into(),
        };
        let keys = Arc::new(StaticKeys::of(&signer));
        let verifier = Arc::new(TokenVerifier::with_keys(&token, keys, &environment));
        let server = GrpcServer::new(&config, &environment, allowlist, verifier)
            .add_service(TransparencyServiceServer::new(desk.clone()))
            .bind()
            .await
            .unwrap();
        let server = match condition {
            Some(condition) => server.telling(condition),
            None => server,
        };
        let address = server.bound_address();
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(server.serve(shutdown.clone()));
        Self {
            pki,
            address,
            signer,
            shutdown,
            serving,
        }
    }

    /// How the caller with these certificates reaches the server.
    pub(crate) fn peer(&self, tls: TlsFiles) -> PeerConfig {
        PeerConfig {
            uri: format!("https://localhost:{}", self.address.port()),
            tls: Some(tls),
            ..PeerConfig::insecure_loopback(self.address)
        }
    }

    /// A channel of the caller of this name.
    pub(crate) fn channel(&self, name: &str) -> Channel {
        connect_lazy(&self.peer(self.pki.files(name))).unwrap()
    }

    /// A client of the caller who may call.
    pub(crate) fn client(&self) -> TransparencyServiceClient<Channel> {
        TransparencyServiceClient::new(self.channel("records"))
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
