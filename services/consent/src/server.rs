//! The composition root: with `server/bases.rs`, the only one that names concrete types.

mod bases;

use std::net::SocketAddr;
use std::sync::Arc;

use aval_database::migrate::SchemaError;
use aval_database::{Database, DatabaseError};
use aval_domain::id::{PatientId, PractitionerId};
use aval_proto::consent::v1::decision_service_server::DecisionServiceServer;
use aval_proto::consent::v1::grant_service_server::GrantServiceServer;
use aval_proto::consent::v1::notification_service_server::NotificationServiceServer;
use aval_proto::consent::v1::policy_service_server::PolicyServiceServer;
use aval_proto::consent::v1::record_settings_service_server::RecordSettingsServiceServer;
use aval_runtime::caller::{Allowlist, AllowlistError, CallerId};
use aval_runtime::channel::{ChannelError, connect_lazy};
use aval_runtime::condition::Condition;
use aval_runtime::config::ConfigError;
use aval_runtime::environment::Environment;
use aval_runtime::key_file::{self, KeyFileError, Missing};
use aval_runtime::ops::OpsServer;
use aval_runtime::page::PageTokens;
use aval_runtime::schema;
use aval_runtime::server::{BoundServer, GrpcServer, ServerError};
use aval_runtime::token::{JwksError, TokenVerifier};
use aval_runtime::trail::{TrailClient, observe_backlog, relay};
use aval_runtime::vitals::Vitals;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::access_basis::AccessBasisSource;
use crate::app::App;
use crate::cache::redis::RedisConfigError;
use crate::canary::Canary;
use crate::config::{Config, PolicyConfig};
use crate::decision::Policy;
use crate::findings::FindingFollower;
use crate::follower::Follower;
use crate::grpc::{
    DecisionGrpc, DirectoryChangesClient, DirectoryClient, FindingsClient, GrantGrpc, MergesClient,
    NotificationGrpc, Pages, PolicyGrpc, RecordSettingsGrpc,
};
use crate::housekeeping;
use crate::matrix::{Matrix, MatrixError};
use crate::policies::PolicySource;
use crate::store::sql::{Migrator, SqlStore};
use crate::trail_backlog::TrailBacklog;
use bases::Bases;

/// What this service is called in the trail.
const SOURCE: &str = "consent";

/// The consent service.
#[derive(Debug)]
pub struct Server;

