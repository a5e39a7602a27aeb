//! The audit service as a program of its own.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use aval_audit::config::Config;
use aval_audit::log_key;
use aval_audit::server::{Server, StartError};
use aval_audit::store::sql::Migrator;
use aval_database::DatabaseConfig;
use aval_runtime::config::{ConfigError, TelemetryConfig};
use aval_runtime::environment::Environment;
use aval_runtime::key_file::Missing;
use aval_runtime::program::{self, Look, Service, Task};
use clap::{Parser, Subcommand};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

/// The trail: who did what to whose record, so that nobody can rewrite it.
#[derive(Debug, Parser)]
#[command(name = "aval-audit", version)]
struct Arguments {
    /// The configuration file; the environment (`AVAL_AUDIT__…`) wins over it.
    #[arg(long, global = true, env = "AVAL_AUDIT_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    #[command(flatten)]
    Usual(Task),
    /// Read the whole log and say what in it is not as it was signed. 0: nothing; 22:
    /// something; 1: it could not be read.
    Fsck,
    /// Wrap every patient's key under the first of `encryption.key_files`, while others
    /// serve, encrypt what is still in clear, and say which key is still needed. 0:
    /// everything is under the first one; 22: something is not; 1: it could not be done.
    RotateKeys,
}

/// How far a rotation is, is said whenever so many more rows are done.
const SAID_AFTER: u64 = 100_000;

struct Audit;

impl Service for Audit {
    const NAME: &'static str = "aval-audit";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Config = Config;
    type Migrator = Migrator;
    type StartError = StartError;

    fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
        Config::load(file)
    }

    fn telemetry(config: &Config) -> &TelemetryConfig {
        &config.telemetry
    }

    fn database(config: &Config) -> &DatabaseConfig {
        &config.database
    }

    fn look_at_files(config: &Config, look: &mut Look<'_>) -> anyhow::Result<()> {
        look.at_listener(&config.grpc)?;
        for file in &config.encryption.key_files {
            look.at_base64("encryption.key_files", file)?;
        }
        look.at_hexadecimal("page_tokens.key_file", &config.page_tokens.key_file)?;
        look.at("log.key_file", Some(&config.log.key_file), |_| {
            log_key::checkpoint_key(&config.log, Missing::Refuse)
        })
    }

    fn start(
        config: Config,
        environment: Environment,
        shutdown: CancellationToken,
    ) -> BoxFuture<'static, Result<BoxFuture<'static, ()>, StartError>> {
        async move {
            let running = Server::start(config, environment, shutdown).await?;
            Ok(running.stopped().boxed())
        }
        .boxed()
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    program::end(run(Arguments::parse()).await)
}

async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = arguments.config.as_deref();
    match arguments.command {
        Command::Usual(task) => program::run::<Audit>(task, config).await?,
        Command::RotateKeys => return rotate_keys(&program::load::<Audit>(config)?).await,
        Command::Fsck => return examine(&program::load::<Audit>(config)?).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn examine(config: &Config) -> anyhow::Result<ExitCode> {
    let found = Server::examine(config).await.context("not examined")?;
    let mut out = io::stdout().lock();
    for fault in &found.faults {
        writeln!(out, "{fault}")?;
    }
    writeln!(out, "{found}")?;
    Ok(ExitCode::from(found.exit_code()))
}

async fn rotate_keys(config: &Config) -> anyhow::Result<ExitCode> {
    let mut said = 0;
    let progress = |rows: u64| {
        if rows >= said + SAID_AFTER {
            said = rows;
            // Whoever does not listen keeps nobody from going on.
            let _ = writeln!(io::stderr(), "{rows} rows");
        }
    };
    let report = Server::rotate_keys(config, progress).await;
    let report = report.context("the keys are not rotated")?;
    write!(io::stdout(), "{report}")?;
    Ok(ExitCode::from(report.exit_code()))
}
