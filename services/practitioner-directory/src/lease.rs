//! Until when nothing can have changed unseen: what is answered from memory rests on it.
//!
//! There is one in a process, and one who asks for it ([`asking`]).

pub mod asking;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aval_runtime::boot_clock::BootClock;

/// How long an answer of the database holds, from when it was asked.
pub const LEASE: Duration = Duration::from_millis(250);

/// A time during which the directory did not change. Never the same again: a database that
/// was put back may reach a revision for the second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Generation(u64);

/// What this process knows of the directory's revision.
///
/// ```text
/// t0  ask()                        t2  answered(t0, 7)    generation 1 until t0 + L
/// t1  another instance commits 8   t3  read in generation 1: from memory, as it was in 7
///                                  t4  ask(), answered(t4, 8): generation 2
/// ```
///
/// Between t1 and t4 pass less than `L`, or the lease is over before.
#[derive(Debug)]
pub struct Lease {
    boot_clock: Arc<dyn BootClock>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    generation: u64,
    revision: Option<u64>,
    /// On the boot-time clock.
    until: Duration,
}

/// A question under way.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    at: Duration,
    /// What began since does not believe its answer.
    generation: u64,
}

impl Lease {
    /// One that knows nothing.
    #[must_use]
    pub fn new(boot_clock: Arc<dyn BootClock>) -> Self {
        Self {
            boot_clock,
            known: Mutex::default(),
        }
    }

    /// The present generation, if nothing can have changed unseen.
    #[must_use]
    pub fn generation(&self) -> Option<Generation> {
        let now = self.boot_clock.now();
        let known = self.known();
        (now < known.until).then_some(Generation(known.generation))
    }

    /// At which revision the directory is, if nothing can have changed unseen.
    #[must_use]
    pub fn revision(&self) -> Option<u64> {
        let now = self.boot_clock.now();
        let known = self.known();
        known.revision.filter(|_| now < known.until)
    }

    /// Before the database is asked.
    #[must_use]
    pub fn ask(&self) -> Asked {
        Asked {
            at: self.boot_clock.now(),
            generation: self.known().generation,
        }
    }

    /// The database is at this revision. If that is another one than before, or the lease
    /// was over when it was asked, a generation begins.
    pub fn answered(&self, asked: Asked, revision: u64) {
        let mut known = self.known();
        if asked.generation != known.generation {
            // It was ended meanwhile: the answer may be older than the end.
            return;
        }
        if known.revision != Some(revision) || asked.at >= known.until {
            known.generation += 1;
            known.revision = Some(revision);
        }
        known.until = asked.at + LEASE;
    }

    /// Ends the present generation, and what is being asked: this process may have changed
    /// the directory. Called before a change returns, whatever became of it.
    pub fn end(&self) {
        let mut known = self.known();
        known.generation += 1;
        known.revision = None;
        known.until = Duration::ZERO;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A clock that passes when it is told to.
    #[derive(Debug, Default)]
    pub(crate) struct HandClock(Mutex<Duration>);

    impl HandClock {
        pub(crate) fn pass(&self, time: Duration) {
            *self.0.lock().unwrap() += time;
        }
    }

    impl BootClock for HandClock {
        fn now(&self) -> Duration {
            *self.0.lock().unwrap()
        }
    }

    fn lease() -> (Lease, Arc<HandClock>) {
        let clock = Arc::new(HandClock::default());
        (Lease::new(Arc::clone(&clock) as Arc<dyn BootClock>), clock)
    }

    #[test]
    fn it_holds_from_when_the_database_was_asked_and_not_from_its_answer() {
        let (lease, clock) = lease();
        assert_eq!(lease.generation(), None);
        let asked = lease.ask();
        let answered_after = LEASE / 2;
        clock.pass(answered_after);
        lease.answered(asked, 7);
        assert!(lease.generation().is_some());
        assert_eq!(lease.revision(), Some(7));
        clock.pass(LEASE.saturating_sub(answered_after));
        assert_eq!(lease.generation(), None);
        assert_eq!(lease.revision(), None);
    }

    #[test]
    fn a_generation_goes_on_while_the_revision_is_the_same_and_the_lease_never_ran_out() {
        let (lease, clock) = lease();
        lease.answered(lease.ask(), 7);
        let first = lease.generation();
        clock.pass(LEASE / 2);
        lease.answered(lease.ask(), 7);
        assert_eq!(lease.generation(), first);
        clock.pass(LEASE);
        lease.answered(lease.ask(), 7);
        assert_ne!(lease.generation(), first);
    }

    #[test]
    fn another_revision_is_another_generation_also_when_it_goes_back() {
        let (lease, _) = lease();
        let seen = [7, 8, 7].map(|revision| {
            lease.answered(lease.ask(), revision);
            lease.generation()
        });
        assert!(seen.iter().all(Option::is_some));
        assert_ne!(seen[0], seen[1]);
        assert_ne!(seen[0], seen[2]);
        assert_ne!(seen[1], seen[2]);
    }

    #[test]
    fn what_was_asked_before_an_end_is_not_believed_after_it() {
        let (lease, _) = lease();
        lease.answered(lease.ask(), 7);
        let asked = lease.ask();
        lease.end();
        lease.answered(asked, 7);
        assert_eq!(lease.generation(), None);
        assert_eq!(lease.revision(), None);
        lease.answered(lease.ask(), 8);
        assert!(lease.generation().is_some());
    }
}
