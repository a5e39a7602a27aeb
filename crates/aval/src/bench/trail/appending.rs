//! One event a call, by so many callers at once, beside one row a call.
//!
//! Every caller is a producer with an outbox of its own (an epoch of consent's), which
//! delivers the next event when the last one was taken, as a relay would that waits for each.
//! Beside them, in the same rounds and over as many connections with the same certificate, a
//! server with the same layers answers the same calls by inserting one row in one durable
//! transaction: what whoever keeps a log without grouping it does.

mod inserting;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, ensure};
use aval_audit::submission::SealedEvent;
use aval_domain::event::{Actor, Event, EventKind, Outcome};
use aval_domain::id::{EventId, PatientId};
use aval_domain::random::SystemRandom;
use aval_domain::time::{Clock, SystemClock};
use aval_proto::audit::v1::trail_service_client::TrailServiceClient;
use aval_proto::audit::v1::{AppendEventsRequest, SequencedEvent};
use aval_runtime::convert::event::event_to_proto;
use tonic::transport::Channel;

use super::calls::{Outcome as Calls, Told};
use super::log::{LANES, Log};
use super::served::{PRODUCER, Served};
use crate::bench::load::{Caller, Callers, Calling, Failure, Load, Monotonic};
use crate::bench::spread::Spread;
use crate::bench::threads::Threads;
use crate::stack::Engines;
use inserting::Inserting;

/// Over so many connections, whatever the number of callers.
const CONNECTIONS: usize = 16;

/// Before the first round of a contender, unmeasured: patients have keys then, and
/// statements are prepared.
const WARM_UP_SECONDS: f64 = 2.0;

/// How long an event is in its canonical form, in bytes.
const EVENT_LENGTH: usize = 400;

/// How many patients the events are of.
const PATIENTS: u64 = 10_000;

/// How the turns are taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turns {
    pub(super) rounds: u32,
    pub(super) seconds: f64,
}

/// What the callers of all rounds share.
#[derive(Debug)]
struct Events {
    patients: Vec<PatientId>,
    /// So that an event is as long as it is to be.
    padding: String,
    next: AtomicU64,
    /// The next caller's life of the outbox; the log was filled in the first.
    epoch: AtomicU64,
}

/// One of those who take turns.
struct Contender {
    what: &'static str,
    callers: Option<Callers>,
    calls: Calls,
    per_second: Vec<f64>,
}

/// Measures appending with each of these numbers of callers.
pub(super) async fn measure(
    log: &Log,
    served: &Served,
    engines: &Engines,
    callers: &[u32],
    turns: Turns,
    threads: &Threads,
) -> anyhow::Result<Told> {
    let events = Arc::new(Events::new()?);
    let inserting = Inserting::start(served, engines, threads).await?;
    let mut told = Told::default();
    for count in callers {
        let taken = served.connections(PRODUCER, CONNECTIONS, threads).await?;
        let inserted = inserting
            .connections(PRODUCER, CONNECTIONS, threads)
            .await?;
        let (events, count) = (Arc::clone(&events), *count);
        let measured = threads.callers().spawn(async move {
            let contenders = [
                Contender::new("AppendEvents, one a call", &events, &taken, count),
                Contender::new("one row a call", &events, &inserted, count),
            ];
            play(contenders, turns).await
        });
        let [taken, inserted] = measured.await?.context("appending failed")?;
        let ratio = Spread::of_ratios(
            taken.per_second.iter().copied(),
            inserted.per_second.iter().copied(),
        );
        let ratio = ratio.map(|ratio| ratio.median);
        let size = Some(log.store.size().await?);
        let (fast, slow) = (taken.median(), inserted.median());
        told.add_turns((taken.what, count), size, taken.calls, fast, ratio);
        told.add_turns((inserted.what, count), None, inserted.calls, slow, None);
    }
    Ok(told)
}

