//! How often each caller may call.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use aval_proto::common::v1::ErrorReason;
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::caller::CallerId;
use crate::status::Refusal;

/// One allowance for each name in a certificate, over all of its connections; so the
/// software that goes wrong is refused, and not whoever calls at the same time.
#[derive(Debug)]
pub(super) struct Rates {
    calls_per_second: Option<NonZeroU32>,
    callers: Mutex<HashMap<CallerId, Arc<Rate>>>,
}

/// The allowance of one caller: a second's worth of calls may come at once.
#[derive(Debug)]
pub(super) struct Rate(
    RateLimiter<NotKeyed, InMemoryState, MonotonicClock, NoOpMiddleware<std::time::Instant>>,
);

impl Rates {
    pub(super) fn new(calls_per_second: Option<NonZeroU32>) -> Self {
        Self {
            calls_per_second,
            callers: Mutex::default(),
        }
    }

    /// The allowance of this caller; `None` where there is no limit.
    pub(super) fn of(&self, caller: &CallerId) -> Option<Arc<Rate>> {
        let quota = Quota::per_second(self.calls_per_second?);
        let new = || Arc::new(Rate(RateLimiter::direct_with_clock(quota, MonotonicClock)));
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(
            callers.entry(caller.clone()).or_insert_with(new),
        ))
    }
}

impl Rate {
    /// Takes one call of it.
    pub(super) fn take(&self) -> Result<(), Refusal> {
        let Err(not_until) = self.0.check() else {
            return Ok(());
        };
        let wait = not_until.wait_time_from(MonotonicClock.now());
        let refusal = Refusal::new(
            ErrorReason::Overloaded,
            "this caller calls more often than it may",
        );
        Err(refusal.retry_after(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_an_allowance_over_all_of_its_connections() {
        let rates = Rates::new(NonZeroU32::new(5));
        let caller = |name| CallerId::parse(name).unwrap();
        let connections = [(); 2].map(|()| rates.of(&caller("records")).unwrap());
        let taken = |rate: &Rate| (0..1_000).take_while(|_| rate.take().is_ok()).count();
        let first = taken(&connections[0]);
        assert!((5..1_000).contains(&first), "{first}");
        let refusal = connections[1].take().unwrap_err();
        assert_eq!(refusal.reason(), ErrorReason::Overloaded);
        assert!(taken(&rates.of(&caller("software/other")).unwrap()) >= 5);
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let rates = Rates::new(None);
        assert!(rates.of(&CallerId::insecure_loopback()).is_none());
    }
}
