//! The clock that is passed in.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Timestamp;

/// Where the time comes from. Use cases and rules take it from their context.
pub trait Clock: Send + Sync + Debug {
    /// The present instant. May go backwards when somebody sets the machine's
    /// time: intervals that must not are measured on a monotonic clock.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// The machine's clock, cut to microseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where the machine's time enters"
        )]
        let now = SystemTime::now();
        match now.duration_since(UNIX_EPOCH) {
            Ok(after) => Timestamp::UNIX_EPOCH.saturating_add(after),
            Err(before) => Timestamp::UNIX_EPOCH.saturating_sub(before.duration()),
        }
    }
}

/// A clock that moves only when told. Clones share the hand.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<Mutex<Timestamp>>);

impl ManualClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(start)))
    }

    /// Moves on by `duration`, at most to [`Timestamp::MAX`].
    pub fn advance(&self, duration: Duration) {
        let mut hand = self.hand();
        *hand = hand.saturating_add(duration);
    }

    /// Moves to `instant`, forwards or backwards.
    pub fn set(&self, instant: Timestamp) {
        *self.hand() = instant;
    }

    fn hand(&self) -> MutexGuard<'_, Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.hand()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_of_a_manual_clock_share_the_hand() {
        let clock = ManualClock::new(Timestamp::from_unix_seconds(10));
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        clock.advance(Duration::from_millis(1_500));
        assert_eq!(shared.now(), Timestamp::from_micros(11_500_000));
        clock.set(Timestamp::UNIX_EPOCH);
        assert_eq!(shared.now(), Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn a_manual_clock_stops_at_the_end_of_time() {
        let clock = ManualClock::new(Timestamp::MAX);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
    }

    #[test]
    fn the_system_clock_gives_an_instant_of_this_century() {
        let now = SystemClock.now();
        assert!(now > Timestamp::parse_rfc3339("2020-01-01T00:00:00Z").unwrap());
        assert!(now < Timestamp::parse_rfc3339("2100-01-01T00:00:00Z").unwrap());
    }
}
