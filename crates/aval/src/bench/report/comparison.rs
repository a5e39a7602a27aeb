//! A contender against its baseline, round by round.

use serde::Serialize;

use super::Standing;
use crate::bench::contender::Entrant;
use crate::bench::figures::{Figures, count};
use crate::bench::load::Load;
use crate::bench::spread::Spread;

/// The contender's figure divided by the baseline's, of each round.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Comparison {
    pub(crate) contender: Entrant,
    pub(crate) baseline: Entrant,
    /// Of throughput: the larger, the better.
    pub(crate) per_second: Option<Spread>,
    /// Of the 99th percentile of latency: the smaller, the better.
    pub(crate) p99: Option<Spread>,
    /// Of the servers' processor time for each call: the smaller, the better. It holds
    /// even where the callers were the limit.
    pub(crate) server_us_per_call: Option<Spread>,
    /// Of what half of one caller's calls take, with nobody else: the smaller, the better.
    pub(crate) alone_p50: Option<Spread>,
    /// What the project wants of these ratios.
    pub(crate) goal: Option<Goal>,
    /// Whether the medians reach it; absent where there is no goal, or none that this
    /// load can tell.
    pub(crate) reached: Option<bool>,
}

/// Bounds that the medians must keep.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Goal {
    /// The least ratio of throughput.
    pub(crate) per_second_at_least: Option<f64>,
    /// The largest ratio of the 99th percentiles.
    pub(crate) p99_at_most: Option<f64>,
}

const fn throughput(at_least: f64) -> Goal {
    Goal {
        per_second_at_least: Some(at_least),
        p99_at_most: None,
    }
}

const fn latency(at_most: f64) -> Goal {
    Goal {
        per_second_at_least: None,
        p99_at_most: Some(at_most),
    }
}

/// Who is compared to whom.
const COMPARED: [(Entrant, Entrant, Option<Goal>); 10] = [
    (Entrant::Layers, Entrant::Bare, None),
    (Entrant::Check, Entrant::Layers, Some(throughput(0.95))),
    (Entrant::Check, Entrant::Bare, Some(throughput(0.8))),
    (Entrant::ColdCheck, Entrant::Layers, None),
    // As much as three checks, for 200 documents.
    (Entrant::BatchCheck, Entrant::Check, Some(throughput(0.333))),
    // Both beside the same changes: what deciding costs whoever waits for it.
    (
        Entrant::CheckRevoking,
        Entrant::LayersRevoking,
        Some(latency(1.25)),
    ),
    // What the changes cost whoever is served on the same core, the empty handler too.
    (Entrant::CheckRevoking, Entrant::Layers, None),
    (Entrant::LayersRevoking, Entrant::Layers, None),
    (
        Entrant::Authorize,
        Entrant::RawInsert,
        Some(throughput(1.0)),
    ),
    (Entrant::Authorize, Entrant::Check, None),
];

impl Comparison {
    /// Every comparison of which both sides took part.
    pub(super) fn all(standings: &[Standing], load: Load) -> Vec<Self> {
        let standing = |who| standings.iter().find(|standing| standing.name == who);
        let pairs = COMPARED.iter().filter_map(|(contender, baseline, goal)| {
            Some((standing(*contender)?, standing(*baseline)?, *goal))
        });
        pairs
            .map(|(contender, baseline, goal)| Self::of(contender, baseline, goal, load))
            .collect()
    }

    fn of(contender: &Standing, baseline: &Standing, goal: Option<Goal>, load: Load) -> Self {
        let ratio = |value: fn(&Figures) -> f64| {
            let (above, below) = (&contender.rounds, &baseline.rounds);
            Spread::of_ratios(above.iter().map(value), below.iter().map(value))
        };
        let per_second = ratio(|round| round.per_second);
        let p99 = ratio(|round| count(round.p99_us));
        let failed = contender.failed + baseline.failed > 0;
        Self {
            contender: contender.name,
            baseline: baseline.name,
            per_second,
            p99,
            // Absent in one round, not a number in the ratio, absent here.
            server_us_per_call: ratio(|round| round.server_us_per_call.unwrap_or(f64::NAN)),
            alone_p50: ratio(|round| count(round.alone_p50_us)),
            goal,
            reached: goal.and_then(|goal| goal.is_reached(per_second, p99, failed, load)),
        }
    }
}

impl Goal {
    /// Calls that failed reach nothing. Under an open load throughput is what was
    /// asked for, so only latency can be judged.
    fn is_reached(
        self,
        per_second: Option<Spread>,
        p99: Option<Spread>,
        failed: bool,
        load: Load,
    ) -> Option<bool> {
        if failed {
            return Some(false);
        }
        let quick = match self.p99_at_most {
            Some(most) => Some(p99?.median <= most),
            None => None,
        };
        let much = match (load, self.per_second_at_least) {
            (Load::Closed { .. } | Load::Counted { .. }, Some(least)) => {
                Some(per_second?.median >= least)
            }
            (Load::Open { .. }, _) | (_, None) => None,
        };
        match (quick, much) {
            (None, None) => None,
            (quick, much) => Some(quick.unwrap_or(true) && much.unwrap_or(true)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOSED: Load = Load::Closed { seconds: 1.0 };
    const OPEN: Load = Load::Open {
        rate: 100,
        seconds: 1.0,
    };

    fn exactly(value: f64) -> Option<Spread> {
        Spread::of([value])
    }

    #[test]
    fn a_goal_is_reached_by_throughput_and_latency_together() {
        let goal = Goal {
            per_second_at_least: Some(0.95),
            p99_at_most: Some(1.25),
        };
        let reached =
            |per_second, p99| goal.is_reached(exactly(per_second), exactly(p99), false, CLOSED);
        assert_eq!(reached(0.95, 1.25), Some(true));
        assert_eq!(reached(0.94, 1.0), Some(false));
        assert_eq!(reached(1.0, 1.26), Some(false));
    }

    #[test]
    fn what_no_goal_asks_for_is_not_judged() {
        let goal = latency(1.25);
        let reached = |p99| goal.is_reached(exactly(0.5), exactly(p99), false, CLOSED);
        assert_eq!(reached(1.25), Some(true));
        assert_eq!(reached(1.26), Some(false));
    }

    #[test]
    fn under_an_open_load_only_latency_can_be_judged() {
        let reached = |goal: Goal| goal.is_reached(exactly(0.5), exactly(1.0), false, OPEN);
        assert_eq!(reached(latency(1.25)), Some(true));
        assert_eq!(reached(throughput(0.95)), None);
    }

    #[test]
    fn failed_calls_reach_no_goal() {
        let goal = throughput(0.95);
        let reached = goal.is_reached(exactly(2.0), exactly(0.1), true, CLOSED);
        assert_eq!(reached, Some(false));
    }
}
