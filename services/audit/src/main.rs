//! The audit service as a program of its own.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use aval_audit::config::Config;
use aval_audit::server::Server;
use aval_runtime::environment::Environment;
use aval_runtime::telemetry;
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
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

#[derive(Debug, Clone, Copy, Subcommand)]
enum Command {
    /// Serve until SIGTERM or Ctrl-C.
    Serve,
    /// Bring the database's schema up to date.
    Migrate,
    /// Read the whole log and say what in it is not as it was signed. 0: nothing; 22:
    /// something; 1: it could not be read.
    Fsck,
    /// Read the configuration, and say what is wrong with it.
    CheckConfig,
    /// Say the version.
    Version,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    if matches!(arguments.command, Command::Version) {
        writeln!(io::stdout(), "aval-audit {}", env!("CARGO_PKG_VERSION"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let config =
        Config::load(arguments.config.as_deref()).context("the configuration is refused")?;
    match arguments.command {
        Command::Serve => serve(config).await?,
        Command::Migrate => migrate(&config).await?,
        Command::Fsck => return examine(&config).await,
        Command::CheckConfig | Command::Version => {}
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

async fn migrate(config: &Config) -> anyhow::Result<()> {
    let _telemetry = telemetry::init(&config.telemetry).context("telemetry does not start")?;
    Server::migrate(config).await.context("not migrated")
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let _telemetry = telemetry::init(&config.telemetry).context("telemetry does not start")?;
    let shutdown = CancellationToken::new();
    // From here on the signal is heard, also while the service starts.
    let mut terminate = signal(SignalKind::terminate())?;
    let running = Server::start(config, Environment::system(), shutdown.clone())
        .await
        .context("the service does not start")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    shutdown.cancel();
    running.stopped().await;
    Ok(())
}
