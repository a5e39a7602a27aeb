//! From an outbox to the trail.

use std::sync::Arc;

use aval_database::Database;
use aval_database::outbox::{Batch, Relay, Report};
use aval_domain::time::Clock;
use tokio_util::sync::CancellationToken;

use super::{TrailClient, TrailError};

/// Hands the events in the outbox of `db` over to the trail, as those of `source`, and
/// reports how the outbox stands, until `shutdown`.
pub async fn relay(
    db: Database,
    source: &'static str,
    clock: Arc<dyn Clock>,
    trail: TrailClient,
    shutdown: CancellationToken,
) {
    let relay = Relay::new(db, source, clock);
    let deliver = |batch| deliver(trail.clone(), batch);
    let report = |report| say(trail.clone(), report);
    relay.run(shutdown, deliver, report).await;
}

async fn deliver(trail: TrailClient, batch: Batch) -> Result<(), TrailError> {
    let events = batch.events.into_iter();
    let events = events.map(|numbered| (numbered.sequence, numbered.event));
    trail
        .append(&batch.source, batch.epoch, events.collect())
        .await?;
    Ok(())
}

async fn say(trail: TrailClient, report: Report) -> Result<(), TrailError> {
    let Report {
        source,
        epoch,
        newest_sequence,
        oldest_waiting_at,
    } = report;
    trail
        .report(&source, epoch, newest_sequence, oldest_waiting_at)
        .await
}
