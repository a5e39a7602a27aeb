//! The closed loop: each caller calls again as soon as it is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use super::{Caller, Callers, Finished, Timepiece, gather};
use crate::bench::measurement::Measurement;

/// When no new call is begun; those under way are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// So long after the first.
    Elapsed(Duration),
    /// After so many, by all callers together.
    Calls(u64),
}

/// Calls without a pause, with every caller at once.
pub(crate) async fn run(
    time: &impl Timepiece,
    callers: Callers,
    until: Until,
) -> anyhow::Result<Finished> {
    let begun = time.now();
    let allowance = Allowance::of(until, begun);
    let mut tasks = JoinSet::new();
    for caller in callers {
        tasks.spawn(keep_calling(time.clone(), caller, begun, allowance.clone()));
    }
    gather(tasks).await
}

async fn keep_calling(
    time: impl Timepiece,
    mut caller: Box<dyn Caller>,
    begun: Duration,
    allowance: Allowance,
) -> (Measurement, Box<dyn Caller>) {
    let mut measurement = Measurement::default();
    let mut started = time.now();
    while allowance.allows_one_more(started) {
        let outcome = caller.call().await;
        let ended = time.now();
        measurement.record(outcome, ended.saturating_sub(started));
        measurement.lasted(ended.saturating_sub(begun));
        started = ended;
    }
    (measurement, caller)
}

#[derive(Debug, Clone)]
enum Allowance {
    Before(Duration),
    Left(Arc<AtomicU64>),
}

impl Allowance {
    fn of(until: Until, begun: Duration) -> Self {
        match until {
            Until::Elapsed(duration) => Self::Before(begun + duration),
            Until::Calls(calls) => Self::Left(Arc::new(AtomicU64::new(calls))),
        }
    }

    fn allows_one_more(&self, now: Duration) -> bool {
        match self {
            Self::Before(end) => now < *end,
            Self::Left(left) => left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    left.checked_sub(1)
                })
                .is_ok(),
        }
    }
}
