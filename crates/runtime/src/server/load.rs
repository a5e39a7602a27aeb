//! How much is worked on at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aval_proto::common::v1::ErrorReason;
use http::{HeaderMap, Response};
use tonic::Status;
use tonic::body::Body;

use crate::status::Refusal;

/// Room for so many calls at once.
#[derive(Debug)]
pub(super) struct Room {
    limit: usize,
    calls: AtomicUsize,
}

/// Counts the calls that handlers work on. What would exceed the limit is refused
/// at once: a queue would only turn overload into latency.
#[derive(Debug)]
pub(super) struct Load {
    room: Room,
    refusal: Full,
}

/// The answer of calls for which there is no room, rendered once: most calls of an overload
/// get it, and what they cost is missing to the others.
#[derive(Debug)]
pub(super) struct Full(HeaderMap);

/// A call that is counted until this is dropped.
#[derive(Debug)]
pub(super) struct Slot<'a>(&'a AtomicUsize);

impl Room {
    pub(super) const fn new(limit: usize) -> Self {
        Self {
            limit,
            calls: AtomicUsize::new(0),
        }
    }

    pub(super) fn enter(&self) -> Option<Slot<'_>> {
        let slot = Slot(&self.calls);
        let before = self.calls.fetch_add(1, Ordering::Relaxed);
        // What does not fit is given back with the slot.
        (before < self.limit).then_some(slot)
    }
}

impl Load {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            room: Room::new(limit),
            refusal: Full::rendered(),
        }
    }

    pub(super) fn enter(&self) -> Result<Slot<'_>, &Full> {
        self.room.enter().ok_or(&self.refusal)
    }
}

impl Full {
    fn rendered() -> Self {
        let refusal = Refusal::new(
            ErrorReason::Overloaded,
            "this instance takes no more calls at the moment",
        );
        let status = Status::from(refusal.retry_after(Duration::from_millis(200)));
        Self(status.into_http::<Body>().into_parts().0.headers)
    }

    pub(super) fn answer(&self) -> Response<Body> {
        let mut answer = Response::new(Body::empty());
        answer.headers_mut().clone_from(&self.0);
        answer
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;
    use tonic_types::StatusExt;

    use super::*;

    #[test]
    fn a_slot_that_is_given_back_is_given_out_again() {
        let load = Load::new(2);
        let first = load.enter().unwrap();
        let _second = load.enter().unwrap();
        for _ in 0..10 {
            let answer = load.enter().unwrap_err().answer();
            let status = Status::from_header_map(answer.headers()).unwrap();
            assert_eq!(status.code(), Code::ResourceExhausted);
            let info = status.get_details_error_info().unwrap();
            assert_eq!(info.reason, "OVERLOADED");
            assert!(status.get_details_retry_info().is_some());
        }
        drop(first);
        assert!(load.enter().is_ok());
    }
}
