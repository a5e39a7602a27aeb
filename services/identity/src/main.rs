//! The identity service as a program of its own.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use aval_identity::config::Config;
use aval_identity::server::Server;
use aval_runtime::environment::Environment;
use aval_runtime::telemetry;
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Who is calling, and in what capacity.
#[derive(Debug, Parser)]
#[command(name = "aval-identity", version)]
struct Arguments {
    /// The configuration file; the environment (`AVAL_IDENTITY__…`) wins over it.
    #[arg(long, global = true, env = "AVAL_IDENTITY_CONFIG")]
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
    /// Read the configuration, and say what is wrong with it.
    CheckConfig,
    /// Say the version.
    Version,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if matches!(arguments.command, Command::Version) {
        return Ok(writeln!(
            std::io::stdout(),
            "aval-identity {}",
            env!("CARGO_PKG_VERSION")
        )?);
    }
    let config =
        Config::load(arguments.config.as_deref()).context("the configuration is refused")?;
    match arguments.command {
        Command::Serve => serve(config).await,
        Command::Migrate => migrate(&config).await,
        Command::CheckConfig | Command::Version => Ok(()),
    }
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
