//! How much is worked on at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aval_proto::common::v1::ErrorReason;

use crate::status::Refusal;

/// Counts the calls that handlers work on. What would exceed the limit is refused
/// at once: a queue would only turn overload into latency.
#[derive(Debug)]
pub(super) struct Load {
    limit: usize,
    calls: AtomicUsize,
}

/// A call that is counted until this is dropped.
#[derive(Debug)]
pub(super) struct Slot<'a>(&'a AtomicUsize);

impl Load {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            calls: AtomicUsize::new(0),
        }
    }

    pub(super) fn enter(&self) -> Result<Slot<'_>, Refusal> {
        let slot = Slot(&self.calls);
        if self.calls.fetch_add(1, Ordering::Relaxed) < self.limit {
            return Ok(slot);
        }
        drop(slot);
        Err(Refusal::new(
            ErrorReason::Overloaded,
            "this instance takes no more calls at the moment",
        )
        .retry_after(Duration::from_millis(200)))
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_that_is_given_back_is_given_out_again() {
        let load = Load::new(2);
        let first = load.enter().unwrap();
        let _second = load.enter().unwrap();
        for _ in 0..10 {
            assert_eq!(load.enter().unwrap_err().reason(), ErrorReason::Overloaded);
        }
        drop(first);
        assert!(load.enter().is_ok());
    }
}
