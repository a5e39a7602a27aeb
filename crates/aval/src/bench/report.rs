//! What the bench found, for programs; [`table`] shows it to people.

mod comparison;
mod table;

use serde::Serialize;

use super::contender::Entrant;
use super::figures::{Figures, count};
use super::load::Load;
use super::machine::Machine;
use super::rounds::{Played, Turns};
use super::spread::Spread;

pub(crate) use comparison::Comparison;
pub(crate) use table::{described, tables};

/// Everything, rounds too.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) load: Load,
    pub(crate) rounds: u32,
    pub(crate) callers: usize,
    pub(crate) connections: usize,
    pub(crate) contenders: Vec<Standing>,
    pub(crate) comparisons: Vec<Comparison>,
}

/// What one contender did in all rounds. Times of calls are in microseconds.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Standing {
    pub(crate) name: Entrant,
    /// Calls that failed, in all rounds.
    pub(crate) failed: u64,
    pub(crate) per_second: Option<Spread>,
    pub(crate) p50_us: Option<Spread>,
    pub(crate) p99_us: Option<Spread>,
    pub(crate) p999_us: Option<Spread>,
    pub(crate) max_us: Option<Spread>,
    pub(crate) alone_p50_us: Option<Spread>,
    pub(crate) server_us_per_call: Option<Spread>,
    pub(crate) server_cores: Option<Spread>,
    pub(crate) caller_cores: Option<Spread>,
    pub(crate) rounds: Vec<Figures>,
}

impl Report {
    pub(crate) fn new(machine: Machine, turns: Turns, connections: usize, played: Played) -> Self {
        let standings = played
            .into_iter()
            .map(|(who, rounds)| Standing::new(who, rounds));
        let contenders: Vec<Standing> = standings.collect();
        Self {
            machine,
            load: turns.load,
            rounds: turns.rounds,
            callers: turns.callers,
            connections,
            comparisons: Comparison::all(&contenders, turns.load),
            contenders,
        }
    }

    /// Calls that failed, of all contenders in all rounds.
    pub(crate) fn failures(&self) -> u64 {
        self.contenders.iter().map(|standing| standing.failed).sum()
    }
}

impl Standing {
    fn new(name: Entrant, rounds: Vec<Figures>) -> Self {
        let spread = |value: fn(&Figures) -> f64| Spread::of(rounds.iter().map(value));
        let known = |value: fn(&Figures) -> Option<f64>| {
            let values: Option<Vec<f64>> = rounds.iter().map(value).collect();
            Spread::of(values?)
        };
        Self {
            name,
            failed: rounds.iter().map(Figures::failures).sum(),
            per_second: spread(|round| round.per_second),
            p50_us: spread(|round| count(round.p50_us)),
            p99_us: spread(|round| count(round.p99_us)),
            p999_us: spread(|round| count(round.p999_us)),
            max_us: spread(|round| count(round.max_us)),
            alone_p50_us: spread(|round| count(round.alone_p50_us)),
            server_us_per_call: known(|round| round.server_us_per_call),
            server_cores: known(|round| round.server_cores),
            caller_cores: known(|round| round.caller_cores),
            rounds,
        }
    }
}

#[cfg(test)]
mod tests;