/// The consent service at work.
#[derive(Debug)]
pub struct Running {
    /// Where gRPC is served.
    pub grpc: SocketAddr,
    /// Where health and metrics are served.
    pub ops: SocketAddr,
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
    /// The schema is not this program's.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The matrix is refused.
    #[error(transparent)]
    Matrix(#[from] MatrixError),
    /// A key cannot be had.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// Redis cannot be asked as configured.
    #[error("cache.redis")]
    Redis(#[from] RedisConfigError),
    /// The table of callers cannot be read.
    #[error(transparent)]
    Callers(#[from] AllowlistError),
    /// The token issuer's keys cannot be fetched as configured.
    #[error(transparent)]
    Token(#[from] JwksError),
    /// Another service cannot be called as configured.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// The gRPC listener cannot serve.
    #[error(transparent)]
    Grpc(#[from] ServerError),
    /// The ops listener cannot serve.
    #[error("the ops listener cannot be bound")]
    Ops(#[source] std::io::Error),
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

    async fn begin(
        config: Config,
        environment: Environment,
        shutdown: CancellationToken,
    ) -> Result<Running, StartError> {
        config.check()?;
        let policy = policy(&config.policy)?;
        let db = open_database(&config).await?;
        let trail_backlog = Arc::new(TrailBacklog::new(config.trail.longest_backlog.get()));
        let trail = TrailClient::new(connect_lazy(&config.audit)?);
        let Bases {
            store,
            source,
            poller,
            policies,
        } = bases::open(
            &config.cache,
            &config.database,
            &db,
            &environment,
            config.create_missing_keys,
            policy,
        )
        .await?;
        let canary = Canary::new(Arc::clone(&store), Arc::clone(&source), environment.clone());
        let (professionals, patients) = followers(&config, &store, &environment)?;
        let findings = findings(&config, &store, &environment)?;
        let app = app(&config, store, source, policies, Arc::clone(&trail_backlog))?;
        let grpc = bind_grpc(&config, &environment, Arc::clone(&app), &shutdown).await?;
        let ops = OpsServer::bind(&config.ops)
            .await
            .map_err(StartError::Ops)?;
        let (grpc_address, ops_address) = (grpc.bound_address(), ops.bound_address());

        // What serves the calls stops first; what they need stops when they are drained.
        let drained = CancellationToken::new();
        let mut tasks = keep_house(&config, &environment, &db, app, &drained);
        tasks.push(tokio::spawn(canary.run(drained.clone())));
        // No decision waits for what is unusual: without it the service is right all the same.
        tasks.push(tokio::spawn(findings.run(drained.clone())));
        let vitals = Vitals::default();
        let mut lives =
            |name, task: BoxFuture<'static, ()>| tasks.push(vitals.spawn(name, &drained, task));
        let clock = || Arc::clone(&environment.clock);
        let hears = move |oldest_at| trail_backlog.observe(oldest_at);
        let backlog = observe_backlog(db.clone(), SOURCE, clock(), hears, drained.clone());
        lives("backlog", backlog.boxed());
        lives("professionals", professionals.run(drained.clone()).boxed());
        lives("patients", patients.run(drained.clone()).boxed());
        if let Some(poller) = poller {
            lives("poller", poller.run(drained.clone()).boxed());
        }
        let relaying = relay(db.clone(), SOURCE, clock(), trail, drained.clone());
        lives("relay", relaying.boxed());
        let condition = Condition::of(db).while_alive(&vitals);
        tasks.push(tokio::spawn(ops.serve(condition.clone(), drained.clone())));
        let grpc = grpc.telling(condition);
        let serving = serve_grpc(grpc, shutdown.clone(), drained);
        tasks.push(vitals.spawn("grpc", &shutdown, serving));
        Ok(Running {
            grpc: grpc_address,
            ops: ops_address,
            tasks,
        })
    }
}

impl Running {
    /// Returns when everything has stopped.
    pub async fn stopped(self) {
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the service ended by a panic");
            }
        }
    }
}

/// The operator's matrix; without one, said aloud, none, or the example where it is asked
/// for.
fn policy(config: &PolicyConfig) -> Result<Policy, MatrixError> {
    let matrix = match &config.matrix {
        Some(path) => Matrix::load(path)?,
        None if config.example_matrix => Matrix::example(),
        None => Matrix::empty(),
    };
    if matrix == Matrix::empty() {
        tracing::warn!(
            "no matrix of access rights is configured: until one is loaded it permits nobody to \
             consult anything"
        );
    }
    if matrix.is_example() {
        tracing::warn!(
            matrix.revision = matrix.revision(),
            "the matrix of access rights is an example: its cells are made up"
        );
    }
    let (block_beats, shows_masked) = (
        config.block_beats_break_glass,
        config.emergency_shows_masked,
    );
    Ok(Policy::with_switches(matrix, block_beats, shows_masked))
}

async fn open_database(config: &Config) -> Result<Database, StartError> {
    let migrate = config.migrate_on_start;
    let opened = schema::open_database::<Migrator>(SOURCE, &config.database, migrate);
    Ok(opened.await?)
}

fn app(
    config: &Config,
    store: Arc<SqlStore>,
    source: Arc<dyn AccessBasisSource>,
    policies: Arc<dyn PolicySource>,
    trail_backlog: Arc<TrailBacklog>,
) -> Result<Arc<App>, ChannelError> {
    let directory = DirectoryClient::new(connect_lazy(&config.practitioner_directory)?);
    let app = App::new(
        Arc::clone(&store) as _,
        source,
        Arc::clone(&store) as _,
        store,
        Arc::new(directory),
        policies,
        trail_backlog,
    );
    Ok(Arc::new(app.opening_with(config.policy.opening_strength)))
}

/// Learns who turned out to be whom: professionals from the directory, patients from
/// identity.
fn followers(
    config: &Config,
    store: &Arc<SqlStore>,
    environment: &Environment,
) -> Result<(Follower<PractitionerId>, Follower<PatientId>), ChannelError> {
    let directory = DirectoryChangesClient::new(connect_lazy(&config.practitioner_directory)?);
    let merges = MergesClient::new(connect_lazy(&config.identity)?);
    let professionals = Follower::new(Arc::new(directory), Arc::clone(store) as _, environment);
    let patients = Follower::new(Arc::new(merges), Arc::clone(store) as _, environment);
    Ok((professionals, patients))
}

/// Tells patients who asked for it what audit finds in their histories.
fn findings(
    config: &Config,
    store: &Arc<SqlStore>,
    environment: &Environment,
) -> Result<FindingFollower, ChannelError> {
    let client = FindingsClient::new(connect_lazy(&config.audit)?);
    let inboxes = Arc::clone(store) as _;
    Ok(FindingFollower::new(Arc::new(client), inboxes, environment))
}

async fn bind_grpc(
    config: &Config,
    environment: &Environment,
    app: Arc<App>,
    shutdown: &CancellationToken,
) -> Result<BoundServer, StartError> {
    let create = config.create_missing_keys;
    let key_file = &config.page_tokens.key_file;
    let missing = Missing::created_if(create, environment.random.as_ref());
    let key = key_file::hexadecimal(key_file, missing)?;
    let pages = Arc::new(Pages::new(PageTokens::new(&key)));
    let allowlist = Allowlist::of_listener(&config.grpc)?;
    let verifier = Arc::new(TokenVerifier::new(&config.token, environment)?);
    let grants = GrantGrpc::new(Arc::clone(&app), Arc::clone(&pages));
    let settings = RecordSettingsGrpc::new(Arc::clone(&app), Arc::clone(&pages));
    let decisions = DecisionGrpc::new(Arc::clone(&app), Arc::clone(&pages));
    let policy = PolicyGrpc::new(Arc::clone(&app));
    let heartbeat_every = config.notifications.heartbeat_every.get();
    let notifications = NotificationGrpc::new(app, pages, heartbeat_every, shutdown.clone());
    let server = GrpcServer::new(&config.grpc, environment, allowlist, verifier)
        .add_service(GrantServiceServer::new(grants))
        .add_service(RecordSettingsServiceServer::new(settings))
        .add_service(DecisionServiceServer::new(decisions))
        .add_service(PolicyServiceServer::new(policy))
        .add_service(NotificationServiceServer::new(notifications));
    Ok(server.bind().await?)
}

/// Starts what goes on beside the calls, until everything is drained.
fn keep_house(
    config: &Config,
    environment: &Environment,
    db: &Database,
    app: Arc<App>,
    drained: &CancellationToken,
) -> Vec<JoinHandle<()>> {
    let clock = Arc::clone(&environment.clock);
    let kept_for = config.requests.kept_for.get();
    let store = SqlStore::new(db.clone());
    let own_name = CallerId::parse(SOURCE).expect("the name of this service is one");
    let environment = environment.clone();
    let (ringing, rung) = (Arc::clone(&app), drained.clone());
    vec![
        tokio::spawn(async move { ringing.ring_doorbell(rung).await }),
        tokio::spawn(housekeeping::tell_what_is_due(
            Arc::clone(&app),
            store.clone(),
            environment.clone(),
            own_name.clone(),
            config.notifications,
            drained.clone(),
        )),
        tokio::spawn(housekeeping::forget(
            store,
            clock,
            kept_for,
            drained.clone(),
        )),
        tokio::spawn(housekeeping::settle_waiting_grants(
            app,
            environment,
            own_name,
            drained.clone(),
        )),
    ]
}

async fn serve_grpc(grpc: BoundServer, shutdown: CancellationToken, drained: CancellationToken) {
    grpc.serve(shutdown).await;
    drained.cancel();
}
