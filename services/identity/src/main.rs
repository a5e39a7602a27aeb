//! The identity service as a program of its own.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use aval_database::DatabaseConfig;
use aval_identity::config::Config;
use aval_identity::keys;
use aval_identity::server::{Server, StartError};
use aval_identity::store::sql::Migrator;
use aval_runtime::config::{ConfigError, TelemetryConfig};
use aval_runtime::environment::Environment;
use aval_runtime::key_file::Missing;
use aval_runtime::program::{self, Look, Service, Task};
use clap::{Parser, Subcommand};
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
    command: Command,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    #[command(flatten)]
    Usual(Task),
    /// Put every identity under the current keys of `patient_keys`, while others serve, and
    /// say which key is still needed. 0: everything is under the current ones; 22:
    /// something is not; 1: it could not be done.
    RotateKeys,
}

/// How far a rotation is, is said whenever so many more identities are done.
const SAID_AFTER: u64 = 100_000;

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

    fn look_at_files(config: &Config, look: &mut Look<'_>) -> anyhow::Result<()> {
        look.at_listener(&config.grpc)?;
        let directory = &config.practitioner_directory;
        look.at_peer("practitioner_directory", directory)?;
        look.at_peer("audit", &config.audit)?;
        for (key, provider) in [
            (
                "practitioners_provider.client_certificate.certificate",
                &config.practitioners_provider,
            ),
            (
                "patients_provider.client_certificate.certificate",
                &config.patients_provider,
            ),
        ] {
            look.at_certificate(key, provider.certificate())?;
        }
        let patients = &config.patient_keys;
        look.at_base64("patient_keys.digest_key_file", &patients.digest_key_file)?;
        look.at_base64(
            "patient_keys.encryption_key_file",
            &patients.encryption_key_file,
        )?;
        let signing = Some(config.token.signing_key_file.as_path());
        look.at("token.signing_key_file", signing, |file| {
            keys::signer(file, Missing::Refuse)
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
        Command::Usual(task) => program::run::<Identity>(task, config).await?,
        Command::RotateKeys => return rotate_keys(&program::load::<Identity>(config)?).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn rotate_keys(config: &Config) -> anyhow::Result<ExitCode> {
    let mut said = 0;
    let progress = |patients: u64| {
        if patients >= said + SAID_AFTER {
            said = patients;
            // Whoever does not listen keeps nobody from going on.
            let _ = writeln!(io::stderr(), "{patients} identities");
        }
    };
    let report = Server::rotate_keys(config, progress).await;
    let report = report.context("the keys are not rotated")?;
    write!(io::stdout(), "{report}")?;
    Ok(ExitCode::from(report.exit_code()))
}
