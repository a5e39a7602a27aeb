//! `aval bench-identity`: what signing in and out costs.
//!
//! In one run: verifying a token that was verified a moment ago, and one that was not, as
//! every service does with each call; `ExchangeToken`, beside what the provider alone
//! takes for the same questions; and, among many open sessions, how long after
//! `CloseSession` returned each service still took the session's token, while doctors go
//! on asking consent. Nothing here passes or fails by a figure.

mod closing;
mod exchanging;
mod verifying;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use aval_domain::time::{Clock, SystemClock};
use aval_identity::config::Config;
use aval_identity::store::sql::population;
use clap::Args;

use super::people::{self, People};
use super::portal::Portal;
use super::threads::Threads;
use crate::output::Output;
use crate::stack::{Engines, Stack, StackConfig};

/// Measures verifying tokens, signing in, and closing sessions.
#[derive(Debug, Clone, Args)]
pub struct IdentityBenchArguments {
    /// How many different tokens are verified.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    tokens: u32,
    /// How often somebody signs in.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    exchanges: u32,
    /// How many sessions go on besides.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    sessions: u32,
    /// How many sessions are closed.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    closings: u32,
    /// How many doctors ask consent meanwhile.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1024))]
    callers: u32,
    /// Seconds for which their throughput is measured at a time.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=120))]
    duration: u32,
    /// Where the databases are made, and removed afterwards. By default the temporary
    /// folder.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Where rows are kept.
    #[command(flatten)]
    engines: Engines,
}

/// Measures, and says what came of it.
pub async fn run(arguments: &IdentityBenchArguments, output: Output) -> anyhow::Result<()> {
    aval_runtime::tls::install_crypto_provider();
    let folder = match &arguments.folder {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    };
    let folder = folder.context("cannot make a folder for the databases")?;
    let threads = Threads::start()?;
    let tokens = arguments.tokens;
    let pki = folder.path().join("verifying");
    let verified = threads
        .servers()
        .spawn(async move { verifying::measure(&pki, tokens).await });
    output.rows(&verified.await??)?;

    let (stack, people) = started(folder.path(), arguments, &threads).await?;
    let people = Arc::new(people);
    let exchanges = arguments.exchanges;
    let (there, who) = (Arc::clone(&stack), Arc::clone(&people));
    let signed_in = threads
        .callers()
        .spawn(async move { exchanging::measure(&there, &who, exchanges).await });
    output.rows(&signed_in.await??)?;

    let (there, asked) = (Arc::clone(&stack), arguments.clone());
    let closed = threads
        .callers()
        .spawn(async move { closing::measure(&there, &people, &asked).await });
    let (throughput, closings) = closed.await??;
    output.rows(&throughput)?;
    output.rows(&closings)?;
    if let Some(stack) = Arc::into_inner(stack) {
        stack.stop().await;
    }
    Ok(())
}

/// The four services on the servers' thread, a doctor, and patients who granted them
/// access.
async fn started(
    folder: &Path,
    arguments: &IdentityBenchArguments,
    threads: &Threads,
) -> anyhow::Result<(Arc<Stack>, People)> {
    let config = StackConfig::on_free_ports(&folder.join("stack"))?;
    let config = config.with_engines(arguments.engines.clone());
    let started = threads.servers().spawn(async move {
        let stack = Arc::new(Stack::start(config).await?);
        let people = people::fill(&stack, &Portal::of(&stack)?).await?;
        anyhow::Ok((stack, people))
    });
    started.await?.context("the services do not start")
}

/// Opens so many more sessions of people who do nothing.
async fn populate(stack: &Stack, sessions: u32) -> anyhow::Result<()> {
    let config = Config::load(Some(&stack.layout().config("identity")))?;
    population::open_sessions(&config.database, sessions, SystemClock.now())
        .await
        .context("the sessions are not written")
}
