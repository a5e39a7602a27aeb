//! This service's own events on their way into the log.
//!
//! They wait in the outbox, so that every instance can trace a reading, and the one
//! that writes takes them from there.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;

use aval_database::Database;
use aval_database::outbox::{Batch, Relay, Report};
use aval_runtime::environment::Environment;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::hearing::Hearing;
use crate::submission::{SealedEvent, Submission};
use crate::writer::Writer;

/// The name under which this service produces events.
pub const SOURCE: &str = "audit";

/// Delivers this service's own events to the log whenever this instance writes it, and says
/// that it does, until `shutdown`.
pub async fn relay(
    db: Database,
    writer: Writer,
    hearing: Arc<Hearing>,
    environment: Environment,
    shutdown: CancellationToken,
) {
    let relay = Relay::new(db, SOURCE, environment.clock.clone());
    let mut leads = writer.leads();
    let deliver = |batch| deliver(&writer, &hearing, &environment, batch);
    let report = |report: Report| hear(&hearing, &report);
    loop {
        let begun = async { leads.wait_for(|leads| *leads).await.is_ok() };
        match shutdown.run_until_cancelled(begun).await {
            Some(true) => {}
            Some(false) | None => return,
        }
        // The relay may be dropped at any moment: what was delivered and is not known
        // to be recorded is delivered again, under the same numbers.
        let over = async { leads.wait_for(|leads| !*leads).await.is_err() };
        tokio::select! {
            () = relay.run(shutdown.clone(), deliver, report) => return,
            gone = over => if gone { return },
        }
    }
}

async fn deliver(
    writer: &Writer,
    hearing: &Hearing,
    environment: &Environment,
    batch: Batch,
) -> Result<(), Error> {
    let mut sealed = Vec::with_capacity(batch.events.len());
    for (position, numbered) in batch.events.into_iter().enumerate() {
        let event = SealedEvent::seal(numbered.event, environment.random.as_ref())
            .map_err(|rule| Error::Unrecordable { position, rule })?;
        sealed.push((numbered.sequence, event));
    }
    let submission = Submission::new(batch.source, batch.epoch, sealed)?;
    writer.record(submission).await?;
    hearing.recorded(SOURCE);
    Ok(())
}

/// Of its own outbox nothing is held against the log: both are in one database, and are put
/// back together.
fn hear(hearing: &Hearing, report: &Report) -> Ready<Result<(), Infallible>> {
    hearing.reported(report);
    ready(Ok(()))
}
