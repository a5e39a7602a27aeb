//! The composition root: the only file that names what everything is made of.

use std::net::SocketAddr;
use std::sync::Arc;

use aval_database::migrate::SchemaError;
use aval_database::{Database, DatabaseError};
use aval_domain::random;
use aval_proto::practitioner_directory::v1::directory_admin_service_server::DirectoryAdminServiceServer;
use aval_proto::practitioner_directory::v1::directory_service_server::DirectoryServiceServer;
use aval_runtime::boot_clock::SystemBootClock;
use aval_runtime::caller::{Allowlist, AllowlistError};
use aval_runtime::channel::{self, ChannelError};
use aval_runtime::condition::Condition;
use aval_runtime::config::ConfigError;
use aval_runtime::environment::Environment;
use aval_runtime::ops::OpsServer;
use aval_runtime::page::PageTokens;
use aval_runtime::schema;
use aval_runtime::server::{BoundServer, GrpcServer, ServerError};
use aval_runtime::token::{JwksError, TokenVerifier};
use aval_runtime::trail::{TrailClient, observe_backlog, relay};
use aval_runtime::vitals::Vitals;
use futures::future::BoxFuture;
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::Config;
use crate::error::Error;
use crate::grpc::{Directory, DirectoryAdmin};
use crate::lease::Lease;
use crate::lease::asking::Asking;
use crate::metrics::FreshnessGauges;
use crate::people::People;
use crate::store::Store;
use crate::store::sql::{Migrator, SqlStore};

/// The name under which this service tells the trail of what happened.
pub const SOURCE: &str = "practitioner-directory";

/// The practitioner-directory service.
#[derive(Debug)]
pub struct Server;

