//! The composition root: the only file that names what everything is made of.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aval_database::migrate::{self, SchemaError};
use aval_database::{Backend, Database, DatabaseError};
use aval_domain::random::SystemRandom;
use aval_proto::audit::v1::finding_service_server::FindingServiceServer;
use aval_proto::audit::v1::oversight_service_server::OversightServiceServer;
use aval_proto::audit::v1::retention_service_server::RetentionServiceServer;
use aval_proto::audit::v1::trail_service_server::TrailServiceServer;
use aval_proto::audit::v1::transparency_service_server::TransparencyServiceServer;
use aval_runtime::caller::{Allowlist, AllowlistError};
use aval_runtime::condition::Condition;
use aval_runtime::config::ConfigError;
use aval_runtime::environment::Environment;
use aval_runtime::key_file::{self, KeyFileError, Missing};
use aval_runtime::ops::OpsServer;
use aval_runtime::page::PageTokens;
use aval_runtime::schema;
use aval_runtime::server::{BoundServer, GrpcServer, ServerError};
use aval_runtime::token::{JwksError, TokenVerifier};
use aval_runtime::trail::observe_backlog;
use aval_runtime::vitals::Vitals;
use futures::future::BoxFuture;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::{App, Watching};
use crate::checkpoint_key::{CheckpointKey, CheckpointRefused};
use crate::config::{Config, RetentionConfig};
use crate::examination::Examination;
use crate::grpc::{Findings, Oversight, Retention, Trail, Transparency};
use crate::hearing::Hearing;
use crate::key_rotation::{self, KeyGone, Report};
use crate::log_key::{self, LogKeyError};
use crate::own_trail;
use crate::patient_keys::{PatientKeys, WrappingKeyFile};
use crate::retention;
use crate::store::Store;
use crate::store::sql::{Migrator, SqlStore, Standby};
use crate::tail::Tail;
use crate::witnessing::{self, Witnesses, WitnessesError};
use crate::writer::{Writer, WriterTask};

/// How long the start waits for the writing task.
const LONGEST_WAIT_TO_WRITE: Duration = Duration::from_secs(5);

