//! Calls that did not get through, made again.

use std::error::Error;
use std::net::SocketAddr;
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

use crate::deadline;

/// How often a call is made at most.
pub(super) const MOST_ATTEMPTS: usize = 5;

/// How long to wait before an instance is asked again after so many attempts in vain: not
/// at all the first time, when its connection may just have been closed; then ever longer,
/// for one that is being started anew.
pub(super) fn pause(attempts: usize) -> Duration {
    const PAUSES: [u64; MOST_ATTEMPTS] = [0, 0, 100, 400, 1_600];
    Duration::from_millis(PAUSES[attempts.min(MOST_ATTEMPTS - 1)])
}

/// What an instance tells to wait that cannot serve where another soon will: channels ask all
/// of them again after as long.
pub const SOON: Duration = Duration::from_millis(100);

/// Who takes so long to be lost is not asked again.
const TOO_LONG: Duration = Duration::from_secs(1);

/// How often all instances are asked, where each answers that it cannot serve and that this is
/// over at once: while the one that writes the log ends, and before another one does.
#[derive(Debug)]
pub(super) struct Rounds {
    deadline: Option<Instant>,
    done: usize,
    begun: Instant,
    /// The longest that an instance said to wait in this round.
    wait: Duration,
    /// They are not asked again while there are others: that would take as long again.
    silent: Vec<SocketAddr>,
}

impl Rounds {
    pub(super) fn until(deadline: Option<Instant>) -> Self {
        Self {
            deadline,
            done: 0,
            begun: Instant::now(),
            wait: Duration::ZERO,
            silent: Vec::new(),
        }
    }

    /// The instance at this address did not answer, and it took so long to learn that. One that
    /// hangs up at once may be starting: as the next who writes the log, perhaps.
    pub(super) fn was_lost_at(&mut self, address: SocketAddr, took: Duration) {
        if took >= TOO_LONG {
            self.silent.push(address);
        }
    }

    /// Whether an instance said to wait for longer than until the next round.
    pub(super) fn are_ruled_out(&self) -> bool {
        self.until_next().is_some_and(|pause| self.wait > pause)
    }

    /// How long it is until the next round; none: this was the last.
    fn until_next(&self) -> Option<Duration> {
        const PAUSES: [u32; 5] = [1, 2, 4, 8, 16];
        Some(SOON * *PAUSES.get(self.done)?)
    }

    /// An instance cannot serve, and this is what it says.
    pub(super) fn was_told(&mut self, answer: &HeaderMap) {
        let wait = wait_said(answer).unwrap_or(Duration::MAX);
        self.wait = self.wait.max(wait);
    }

    /// Waits for the next round, longer each time, and says who is not to be asked in it.
    /// `None`: there is none. One of the instances says to wait for longer; or a round that
    /// takes as long as the last would end after the deadline, and who asked would learn less
    /// than what was answered.
    pub(super) async fn next(&mut self) -> Option<Vec<SocketAddr>> {
        let pause = self.until_next()?;
        let now = Instant::now();
        let end = now + pause + (now - self.begun);
        let in_time = self.deadline.is_none_or(|deadline| end < deadline);
        if !in_time || self.are_ruled_out() {
            return None;
        }
        tokio::time::sleep(pause).await;
        self.done += 1;
        self.begun = Instant::now();
        self.wait = Duration::ZERO;
        Some(self.silent.clone())
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

    /// The request once more, with the time that is left for it by now.
    pub(super) fn again(&self, deadline: Option<Instant>) -> Request<Body> {
        let mut parts = self.parts.clone();
        if let Some(deadline) = deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            let left = deadline::header(left);
            parts.headers.insert(deadline::GRPC_TIMEOUT, left);
        }
        Request::from_parts(parts, Body::new(Full::new(self.body.clone())))
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

    /// Whether no call may be made again.
    pub(super) fn is_spent(&self) -> bool {
        self.0.load(Ordering::Relaxed) <= Self::FULL / 2
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
        assert!(budget.is_spent());
        assert!(!budget.allows_another());
        for _ in 0..10_000 {
            budget.got_through(0);
        }
        assert!(!budget.is_spent());
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
    async fn a_request_that_was_read_is_sent_as_it_was_with_the_time_that_is_left() {
        let request = Request::post("/service/Method")
            .header("grpc-timeout", "1S")
            .body(Body::new(Full::new(Bytes::from_static(b"message"))))
            .unwrap();
        let repeatable = Repeatable::read(request).await.unwrap();
        let sent = async |deadline| {
            let (parts, body) = repeatable.again(deadline).into_parts();
            assert_eq!(parts.uri.path(), "/service/Method");
            assert_eq!(body.collect().await.unwrap().to_bytes(), "message");
            deadline::requested(&parts.headers)
        };
        let second = Duration::from_secs(1);
        assert_eq!(sent(None).await, Some(second));
        let now = Instant::now();
        let left = sent(Some(now + second / 4)).await;
        assert!(left.is_some_and(|left| left <= second / 4), "{left:?}");
        assert_eq!(sent(Some(now)).await, Some(Duration::ZERO));
    }
}
