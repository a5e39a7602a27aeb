//! The open loop: calls are due at a fixed rate, whatever became of those before.
//!
//! A call's latency runs from the moment at which it was *due*, not from the one at
//! which somebody was free to make it. If the server stalls, the calls that were due
//! meanwhile show the stall, each its own part of it:
//!
//! ```text
//! due     t0  t1  t2  t3  t4        every caller is busy from t0 to t3
//! made    t0          t3 t3 t3 t4   t1, t2 and t3 are made late, and measured from
//! latency t3-t0, t3-t1, t3-t2, 0 …  t1, t2 and t3
//! ```
//!
//! How many calls are under way is bounded by the number of callers: more would
//! measure the queue of the client's own connection.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::{Caller, Callers, Failure, Finished, Timepiece, gather};
use crate::bench::measurement::Measurement;

/// When calls are due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Schedule {
    rate: u32,
    calls: u64,
    duration: Duration,
}

impl Schedule {
    /// So many calls a second, at least 1, for so long, evenly spaced.
    pub(crate) fn new(rate: u32, duration: Duration) -> Self {
        let rate = rate.max(1);
        let calls = u128::from(rate) * duration.as_nanos() / NANOS_PER_SECOND;
        Self {
            rate,
            calls: u64::try_from(calls).unwrap_or(u64::MAX),
            duration,
        }
    }

    /// When the call of this index is due, after the beginning. Computed from the
    /// index, so that rounding does not add up.
    pub(super) fn due(&self, index: u64) -> Duration {
        let nanos = u128::from(index) * NANOS_PER_SECOND / u128::from(self.rate);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// After this no late call is made any more, or a server that is too slow for the
    /// rate would hold the run for ever.
    fn patience(&self) -> Duration {
        self.duration * 2
    }
}

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// Makes the calls of the schedule. A call that is still not made when as much time
/// again has passed is counted as [`Failure::NOT_STARTED`], and its latency as what
/// it waited so far: leaving it out would flatter the server.
pub(crate) async fn run(
    time: &impl Timepiece,
    callers: Callers,
    schedule: Schedule,
) -> anyhow::Result<Finished> {
    let begun = time.now();
    let door = Arc::new(Mutex::new(Door { schedule, next: 0 }));
    let mut tasks = JoinSet::new();
    for caller in callers {
        tasks.spawn(keep_calling(time.clone(), caller, begun, Arc::clone(&door)));
    }
    let mut finished = gather(tasks).await?;
    let waited = time.now().saturating_sub(begun);
    let left = door.lock().await.next..schedule.calls;
    for index in left {
        let waited = waited.saturating_sub(schedule.due(index));
        finished
            .measurement
            .record(Err(Failure::NOT_STARTED), waited);
    }
    Ok(finished)
}

async fn keep_calling(
    time: impl Timepiece,
    mut caller: Box<dyn Caller>,
    begun: Duration,
    door: Arc<Mutex<Door>>,
) -> (Measurement, Box<dyn Caller>) {
    let mut measurement = Measurement::default();
    loop {
        // Those who are free queue here in the order in which they came; only the
        // first of them looks at the time.
        let due = door.lock().await.next_due(&time, begun).await;
        let Some(due) = due else {
            return (measurement, caller);
        };
        let outcome = caller.call().await;
        let ended = time.now();
        measurement.record(outcome, ended.saturating_sub(due));
        measurement.lasted(ended.saturating_sub(begun));
    }
}

/// Where free callers wait for the next call that is due.
#[derive(Debug)]
struct Door {
    schedule: Schedule,
    next: u64,
}

impl Door {
    /// When the next call is, or was, due; returns once it is. `None`: there is no
    /// next call, or patience has run out.
    async fn next_due(&mut self, time: &impl Timepiece, begun: Duration) -> Option<Duration> {
        let is_last = self.next >= self.schedule.calls;
        if is_last || time.now() > begun + self.schedule.patience() {
            return None;
        }
        let due = begun + self.schedule.due(self.next);
        time.until(due).await;
        self.next += 1;
        Some(due)
    }
}
