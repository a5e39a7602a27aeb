//! A producer that delivers events to the trail, again and again, and the patient whom they
//! concern, who reads them and has each of them proved.

use std::path::Path;
use std::sync::{Arc, Mutex};

use aval::client::Channel;
use aval_domain::event::{Actor, Event, EventKind, Outcome};
use aval_domain::id::EventId;
use aval_domain::random::SystemRandom;
use aval_domain::time::{Clock, SystemClock};
use aval_merkle_log::checkpoint::{Checkpoint, Policy};
use aval_merkle_log::hash::Hash;
use aval_merkle_log::note::{SignedNote, Signer};
use aval_merkle_log::proof::ConsistencyProof;
use aval_merkle_log::receipt::{Evidence, Receipt};
use aval_proto::audit::v1 as audit;
use aval_proto::audit::v1::trail_service_client::TrailServiceClient;
use aval_proto::audit::v1::transparency_service_client::TransparencyServiceClient;
use aval_runtime::convert::event::event_to_proto;

use super::crew::{BREATH, Caller};
use super::journal::Journal;
use super::site::Site;
use crate::scene::{Patient, numbered};

/// In whose name events are delivered, in a life of its outbox that is none of the program's
/// own: from this one on, each producer has its own.
const SOURCE: &str = "consent";
const FIRST_EPOCH: u64 = 1 << 40;
/// Of which kind they are: nothing follows from it where the record is open anyway.
const KIND: EventKind = EventKind::RecordReopened;

/// The two, and what they saw.
pub(super) struct Producer {
    pub(super) patient: Patient,
    epoch: u64,
    /// Audit, as the producer and as the patients' portal reach it.
    source: TrailServiceClient<Channel>,
    trail: TrailServiceClient<Channel>,
    transparency: TransparencyServiceClient<Channel>,
    policy: Policy,
    /// The newest checkpoint that was shown.
    shown: Mutex<Option<Checkpoint>>,
    journal: Journal,
}

impl Caller for Producer {
    fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Delivers one, reads it, has it proved, and that nothing of before is gone.
    async fn turn(&self) {
        let event_id = self.delivers().await;
        self.reads(&event_id).await;
        self.has_proved(&event_id).await;
        self.follows_the_log().await;
        tokio::time::sleep(BREATH).await;
    }
}

impl Producer {
    /// The patient of this number.
    pub(super) async fn open(site: &Site, number: usize) -> Arc<Self> {
        let scene = &site.scene;
        let audit = |software| site.other_for(scene.stack.addresses().audit, software);
        Arc::new(Self {
            patient: scene.patient(numbered(number)).await,
            epoch: FIRST_EPOCH + number as u64,
            source: TrailServiceClient::new(audit(SOURCE)),
            trail: TrailServiceClient::new(audit("gateway")),
            transparency: TransparencyServiceClient::new(audit("gateway")),
            policy: believing(&scene.stack.layout().log_signer()),
            shown: Mutex::default(),
            journal: Journal::default(),
        })
    }

    /// The event that was taken.
    async fn delivers(&self) -> String {
        let event = self.event();
        let event_id = event.event_id.to_string();
        let sequence = self.journal.named(KIND.code()) as u64 + 1;
        let request = audit::AppendEventsRequest {
            source: SOURCE.to_owned(),
            epoch: self.epoch,
            events: vec![audit::SequencedEvent {
                sequence,
                event: Some(event_to_proto(&event)),
            }],
            include_receipts: false,
        };
        loop {
            let answer = self.source.clone().append_events(request.clone()).await;
            let Some(taken) = self.journal.answer(answer).await else {
                continue;
            };
            self.journal.note(|seen| {
                let is_it = taken.acknowledged_sequence == sequence;
                seen.verdict.untrue.count(is_it);
                let named = seen.named.entry(KIND.code()).or_default();
                named.insert(event_id.clone());
            });
            return event_id;
        }
    }

    fn event(&self) -> Event {
        let (now, random) = (SystemClock.now(), &SystemRandom);
        let actor = Actor::Service {
            name: SOURCE.to_owned(),
        };
        let event_id = EventId::new(now, random);
        let mut event = Event::new(event_id, now, KIND, Outcome::Success, actor, SOURCE);
        event.patient_id = Some(self.patient.patient_id.parse().unwrap());
        event
    }

    async fn reads(&self, event_id: &str) {
        let request = audit::ListEventsRequest {
            patient_id: self.patient.patient_id.clone(),
            page_size: 50,
            ..Default::default()
        };
        let asked = self.patient.bearer.asks(request);
        let answer = self.trail.clone().list_events(asked).await;
        if let Some(page) = self.journal.answer(answer).await {
            let mut events = page.events.iter().filter_map(|told| told.event.as_ref());
            self.is_told(events.any(|event| event.event_id == event_id));
        }
    }

    async fn has_proved(&self, event_id: &str) {
        let request = audit::GetEventRequest {
            event_id: event_id.to_owned(),
            include_receipt: true,
            ..Default::default()
        };
        let asked = self.patient.bearer.asks(request);
        let answer = self.trail.clone().get_event(asked).await;
        if let Some(told) = self.journal.answer(answer).await {
            let receipt = Receipt::parse(told.receipt.as_bytes());
            let evidence = Evidence::Event(&told.canonical_event);
            let verified = receipt.and_then(|receipt| receipt.verify(evidence, &self.policy));
            self.is_told(verified.is_ok_and(|verified| verified.event_verified));
        }
    }

    /// Whether the log continues what it was when it was looked at last.
    async fn follows_the_log(&self) {
        let mut transparency = self.transparency.clone();
        let answer = transparency
            .get_checkpoint(audit::GetCheckpointRequest {})
            .await;
        let Some(told) = self.journal.answer(answer).await else {
            return;
        };
        let note = SignedNote::parse(told.checkpoint.as_bytes()).unwrap();
        let newest = self.policy.open(&note).unwrap();
        let shown = self.shown.lock().unwrap().clone();
        let Some(shown) = shown else {
            *self.shown.lock().unwrap() = Some(newest);
            return;
        };
        let request = audit::GetConsistencyProofRequest {
            old_size: shown.size,
            new_size: newest.size,
        };
        let answer = transparency.get_consistency_proof(request).await;
        let Some(told) = self.journal.answer(answer).await else {
            return;
        };
        let path = told.path.iter();
        let path = path.map(|hash| Hash::try_from(hash.as_slice()).unwrap());
        let proof = ConsistencyProof {
            old_size: shown.size,
            new_size: newest.size,
            path: path.collect(),
        };
        self.is_told(proof.verify(shown.root, newest.root).is_ok());
        *self.shown.lock().unwrap() = Some(newest);
    }

    fn is_told(&self, is_true: bool) {
        self.journal.note(|seen| seen.verdict.untrue.count(is_true));
    }
}

/// Believes the log whose key is in this file, which the service's program has made.
fn believing(signer: &Path) -> Policy {
    let text = std::fs::read_to_string(signer).unwrap();
    let signer = Signer::parse(text.trim()).unwrap();
    let verifier = signer.verifier().clone();
    Policy::of_log(verifier.name().to_string(), vec![verifier])
}
