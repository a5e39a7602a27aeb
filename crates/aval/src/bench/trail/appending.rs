//! One event a call, by so many callers at once, beside one row a call.
//!
//! Every caller is a producer with an outbox of its own (an epoch of consent's), which
//! delivers the next event when the last one was taken, as a relay would that waits for each.
//! Beside them, in the same rounds and over as many connections with the same certificate, a
//! server with the same layers answers the same calls by inserting one row in one durable
//! transaction: what whoever keeps a log without grouping it does.

mod inserting;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use anyhow::{Context, ensure};
use aval_audit::submission::SealedEvent;
use aval_domain::event::{Actor, Event, EventKind, Outcome};
use aval_domain::id::{EventId, PatientId};
use aval_domain::random::SystemRandom;
use aval_domain::time::{Clock, SystemClock};
use aval_proto::audit::v1 as proto;
use aval_proto::audit::v1::{AppendEventsRequest, AppendEventsResponse, SequencedEvent};
use aval_runtime::convert::event::event_to_proto;
use aval_runtime::convert::timestamp_to_proto;

use super::calls::{Outcome as Calls, Told, used_since};
use super::log::{LANES, Log};
use super::served::{PRODUCER, Served};
use crate::bench::load::{Caller, Callers, Calling, Failure, Load, Monotonic};
use crate::bench::spread::Spread;
use crate::bench::threads::{ThreadTimes, Threads};
use crate::bench::wire::Wire;
use crate::stack::Engines;
use inserting::Inserting;

/// What is called, of either.
const METHOD: &str = "/aval.audit.v1.TrailService/AppendEvents";

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
    next: AtomicUsize,
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
        let (who, several) = (PRODUCER, CONNECTIONS);
        let taken = served.wires(who, METHOD, several, threads).await?;
        let inserted = inserting.wires(who, METHOD, several, threads).await?;
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
        let size = Some(log.store.size().await?);
        let (fast, slow) = (taken.spread(), inserted.spread());
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
            let before = ThreadTimes::read();
            let finished = Load::Closed { seconds }.run(&time, callers).await?;
            let used = used_since(before.as_ref());
            contender.callers = Some(finished.callers);
            let measured = finished.measurement;
            let failed: Vec<_> = measured.failures().collect();
            ensure!(failed.is_empty(), "{}: {failed:?}", contender.what);
            if is_measured {
                contender.calls.add(&measured, used);
                contender
                    .per_second
                    .push(Calls::rate(measured.succeeded(), measured.elapsed()));
            }
        }
    }
    Ok(contenders)
}

impl Contender {
    fn new(what: &'static str, events: &Arc<Events>, to: &[Wire], count: u32) -> Self {
        let callers = to.iter().cycle().take(count as usize).map(|wire| {
            Box::new(Producer {
                wire: wire.clone(),
                events: Arc::clone(events),
                taken: 0,
                delivery: AppendEventsRequest {
                    source: PRODUCER.to_owned(),
                    epoch: events.epoch.fetch_add(1, Ordering::Relaxed),
                    events: vec![SequencedEvent::default()],
                    include_receipts: false,
                },
            }) as Box<dyn Caller>
        });
        Self {
            what,
            callers: Some(callers.collect()),
            calls: Calls::none(),
            per_second: Vec::new(),
        }
    }

    fn spread(&self) -> Option<Spread> {
        Spread::of(self.per_second.iter().copied())
    }
}

/// One caller, with an outbox of its own.
struct Producer {
    wire: Wire,
    events: Arc<Events>,
    /// The sequence of the last event that was taken.
    taken: u64,
    /// What was called last; the next call differs from it in little.
    delivery: AppendEventsRequest,
}

impl Caller for Producer {
    fn call(&mut self) -> Calling<'_> {
        Box::pin(async {
            let sequenced = &mut self.delivery.events[0];
            self.events.next(sequenced.event.get_or_insert_default());
            let sequence = self.taken + 1;
            sequenced.sequence = sequence;
            let answer: AppendEventsResponse = self.wire.call(&self.delivery).await?;
            if answer.acknowledged_sequence != sequence {
                return Err(Failure::UNEXPECTED_ANSWER);
            }
            self.taken = sequence;
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
            next: AtomicUsize::new(0),
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
        let sealed = SealedEvent::seal(self.one(), &SystemRandom)?;
        Ok(sealed.canonical.len())
    }

    /// Another one, of another patient than the last.
    fn one(&self) -> Event {
        let now = SystemClock.now();
        let actor = Actor::Service {
            name: PRODUCER.to_owned(),
        };
        let kind = EventKind::GrantUpdated;
        let event_id = EventId::new(now, &SystemRandom);
        let mut event = Event::new(event_id, now, kind, Outcome::Success, actor, "records");
        event.patient_id = Some(self.patients[self.next_patient()]);
        event.after = [("purpose".to_owned(), self.padding.clone())].into();
        event
    }

    /// The same in the place of the last one, which differs in little.
    fn next(&self, last: &mut proto::Event) {
        if last.event_id.is_empty() {
            *last = event_to_proto(&self.one());
            return;
        }
        let now = SystemClock.now();
        last.event_id = EventId::new(now, &SystemRandom).to_string();
        last.occurred_at = Some(timestamp_to_proto(now));
        last.patient_id = self.patients[self.next_patient()].to_string();
    }

    fn next_patient(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed) % self.patients.len()
    }
}
