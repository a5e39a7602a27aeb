//! What a service does as a program of its own, whichever service it is.

mod look;

pub use look::Look;

use std::error::Error;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use aval_database::migrate::{self, Steps};
use aval_database::{Database, DatabaseConfig, outbox};
use clap::Subcommand;
use futures::future::BoxFuture;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::{ConfigError, TelemetryConfig};
use crate::environment::Environment;
use crate::telemetry::{self, TelemetryGuard};

/// A service, as its program sees it.
pub trait Service {
    /// What the program is called.
    const NAME: &'static str;
    /// Its version.
    const VERSION: &'static str;
    /// Its configuration.
    type Config: Send + Sync;
    /// Its schema, step by step.
    type Migrator: Steps;
    /// Why it does not start.
    type StartError: Error + Send + Sync + 'static;

    /// Reads and checks the configuration: this file, then the environment.
    fn load(file: Option<&Path>) -> Result<Self::Config, ConfigError>;
    /// How it tells of itself.
    fn telemetry(config: &Self::Config) -> &TelemetryConfig;
    /// Where its rows are.
    fn database(config: &Self::Config) -> &DatabaseConfig;
    /// Looks at the files that serving reads, each under the key that names it.
    fn look_at_files(config: &Self::Config, look: &mut Look<'_>) -> anyhow::Result<()>;
    /// Serves until the token is cancelled. What is given back ends when it has stopped.
    fn start(
        config: Self::Config,
        environment: Environment,
        shutdown: CancellationToken,
    ) -> BoxFuture<'static, Result<BoxFuture<'static, ()>, Self::StartError>>;
}

/// What every service does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum Task {
    /// Serve until SIGTERM or Ctrl-C.
    Serve,
    /// Bring the database's schema up to date.
    Migrate,
    /// Begin a new life of the outbox: after the database was restored, before the service
    /// starts again. Events that wait are numbered anew; the trail knows them by their
    /// identifiers.
    NewEpoch,
    /// Read the configuration, and say what is wrong with it or with a file that it names; a
    /// certificate that has ended is wrong, and one that soon will is told, as is a file that
    /// is not here.
    CheckConfig,
    /// Say the version.
    Version,
}

/// Does it.
pub async fn run<S: Service>(task: Task, file: Option<&Path>) -> anyhow::Result<()> {
    if task == Task::Version {
        return Ok(writeln!(io::stdout(), "{} {}", S::NAME, S::VERSION)?);
    }
    let config = load::<S>(file)?;
    match task {
        Task::Serve => serve::<S>(config).await,
        Task::Migrate => {
            let _telemetry = begin_telemetry::<S>(&config)?;
            let migrated = bring_up_to_date::<S::Migrator>(S::database(&config));
            migrated.await.context("not migrated")
        }
        Task::NewEpoch => begin_new_epoch(S::database(&config)).await,
        Task::CheckConfig => {
            let mut told = io::stdout().lock();
            look_at_files::<S>(&config, &mut told).context("the configuration is refused")
        }
        Task::Version => Ok(()),
    }
}

/// How the program ends: as it was told to, or with what went wrong, cause after cause, on the
/// standard error. Where in the program that was is not said, whatever `RUST_BACKTRACE` asks
/// for: the cause is a key, a file or a server, and the line that names it must not drown.
#[must_use]
pub fn end(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        // Who closed the standard error does not want to know.
        let _ = writeln!(io::stderr(), "error: {error:#}");
        ExitCode::FAILURE
    })
}

/// The configuration in this file and the environment.
pub fn load<S: Service>(file: Option<&Path>) -> anyhow::Result<S::Config> {
    S::load(file).context("the configuration is refused")
}

/// Refuses the files that serving would refuse, or could not do all of its work with.
fn look_at_files<S: Service>(config: &S::Config, told: &mut dyn io::Write) -> anyhow::Result<()> {
    let mut look = Look::new(Environment::system().clock.now(), told);
    let collector = S::telemetry(config).otlp_tls.as_ref();
    look.at_tls("telemetry.otlp_tls", collector)?;
    S::look_at_files(config, &mut look)
}

fn begin_telemetry<S: Service>(config: &S::Config) -> anyhow::Result<TelemetryGuard> {
    telemetry::init(S::telemetry(config)).context("telemetry does not start")
}

async fn bring_up_to_date<M: Steps>(database: &DatabaseConfig) -> anyhow::Result<()> {
    let db = Database::connect(database).await?;
    migrate::migrate::<M>(&db).await?;
    Ok(db.close().await?)
}

async fn begin_new_epoch(database: &DatabaseConfig) -> anyhow::Result<()> {
    let db = Database::connect(database).await?;
    let now = Environment::system().clock.now();
    let epoch = outbox::start_new_epoch(&db, now).await?;
    db.close().await?;
    Ok(writeln!(io::stdout(), "{epoch}")?)
}

async fn serve<S: Service>(config: S::Config) -> anyhow::Result<()> {
    let _telemetry = begin_telemetry::<S>(&config)?;
    // What it cannot begin without is refused by whoever reads it. A certificate of its own that
    // ended for one neighbour alone is said, and the others are served.
    if let Err(error) = look_at_files::<S>(&config, &mut io::sink()) {
        tracing::warn!(error = format!("{error:#}"), "a file is not as it must be");
    }
    let shutdown = CancellationToken::new();
    // From here on the signal is heard, also while the service starts.
    let mut terminate = signal(SignalKind::terminate())?;
    let stopped = S::start(config, Environment::system(), shutdown.clone())
        .await
        .context("the service does not start")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    shutdown.cancel();
    stopped.await;
    Ok(())
}
