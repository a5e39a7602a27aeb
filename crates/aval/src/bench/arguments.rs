//! What may be typed after `aval bench`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::contender::Entrant;
use super::load::Load;
use crate::stack::Engines;

/// Measures the services against empty ones and against the raw database, in turns.
#[derive(Debug, Clone, Args)]
pub struct BenchArguments {
    /// How many turns each contender has.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: u32,
    /// Seconds that a turn lasts.
    // Above, a token could end during a turn.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=120))]
    pub duration: u32,
    /// Lets a turn last for so many calls instead.
    #[arg(long, conflicts_with_all = ["duration", "rate"])]
    #[arg(value_parser = clap::value_parser!(u64).range(1..))]
    pub calls: Option<u64>,
    /// How many callers call at once.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub callers: u32,
    /// How many connections they share.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub connections: u32,
    /// How many more patients have a record: each with five grants and two masked
    /// documents. They are asked about as well, and nobody remembers them.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1_000..=20_000_000))]
    pub patients: u32,
    /// Calls a second that are due, whatever became of those before: for latencies
    /// under a known load. Without it every caller calls again once it is answered.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub rate: Option<u32>,
    /// Measures one of the calls alone, with what it is compared to.
    #[arg(long, value_enum)]
    pub only: Option<Only>,
    /// Writes everything, every round too, to this file as JSON.
    #[arg(long)]
    pub report: Option<PathBuf>,
    /// Where the databases are made, and removed afterwards: a disk, if durable writes
    /// are to cost what they cost. By default the temporary folder.
    #[arg(long)]
    pub folder: Option<PathBuf>,
    /// Sends traces and metrics over OTLP (gRPC) to a collector on this machine as well:
    /// `http://127.0.0.1:4317`.
    #[arg(long, value_name = "ADDRESS")]
    pub otlp: Option<String>,
    /// Lets the services tell nothing of themselves: no log, no metric, no trace.
    #[arg(long, conflicts_with = "otlp")]
    pub without_telemetry: bool,
    /// Plays a round for each line that comes on the standard input, and answers with a line
    /// once it is played: for two programs that take turns.
    #[arg(long)]
    pub when_told: bool,
    /// Where rows and shared entries are kept. What a bench leaves in a PostgreSQL stays
    /// there: give it a database of its own.
    #[command(flatten)]
    pub engines: Engines,
}

/// One of the calls alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Only {
    /// Decides, and changes nothing.
    Check,
    /// Decides and traces.
    Authorize,
    /// The first of them from memory, beside nothing: to be compared with another program's.
    WarmCheck,
}

impl BenchArguments {
    /// The load of every turn.
    pub(crate) fn load(&self) -> Load {
        let seconds = f64::from(self.duration);
        match (self.rate, self.calls) {
            (Some(rate), _) => Load::Open { rate, seconds },
            (None, Some(calls)) => Load::Counted { calls },
            (None, None) => Load::Closed { seconds },
        }
    }

    /// Who takes turns, in this order.
    pub(crate) fn entrants(&self) -> &'static [Entrant] {
        use Entrant::{
            Authorize, Bare, BatchCheck, Check, CheckRevoking, ColdCheck, Layers, LayersRevoking,
            RawInsert,
        };
        match self.only {
            None => &[
                Bare,
                Layers,
                Check,
                ColdCheck,
                BatchCheck,
                LayersRevoking,
                CheckRevoking,
                RawInsert,
                Authorize,
            ],
            Some(Only::Check) => &[
                Bare,
                Layers,
                Check,
                ColdCheck,
                BatchCheck,
                LayersRevoking,
                CheckRevoking,
            ],
            Some(Only::Authorize) => &[Check, RawInsert, Authorize],
            Some(Only::WarmCheck) => &[Check],
        }
    }
}
