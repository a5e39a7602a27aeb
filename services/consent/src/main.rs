//! The consent service as a program of its own.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use aval_consent::config::Config;
use aval_consent::matrix::Matrix;
use aval_consent::server::Server;
use aval_runtime::environment::Environment;
use aval_runtime::telemetry;
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Who may open a patient's record: grants, blocks, settings, decisions.
#[derive(Debug, Parser)]
#[command(name = "aval-consent", version)]
struct Arguments {
    /// The configuration file; the environment (`AVAL_CONSENT__…`) wins over it.
    #[arg(long, global = true, env = "AVAL_CONSENT_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Serve until SIGTERM or Ctrl-C.
    Serve,
    /// Bring the database's schema up to date.
    Migrate,
    /// Read the configuration, and say what is wrong with it.
    CheckConfig,
    /// Read a matrix of access rights, and say what is wrong with it.
    CheckMatrix {
        /// The file.
        file: PathBuf,
    },
    /// Say the version.
    Version,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if matches!(arguments.command, Command::Version) {
        return Ok(writeln!(
            std::io::stdout(),
            "aval-consent {}",
            env!("CARGO_PKG_VERSION")
        )?);
    }
    if let Command::CheckMatrix { file } = &arguments.command {
        return check_matrix(file);
    }
    let config =
        Config::load(arguments.config.as_deref()).context("the configuration is refused")?;
    match arguments.command {
        Command::Serve => serve(config).await,
        Command::Migrate => migrate(&config).await,
        Command::CheckConfig | Command::CheckMatrix { .. } | Command::Version => Ok(()),
    }
}

/// Names the matrix in the file. Of an example it says what that means.
fn check_matrix(file: &Path) -> anyhow::Result<()> {
    let matrix = Matrix::load(file)?;
    let means = if matrix.is_example() {
        " (EXAMPLE: its cells are made up)"
    } else {
        ""
    };
    let revision = matrix.revision();
    Ok(writeln!(std::io::stdout(), "{revision}{means}")?)
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
