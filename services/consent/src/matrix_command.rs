//! `aval-consent matrix`: looks at matrices of access rights, and loads them.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use aval_consent::config::Config;
use aval_consent::matrix::Matrix;
use aval_consent::server::Server;
use aval_domain::time::{Clock as _, Timestamp};
use aval_runtime::environment::Environment;
use clap::Subcommand;

/// What is done with matrices.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum MatrixCommand {
    /// Say which matrix is in force, what it permits, and which were loaded.
    Show,
    /// Read a file, and say what is wrong with it.
    Check {
        /// The file.
        file: PathBuf,
    },
    /// Say which cells a file would change of the matrix in force.
    Diff {
        /// The file.
        file: PathBuf,
    },
    /// Load a file: every instance decides by it from the day named, or at once.
    Load {
        /// The file.
        file: PathBuf,
        /// From which instant on, later than now: `2027-01-01T00:00:00+01:00`.
        #[arg(long, value_name = "INSTANT", value_parser = instant)]
        from: Option<Timestamp>,
    },
}

fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_rfc3339(text).map_err(|error| error.to_string())
}

/// Reads a file without any configuration.
pub(crate) fn check(file: &std::path::Path) -> anyhow::Result<()> {
    let matrix = Matrix::load(file)?;
    Ok(writeln!(io::stdout(), "{}", named(&matrix))?)
}

pub(crate) async fn run(config: &Config, command: &MatrixCommand) -> anyhow::Result<()> {
    let environment = Environment::system();
    match command {
        MatrixCommand::Check { file } => check(file),
        MatrixCommand::Show => show(config, environment.clock.now()).await,
        MatrixCommand::Diff { file } => {
            let new = Matrix::load(file)?;
            let policies = Server::policies(config).await?;
            let present = policies.in_force(environment.clock.now()).matrix();
            let mut out = io::stdout().lock();
            writeln!(out, "{} → {}", named(present), named(&new))?;
            for change in present.changes_to(&new) {
                writeln!(out, "{change}")?;
            }
            Ok(())
        }
        MatrixCommand::Load { file, from } => {
            let loaded = Server::load_matrix(config, &environment, file, *from)
                .await
                .context("not loaded")?;
            let from = loaded.effective_from.map_or("at once".to_owned(), since);
            Ok(writeln!(
                io::stdout(),
                "{} loaded, in force {from}",
                loaded.revision
            )?)
        }
    }
}

async fn show(config: &Config, now: Timestamp) -> anyhow::Result<()> {
    let policies = Server::policies(config).await?;
    let mut out = io::stdout().lock();
    let present = policies.in_force(now).matrix();
    writeln!(out, "in force: {}", named(present))?;
    for cell in Matrix::empty().changes_to(present) {
        writeln!(out, "  {cell}")?;
    }
    for loaded in policies.loaded() {
        let from = loaded.effective_from.unwrap_or(loaded.loaded_at);
        writeln!(out, "loaded: {}, in force {}", loaded.revision, since(from))?;
    }
    Ok(())
}

fn since(instant: Timestamp) -> String {
    format!("from {instant}")
}

/// Its revision, and, of an example, what that means.
fn named(matrix: &Matrix) -> String {
    let revision = matrix.revision();
    if matrix.is_example() {
        format!("{revision} (EXAMPLE: its cells are made up)")
    } else {
        revision
    }
}
