//! The practitioner-directory service as a program of its own.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use aval_database::DatabaseConfig;
use aval_practitioner_directory::config::Config;
use aval_practitioner_directory::records::Records;
use aval_practitioner_directory::server::{Server, StartError};
use aval_practitioner_directory::store::sql::Migrator;
use aval_runtime::config::{ConfigError, TelemetryConfig};
use aval_runtime::environment::Environment;
use aval_runtime::program::{self, Look, Service, Task};
use clap::Parser;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

/// Who exists: professionals, what they practise, and where.
#[derive(Debug, Parser)]
#[command(name = "aval-practitioner-directory", version)]
struct Arguments {
    /// The configuration file; the environment (`AVAL_PRACTITIONER_DIRECTORY__…`) wins over it.
    #[arg(long, global = true, env = "AVAL_PRACTITIONER_DIRECTORY_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    task: Task,
}

struct Directory;

impl Service for Directory {
    const NAME: &'static str = "aval-practitioner-directory";
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
        look.at_peer("audit", &config.audit)?;
        look.at("search.folder", config.search.folder.as_deref(), |folder| {
            Records::begin(folder).map(drop)
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
    let arguments = Arguments::parse();
    let outcome = program::run::<Directory>(arguments.task, arguments.config.as_deref()).await;
    program::end(outcome.map(|()| ExitCode::SUCCESS))
}
