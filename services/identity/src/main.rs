//! The identity service as a program.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use aval_identity::config::Config;
use aval_identity::server::{self, Server};
use aval_runtime::environment::Environment;
use aval_runtime::{telemetry, tls};
use clap::{Parser, Subcommand};
use tokio_util::sync::CancellationToken;

#[derive(Debug, Parser)]
#[command(name = "aval-identity", version, about)]
struct Arguments {
    /// The configuration file; `AVAL_IDENTITY__<SECTION>__<KEY>` wins over it.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until told to stop.
    Serve,
    /// Bring the database's schema up to this program.
    Migrate,
    /// Say whether the configuration can be used, and change nothing.
    CheckConfig,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "aval-identity stops");
            #[expect(clippy::print_stderr, reason = "telemetry may not have started")]
            {
                eprintln!("aval-identity: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    tls::install_crypto_provider();
    let config = Config::load(arguments.config.as_deref())?;
    let _telemetry = telemetry::init(&config.telemetry)?;
    match arguments.command {
        Command::CheckConfig => Ok(()),
        Command::Migrate => server::migrate(&config).await.context("cannot migrate"),
        Command::Serve => {
            let shutdown = CancellationToken::new();
            tokio::spawn(stop_at_signal(shutdown.clone()));
            let running = Server::start(config, Environment::system(), shutdown).await?;
            running.stopped().await;
            Ok(())
        }
    }
}

async fn stop_at_signal(shutdown: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    // Without handlers the signals end the process by themselves.
    if let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        shutdown.cancel();
    }
}
