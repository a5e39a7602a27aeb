//! The composition root: the only file that names concrete types.

use std::net::SocketAddr;
use std::sync::Arc;

use aval_database::migrate::{self, SchemaError};
use aval_database::{Database, DatabaseError};
use aval_proto::identity::v1::merge_service_server::MergeServiceServer;
use aval_proto::identity::v1::patient_service_server::PatientServiceServer;
use aval_proto::identity::v1::session_service_server::SessionServiceServer;
use aval_runtime::caller::{Allowlist, AllowlistError, CallerId, CallerUnknown};
use aval_runtime::channel::{ChannelError, connect_lazy};
use aval_runtime::condition::Condition;
use aval_runtime::config::ConfigError;
use aval_runtime::environment::Environment;
use aval_runtime::key_file::{KeyFileError, Missing};
use aval_runtime::ops::OpsServer;
use aval_runtime::schema;
use aval_runtime::server::{BoundServer, GrpcServer, ServerError};
use aval_runtime::token::{ClosedSessionSource, KeySource, TokenVerifier};
use aval_runtime::trail::{TrailClient, observe_backlog, relay};
use aval_runtime::vitals::Vitals;
use futures::future::BoxFuture;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::{App, Settings};
use crate::backchannel_logout;
use crate::closed_sessions::ClosedSessionFeed;
use crate::config::Config;
use crate::directory_follower::DirectoryFollower;
use crate::grpc::{DirectoryClient, MergeGrpc, PatientGrpc, SessionGrpc};
use crate::jwks::{self, JwksError, JwksServer};
use crate::key_rotation::{self, KeyFile, KeyGone};
use crate::likeness_filler::keep_filling;
use crate::open_sessions::observe_open_sessions;
use crate::patient_keys::PatientKeys;
use crate::provider::{HttpProvider, ProviderSetupError};
use crate::provider_names::ProviderNames;
use crate::refresh_token::RefreshTokens;
use crate::session::{ParallelSessions, SessionLifetimes};
use crate::store::Store;
use crate::store::sql::{Migrator, SqlStore};
use crate::token_issuer::TokenIssuer;
use crate::token_keys::TokenKeys;

/// What this service is called in the trail.
const SOURCE: &str = "identity";
/// What keys are derived for.
const NAMES_AT_PROVIDERS: &str = "names at providers";
const REFRESH_TOKENS: &str = "refresh tokens";

/// The identity service.
#[derive(Debug)]
pub struct Server;

