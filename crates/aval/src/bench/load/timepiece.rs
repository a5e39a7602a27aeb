//! The time by which load is paced and measured, passed in so that its tests do not
//! depend on the machine's.

use std::time::{Duration, Instant};

#[cfg(test)]
mod virtual_time;
#[cfg(test)]
pub(super) use virtual_time::VirtualTime;

/// Tells the time since some fixed moment of its own, and waits.
pub(crate) trait Timepiece: Clone + Send + Sync + 'static {
    /// How long ago that moment was.
    fn now(&self) -> Duration;

    /// Waits until so long after it; not at all when that is past.
    fn until(&self, moment: Duration) -> impl Future<Output = ()> + Send;
}

/// The machine's monotonic clock, waited for to some microseconds.
///
/// The run time's own timer is exact to a millisecond only, more than most calls
/// take: the last of a wait is spent looking, again and again, at the clock and at
/// what the network brings. That takes a core; one waiter at a time is enough.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Monotonic {
    origin: Instant,
}

/// The timer may be late by so much; from here on the clock is looked at.
const TIMER_MARGIN: Duration = Duration::from_millis(2);

impl Monotonic {
    pub(crate) fn new() -> Self {
        Self {
            origin: Instant::now(),
        }
    }
}

impl Timepiece for Monotonic {
    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    async fn until(&self, moment: Duration) {
        let by_timer = moment
            .saturating_sub(self.now())
            .saturating_sub(TIMER_MARGIN);
        if !by_timer.is_zero() {
            tokio::time::sleep(by_timer).await;
        }
        while self.now() < moment {
            tokio::task::yield_now().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wait_never_ends_early() {
        let time = Monotonic::new();
        for micros in [0, 150, 4_000] {
            let moment = time.now() + Duration::from_micros(micros);
            time.until(moment).await;
            assert!(time.now() >= moment);
        }
    }
}