/// The audit service.
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
    /// The database cannot be reached.
    #[error("the database cannot be used")]
    Database(#[from] DatabaseError),
    /// The schema is not this program's.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The log's key is missing or not one.
    #[error(transparent)]
    LogKey(#[from] LogKeyError),
    /// The key of the page tokens, or one of those that wrap the patients' keys, is
    /// missing or not one.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// What is in the database needs another key than the configured ones.
    #[error(transparent)]
    KeyGone(#[from] KeyGone),
    /// The log in the database was signed by another key.
    #[error("the log in the database is not the configured key's")]
    OtherLog(#[from] CheckpointRefused),
    /// Witnesses cannot be asked as configured.
    #[error(transparent)]
    Witnesses(#[from] WitnessesError),
    /// The table of callers cannot be read.
    #[error(transparent)]
    Callers(#[from] AllowlistError),
    /// The token issuer's keys cannot be fetched as configured.
    #[error(transparent)]
    Token(#[from] JwksError),
    /// The gRPC listener cannot serve.
    #[error(transparent)]
    Grpc(#[from] ServerError),
    /// The ops listener cannot serve.
    #[error("the ops listener cannot be bound")]
    Ops(#[source] std::io::Error),
}

impl Server {
    /// Starts the service: what this returns is listening, and stops at `shutdown`. On
    /// SQLite, where no other instance can, it writes the log already.
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
        let create = config.create_missing_keys;
        let missing = Missing::created_if(create, environment.random.as_ref());
        let key = Arc::new(log_key::checkpoint_key(&config.log, missing)?);
        let page_tokens = key_file::hexadecimal(&config.page_tokens.key_file, missing)?;
        let page_tokens = PageTokens::new(&page_tokens);
        let witnesses = Witnesses::load(&config.witnesses, &key)?.map(Arc::new);

        let files = &config.encryption.key_files;
        let keys = PatientKeys::load(files, missing, Arc::clone(&environment.random))?;
        let keys = Arc::new(keys);
        let store = SqlStore::new(db.clone(), Arc::clone(&keys));
        let standby = config.standby().map(Standby::new);
        let store: Arc<dyn Store> = Arc::new(store.with_lists_from(standby));
        key_rotation::require_keys(store.as_ref(), &keys).await?;
        require_own_log(store.as_ref(), &key).await?;
        let (writer, writing) = Writer::new(
            Arc::clone(&store),
            Arc::clone(&key),
            Arc::clone(&environment.clock),
        );
        let tail = Tail::new(Arc::clone(&store));
        let watching = Watching::new(tail.clone(), &config.watch, shutdown.clone());
        let rules = config.unusual.rules();
        let publishing = witnesses.clone().map(|witnesses| Publishing {
            witnesses,
            store: Arc::clone(&store),
            key: Arc::clone(&key),
        });
        let hearing = Arc::new(Hearing::new(Arc::clone(&environment.clock)));
        let heard = Arc::clone(&hearing);
        let app = App::new(
            Arc::clone(&store),
            writer.clone(),
            key,
            page_tokens,
            watching,
            rules,
            heard,
        );
        let app = Arc::new(match witnesses {
            Some(witnesses) => app.witnessed_by(witnesses),
            None => app,
        });

        let grpc = bind_grpc(&config, &environment, app).await?;
        let ops = OpsServer::bind(&config.ops)
            .await
            .map_err(StartError::Ops)?;
        let addresses = (grpc.bound_address(), ops.bound_address());
        let tasks = Tasks {
            grpc,
            ops,
            db: db.clone(),
            store,
            writer: writer.clone(),
            writing,
            tail,
            publishing,
            hearing,
            retention: config.retention,
            environment,
        };
        let stopped = tokio::spawn(tasks.run(shutdown));
        if db.backend() == Backend::Sqlite {
            until_it_writes(&writer).await;
        }
        Ok(Running {
            grpc: addresses.0,
            ops: addresses.1,
            stopped,
        })
    }
}

impl Server {
    /// Examines the whole log in the database, whoever serves it meanwhile. Reads
    /// everything, writes nothing, and creates no key.
    #[must_use = "a future does nothing before it is awaited"]
    pub fn examine(config: &Config) -> BoxFuture<'_, Result<Examination, StartError>> {
        Box::pin(async {
            let db = Database::connect_for_command(&config.database).await?;
            migrate::require_fit::<Migrator>(&db).await?;
            let key = log_key::checkpoint_key(&config.log, Missing::Refuse)?;
            let (_, store) = store_with_keys(config, &db).await?;
            let found = store.examine(&key).await?;
            db.close().await?;
            Ok(found)
        })
    }

    /// Puts everything under the current key, whoever serves meanwhile, and tells
    /// `progress` how much was done.
    #[must_use = "a future does nothing before it is awaited"]
    pub fn rotate_keys<'a>(
        config: &'a Config,
        progress: impl FnMut(u64) + Send + 'a,
    ) -> BoxFuture<'a, Result<Report, StartError>> {
        Box::pin(async {
            let files = WrappingKeyFile::all(&config.encryption.key_files)?;
            let db = Database::connect_for_command(&config.database).await?;
            migrate::require_fit::<Migrator>(&db).await?;
            let (keys, store) = store_with_keys(config, &db).await?;
            let report = key_rotation::rotate(&store, &keys, files, progress).await?;
            db.close().await?;
            Ok(report)
        })
    }
}

impl Running {
    /// Waits until the service has stopped: calls answered, the last batch stored.
    pub async fn stopped(self) {
        if let Err(error) = self.stopped.await {
            tracing::error!(%error, "the service ended by a panic");
        }
    }
}

/// The store as a command uses it, which creates no key.
async fn store_with_keys(
    config: &Config,
    db: &Database,
) -> Result<(Arc<PatientKeys>, SqlStore), StartError> {
    let files = &config.encryption.key_files;
    let keys = PatientKeys::load(files, Missing::Refuse, Arc::new(SystemRandom))?;
    let keys = Arc::new(keys);
    let store = SqlStore::new(db.clone(), Arc::clone(&keys));
    key_rotation::require_keys(&store, &keys).await?;
    Ok((keys, store))
}

async fn open_database(config: &Config) -> Result<Database, StartError> {
    let migrate = config.migrate_on_start;
    let opened = schema::open_database::<Migrator>(own_trail::SOURCE, &config.database, migrate);
    Ok(opened.await?)
}

/// A log that another key signed is not continued: most likely the key was lost, and
/// the operator has to say so by naming it among the former ones.
async fn require_own_log(store: &dyn Store, key: &CheckpointKey) -> Result<(), StartError> {
    if let Some(note) = store.checkpoint().await? {
        key.open(&note)?;
    }
    Ok(())
}

async fn bind_grpc(
    config: &Config,
    environment: &Environment,
    app: Arc<App>,
) -> Result<BoundServer, StartError> {
    let allowlist = Allowlist::of_listener(&config.grpc)?;
    let verifier = Arc::new(TokenVerifier::new(&config.token, environment)?);
    let server = GrpcServer::new(&config.grpc, environment, allowlist, verifier)
        .add_service(TrailServiceServer::new(Trail::new(Arc::clone(&app))))
        .add_service(OversightServiceServer::new(Oversight::new(Arc::clone(
            &app,
        ))))
        .add_service(RetentionServiceServer::new(Retention::new(Arc::clone(
            &app,
        ))))
        .add_service(FindingServiceServer::new(Findings::new(Arc::clone(&app))))
        .add_service(TransparencyServiceServer::new(Transparency::new(app)))
        .bind()
        .await?;
    Ok(server)
}

/// A log that cannot be written is said in the log of this program, and readers are
/// served all the same: so the wait is bounded.
async fn until_it_writes(writer: &Writer) {
    let mut leads = writer.leads();
    let written = tokio::time::timeout(LONGEST_WAIT_TO_WRITE, leads.wait_for(|leads| *leads));
    if written.await.is_err() {
        tracing::warn!("serving without writing the log");
    }
}

/// What runs side by side.
struct Tasks {
    grpc: BoundServer,
    ops: OpsServer,
    db: Database,
    store: Arc<dyn Store>,
    writer: Writer,
    writing: WriterTask,
    tail: Tail,
    publishing: Option<Publishing>,
    hearing: Arc<Hearing>,
    retention: RetentionConfig,
    environment: Environment,
}

/// What is shown to witnesses, where there are any.
struct Publishing {
    witnesses: Arc<Witnesses>,
    store: Arc<dyn Store>,
    key: Arc<CheckpointKey>,
}

impl Tasks {
    /// Runs until `shutdown`, then stops in an order that loses nothing: the log goes to its
    /// next writer at once, however long the last calls and connections take to end; then no
    /// more calls, then the database.
    async fn run(self, shutdown: CancellationToken) {
        let vitals = Vitals::default();
        let writing = self.writing.run(shutdown.clone());
        let writing = vitals.spawn("writer", &shutdown, writing);
        let observing = tokio::spawn(observe_backlog(
            self.db.clone(),
            own_trail::SOURCE,
            Arc::clone(&self.environment.clock),
            |_| {},
            shutdown.clone(),
        ));
        let pruning = tokio::spawn(retention::keep_to(
            self.retention,
            self.store,
            self.writer.clone(),
            self.environment.clone(),
            shutdown.clone(),
        ));
        let publishing = self.publishing.map(|publishing| {
            let Publishing {
                witnesses,
                store,
                key,
            } = publishing;
            let writer = self.writer.clone();
            let publish = witnessing::publish(witnesses, store, key, writer, shutdown.clone());
            tokio::spawn(publish)
        });
        let relaying = own_trail::relay(
            self.db.clone(),
            self.writer,
            self.hearing,
            self.environment,
            shutdown.clone(),
        );
        let relaying = vitals.spawn("relay", &shutdown, relaying);
        let watching = vitals.spawn("tail", &shutdown, self.tail.run(shutdown.clone()));
        let condition = Condition::of(self.db.clone()).while_alive(&vitals);
        // Ready is who can read: an instance that does not write serves all the same.
        let ops = tokio::spawn(self.ops.serve(condition.clone(), shutdown.clone()));

        let serving = self.grpc.telling(condition).serve(shutdown.clone());
        // Of what is vital nothing is to be told: whichever of them was lost, it was said.
        let _ = vitals.spawn("grpc", &shutdown, serving).await;
        shutdown.cancel();
        let _ = relaying.await;
        let _ = watching.await;
        report("retention", pruning.await);
        if let Some(publishing) = publishing {
            report("witnesses", publishing.await);
        }
        let _ = writing.await;
        report("backlog", observing.await);
        report("ops", ops.await);
        if let Err(error) = self.db.close().await {
            tracing::warn!(%error, "the database was not closed");
        }
    }
}

fn report(task: &str, ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, task, "a task ended by a panic");
    }
}
