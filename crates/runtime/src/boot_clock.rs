//! A clock that never goes back and goes on while the machine sleeps.

use std::fmt;
use std::time::Duration;

/// Tells how long the machine has run, also while it was suspended.
pub trait BootClock: fmt::Debug + Send + Sync {
    /// Since an instant that stays the same as long as the process lives.
    fn now(&self) -> Duration;
}

/// The machine's own (`CLOCK_BOOTTIME`).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemBootClock;

impl BootClock for SystemBootClock {
    fn now(&self) -> Duration {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
        let nanos = u32::try_from(now.tv_nsec).unwrap_or_default();
        Duration::new(seconds, nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_goes_back() {
        let mut last = SystemBootClock.now();
        assert!(last > Duration::ZERO);
        for _ in 0..1_000 {
            let now = SystemBootClock.now();
            assert!(now >= last);
            last = now;
        }
    }
}
