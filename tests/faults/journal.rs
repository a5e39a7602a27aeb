//! What a caller notes while it calls, and what of it was not as it must be.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tonic::{Code, Response, Status};

/// How long what did not get through waits until it is asked again.
const PAUSE: Duration = Duration::from_millis(50);

/// How many of how many were wrong.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) wrong: usize,
    pub(super) of: usize,
}

impl Share {
    /// One more of them.
    pub(super) fn count(&mut self, is_right: bool) {
        self.of += 1;
        self.wrong += usize::from(!is_right);
    }
}

impl AddAssign for Share {
    fn add_assign(&mut self, other: Self) {
        self.wrong += other.wrong;
        self.of += other.of;
    }
}

/// What a scenario is judged by: nothing of it may be wrong.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Of what was confirmed: what is not there, or is there twice.
    pub(super) lost: Share,
    /// Of the answers to somebody who had been shut out: those that let them in.
    pub(super) let_in: Share,
    /// Of what must have its trace: what has none, or more than one, or another.
    pub(super) untraced: Share,
    /// Of the other answers: those that are not true.
    pub(super) untrue: Share,
}

impl Verdict {
    /// Whether nothing is wrong.
    pub(super) fn is_clean(&self) -> bool {
        self.shares().iter().all(|share| share.wrong == 0)
    }

    /// Whether something of each kind was looked at.
    pub(super) fn is_of_something(&self) -> bool {
        self.shares().iter().all(|share| share.of > 0)
    }

    fn shares(&self) -> [Share; 4] {
        [self.lost, self.let_in, self.untraced, self.untrue]
    }
}

impl AddAssign for Verdict {
    fn add_assign(&mut self, other: Self) {
        self.lost += other.lost;
        self.let_in += other.let_in;
        self.untraced += other.untraced;
        self.untrue += other.untrue;
    }
}

/// What a caller saw, and what it was told for good.
#[derive(Debug, Default, Clone)]
pub(super) struct Seen {
    /// When each call ended, and how.
    pub(super) calls: Vec<(Instant, Code)>,
    /// The decisions that were given: their events, and whether they permitted.
    pub(super) decided: BTreeMap<String, bool>,
    /// How often a decision was asked for and not given.
    pub(super) undecided: usize,
    /// The changes that were confirmed, by the kind of their event.
    pub(super) changed: BTreeMap<&'static str, usize>,
    /// What was confirmed and has a name of its own, by the kind of its event.
    pub(super) named: BTreeMap<&'static str, BTreeSet<String>>,
    /// What it could judge by itself.
    pub(super) verdict: Verdict,
}

/// What it has seen up to now.
#[derive(Debug, Default)]
pub(super) struct Journal {
    turns: AtomicUsize,
    seen: Mutex<Seen>,
}

impl Journal {
    /// It has gone through everything once more.
    pub(super) fn turned(&self) {
        self.turns.fetch_add(1, Ordering::Relaxed);
    }

    /// How often it has.
    pub(super) fn turns(&self) -> usize {
        self.turns.load(Ordering::Relaxed)
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }

    /// Notes something besides how calls ended.
    pub(super) fn note(&self, what: impl FnOnce(&mut Seen)) {
        what(&mut self.seen.lock().unwrap());
    }

    /// How many of this kind of event were confirmed by their names.
    pub(super) fn named(&self, kind: &str) -> usize {
        let seen = self.seen.lock().unwrap();
        seen.named.get(kind).map_or(0, BTreeSet::len)
    }

    /// Notes how a call ended; its answer, and after a pause nothing if it got none. A failure
    /// is one that says to try again, and nothing else.
    pub(super) async fn answer<T>(&self, ended: Result<Response<T>, Status>) -> Option<T> {
        let code = ended.as_ref().err().map_or(Code::Ok, Status::code);
        self.note(|seen| seen.calls.push((Instant::now(), code)));
        let may_be = [
            Code::Unavailable,
            Code::DeadlineExceeded,
            Code::ResourceExhausted,
        ];
        match ended {
            Ok(answer) => Some(answer.into_inner()),
            Err(status) => {
                assert!(may_be.contains(&code), "{status:?}");
                tokio::time::sleep(PAUSE).await;
                None
            }
        }
    }
}
