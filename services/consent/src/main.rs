//! The consent service as a program of its own.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use aval_consent::config::Config;
use aval_consent::matrix::Matrix;
use aval_consent::server::{Server, StartError};
use aval_consent::store::sql::Migrator;
use aval_database::DatabaseConfig;
use aval_runtime::config::{ConfigError, TelemetryConfig};
use aval_runtime::environment::Environment;
use aval_runtime::program::{self, Look, Service, Task};
use clap::{Parser, Subcommand};
use futures::FutureExt;
use futures::future::BoxFuture;
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
    #[command(flatten)]
    Usual(Task),
    /// Read a matrix of access rights, and say what is wrong with it.
    CheckMatrix {
        /// The file.
        file: PathBuf,
    },
}

struct Consent;

impl Service for Consent {
    const NAME: &'static str = "aval-consent";
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
        let directory = &config.practitioner_directory;
        look.at_peer("practitioner_directory", directory)?;
        look.at_peer("identity", &config.identity)?;
        look.at_peer("audit", &config.audit)?;
        look.at_hexadecimal("page_tokens.key_file", &config.page_tokens.key_file)?;
        if let Some((_, file)) = config.cache.shared() {
            look.at_hexadecimal("cache.key_file", file)?;
        }
        let matrix = config.policy.matrix.as_deref();
        look.at("policy.matrix", matrix, Matrix::load)
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
    let config = arguments.config.as_deref();
    let outcome = match arguments.command {
        Command::Usual(task) => program::run::<Consent>(task, config).await,
        Command::CheckMatrix { file } => check_matrix(&file),
    };
    program::end(outcome.map(|()| ExitCode::SUCCESS))
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
    Ok(writeln!(io::stdout(), "{revision}{means}")?)
}
