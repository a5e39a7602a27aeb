//! How long after a producer's call returned what it did is seen.
//!
//! Identity commits a sign-in and answers; the relay delivers it, the log takes it, and the
//! patient's history shows it. The patient looks again and again, so what is measured is
//! at most one look too long.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use aval_proto::audit::v1::ListEventsRequest;

use super::calls::{Outcome, Told};
use crate::bench::people;
use crate::bench::portal::Portal;
use crate::bench::threads::Threads;
use crate::client::{Bearer, Software};
use crate::stack::{Engines, Stack, StackConfig};

/// What is not seen after so long is not coming.
const PATIENCE: Duration = Duration::from_secs(30);

/// The trail has taken by then what was done before.
const SETTLED: Duration = Duration::from_secs(2);

/// Signs patients in so many times, one after the other.
pub(super) async fn measure(
    engines: Engines,
    folder: &Path,
    waits: u32,
    threads: &Threads,
) -> anyhow::Result<Told> {
    let config = StackConfig::on_free_ports(folder)?.with_engines(engines);
    let started = threads.servers().spawn(async move {
        let stack = Stack::start(config).await?;
        let people = people::fill(&stack, &Portal::of(&stack)?).await?;
        anyhow::Ok((stack, people))
    });
    let (stack, people) = started.await?.context("the services do not start")?;
    let (portal, software) = (Portal::of(&stack)?, stack.software("gateway")?);
    let measured = threads.callers().spawn(async move {
        let patient = people.patients.first().context("there are patients")?;
        let mut bearer = portal.sign_in(&patient.account).await?;
        // What was done before has long been seen by then.
        tokio::time::sleep(SETTLED).await;
        let (mut look, mut seen) = (Outcome::none(), Outcome::none());
        for _ in 0..waits {
            let begun = Instant::now();
            let before = newest(&software, &bearer).await?;
            look.note(begun.elapsed());
            bearer = portal.sign_in(&patient.account).await?;
            let begun = Instant::now();
            while newest(&software, &bearer).await? == before {
                ensure!(begun.elapsed() < PATIENCE, "an event is not seen");
            }
            seen.note(begun.elapsed());
        }
        anyhow::Ok((look, seen))
    });
    let (look, seen) = measured.await??;
    stack.stop().await;
    let mut told = Told::default();
    told.add(("ListEvents, one event", 1), None, look);
    told.add(("a sign-in until it is seen", 1), None, seen);
    Ok(told)
}

/// The place of the patient's newest event among theirs.
async fn newest(software: &Software, patient: &Bearer) -> anyhow::Result<u64> {
    let request = patient.asks(ListEventsRequest {
        page_size: 1,
        ..ListEventsRequest::default()
    });
    let page = software.trail().list_events(request).await?.into_inner();
    Ok(page
        .events
        .first()
        .map_or(0, |event| event.patient_sequence))
}
