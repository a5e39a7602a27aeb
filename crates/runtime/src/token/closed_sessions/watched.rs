//! A list that is asked for again before it is too old.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use aval_domain::id::SessionId;
use aval_domain::time::{Clock, Timestamp};
use tokio::sync::Mutex;

use super::{CLOSINGS_HOLD_WITHIN, ClosedSessionSource, ClosedSessionsUnavailable};

/// A list older than this is asked for again in the background, and not more often.
const FRESH_FOR: Duration = Duration::from_secs(1);
/// Between two attempts that tokens wait for, when the issuer does not answer.
const AFTER_A_FAILURE: Duration = Duration::from_millis(200);

/// The last list of a source.
#[derive(Debug)]
pub(super) struct Watched(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: Arc<dyn ClosedSessionSource>,
    clocks: Clocks,
    known: RwLock<Arc<Known>>,
    turn: Mutex<()>,
    refreshing: AtomicBool,
}

/// What is known, and since when.
#[derive(Debug, Clone, Default)]
struct Known {
    sessions: Arc<HashSet<SessionId>>,
    read: Option<Moment>,
    /// How old the list was when it was asked for.
    age: Duration,
    attempted: Option<Moment>,
    attempts: u64,
    last_failed: bool,
}

/// Two clocks: the wall clock sees what a machine slept through, the other one is not
/// set back.
#[derive(Debug)]
struct Clocks {
    wall: Arc<dyn Clock>,
    /// From when the other one is read; without it the wall clock counts alone.
    start: Option<Instant>,
}

/// A moment on both clocks.
#[derive(Debug, Clone, Copy)]
struct Moment {
    wall: Timestamp,
    monotonic: Duration,
}

impl Watched {
    pub(super) fn new(source: Arc<dyn ClosedSessionSource>, wall: Arc<dyn Clock>) -> Self {
        let start = Some(Instant::now());
        Self::by(source, Clocks { wall, start })
    }

    fn by(source: Arc<dyn ClosedSessionSource>, clocks: Clocks) -> Self {
        Self(Arc::new(Inner {
            source,
            clocks,
            known: RwLock::default(),
            turn: Mutex::default(),
            refreshing: AtomicBool::new(false),
        }))
    }

    /// Whether the session is on a list that is young enough; waits for one.
    pub(super) async fn contains(
        &self,
        session: SessionId,
    ) -> Result<bool, ClosedSessionsUnavailable> {
        let known = self.0.known();
        let now = self.0.clocks.now();
        if known.is_younger_than(CLOSINGS_HOLD_WITHIN, now) {
            let is_fresh = known.is_younger_than(FRESH_FOR, now);
            if !is_fresh && known.was_tried_before(FRESH_FOR, now) {
                self.refresh_in_background();
            }
            return Ok(known.sessions.contains(&session));
        }
        self.0.refresh(known.attempts).await;
        let known = self.0.known();
        if known.is_younger_than(CLOSINGS_HOLD_WITHIN, self.0.clocks.now()) {
            return Ok(known.sessions.contains(&session));
        }
        Err(ClosedSessionsUnavailable)
    }

    fn refresh_in_background(&self) {
        if self.0.refreshing.swap(true, Ordering::AcqRel) {
            return;
        }
        let inner = Arc::clone(&self.0);
        tokio::spawn(async move {
            inner.refresh(inner.known().attempts).await;
            inner.refreshing.store(false, Ordering::Release);
        });
    }
}

impl Inner {
    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks, unless somebody else did while this one waited for its turn, or the last
    /// attempt failed just now.
    async fn refresh(&self, attempts_seen: u64) {
        let _turn = self.turn.lock().await;
        let before = self.known();
        // What is answered is as old as the question, not as the answer.
        let asked = self.clocks.now();
        let failed_just_now =
            before.last_failed && !before.was_tried_before(AFTER_A_FAILURE, asked);
        if before.attempts != attempts_seen || failed_just_now {
            return;
        }
        let mut after = Known {
            attempted: Some(asked),
            attempts: before.attempts + 1,
            ..before.as_ref().clone()
        };
        match self.source.fetch().await {
            Ok(list) => {
                after.sessions = Arc::new(list.sessions);
                after.read = Some(asked);
                after.age = list.age;
                after.last_failed = false;
            }
            Err(error) => {
                tracing::warn!(%error, "closed sessions were not learnt");
                after.last_failed = true;
            }
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(after);
    }
}

impl Known {
    fn is_younger_than(&self, age: Duration, now: Moment) -> bool {
        let since = self.read.and_then(|read| now.since(read));
        since.is_some_and(|since| since.saturating_add(self.age) < age)
    }

    fn was_tried_before(&self, pause: Duration, now: Moment) -> bool {
        let since = self.attempted.and_then(|last| now.since(last));
        since.is_none_or(|since| since >= pause)
    }
}

impl Clocks {
    fn now(&self) -> Moment {
        Moment {
            wall: self.wall.now(),
            monotonic: self.start.map(|start| start.elapsed()).unwrap_or_default(),
        }
    }
}

impl Moment {
    /// The longer of the two clocks' times; `None` when the wall clock was set back.
    fn since(self, earlier: Self) -> Option<Duration> {
        let on_the_wall = (earlier.wall <= self.wall).then(|| self.wall.since(earlier.wall))?;
        Some(on_the_wall.max(self.monotonic.saturating_sub(earlier.monotonic)))
    }
}

#[cfg(test)]
mod tests;
