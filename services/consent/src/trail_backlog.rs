//! How long the trail has been behind.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use aval_domain::time::Timestamp;

/// The age of the oldest event that the trail has not taken, as last observed.
#[derive(Debug)]
pub struct TrailBacklog {
    /// Microseconds; `i64::MAX` when nothing waits.
    oldest_at: AtomicI64,
    bound: Duration,
}

impl TrailBacklog {
    /// Nothing waits yet. Events may wait for `bound` before ordinary accesses are
    /// refused.
    #[must_use]
    pub const fn new(bound: Duration) -> Self {
        Self {
            oldest_at: AtomicI64::new(i64::MAX),
            bound,
        }
    }

    /// Notes when the oldest waiting event occurred; `None` when nothing waits.
    pub fn observe(&self, oldest_at: Option<Timestamp>) {
        let micros = oldest_at.map_or(i64::MAX, Timestamp::as_micros);
        self.oldest_at.store(micros, Ordering::Relaxed);
    }

    /// Whether the trail is further behind than the bound.
    #[must_use]
    pub fn is_too_old(&self, now: Timestamp) -> bool {
        let oldest_at = self.oldest_at.load(Ordering::Relaxed);
        Timestamp::try_from(oldest_at).is_ok_and(|oldest| now.since(oldest) > self.bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trail_is_too_far_behind_once_an_event_waits_longer_than_the_bound() {
        let backlog = TrailBacklog::new(Duration::from_mins(1));
        let at = Timestamp::from_unix_seconds;
        assert!(!backlog.is_too_old(at(1_000)));
        backlog.observe(Some(at(1_000)));
        assert!(!backlog.is_too_old(at(1_060)));
        assert!(backlog.is_too_old(at(1_061)));
        backlog.observe(None);
        assert!(!backlog.is_too_old(Timestamp::MAX));
    }
}
