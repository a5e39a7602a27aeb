//! Following what another service tells, again and again until the end.
//!
//! A stream of changes ends: the other service stops, does not answer, or was not there
//! yet. Whoever follows asks again after a pause that grows as long as nothing is heard.

use std::time::Duration;

use aval_domain::random::{self, Random};
use tokio_util::sync::CancellationToken;

/// The pause after an attempt that heard something.
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(12);
/// The pause from which on a failure lasts: services start in any order, and the other
/// one may be a few seconds late.
const LASTING_FROM: Duration = Duration::from_secs(6);

/// What came of one attempt to follow.
#[derive(Debug)]
pub struct Attempt<Ended> {
    /// Whether the other service told anything.
    pub heard: bool,
    /// Why it is over.
    pub ended: Ended,
}

/// Whether operators should know that nothing is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// It may be nothing.
    Short,
    /// It lasts.
    Lasting,
}

/// Makes one attempt after the other until `shutdown`, and has the end of each said.
pub async fn follow<Ended, Attempting>(
    random: &dyn Random,
    shutdown: CancellationToken,
    attempt: impl Fn() -> Attempting,
    say: impl Fn(&Ended, Silence),
) where
    Attempting: Future<Output = Attempt<Ended>>,
{
    let for_ever = async {
        let mut pace = Pace::default();
        loop {
            let Attempt { heard, ended } = attempt().await;
            say(&ended, pace.after(heard));
            // What was said is not kept while nothing happens.
            drop(ended);
            tokio::time::sleep(pace.pause(random)).await;
        }
    };
    shutdown.run_until_cancelled(for_ever).await;
}

/// How long the pauses are.
#[derive(Debug)]
struct Pace {
    next: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            next: SHORTEST_PAUSE,
        }
    }
}

impl Pace {
    /// An attempt is over.
    fn after(&mut self, heard: bool) -> Silence {
        if heard {
            *self = Self::default();
        }
        if self.next < LASTING_FROM {
            Silence::Short
        } else {
            Silence::Lasting
        }
    }

    /// The pause before the next one.
    fn pause(&mut self, random: &dyn Random) -> Duration {
        let pause = some_of(self.next, random);
        self.next = (self.next * 2).min(LONGEST_PAUSE);
        pause
    }
}

/// Between half of it and all: replicas that lost the other service together do not come
/// back together.
fn some_of(pause: Duration, random: &dyn Random) -> Duration {
    let [byte] = random::bytes::<1>(random);
    pause / 2 + pause / 2 * u32::from(byte) / u32::from(u8::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aval_domain::random::SeededRandom;

    use super::*;

    #[test]
    fn pauses_grow_while_nothing_is_heard_and_a_lasting_silence_is_told() {
        let random = SeededRandom::new(1);
        let mut pace = Pace::default();
        let mut told = Vec::new();
        for attempt in 1..=9 {
            // The eighth hears something, as the first.
            told.push(pace.after(attempt == 1 || attempt == 8));
            let longest = pace.next;
            let pause = pace.pause(&random);
            assert!(longest / 2 <= pause && pause <= longest && longest <= LONGEST_PAUSE);
        }
        let mut expected = [Silence::Short; 9];
        expected[5..7].fill(Silence::Lasting);
        assert_eq!(told, expected);
    }

    #[test]
    fn replicas_pause_for_different_times() {
        let random = SeededRandom::new(1);
        let pauses: Vec<_> = (0..50).map(|_| some_of(LONGEST_PAUSE, &random)).collect();
        assert!(pauses.windows(2).any(|two| two[0] != two[1]));
    }

    #[tokio::test]
    async fn the_end_of_each_attempt_is_said_until_the_shutdown() {
        let (random, shutdown) = (SeededRandom::new(1), CancellationToken::new());
        let attempts = AtomicUsize::new(0);
        let attempt = || async {
            let ended = attempts.fetch_add(1, Ordering::Relaxed);
            Attempt { heard: true, ended }
        };
        let say = |ended: &usize, silence| {
            assert_eq!(silence, Silence::Short);
            if *ended == 2 {
                shutdown.cancel();
            }
        };
        follow(&random, shutdown.clone(), attempt, say).await;
        assert_eq!(attempts.load(Ordering::Relaxed), 3);
    }
}