/// A service that serves.
#[derive(Debug)]
pub struct Running {
    /// Where gRPC is served.
    pub grpc: SocketAddr,
    /// Where health and metrics are served.
    pub ops: SocketAddr,
    stopped: JoinHandle<()>,
}

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database cannot be used.
    #[error("the database cannot be used")]
    Database(#[from] DatabaseError),
    /// The schema is not this program's.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The key of the page tokens cannot be read.
    #[error("the key of the page tokens cannot be read")]
    PageTokens(#[source] Error),
    /// The table of callers cannot be read.
    #[error(transparent)]
    Callers(#[from] AllowlistError),
    /// The token issuer's keys cannot be fetched as configured.
    #[error(transparent)]
    Token(#[from] JwksError),
    /// The trail cannot be called as configured.
    #[error("the trail cannot be called as configured")]
    Trail(#[from] ChannelError),
    /// The gRPC listener cannot serve.
    #[error(transparent)]
    Grpc(#[from] ServerError),
    /// The ops listener cannot serve.
    #[error("the ops listener cannot be bound")]
    Ops(#[source] std::io::Error),
}

impl Server {
    /// Starts the service: what this returns is listening, and stops at `shutdown`.
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
        let db = open_database(&config).await?;
        let lease = Arc::new(Lease::new(Arc::new(SystemBootClock)));
        let sql_store = match &config.search.folder {
            Some(folder) => SqlStore::showing_from(db.clone(), folder.clone(), Arc::clone(&lease)),
            None => SqlStore::new(db.clone()),
        };
        let store: Arc<dyn Store> = Arc::new(sql_store.clone());
        let page_tokens = page_tokens(store.as_ref(), &environment).await?;
        let remembered = config.people.remembered;
        let people = People::new(Arc::clone(&store), remembered, Arc::clone(&lease));
        let asking = config.remembers();
        let asking = asking.then(|| Asking::new(lease, Arc::clone(&store)));
        let app = Arc::new(App::new(store, Arc::new(people), config.settings()));
        let trail = TrailClient::new(channel::connect_lazy(&config.audit)?);

        let grpc = bind_grpc(
            &config,
            &environment,
            Arc::clone(&app),
            page_tokens,
            &shutdown,
        )
        .await?;
        let ops = OpsServer::bind(&config.ops)
            .await
            .map_err(StartError::Ops)?;
        let addresses = (grpc.bound_address(), ops.bound_address());
        let tasks = Tasks {
            grpc,
            ops,
            db,
            trail,
            asking,
            store: sql_store,
            app,
            environment,
        };
        Ok(Running {
            grpc: addresses.0,
            ops: addresses.1,
            stopped: tokio::spawn(tasks.run(shutdown)),
        })
    }
}

impl Running {
    /// Waits until the service has stopped and its calls are answered.
    pub async fn stopped(self) {
        report("service", self.stopped.await);
    }
}

async fn open_database(config: &Config) -> Result<Database, StartError> {
    let migrate = config.migrate_on_start;
    let opened = schema::open_database::<Migrator>(SOURCE, &config.database, migrate);
    Ok(opened.await?)
}

async fn page_tokens(
    store: &dyn Store,
    environment: &Environment,
) -> Result<Arc<PageTokens>, StartError> {
    let proposed = random::bytes::<32>(environment.random.as_ref());
    let key = store.page_token_key(proposed).await;
    Ok(Arc::new(PageTokens::new(
        &key.map_err(StartError::PageTokens)?,
    )))
}

async fn bind_grpc(
    config: &Config,
    environment: &Environment,
    app: Arc<App>,
    page_tokens: Arc<PageTokens>,
    shutdown: &CancellationToken,
) -> Result<BoundServer, StartError> {
    let allowlist = match &config.grpc.callers {
        Some(path) => Allowlist::load(path)?,
        None => Allowlist::default(),
    };
    let verifier = Arc::new(TokenVerifier::new(&config.token, environment)?);
    let directory = Directory::new(Arc::clone(&app), Arc::clone(&page_tokens), shutdown.clone());
    let admin = DirectoryAdmin::new(app, page_tokens);
    let server = GrpcServer::new(&config.grpc, environment, allowlist, verifier)
        .add_service(DirectoryServiceServer::new(directory))
        .add_service(DirectoryAdminServiceServer::new(admin))
        .bind()
        .await?;
    Ok(server)
}

/// What runs side by side.
struct Tasks {
    grpc: BoundServer,
    ops: OpsServer,
    db: Database,
    trail: TrailClient,
    /// `None`: nothing is answered from memory.
    asking: Option<Asking>,
    store: SqlStore,
    app: Arc<App>,
    environment: Environment,
}

impl Tasks {
    async fn run(self, shutdown: CancellationToken) {
        let clock = || Arc::clone(&self.environment.clock);
        let relaying = relay(
            self.db.clone(),
            SOURCE,
            clock(),
            self.trail,
            shutdown.clone(),
        );
        let waiting = observe_backlog(self.db.clone(), SOURCE, clock(), |_| {}, shutdown.clone());
        let vitals = Vitals::default();
        let relaying = vitals.spawn("relay", &shutdown, relaying);
        let waiting = tokio::spawn(waiting);
        let asking = self.asking.map(|asking| asking.go_on(shutdown.clone()));
        let asking = asking.map(|asking| vitals.spawn("lease", &shutdown, asking));
        let indexing = self.store.keep_indexed(shutdown.clone());
        let indexing = vitals.spawn("index", &shutdown, indexing);
        let measuring = tokio::spawn(measure(self.app, self.environment, shutdown.clone()));
        let condition = Condition::of(self.db.clone()).while_alive(&vitals);
        let ops = tokio::spawn(self.ops.serve(condition.clone(), shutdown.clone()));
        let serving = self.grpc.telling(condition).serve(shutdown.clone());
        // Whoever keeps the vitals says when one of them is lost, by a panic or without.
        let _ = vitals.spawn("grpc", &shutdown, serving).await;
        shutdown.cancel();
        let _ = relaying.await;
        if let Some(asking) = asking {
            let _ = asking.await;
        }
        let _ = indexing.await;
        report("freshness", measuring.await);
        report("backlog", waiting.await);
        report("ops", ops.await);
        if let Err(error) = self.db.close().await {
            tracing::warn!(%error, "the database was not closed");
        }
    }
}

async fn measure(app: Arc<App>, environment: Environment, shutdown: CancellationToken) {
    FreshnessGauges::new()
        .run(&app, &environment, shutdown)
        .await;
}

fn report(task: &str, ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, task, "a task ended by a panic");
    }
}
