//! `aval bench-trail`: what writing and reading the trail costs, as it grows.
//!
//! In one run, each through gRPC with mutual TLS and every layer: a page of 50 of a
//! patient's history at growing sizes of the log, beside the same rows read from the
//! database alone; inclusion proofs of entries all over the log, beside reading one row of
//! it; how many bytes an event takes; events appended one a call, beside the same calls to a
//! server that inserts one row each; and how long after a producer's call returned what it
//! did is seen in `ListEvents`, beside a `ListEvents` that waits for nothing. Nothing here
//! passes or fails by a figure.

mod appending;
mod calls;
mod history;
mod log;
mod proofs;
mod served;
mod visible;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::threads::Threads;
use crate::output::Output;
use crate::stack::Engines;
use appending::Turns;
use calls::Told;
use log::Log;
use served::Served;

/// Measures writing the trail, and reading it at sizes.
#[derive(Debug, Clone, Args)]
pub struct TrailBenchArguments {
    /// At which sizes of the log histories are read and entries are proved, ascending:
    /// multiples of 100,000.
    #[arg(long, value_delimiter = ',', default_values_t = [100_000, 1_000_000])]
    sizes: Vec<u64>,
    /// By how many callers at once histories are read.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 4], value_parser = clap::value_parser!(u32).range(1..=1024))]
    readers: Vec<u32>,
    /// By how many callers at once entries are proved.
    #[arg(long, value_delimiter = ',', default_values_t = [64], value_parser = clap::value_parser!(u32).range(1..=1024))]
    provers: Vec<u32>,
    /// How many calls are measured of each kind at each size.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    calls: u32,
    /// With how many callers at once events are appended.
    #[arg(long, value_delimiter = ',', default_values_t = [64, 1_024], value_parser = clap::value_parser!(u32).range(1..=1024))]
    appenders: Vec<u32>,
    /// How many rounds of appending there are.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How long each round appends, in seconds, and inserts as long.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// How many events are waited for.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    waits: u32,
    /// Measures one of them alone.
    #[arg(long, value_enum)]
    only: Option<OnlyReading>,
    /// Where the databases are made, and removed afterwards. By default the temporary
    /// folder.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Where rows are kept. What a bench leaves in a PostgreSQL stays there: give it a
    /// database of its own.
    #[command(flatten)]
    engines: Engines,
}

/// One of the readings alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OnlyReading {
    /// Pages of histories.
    History,
    /// From a producer's commit until it is seen.
    Visible,
    /// Inclusion proofs.
    Proofs,
    /// Appending, on a log of the last size; of none, where that is wanted alone.
    Appending,
}

/// Measures, and says what came of it.
pub async fn run(arguments: &TrailBenchArguments, output: Output) -> anyhow::Result<()> {
    aval_runtime::tls::install_crypto_provider();
    let folder = match &arguments.folder {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    };
    let folder = folder.context("cannot make a folder for the databases")?;
    let threads = Threads::start()?;
    let wanted = |reading| arguments.only.is_none_or(|only| only == reading);
    let mut told = Told::default();
    if arguments.only != Some(OnlyReading::Visible) {
        told.extend(of_a_log(arguments, folder.path(), &threads).await?);
    }
    if wanted(OnlyReading::Visible) {
        let (engines, path) = (arguments.engines.clone(), folder.path().join("stack"));
        told.extend(visible::measure(engines, &path, arguments.waits, &threads).await?);
    }
    output.rows(&told.rows())?;
    Ok(())
}

/// What is measured of one log, as it grows.
async fn of_a_log(
    arguments: &TrailBenchArguments,
    folder: &Path,
    threads: &Threads,
) -> anyhow::Result<Told> {
    let wanted = |reading| arguments.only.is_none_or(|only| only == reading);
    let (engines, path) = (arguments.engines.clone(), folder.to_owned());
    let log = threads
        .servers()
        .spawn(async move { Log::begin(&engines, &path).await });
    let log = log.await??;
    let served = Served::start(&log, folder, threads).await?;
    let calls = arguments.calls;
    let mut told = Told::default();
    if arguments.only != Some(OnlyReading::Appending) {
        for size in &arguments.sizes {
            log.grow_to(*size, threads).await?;
            told.extend(log.storage().await?);
            let is_wanted = wanted(OnlyReading::History);
            for callers in arguments.readers.iter().filter(|_| is_wanted) {
                told.extend(history::measure(&log, &served, *callers, calls, threads).await?);
            }
            let is_wanted = wanted(OnlyReading::Proofs);
            for callers in arguments.provers.iter().filter(|_| is_wanted) {
                told.extend(proofs::measure(&log, &served, *callers, calls, threads).await?);
            }
        }
    }
    if wanted(OnlyReading::Appending) {
        let turns = Turns {
            rounds: arguments.rounds,
            seconds: arguments.seconds,
        };
        let (engines, appenders) = (&arguments.engines, &arguments.appenders);
        let measured = appending::measure(&log, &served, engines, appenders, turns, threads);
        told.extend(measured.await?);
    }
    Ok(told)
}
