//! Who hears what every instance saw and when every change returned, and tells what is stale.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use aval_domain::id::GrantId;

use crate::words::{Instant, Permit};

/// What was seen, of every lane.
///
/// A permit is stale if its check began when what ended the permission had returned: both
/// instants are of one clock, that of the check was read before it began, and that of the
/// return after it. Which of the two is heard of first makes no difference.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    lanes: Vec<Mutex<Seen>>,
    checks: AtomicUsize,
    permits: AtomicUsize,
    stale: AtomicUsize,
    mismatches: AtomicU64,
}

/// What was seen of a lane.
#[derive(Debug, Default)]
struct Seen {
    /// When what ended the permission by each grant had returned.
    returned: HashMap<GrantId, Instant>,
    /// When the checks began that permitted by a grant of which no end has returned.
    permitted: HashMap<GrantId, Vec<Instant>>,
}

impl Witness {
    pub(crate) fn of_lanes(lanes: usize) -> Self {
        Self {
            lanes: std::iter::repeat_with(Mutex::default).take(lanes).collect(),
            ..Self::default()
        }
    }

    /// That a check permitted.
    pub(crate) fn permitted(&self, permit: &Permit) {
        self.permits.fetch_add(1, Ordering::SeqCst);
        let mut seen = self.lanes[permit.lane].lock().unwrap();
        if let Some(returned) = seen.returned.get(&permit.grant_id) {
            let is_stale = permit.began >= *returned;
            self.stale
                .fetch_add(usize::from(is_stale), Ordering::SeqCst);
        } else {
            let permitted = seen.permitted.entry(permit.grant_id);
            permitted.or_default().push(permit.began);
        }
    }

    /// That what ended the permission by a grant of a lane had returned.
    pub(crate) fn returned(&self, lane: usize, grant_id: GrantId, at: Instant) {
        let mut seen = self.lanes[lane].lock().unwrap();
        let permitted = seen.permitted.remove(&grant_id).unwrap_or_default();
        let stale = permitted.iter().filter(|began| **began >= at).count();
        self.stale.fetch_add(stale, Ordering::SeqCst);
        seen.returned.insert(grant_id, at);
    }

    /// That so many checks were answered.
    pub(crate) fn checked(&self, checks: usize) {
        self.checks.fetch_add(checks, Ordering::SeqCst);
    }

    /// That so many cached answers were not what the database said.
    pub(crate) fn mismatched(&self, answers: u64) {
        self.mismatches.fetch_add(answers, Ordering::SeqCst);
    }

    pub(crate) fn checks(&self) -> usize {
        self.checks.load(Ordering::SeqCst)
    }

    pub(crate) fn permits(&self) -> usize {
        self.permits.load(Ordering::SeqCst)
    }

    pub(crate) fn stale(&self) -> usize {
        self.stale.load(Ordering::SeqCst)
    }

    pub(crate) fn mismatches(&self) -> u64 {
        self.mismatches.load(Ordering::SeqCst)
    }
}

#[test]
fn what_is_stale_is_told_whichever_is_heard_of_first() {
    use aval_runtime::environment::Environment;

    let environment = Environment::system();
    let (now, random) = (environment.clock.now(), environment.random.as_ref());
    let [early, at, late] = [(); 3].map(|()| Instant::now());
    for is_told_first in [true, false] {
        let witness = Witness::of_lanes(2);
        let [grant_id, other] = [(); 2].map(|()| GrantId::new(now, random));
        let permit = |grant_id, began| Permit {
            lane: 1,
            grant_id,
            began,
        };
        let permits = [
            permit(grant_id, early),
            permit(grant_id, at),
            permit(grant_id, late),
            // Of the next grant nothing has ended.
            permit(other, late),
        ];
        if is_told_first {
            witness.returned(1, grant_id, at);
        }
        for permit in &permits {
            witness.permitted(permit);
        }
        if !is_told_first {
            assert_eq!(witness.stale(), 0);
            witness.returned(1, grant_id, at);
        }
        assert_eq!((witness.permits(), witness.stale()), (4, 2));
    }
}
