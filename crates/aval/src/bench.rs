//! `aval bench`: the services' figures beside those that they are to be judged by,
//! measured in turns on the same machine.
//!
//! A figure alone says how fast the machine is. So each call is measured against what
//! it could be at best: `Check` against an empty handler behind the same layers and
//! against a bare server, `Authorize` against the raw insert of one row. All take
//! turns, with the same callers over the same kind of connections; what is compared
//! is compared within a round, and medians and ranges are over rounds.
//!
//! Reading order: how load is put on (`load`) and what is measured of it
//! (`measurement`, `threads`); whom it is put on (`contender`, `consent`,
//! `revocations`, `lineup`); the turns (`rounds`); what came of them (`figures`,
//! `spread`, `report`, `machine`). Apart from all that, `directory`: imports and searches
//! at the size of the country; `identity`: verifying tokens, signing in and out; `trail`:
//! reading the trail as it grows; `processes`: starting, and doing nothing;
//! and `crowd`: callers beyond all bounds, for the scenario of an overload.

mod arguments;
mod consent;
mod contender;
mod crowd;
mod directory;
mod figures;
mod identity;
mod lineup;
mod load;
mod machine;
mod measurement;
mod people;
mod pki;
mod portal;
mod processes;
mod report;
mod revocations;
mod rounds;
mod spread;
mod threads;
mod trail;
mod wire;

use std::io::{self, Write};

use anyhow::Context;
use aval_domain::time::{Clock, SystemClock};
use aval_runtime::config::TelemetryConfig;
use indicatif::{ProgressBar, ProgressStyle};

pub use arguments::{BenchArguments, Only};
pub use crowd::{Asking, Outcome, Pace, Way, crowd};
pub use directory::{DirectoryBenchArguments, run as run_directory};
pub use identity::{IdentityBenchArguments, run as run_identity};
pub use processes::{ProcessBenchArguments, run as run_processes};
pub use trail::{TrailBenchArguments, run as run_trail};

use crate::language::say;
use crate::output::Output;
use machine::Machine;
use report::Report;
use rounds::Turns;
use threads::Threads;

/// Measures, and says what came of it. An error if a call failed: its figures are
/// shown, and mean nothing.
pub async fn run(arguments: &BenchArguments, output: Output) -> anyhow::Result<()> {
    aval_runtime::tls::install_crypto_provider();
    let _telemetry = if arguments.without_telemetry {
        None
    } else {
        Some(aval_runtime::telemetry::init(&telemetry(arguments))?)
    };
    let folder = match &arguments.folder {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    };
    let folder = folder.context("cannot make a folder for the databases")?;
    let machine = Machine::describe(SystemClock.now(), folder.path(), arguments.engines.name());
    output.sentence(&report::described(&machine))?;

    let threads = Threads::start()?;
    let turns = Turns {
        rounds: arguments.rounds,
        load: arguments.load(),
        callers: usize::try_from(arguments.callers)?,
        when_told: arguments.when_told,
    };
    let prepared = lineup::prepare(arguments, folder.path(), &threads).await?;
    let bar = progress_bar(arguments);
    let played = rounds::play(turns, &prepared.lineup, &threads, |round, who| {
        bar.inc(1);
        bar.set_message(format!("#{round} {}", who.name()));
    });
    let played = played.await;
    bar.finish_and_clear();
    prepared.stop().await;

    let connections = usize::try_from(arguments.connections)?;
    let report = Report::new(machine, turns, connections, played?);
    tell(&report, arguments, output)
}

fn tell(report: &Report, arguments: &BenchArguments, output: Output) -> anyhow::Result<()> {
    let json = serde_json::to_string_pretty(report)?;
    if let Some(file) = &arguments.report {
        let written = std::fs::write(file, format!("{json}\n"));
        written.with_context(|| format!("cannot write {}", file.display()))?;
    }
    if output.json {
        writeln!(io::stdout().lock(), "{json}")?;
    } else {
        output.sentence(&say("", ""))?;
        output.sentence(&report::tables(report))?;
    }
    let failures = report.failures();
    anyhow::ensure!(failures == 0, "{failures} calls failed");
    Ok(())
}

/// What a service has by default, without the news of its start: every call has its
/// span, and what goes wrong is said.
fn telemetry(arguments: &BenchArguments) -> TelemetryConfig {
    TelemetryConfig {
        service_name: "bench".to_owned(),
        otlp_endpoint: arguments.otlp.clone(),
        level: "warn,aval_runtime::telemetry=info,aval_database::transaction=info".to_owned(),
        ..TelemetryConfig::default()
    }
}

/// On a terminal's standard error; nowhere else.
fn progress_bar(arguments: &BenchArguments) -> ProgressBar {
    let turns = arguments.entrants().len() * usize::try_from(arguments.rounds).unwrap_or(0);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}");
    ProgressBar::new(u64::try_from(turns).unwrap_or(0))
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
