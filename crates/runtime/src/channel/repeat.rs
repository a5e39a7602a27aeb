//! Calls that did not get through, made again.

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use h2::Reason;
use http::request::Parts;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{ConnectError, Status};
use tonic_types::StatusExt;

/// How often a call is made at most.
pub(super) const MOST_ATTEMPTS: usize = 5;

/// How long to wait before an instance is asked again after so many attempts in vain: not
/// at all the first time, when its connection may just have been closed; then ever longer,
/// for one that is being started anew.
pub(super) fn pause(attempts: usize) -> Duration {
    const PAUSES: [u64; MOST_ATTEMPTS] = [0, 0, 100, 400, 1_600];
    Duration::from_millis(PAUSES[attempts.min(MOST_ATTEMPTS - 1)])
}

/// How often all instances are asked, where each answers that it cannot serve and that this is
/// over at once: while the one that writes the log ends, and before another one does.
#[derive(Debug)]
pub(super) struct Rounds {
    deadline: Option<Instant>,
    begun: Instant,
    done: usize,
}

impl Rounds {
    pub(super) fn until(deadline: Option<Instant>) -> Self {
        Self {
            deadline,
            begun: Instant::now(),
            done: 0,
        }
    }

    /// Waits for the next round, longer each time. `None`: there is none. What the instances
    /// say to wait is longer; or one that takes as long as the last would end after the
    /// deadline, and who asked would learn less than what was answered.
    pub(super) async fn pause(&mut self, answer: &HeaderMap) -> Option<()> {
        const PAUSES: [u64; 5] = [100, 200, 400, 800, 1_600];
        let pause = Duration::from_millis(*PAUSES.get(self.done)?);
        let now = Instant::now();
        let end = now + pause + (now - self.begun);
        let in_time = self.deadline.is_none_or(|deadline| end < deadline);
        if !in_time || wait_said(answer)? > pause {
            return None;
        }
        tokio::time::sleep(pause).await;
        self.begun = Instant::now();
        self.done += 1;
        Some(())
    }
}

/// How long an answer says to wait before the call is made again.
fn wait_said(answer: &HeaderMap) -> Option<Duration> {
    let status = Status::from_header_map(answer)?;
    status.get_details_retry_info()?.retry_delay
}

/// An error, and what it came from.
pub(super) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

/// Whether no instance can have worked on a call that ended so: it was never sent, or the
/// other side says that it did not look at it (RFC 9113, sections 6.8 and 8.7).
pub(super) fn was_not_worked_on(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| {
        cause.is::<ConnectError>()
            // Still in its queue when the connection took no more calls.
            || cause.downcast_ref().is_some_and(hyper::Error::is_canceled)
            || cause.downcast_ref().is_some_and(was_not_seen)
    })
}

fn was_not_seen(error: &h2::Error) -> bool {
    match error.reason() {
        Some(Reason::REFUSED_STREAM) => error.is_reset() && error.is_remote(),
        // Of the calls under way those that it leaves unseen end with it, and no others.
        Some(Reason::NO_ERROR) => error.is_go_away() && error.is_remote(),
        _ => false,
    }
}

/// A request that can be sent more than once.
#[derive(Debug)]
pub(super) struct Repeatable {
    parts: Parts,
    body: Bytes,
}

impl Repeatable {
    /// Reads the whole request, which must not be a stream.
    pub(super) async fn read(request: Request<Body>) -> Result<Self, Status> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Self { parts, body })
    }

    /// The request once more.
    pub(super) fn again(&self) -> Request<Body> {
        let body = Body::new(Full::new(self.body.clone()));
        Request::from_parts(self.parts.clone(), body)
    }
}

/// What may be spent on repetitions, as gRFC A6 (retry throttling) has it: a peer most of
/// whose calls fail is not asked several times for each.
#[derive(Debug)]
pub(super) struct Budget(AtomicU32);

impl Budget {
    /// In thousandths of a call.
    const FULL: u32 = 100 * Self::FAILED;
    const FAILED: u32 = 1_000;
    /// Ten calls that got through pay for one that did not.
    const GOT_THROUGH: u32 = 100;

    pub(super) const fn full() -> Self {
        Self(AtomicU32::new(Self::FULL))
    }

    /// A call got through, after so many instances that could not serve it: what was spent on
    /// going from one to the other was not in vain.
    pub(super) fn got_through(&self, sent_on: u32) {
        // Full is the usual case, and needs no write.
        if self.0.load(Ordering::Relaxed) < Self::FULL {
            let back = Self::GOT_THROUGH + sent_on * Self::FAILED;
            let more = |left: u32| Some((left + back).min(Self::FULL));
            let _ = self
                .0
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        }
    }

    /// A call did not get through; whether it may be made again.
    pub(super) fn allows_another(&self) -> bool {
        let less = |left: u32| Some(left.saturating_sub(Self::FAILED));
        let before = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        before.unwrap_or_else(|left| left) > Self::FULL / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_budget_is_spent_and_then_successes_pay_for_more() {
        let budget = Budget::full();
        let spent = (0..1_000).take_while(|_| budget.allows_another()).count();
        assert_eq!(spent, 50);
        assert!(!budget.allows_another());
        for _ in 0..10_000 {
            budget.got_through(0);
        }
        let spent = (0..1_000).take_while(|_| budget.allows_another()).count();
        assert_eq!(spent, 50, "it is never more than full");
    }

    #[test]
    fn going_on_to_the_one_that_serves_costs_nothing() {
        let budget = Budget::full();
        for _ in 0..1_000 {
            let sent_on = (0..11).take_while(|_| budget.allows_another()).count();
            assert_eq!(sent_on, 11);
            budget.got_through(11);
        }
    }

    #[test]
    fn every_pause_is_longer_than_the_one_before_and_all_fit_into_a_deadline() {
        let pauses: Vec<_> = (1..MOST_ATTEMPTS).map(pause).collect();
        assert!(pauses[0].is_zero());
        assert!(pauses.is_sorted_by(|one, next| one < next), "{pauses:?}");
        assert!(pauses.iter().sum::<Duration>() < Duration::from_secs(3));
    }

    #[tokio::test]
    async fn a_request_that_was_read_is_sent_as_it_was() {
        let request = Request::post("/service/Method")
            .header("grpc-timeout", "1S")
            .body(Body::new(Full::new(Bytes::from_static(b"message"))))
            .unwrap();
        let repeatable = Repeatable::read(request).await.unwrap();
        for _ in 0..2 {
            let (parts, body) = repeatable.again().into_parts();
            assert_eq!(parts.uri.path(), "/service/Method");
            assert_eq!(parts.headers["grpc-timeout"], "1S");
            assert_eq!(body.collect().await.unwrap().to_bytes(), "message");
        }
    }
}
