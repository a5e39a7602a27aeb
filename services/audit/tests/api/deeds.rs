//! Things that happened, on their way to the trail.

use aval_domain::access::{AccessMode, Action, Effect, Ground, GroundHolder, GroundTerms};
use aval_domain::code::Profession;
use aval_domain::document::DocumentClass;
use aval_domain::event::{Actor, DecisionSummary, Event, EventDocument, EventKind, Outcome};
use aval_domain::id::{ActivityId, DocumentId, EventId, GrantId, PatientId, PractitionerId};
use aval_domain::random::SystemRandom;
use aval_domain::time::{Clock, SystemClock};
use aval_proto::audit::v1::{AppendEventsRequest, SequencedEvent};
use aval_runtime::convert::event::event_to_proto;

use crate::stand::Stand;

/// An access that was permitted on a grant.
pub(crate) fn access(practitioner_id: PractitionerId, patient_id: PatientId) -> Event {
    let (now, random) = (SystemClock.now(), &SystemRandom);
    let actor = Actor::Practitioner {
        practitioner_id,
        activity_id: ActivityId::new(now, random),
        profession: Profession::Doctor,
        speciality: None,
        function: None,
        organization_id: None,
        organization_name: Some("CH de Sainte-Colombe".to_owned()),
        display_name: "Dr Camille MARTIN".to_owned(),
    };
    let event_id = EventId::new(now, random);
    let kind = EventKind::AccessDecided;
    let mut event = Event::new(event_id, now, kind, Outcome::Success, actor, "records");
    event.patient_id = Some(patient_id);
    event.documents = vec![EventDocument {
        id: DocumentId::parse("1.2.250.1.999^4711").unwrap(),
        class: DocumentClass::Report,
        document_type: None,
        permitted: true,
    }];
    event.decision = Some(DecisionSummary {
        effect: Effect::Permit,
        reason: None,
        ground: Some(Ground::Grant(GrantId::new(now, random))),
        ground_terms: Some(GroundTerms {
            holder: GroundHolder::Practitioner,
            since: now,
        }),
        mode: AccessMode::Normal,
        action: Action::Consult,
        purpose: None,
        emergency_reason: None,
        policy_revision: "1".to_owned(),
    });
    event
}

/// A delivery of these events, from this sequence on.
pub(crate) fn delivery(source: &str, first: u64, events: &[Event]) -> AppendEventsRequest {
    let events = (first..)
        .zip(events)
        .map(|(sequence, event)| SequencedEvent {
            sequence,
            event: Some(event_to_proto(event)),
        });
    AppendEventsRequest {
        source: source.to_owned(),
        epoch: 1,
        events: events.collect(),
        include_receipts: false,
    }
}

impl Stand {
    /// Records these events as the only ones of `consent`.
    pub(crate) async fn record(&self, events: &[Event]) {
        let mut first = 1;
        for chunk in events.chunks(500) {
            let delivery = delivery("consent", first, chunk);
            self.trail("consent").append_events(delivery).await.unwrap();
            first += chunk.len() as u64;
        }
    }
}
