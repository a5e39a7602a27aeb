//! `aval bench-trail`: what reading the trail costs, as it grows.
//!
//! In one run, each through gRPC with mutual TLS and every layer: a page of 50 of a
//! patient's history at growing sizes of the log, beside the same rows read from the
//! database alone; inclusion proofs of entries all over the log, beside reading one row of
//! it; and how long after a producer's call returned what it did is seen in `ListEvents`,
//! beside a `ListEvents` that waits for nothing. Nothing here passes or fails by a figure.

mod calls;
mod history;
mod log;
mod proofs;
mod served;
mod visible;

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, ValueEnum};

use super::threads::Threads;
use crate::output::Output;
use crate::stack::Engines;
use calls::Told;
use log::Log;
use served::Served;

/// Measures reading the trail, at sizes.
#[derive(Debug, Clone, Args)]
pub struct TrailBenchArguments {
    /// At which sizes of the log histories are read and entries are proved, ascending:
    /// multiples of 100,000.
    #[arg(long, value_delimiter = ',', default_values_t = [100_000, 1_000_000])]
    sizes: Vec<u64>,
    /// How many callers call at once.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1024))]
    callers: u32,
    /// How many calls are measured of each kind at each size.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    calls: u32,
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
    if wanted(OnlyReading::History) || wanted(OnlyReading::Proofs) {
        let (engines, path) = (arguments.engines.clone(), folder.path().to_owned());
        let log = threads
            .servers()
            .spawn(async move { Log::begin(&engines, &path).await });
        let log = log.await??;
        let served = Served::start(&log, folder.path(), &threads).await?;
        for size in &arguments.sizes {
            log.grow_to(*size, &threads).await?;
            let (callers, calls) = (arguments.callers, arguments.calls);
            if wanted(OnlyReading::History) {
                told.extend(history::measure(&log, &served, callers, calls, &threads).await?);
            }
            if wanted(OnlyReading::Proofs) {
                told.extend(proofs::measure(&log, &served, callers, calls, &threads).await?);
            }
        }
    }
    if wanted(OnlyReading::Visible) {
        let (engines, path) = (arguments.engines.clone(), folder.path().join("stack"));
        told.extend(visible::measure(engines, &path, arguments.waits, &threads).await?);
    }
    output.rows(&told.rows())?;
    Ok(())
}