async fn play(mut contenders: [Contender; 2], turns: Turns) -> anyhow::Result<[Contender; 2]> {
    let time = Monotonic::new();
    for round in 0..=turns.rounds {
        for contender in &mut contenders {
            let is_measured = round > 0;
            let seconds = if is_measured {
                turns.seconds
            } else {
                WARM_UP_SECONDS
            };
            let callers = contender.callers.take().context("callers come back")?;
            let finished = Load::Closed { seconds }.run(&time, callers).await?;
            contender.callers = Some(finished.callers);
            let measured = finished.measurement;
            let failed: Vec<_> = measured.failures().collect();
            ensure!(failed.is_empty(), "{}: {failed:?}", contender.what);
            if is_measured {
                contender.calls.add(&measured);
                contender
                    .per_second
                    .push(Calls::rate(measured.succeeded(), measured.elapsed()));
            }
        }
    }
    Ok(contenders)
}

impl Contender {
    fn new(what: &'static str, events: &Arc<Events>, to: &[Channel], count: u32) -> Self {
        let callers = to.iter().cycle().take(count as usize).map(|channel| {
            Box::new(Producer {
                client: TrailServiceClient::new(channel.clone()),
                events: Arc::clone(events),
                epoch: events.epoch.fetch_add(1, Ordering::Relaxed),
                sequence: 0,
            }) as Box<dyn Caller>
        });
        Self {
            what,
            callers: Some(callers.collect()),
            calls: Calls::none(),
            per_second: Vec::new(),
        }
    }

    fn median(&self) -> f64 {
        let spread = Spread::of(self.per_second.iter().copied());
        spread.map_or(0.0, |spread| spread.median)
    }
}

/// One caller, with an outbox of its own.
struct Producer {
    client: TrailServiceClient<Channel>,
    events: Arc<Events>,
    epoch: u64,
    /// Of the last event that was taken.
    sequence: u64,
}

impl Caller for Producer {
    fn call(&mut self) -> Calling<'_> {
        Box::pin(async {
            let sequence = self.sequence + 1;
            let event = self.events.next();
            let request = AppendEventsRequest {
                source: PRODUCER.to_owned(),
                epoch: self.epoch,
                events: vec![SequencedEvent {
                    sequence,
                    event: Some(event_to_proto(&event)),
                }],
            };
            let answer = self.client.append_events(request).await;
            let answer = answer.map_err(|status| Failure::of_status(&status))?;
            if answer.into_inner().acknowledged_sequence != sequence {
                return Err(Failure::UNEXPECTED_ANSWER);
            }
            self.sequence = sequence;
            Ok(())
        })
    }
}

impl Events {
    fn new() -> anyhow::Result<Self> {
        let now = SystemClock.now();
        let patients = (0..PATIENTS).map(|_| PatientId::new(now, &SystemRandom));
        let mut events = Self {
            patients: patients.collect(),
            padding: String::new(),
            next: AtomicU64::new(0),
            epoch: AtomicU64::new(LANES + 1),
        };
        let bare = events.length_of_one()?;
        let missing = EVENT_LENGTH.checked_sub(bare);
        let missing = missing.context("an event is longer than it is to be")?;
        events.padding = "x".repeat(missing);
        let length = events.length_of_one()?;
        ensure!(length == EVENT_LENGTH, "an event has {length} bytes");
        Ok(events)
    }

    fn length_of_one(&self) -> anyhow::Result<usize> {
        let sealed = SealedEvent::seal(self.next(), &SystemRandom)?;
        Ok(sealed.canonical.len())
    }

    /// Another one, of another patient than the last.
    fn next(&self) -> Event {
        let now = SystemClock.now();
        let actor = Actor::Service {
            name: PRODUCER.to_owned(),
        };
        let kind = EventKind::GrantUpdated;
        let event_id = EventId::new(now, &SystemRandom);
        let mut event = Event::new(event_id, now, kind, Outcome::Success, actor, "records");
        let place = self.next.fetch_add(1, Ordering::Relaxed) % PATIENTS;
        event.patient_id = usize::try_from(place)
            .ok()
            .and_then(|place| self.patients.get(place).copied());
        event.after = [("purpose".to_owned(), self.padding.clone())].into();
        event
    }
}
