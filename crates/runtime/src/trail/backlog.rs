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
                .with_description(
                    "Events that the trail has not taken yet; about, where there are thousands.",
                )
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
