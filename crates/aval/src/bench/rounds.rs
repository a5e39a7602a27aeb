//! Turns: A B C A B C …, so that what the machine does to one it does to all.

use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::contender::{Contender, Entrant};
use super::figures::Figures;
use super::load::{Load, Monotonic};
use super::threads::{ThreadTimes, Threads};

/// How the turns are taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turns {
    /// How many each contender has.
    pub(crate) rounds: u32,
    /// The load of a turn.
    pub(crate) load: Load,
    /// How many callers call at once.
    pub(crate) callers: usize,
    /// Whether each round is waited for until another program asks for it.
    pub(crate) when_told: bool,
}

/// The contenders, in the order of their turns.
pub(crate) type Lineup = Vec<(Entrant, Arc<dyn Contender>)>;

/// What the rounds gave, per contender, in the order of the lineup.
pub(crate) type Played = Vec<(Entrant, Vec<Figures>)>;

/// Before each turn, unmeasured: connections, caches and the branch predictor know
/// their work again.
const WARM_UP_SECONDS: f64 = 0.25;

/// After each turn, for one caller alone: how long a call takes when nothing waits.
const ALONE_SECONDS: f64 = 0.25;

/// Plays all rounds; `progress` hears whose turn it is, before it.
pub(crate) async fn play(
    turns: Turns,
    lineup: &Lineup,
    threads: &Threads,
    progress: impl Fn(u32, Entrant),
) -> anyhow::Result<Played> {
    let mut played: Played = lineup.iter().map(|(who, _)| (*who, Vec::new())).collect();
    for round in 1..=turns.rounds {
        if turns.when_told {
            told().await?;
        }
        for ((who, contender), (_, figures)) in lineup.iter().zip(&mut played) {
            progress(round, *who);
            let from_rest = until_at_rest().await;
            let turn = take_turn(turns, Arc::clone(contender), from_rest);
            let turn = threads.callers().spawn(turn);
            // A server that answers nothing must not hold the bench for ever.
            let turn = tokio::time::timeout(turns.patience(), turn).await;
            let turn = turn.with_context(|| format!("{} does not answer", who.name()))?;
            figures.push(turn?.with_context(|| format!("{} failed", who.name()))?);
        }
        if turns.when_told {
            let mut out = io::stdout().lock();
            writeln!(out, "{PLAYED} {round}").and_then(|()| out.flush())?;
        }
    }
    Ok(played)
}

/// What begins the line that answers whoever asked for a round.
const PLAYED: &str = "played";

/// Waits until a line comes.
async fn told() -> anyhow::Result<()> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)
    });
    anyhow::ensure!(read.await?? > 0, "nobody asks for a round any more");
    Ok(())
}

async fn take_turn(
    turns: Turns,
    contender: Arc<dyn Contender>,
    from_rest: bool,
) -> anyhow::Result<Figures> {
    let time = Monotonic::new();
    let callers = contender.callers(turns.callers).await?;
    let warm = turns
        .load
        .during(WARM_UP_SECONDS)
        .run(&time, callers)
        .await?;
    let before = ThreadTimes::read();
    let finished = turns.load.run(&time, warm.callers).await?;
    let after = ThreadTimes::read();
    let used = before
        .zip(after)
        .map(|(before, after)| after.since(&before));
    let mut callers = finished.callers;
    callers.truncate(1);
    let alone = Load::Closed {
        seconds: ALONE_SECONDS,
    };
    let alone = alone.run(&time, callers).await?.measurement;
    let beside = contender.end_turn().await?;
    Ok(Figures {
        beside,
        ..Figures::new(&finished.measurement, &alone, used, from_rest)
    })
}

impl Turns {
    /// An open load may take twice its time; connecting and signing in take some, too.
    fn patience(&self) -> Duration {
        let longest = self.load.duration().unwrap_or(LONGEST_COUNT);
        longest * 3 + Duration::from_secs(30)
    }
}

/// A turn that is measured in calls may take so long.
const LONGEST_COUNT: Duration = Duration::from_mins(2);

/// How long the servers are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// At rest they use less of a core than this: pollers and clocks go on.
const REST: f64 = 0.15;
/// What is still at work after so long stays at work.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// Waits until the servers have nothing left to do of the turns before, such as
/// handing events over to the trail; false if they still do.
async fn until_at_rest() -> bool {
    let begun = Instant::now();
    loop {
        let (looked, before) = (Instant::now(), ThreadTimes::read());
        tokio::time::sleep(LOOK).await;
        let Some((before, after)) = before.zip(ThreadTimes::read()) else {
            return false;
        };
        let used = after.since(&before).servers.as_secs_f64();
        if used < REST * looked.elapsed().as_secs_f64() {
            return true;
        }
        if begun.elapsed() > LONGEST_WAIT {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::Entrant::{Bare, Check};
    use super::*;
    use crate::bench::load::{Caller, Callers, Calling, Failure};

    struct Answering(Result<(), Failure>);

    #[tonic::async_trait]
    impl Contender for Answering {
        async fn callers(&self, count: usize) -> anyhow::Result<Callers> {
            let caller = || Box::new(Self(self.0.clone())) as Box<dyn Caller>;
            Ok(std::iter::repeat_with(caller).take(count).collect())
        }
    }

    impl Caller for Answering {
        fn call(&mut self) -> Calling<'_> {
            Box::pin(async {
                tokio::task::yield_now().await;
                self.0.clone()
            })
        }
    }

    #[tokio::test]
    async fn contenders_take_turns_in_their_order() {
        let lineup: Lineup = vec![
            (Bare, Arc::new(Answering(Ok(())))),
            (Check, Arc::new(Answering(Err(Failure::UNEXPECTED_ANSWER)))),
        ];
        let turns = Turns {
            rounds: 2,
            load: Load::Closed { seconds: 0.01 },
            callers: 3,
            when_told: false,
        };
        let order = Mutex::new(Vec::new());
        let threads = Threads::start().unwrap();
        let progress = |round, who| order.lock().unwrap().push((round, who));
        let played = play(turns, &lineup, &threads, progress).await.unwrap();

        assert_eq!(
            order.into_inner().unwrap(),
            [(1, Bare), (1, Check), (2, Bare), (2, Check)]
        );
        let [(Bare, bare), (Check, check)] = &played[..] else {
            panic!("not the lineup: {played:?}");
        };
        assert!(
            bare.iter()
                .all(|round| round.succeeded > 0 && round.failures() == 0)
        );
        assert!(
            check
                .iter()
                .all(|round| round.succeeded == 0 && round.failures() > 0)
        );
        assert_eq!((bare.len(), check.len()), (2, 2));
    }
}