/// The identity service at work.
#[derive(Debug)]
pub struct Running {
    /// Where gRPC is served.
    pub grpc: SocketAddr,
    /// Where health and metrics are served.
    pub ops: SocketAddr,
    /// Where the keys of the tokens are published.
    pub jwks: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
}

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database cannot be reached.
    #[error("the database cannot be used")]
    Database(#[from] DatabaseError),
    /// The database's schema is not this program's.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A key cannot be had.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// A key is gone that is needed to read what is kept.
    #[error(transparent)]
    KeyGone(#[from] KeyGone),
    /// An identity provider cannot be set up.
    #[error("an identity provider cannot be set up")]
    Provider(#[from] ProviderSetupError),
    /// This service's own name is none.
    #[error(transparent)]
    Name(#[from] CallerUnknown),
    /// The list of callers cannot be used.
    #[error(transparent)]
    Callers(#[from] AllowlistError),
    /// Another service cannot be called.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// gRPC cannot be served.
    #[error(transparent)]
    Grpc(#[from] ServerError),
    /// The keys cannot be published.
    #[error(transparent)]
    Jwks(#[from] JwksError),
    /// Health and metrics cannot be served.
    #[error("{address} cannot be listened on")]
    Ops {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}

impl Server {
    /// Starts the service; it serves when this returns, and stops at `shutdown`.
    ///
    /// Boxed, so that the service is compiled here and not again in each program that
    /// starts it.
    #[must_use = "a future does nothing before it is awaited"]
    pub fn start(
        config: Config,
        environment: Environment,
        shutdown: CancellationToken,
    ) -> BoxFuture<'static, Result<Running, StartError>> {
        Box::pin(Self::begin(config, environment, shutdown))
    }

    /// Puts everything that is kept under the current keys, whoever serves meanwhile, and
    /// says from time to time how many patients were. Creates no key.
    #[must_use = "a future does nothing before it is awaited"]
    pub fn rotate_keys<'a>(
        config: &'a Config,
        progress: impl FnMut(u64) + Send + 'a,
    ) -> BoxFuture<'a, Result<key_rotation::Report, StartError>> {
        Box::pin(async {
            let files = KeyFile::all(&config.patient_keys)?;
            let keys = PatientKeys::load(&config.patient_keys, Missing::Refuse)?;
            let db = Database::connect(&config.database).await?;
            migrate::require_fit::<Migrator>(&db).await?;
            let store = SqlStore::new(db.clone());
            key_rotation::require_keys(&store, &keys).await?;
            let rotated = key_rotation::rotate(&store, &keys, progress).await;
            let rotated = rotated.map_err(KeyGone::from)?;
            db.close().await?;
            Ok(key_rotation::Report { rotated, files })
        })
    }

    async fn begin(
        config: Config,
        environment: Environment,
        shutdown: CancellationToken,
    ) -> Result<Running, StartError> {
        config.check()?;
        let db = database(&config).await?;
        let create = config.create_missing_keys;
        let missing = Missing::created_if(create, environment.random.as_ref());
        let keys = Arc::new(TokenKeys::load(&config.token, missing)?);
        let patient_keys = PatientKeys::load(&config.patient_keys, missing)?;
        let store: Arc<dyn Store> = Arc::new(SqlStore::new(db.clone()));
        key_rotation::require_keys(store.as_ref(), &patient_keys).await?;
        let closed_sessions: Arc<dyn ClosedSessionSource> = Arc::new(ClosedSessionFeed::new(
            Arc::clone(&store),
            Arc::clone(&environment.clock),
        ));
        let routes = jwks::routes(Arc::clone(&keys), Arc::clone(&closed_sessions));
        let verifier = verifier(&keys, &config, &environment, closed_sessions);
        let app = app(
            &config,
            Arc::clone(&store),
            verifier,
            Arc::clone(&keys),
            patient_keys,
        )?;
        let caller = CallerId::parse(SOURCE)?;
        let here = environment.clone();
        let logout = backchannel_logout::routes(Arc::clone(&app), here, caller.clone());
        let follower = DirectoryFollower::new(Arc::clone(&app), environment.clone(), caller);
        let routes = routes.merge(logout);
        let jwks = JwksServer::bind(config.jwks.listen, &config.grpc, routes).await?;
        let address = config.ops.listen;
        let ops = OpsServer::bind(&config.ops).await;
        let ops = ops.map_err(|source| StartError::Ops { address, source })?;
        let trail = TrailClient::new(connect_lazy(&config.audit)?);
        let filling = keep_filling(Arc::clone(&app), shutdown.clone());
        let grpc = grpc(&config, &environment, app, &shutdown).await?;

        let running = (
            grpc.bound_address(),
            ops.bound_address(),
            jwks.bound_address(),
        );
        let vitals = Vitals::default();
        let condition = Condition::of(db.clone()).while_alive(&vitals);
        let grpc = grpc.telling(condition.clone());
        let drained = CancellationToken::new();
        let tasks = vec![
            vitals.spawn("jwks", &drained, jwks.serve(drained.clone())),
            vitals.spawn("keys", &drained, keys.keep_reading(drained.clone())),
            vitals.spawn("directory", &shutdown, follower.run(shutdown.clone())),
            tokio::spawn(filling),
            tokio::spawn(ops.serve(condition.clone(), drained.clone())),
            tokio::spawn(observe_open_sessions(
                store,
                Arc::clone(&environment.clock),
                drained.clone(),
            )),
            tokio::spawn(observe_backlog(
                db.clone(),
                SOURCE,
                Arc::clone(&environment.clock),
                |_| {},
                drained.clone(),
            )),
            vitals.spawn(
                "relay",
                &drained,
                relay(
                    db.clone(),
                    SOURCE,
                    environment.clock,
                    trail,
                    drained.clone(),
                ),
            ),
            vitals.spawn("grpc", &shutdown.clone(), async move {
                grpc.serve(shutdown).await;
                drained.cancel();
            }),
        ];
        let (grpc, ops, jwks) = running;
        Ok(Running {
            grpc,
            ops,
            jwks,
            tasks,
        })
    }
}

impl Running {
    /// Returns when everything has stopped.
    pub async fn stopped(self) {
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the service failed");
            }
        }
    }
}

/// Verifies what was issued here.
fn verifier(
    keys: &Arc<TokenKeys>,
    config: &Config,
    environment: &Environment,
    closed_sessions: Arc<dyn ClosedSessionSource>,
) -> Arc<TokenVerifier> {
    let keys = Arc::clone(keys) as Arc<dyn KeySource>;
    let verifier = TokenVerifier::with_keys(&config.own_tokens(), keys, environment);
    Arc::new(verifier.with_closed_sessions(closed_sessions))
}

async fn database(config: &Config) -> Result<Database, StartError> {
    let migrate = config.migrate_on_start;
    let opened = schema::open_database::<Migrator>(SOURCE, &config.database, migrate);
    Ok(opened.await?)
}

fn app(
    config: &Config,
    store: Arc<dyn Store>,
    verifier: Arc<TokenVerifier>,
    keys: Arc<TokenKeys>,
    patient_keys: PatientKeys,
) -> Result<Arc<App>, StartError> {
    let issuer = config.token.issuer.clone();
    Ok(Arc::new(App {
        store,
        directory: Arc::new(DirectoryClient::new(connect_lazy(
            &config.practitioner_directory,
        )?)),
        practitioners_provider: Arc::new(HttpProvider::new(
            "practitioners_provider",
            &config.practitioners_provider,
        )?),
        patients_provider: Arc::new(HttpProvider::new(
            "patients_provider",
            &config.patients_provider,
        )?),
        provider_names: ProviderNames::new(&patient_keys.derived(NAMES_AT_PROVIDERS)),
        other_provider_names: patient_keys
            .derived_from_others(NAMES_AT_PROVIDERS)
            .iter()
            .map(ProviderNames::new)
            .collect(),
        issuer: TokenIssuer::new(issuer, config.token.lifetime.get(), keys),
        refresh_tokens: RefreshTokens::new(
            &patient_keys.derived(REFRESH_TOKENS),
            &patient_keys.derived_from_others(REFRESH_TOKENS),
        ),
        verifier,
        patient_keys,
        settings: Settings {
            practitioners_acr: config.practitioners_provider.acr_values.clone(),
            patients_acr: config.patients_provider.acr_values.clone(),
            age_of_majority: config.age_of_majority,
            parallel_sessions: ParallelSessions {
                most: config.parallel_sessions.certificates.into(),
                beyond: config.parallel_sessions.beyond,
            },
            sessions: SessionLifetimes {
                idle: config.session.idle.get(),
                longest: config.session.longest.get(),
            },
            patient_claims: config.patient_claims.clone(),
            accept_test_identities: config.accept_test_identities,
        },
    }))
}

async fn grpc(
    config: &Config,
    environment: &Environment,
    app: Arc<App>,
    shutdown: &CancellationToken,
) -> Result<BoundServer, StartError> {
    let allowlist = Allowlist::of_listener(&config.grpc)?;
    let verifier = Arc::clone(&app.verifier);
    let merges = MergeGrpc::new(Arc::clone(&app), shutdown.clone());
    let server = GrpcServer::new(&config.grpc, environment, allowlist, verifier)
        .add_service(SessionServiceServer::new(SessionGrpc::new(Arc::clone(
            &app,
        ))))
        .add_service(MergeServiceServer::new(merges))
        .add_service(PatientServiceServer::new(PatientGrpc::new(app)));
    Ok(server.bind().await?)
}
