//! The identity service as a program of its own.

use std::path::{Path, PathBuf};

use aval_database::DatabaseConfig;
use aval_identity::config::Config;
use aval_identity::server::{Server, StartError};
use aval_identity::store::sql::Migrator;
use aval_runtime::config::{ConfigError, TelemetryConfig};
use aval_runtime::environment::Environment;
use aval_runtime::program::{self, Service, Task};
use clap::Parser;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

/// Who is calling, and in what capacity.
#[derive(Debug, Parser)]
#[command(name = "aval-identity", version)]
struct Arguments {
    /// The configuration file; the environment (`AVAL_IDENTITY__…`) wins over it.
    #[arg(long, global = true, env = "AVAL_IDENTITY_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    task: Task,
}

struct Identity;

impl Service for Identity {
    const NAME: &'static str = "aval-identity";
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
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    program::run::<Identity>(arguments.task, arguments.config.as_deref()).await
}
