//! What a service does as a program of its own, whichever service it is.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use aval_database::migrate::{self, Steps};
use aval_database::{Database, DatabaseConfig, outbox};
use aval_domain::time::Timestamp;
use clap::Subcommand;
use futures::future::BoxFuture;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::{ConfigError, TelemetryConfig};
use crate::environment::Environment;
use crate::telemetry::{self, TelemetryGuard};
use crate::tls::{self, Standing};

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
    /// The certificates that it shows, by the key that names them: `grpc.tls.certificate`.
    fn certificates(config: &Self::Config) -> Vec<(&'static str, Option<&Path>)>;
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
    /// Read the configuration, and say what is wrong with it, or with a certificate that it
    /// names and that is here: one that has ended is refused, one that soon will is told.
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
            let now = Environment::system().clock.now();
            look_at_certificates::<S>(&config, now, &mut io::stdout())
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

/// Refuses a certificate that has ended, and tells of each that soon will and of each that is
/// not here: a configuration may be checked elsewhere than where it is served with.
fn look_at_certificates<S: Service>(
    config: &S::Config,
    now: Timestamp,
    told: &mut impl io::Write,
) -> anyhow::Result<()> {
    let exporter = S::telemetry(config).otlp_tls.as_ref();
    let exporter = exporter.map(|files| files.certificate.as_path());
    let exporter = ("telemetry.otlp_tls.certificate", exporter);
    for (key, file) in S::certificates(config).into_iter().chain([exporter]) {
        let Some(file) = file else { continue };
        if !file.exists() {
            writeln!(told, "{key}: {} is not here", file.display())?;
            continue;
        }
        let validity = tls::require_standing(key, file, now)?;
        if validity.standing(now) == Standing::Ending {
            let not_after = validity.not_after;
            writeln!(told, "{key}: {} ends at {not_after}", file.display())?;
        }
    }
    Ok(())
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
    let now = Environment::system().clock.now();
    // The log says of those that are not here what is the matter with them.
    look_at_certificates::<S>(&config, now, &mut io::sink())
        .context("the service does not start")?;
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
