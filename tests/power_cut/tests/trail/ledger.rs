//! What producers know: what they sent, in its order, and how much of it was acknowledged.

use std::sync::{Arc, Mutex};

use aval_domain::event::{Actor, Event, EventKind, Outcome};
use aval_domain::id::{EventId, PatientId};
use aval_domain::random::SystemRandom;
use aval_domain::time::{Clock, SystemClock};
use aval_merkle_log::checkpoint::Checkpoint;
use aval_proto::audit::v1::{AppendEventsRequest, SequencedEvent};
use aval_runtime::convert::event::event_to_proto;

/// In whose name events are delivered. Each producer here is a life of its outbox.
const SOURCE: &str = "consent";
const PRODUCERS: u64 = 4;
const PATIENTS: usize = 7;

/// What all of them know, and the newest checkpoint that anybody was shown.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    pub(crate) producers: Vec<Producer>,
    pub(crate) shown: Option<Checkpoint>,
}

/// One of them.
#[derive(Debug, Clone)]
pub(crate) struct Producer {
    epoch: u64,
    patients: Arc<Vec<PatientId>>,
    sent: Vec<Event>,
    acknowledged: usize,
}

/// A ledger while there is load.
#[derive(Debug)]
pub(crate) struct OpenLedger {
    pub(crate) producers: Vec<Mutex<Producer>>,
    pub(crate) shown: Mutex<Option<Checkpoint>>,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        let now = SystemClock.now();
        let patients = std::iter::repeat_with(|| PatientId::new(now, &SystemRandom));
        let patients: Arc<Vec<_>> = Arc::new(patients.take(PATIENTS).collect());
        let producer = |epoch| Producer {
            epoch,
            patients: patients.clone(),
            sent: Vec::new(),
            acknowledged: 0,
        };
        Self {
            producers: (1..=PRODUCERS).map(producer).collect(),
            shown: None,
        }
    }

    pub(crate) fn acknowledged(&self) -> usize {
        self.producers
            .iter()
            .map(|producer| producer.acknowledged)
            .sum()
    }

    pub(crate) fn opened(&self) -> OpenLedger {
        OpenLedger {
            producers: self.producers.iter().cloned().map(Mutex::new).collect(),
            shown: Mutex::new(self.shown.clone()),
        }
    }
}

impl OpenLedger {
    pub(crate) fn closed(&self) -> Ledger {
        let producers = self.producers.iter();
        Ledger {
            producers: producers
                .map(|producer| producer.lock().unwrap().clone())
                .collect(),
            shown: self.shown.lock().unwrap().clone(),
        }
    }
}

impl Producer {
    /// The identifiers of what it sent, in its order, and how many of them were acknowledged.
    pub(crate) fn knows(&self) -> (Vec<[u8; 16]>, usize) {
        let ids = self.sent.iter();
        let ids = ids.map(|event| *event.event_id.as_uuid().as_bytes());
        (ids.collect(), self.acknowledged)
    }

    /// What it sends next: what was not acknowledged, and if there is nothing so many new ones.
    pub(crate) fn next(&mut self, new: usize) -> AppendEventsRequest {
        if self.sent.len() == self.acknowledged {
            self.makes(new);
        }
        self.delivery(self.acknowledged)
    }

    /// What it sends when it does not know what was acknowledged: the last ones again, and so
    /// many new ones.
    pub(crate) fn again(&mut self, known: usize, new: usize) -> AppendEventsRequest {
        self.makes(new);
        self.delivery(self.acknowledged.saturating_sub(known))
    }

    /// The answer to it; whether it speaks of all that was sent.
    pub(crate) fn is_answered(&mut self, acknowledged: u64) -> bool {
        self.acknowledged = usize::try_from(acknowledged).unwrap();
        self.acknowledged == self.sent.len()
    }

    fn makes(&mut self, count: usize) {
        for _ in 0..count {
            let (now, random) = (SystemClock.now(), &SystemRandom);
            let name = SOURCE.to_owned();
            let mut event = Event::new(
                EventId::new(now, random),
                now,
                EventKind::RecordReopened,
                Outcome::Success,
                Actor::Service { name },
                SOURCE,
            );
            event.patient_id = Some(self.patients[self.sent.len() % self.patients.len()]);
            self.sent.push(event);
        }
    }

    fn delivery(&self, from: usize) -> AppendEventsRequest {
        let events = (from as u64 + 1..).zip(&self.sent[from..]);
        let events = events.map(|(sequence, event)| SequencedEvent {
            sequence,
            event: Some(event_to_proto(event)),
        });
        AppendEventsRequest {
            source: SOURCE.to_owned(),
            epoch: self.epoch,
            events: events.collect(),
            include_receipts: false,
        }
    }
}
