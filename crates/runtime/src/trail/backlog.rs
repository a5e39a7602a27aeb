//! How many events wait for the trail, and for how long.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use aval_database::{Database, DatabaseError, LONGEST_SILENCE, answered_within, outbox};
use aval_domain::time::{Clock, Timestamp};
use opentelemetry::KeyValue;
use opentelemetry::metrics::Gauge;
use tokio_util::sync::CancellationToken;

use crate::telemetry::metrics::meter;

/// How often the outbox is looked at. What is judged by it is a matter of minutes.
const OBSERVE_EVERY: Duration = Duration::from_secs(2);

/// Shows what waits in the outbox of `db`, whose events are those of `source`, and tells
/// `heard` when the oldest of it occurred, until `shutdown`.
///
/// While the database does not answer, or says nothing at all, nobody knows what waits, and the
/// worst is told: what waited when it was last looked at waits still, and if nothing did,
/// something has since. So whoever bounds how long events may wait comes to that bound also
/// where nothing can be seen any more.
pub async fn observe_backlog(
    db: Database,
    source: &'static str,
    clock: Arc<dyn Clock>,
    heard: impl Fn(Option<Timestamp>),
    shutdown: CancellationToken,
) {
    let gauges = BacklogGauges::new(source);
    let observing = Observing {
        clock: clock.as_ref(),
        every: OBSERVE_EVERY,
        answers_within: LONGEST_SILENCE,
    };
    let tell = |waiting: outbox::Backlog| {
        gauges.show(waiting, clock.now());
        heard(waiting.oldest_at);
    };
    let for_ever = observing.run(|| outbox::backlog(&db), tell);
    shutdown.run_until_cancelled(for_ever).await;
}

/// How the outbox is looked at.
struct Observing<'a> {
    clock: &'a dyn Clock,
    every: Duration,
    answers_within: Duration,
}

impl Observing<'_> {
    /// Looks again and again, and tells what is there, or the worst that may be.
    async fn run<Looking>(
        &self,
        look: impl Fn() -> Looking,
        tell: impl Fn(outbox::Backlog),
    ) -> Infallible
    where
        Looking: Future<Output = Result<outbox::Backlog, DatabaseError>>,
    {
        let mut last = outbox::Backlog::default();
        // Whatever is not among what was seen last occurred after this.
        let mut seen_at = self.clock.now();
        loop {
            let began = self.clock.now();
            match answered_within(self.answers_within, look()).await {
                Ok(waiting) => {
                    (last, seen_at) = (waiting, began);
                    tell(waiting);
                }
                Err(error) => {
                    tracing::warn!(%error, "the trail's backlog was not read");
                    tell(outbox::Backlog {
                        count: last.count,
                        oldest_at: last.oldest_at.or(Some(seen_at)),
                    });
                }
            }
            tokio::time::sleep(self.every).await;
        }
    }
}

struct BacklogGauges {
    events: Gauge<u64>,
    age: Gauge<f64>,
    source: [KeyValue; 1],
}

impl BacklogGauges {
    fn new(source: &'static str) -> Self {
        let meter = meter();
        Self {
            events: meter
                .u64_gauge("aval.outbox.events")
                .with_description(
                    "Events that the trail has not taken yet; about, where there are thousands.",
                )
                .build(),
            age: meter
                .f64_gauge("aval.outbox.age")
                .with_description(
                    "How long ago the oldest of them occurred, or may have where that is not known; \
                     0: none waits.",
                )
                .with_unit("s")
                .build(),
            source: [KeyValue::new("source", source)],
        }
    }

    fn show(&self, waiting: outbox::Backlog, now: Timestamp) {
        self.events.record(waiting.count, &self.source);
        let age = waiting.oldest_at.map(|oldest| now.since(oldest));
        self.age
            .record(age.unwrap_or_default().as_secs_f64(), &self.source);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aval_domain::time::ManualClock;
    use futures::FutureExt;
    use tokio::sync::mpsc;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
    const MINUTE: Duration = Duration::from_mins(1);

    /// What is told of these observations, one a minute, of which some fail; after them the
    /// database is silent.
    async fn told(observations: &[Option<outbox::Backlog>], count: usize) -> Vec<Told> {
        let clock = ManualClock::new(NOW);
        let (tell, mut told) = mpsc::unbounded_channel();
        let observing = Observing {
            clock: &clock,
            every: Duration::from_millis(1),
            answers_within: Duration::from_millis(10),
        };
        let looks = AtomicUsize::new(0);
        let look = || match observations.get(looks.fetch_add(1, Ordering::SeqCst)) {
            Some(Some(waiting)) => futures::future::ready(Ok(*waiting)).boxed(),
            Some(None) => {
                let error = DatabaseError::corrupt("outbox", "id", &1);
                futures::future::ready(Err(error)).boxed()
            }
            None => futures::future::pending().boxed(),
        };
        let run = observing.run(look, |waiting| {
            clock.advance(MINUTE);
            tell.send((waiting.count, waiting.oldest_at)).unwrap();
        });
        let enough = async {
            let mut all = Vec::new();
            while all.len() < count {
                all.push(told.recv().await.unwrap());
            }
            all
        };
        tokio::select! {
            never = run => match never {},
            all = enough => all,
        }
    }

    type Told = (u64, Option<Timestamp>);

    const fn waiting(count: u64, oldest_at: Option<Timestamp>) -> outbox::Backlog {
        outbox::Backlog { count, oldest_at }
    }

    fn after(minutes: u32) -> Timestamp {
        NOW.saturating_add(MINUTE * minutes)
    }

    #[tokio::test]
    async fn where_nothing_waited_something_may_once_the_database_is_silent() {
        let told = told(&[Some(waiting(0, None)); 2], 5).await;
        let worst = (0, Some(after(1)));
        assert_eq!(told, [(0, None), (0, None), worst, worst, worst]);
    }

    #[tokio::test]
    async fn what_waited_waits_still_until_it_is_looked_at_again() {
        let old = after(0);
        let observations = [
            Some(waiting(3, Some(old))),
            None,
            Some(waiting(0, None)),
            None,
        ];
        let told = told(&observations, 5).await;
        let worst = (0, Some(after(2)));
        let expected = [(3, Some(old)), (3, Some(old)), (0, None), worst, worst];
        assert_eq!(told, expected);
    }

    #[tokio::test]
    async fn a_database_that_was_never_seen_may_hold_events_from_the_beginning_on() {
        assert_eq!(told(&[], 2).await, [(0, Some(NOW)), (0, Some(NOW))]);
    }
}
