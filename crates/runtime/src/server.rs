//! The gRPC server of a service.
//!
//! Every call walks the same way, in this order: rate → load → trace and metrics → deadline →
//! caller → allowlist → token → context → handler, and what panics answers
//! `INTERNAL`. It stands in one place, `server/walk.rs`.

mod connection;
mod give_way;
mod health;
mod listener;
mod load;
mod message_limit;
mod outgoing;
mod own_clock;
mod rate;
mod refused_call;
mod unread_request;
mod walk;

pub use listener::BoundServer;

/// How a connection sends together what is ready at once: of a server's, and of whoever calls
/// one so often that it matters.
pub mod gathered {
    pub use super::give_way::GiveWay;
    pub use super::outgoing::{Outgoing, Socket};
}

use std::convert::Infallible;
use std::sync::Arc;

use futures::future::BoxFuture;
use http::Request;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::{Routes, RoutesBuilder};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tower::Service;

use crate::caller::Allowlist;
use crate::config::{ConfigError, GrpcConfig};
use crate::environment::Environment;
use crate::tls::{ServerTls, TlsError};
use crate::token::TokenVerifier;
use load::{Load, Room};
use rate::Rates;

/// Why a server cannot start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The configuration is refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Certificates or keys cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address cannot be listened on.
    #[error("{address} cannot be listened on")]
    Bind {
        /// The address.
        address: std::net::SocketAddr,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The descriptors for reflection cannot be read.
    #[error("the descriptors for reflection cannot be read")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// A gRPC server before it listens.
///
/// A service's composition root:
///
/// ```no_run
/// use std::sync::Arc;
///
/// use aval_runtime::caller::Allowlist;
/// use aval_runtime::channel::connect_lazy;
/// use aval_runtime::condition::Condition;
/// use aval_runtime::config::{GrpcConfig, OpsConfig, PeerConfig, TelemetryConfig, TokenConfig};
/// use aval_runtime::environment::Environment;
/// use aval_runtime::ops::OpsServer;
/// use aval_runtime::server::GrpcServer;
/// use aval_runtime::token::TokenVerifier;
/// use aval_runtime::trail::TrailClient;
/// use tokio_util::sync::CancellationToken;
///
/// #[derive(serde::Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Config {
///     grpc: GrpcConfig,
///     ops: OpsConfig,
///     token: TokenConfig,
///     audit: PeerConfig,
///     #[serde(default)]
///     telemetry: TelemetryConfig,
/// }
///
/// async fn serve(config: Config, shutdown: CancellationToken) -> Result<(), Box<dyn std::error::Error>> {
///     let environment = Environment::system();
///     let verifier = Arc::new(TokenVerifier::new(&config.token, &environment)?);
///     let trail = TrailClient::new(connect_lazy(&config.audit)?);
///     let ops = OpsServer::bind(&config.ops).await?;
///     let allowlist = Allowlist::of_listener(&config.grpc)?;
///     let server = GrpcServer::new(&config.grpc, &environment, allowlist, verifier)
///         // .add_service(GrantServiceServer::new(grants))
///         .bind()
///         .await?;
///
///     // Of a service with a database: `Condition::of(db)`.
///     let condition = Condition::when(|| Box::pin(async { true }));
///     let drained = CancellationToken::new();
///     let ops = tokio::spawn(ops.serve(condition.clone(), drained.clone()));
///     // The outbox's relay is spawned here, with `trail` and `shutdown`.
///     server.telling(condition).serve(shutdown).await;
///     drained.cancel();
///     ops.await?;
///     Ok(())
/// }
/// ```
pub struct GrpcServer {
    config: GrpcConfig,
    environment: Environment,
    allowlist: Allowlist,
    verifier: Arc<TokenVerifier>,
    routes: RoutesBuilder,
    service_names: Vec<&'static str>,
}

/// What the connections of one server share.
struct Shared {
    config: GrpcConfig,
    environment: Environment,
    allowlist: Allowlist,
    verifier: Arc<TokenVerifier>,
    routes: Routes,
    load: Load,
    /// For refused calls whose request is not there yet.
    waiting_room: Room,
    rates: Rates,
    /// Answers of health and reflection never end by themselves: this ends them.
    draining: tokio_util::sync::CancellationToken,
}

impl GrpcServer {
    /// A server without services, but with health and reflection.
    #[must_use]
    pub fn new(
        config: &GrpcConfig,
        environment: &Environment,
        allowlist: Allowlist,
        verifier: Arc<TokenVerifier>,
    ) -> Self {
        own_clock::show(&environment.clock);
        Self {
            config: config.clone(),
            environment: environment.clone(),
            allowlist,
            verifier,
            routes: RoutesBuilder::default(),
            service_names: Vec::new(),
        }
    }

    /// Serves this service too: a generated `…Server` of the contract. A method that the
    /// contract's descriptors do not have is answered `UNIMPLEMENTED`, whoever adds it.
    #[must_use]
    pub fn add_service<S>(mut self, service: S) -> Self
    where
        S: Service<Request<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
    {
        self.service_names.push(S::NAME);
        self.routes.add_service(service);
        self
    }

    /// Checks the configuration, reads the certificates and takes the port. From here
    /// on connections queue; they are accepted by [`BoundServer::serve`].
    #[must_use = "a future does nothing before it is awaited"]
    pub fn bind(self) -> BoxFuture<'static, Result<BoundServer, ServerError>> {
        Box::pin(self.take_port())
    }

    async fn take_port(mut self) -> Result<BoundServer, ServerError> {
        self.config.check()?;
        let now = self.environment.clock.now();
        let files = self.config.tls.as_ref();
        let tls = files.map(|files| ServerTls::new("grpc.tls.certificate", files, now));
        let tls = tls.transpose()?;
        let address = self.config.listen;
        let listener = tokio::net::TcpListener::bind(address)
            .await
            .map_err(|source| ServerError::Bind { address, source })?;
        let health = self.add_health().await;
        self.add_reflection()?;
        let shared = Shared {
            load: Load::new(self.config.concurrency_limit),
            waiting_room: refused_call::waiting_room(),
            rates: Rates::new(self.config.calls_per_second),
            config: self.config,
            environment: self.environment,
            allowlist: self.allowlist,
            verifier: self.verifier,
            routes: self.routes.routes().prepare(),
            draining: tokio_util::sync::CancellationToken::new(),
        };
        BoundServer::new(listener, tls, health, self.service_names, shared)
    }

    async fn add_health(&mut self) -> HealthReporter {
        let (reporter, service) = tonic_health::server::health_reporter();
        for name in &self.service_names {
            reporter
                .set_service_status(name, ServingStatus::Serving)
                .await;
        }
        self.routes.add_service(service);
        reporter
    }

    fn add_reflection(&mut self) -> Result<(), ServerError> {
        let descriptors = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(aval_proto::FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        self.routes.add_service(descriptors().build_v1()?);
        self.routes.add_service(descriptors().build_v1alpha()?);
        Ok(())
    }
}

impl std::fmt::Debug for GrpcServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GrpcServer")
            .field("listen", &self.config.listen)
            .field("services", &self.service_names)
            .finish_non_exhaustive()
    }
}
