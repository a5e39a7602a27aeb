//! How many events wait for the trail, and for how long.

use std::sync::Arc;
use std::time::Duration;

use aval_database::{Database, outbox};
use aval_domain::time::{Clock, Timestamp};
use opentelemetry::KeyValue;
use opentelemetry::metrics::Gauge;
use tokio_util::sync::CancellationToken;

use crate::telemetry::metrics::meter;

/// How often the outbox is looked at. What is judged by it is a matter of minutes.
const OBSERVE_EVERY: Duration = Duration::from_secs(2);

/// Shows what waits in the outbox of `db`, whose events are those of `source`, and tells
/// `heard` when the oldest of it occurred, until `shutdown`. While the database does not
/// answer the last observation stands.
pub async fn observe_backlog(
    db: Database,
    source: &'static str,
    clock: Arc<dyn Clock>,
    heard: impl Fn(Option<Timestamp>),
    shutdown: CancellationToken,
) {
    let gauges = BacklogGauges::new(source);
    let for_ever = async {
        loop {
            match outbox::backlog(&db).await {
                Ok(waiting) => {
                    gauges.show(waiting, clock.now());
                    heard(waiting.oldest_at);
                }
                Err(error) => tracing::warn!(%error, "the trail's backlog was not read"),
            }
            tokio::time::sleep(OBSERVE_EVERY).await;
        }
    };
    shutdown.run_until_cancelled(for_ever).await;
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
                .with_description("Events that the trail has not taken yet.")
                .build(),
            age: meter
                .f64_gauge("aval.outbox.age")
                .with_description("How long ago the oldest of them occurred; 0: none waits.")
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
    use aval_database::testing::TestDatabase;
    use aval_domain::event::{Actor, Event, EventKind, Outcome};
    use aval_domain::id::EventId;
    use aval_domain::random::SeededRandom;
    use aval_domain::time::ManualClock;
    use sea_orm_migration::prelude::{MigrationTrait, MigratorTrait};
    use tokio::sync::mpsc;

    use super::*;

    struct Migrator;

    impl MigratorTrait for Migrator {
        fn migrations() -> Vec<Box<dyn MigrationTrait>> {
            vec![Box::new(outbox::CreateOutbox)]
        }
    }

    const OCCURRED_AT: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

    fn event() -> Event {
        let name = "spiffe://aval.test/consent".to_owned();
        Event::new(
            EventId::new(OCCURRED_AT, &SeededRandom::new(1)),
            OCCURRED_AT,
            EventKind::GrantCreated,
            Outcome::Success,
            Actor::Service { name },
            "spiffe://aval.test/portal",
        )
    }

    #[tokio::test]
    async fn since_when_the_oldest_event_waits_is_told_until_the_end() {
        let test = TestDatabase::sqlite().await;
        let db = test.db.clone();
        aval_database::migrate::migrate::<Migrator>(&db)
            .await
            .unwrap();
        db.transaction("test.append", async |tx| {
            outbox::append(&tx, &event()).await
        })
        .await
        .unwrap();
        let (hearing, mut heard) = mpsc::unbounded_channel();
        let shutdown = CancellationToken::new();
        let clock = Arc::new(ManualClock::new(OCCURRED_AT));
        let tell = move |oldest| hearing.send(oldest).unwrap();
        let observing = tokio::spawn(observe_backlog(db, "test", clock, tell, shutdown.clone()));
        assert_eq!(heard.recv().await, Some(Some(OCCURRED_AT)));
        shutdown.cancel();
        observing.await.unwrap();
    }
}
