//! Made-up events for the tests.

use std::sync::Arc;

use aval_domain::access::{AccessMode, Action, Effect, Ground};
use aval_domain::code::Profession;
use aval_domain::document::DocumentClass;
use aval_domain::event::{Actor, DecisionSummary, Event, EventDocument, EventKind, Outcome};
use aval_domain::id::{
    ActivityId, DocumentId, EventId, GrantId, OrganizationId, PatientId, PractitionerId,
};
use aval_domain::random::{SeededRandom, SystemRandom};
use aval_domain::time::{Clock, ManualClock, Timestamp};
use aval_runtime::key_file::Secret;
use zeroize::Zeroizing;

use crate::patient_keys::PatientKeys;
use crate::submission::{SealedEvent, Submission};

/// Keys for a store; of these secrets the first wraps.
pub(crate) fn keys(secrets: &[u8]) -> Arc<PatientKeys> {
    let secrets: Vec<Secret> = secrets.iter().map(|b| Zeroizing::new([*b; 32])).collect();
    Arc::new(PatientKeys::new(&secrets, Arc::new(SystemRandom)))
}

/// Makes events, each with an identifier of its own.
#[derive(Debug, Clone)]
pub(crate) struct Events {
    pub(crate) random: SeededRandom,
    pub(crate) clock: ManualClock,
}

impl Events {
    pub(crate) fn new(seed: u64) -> Self {
        let noon = Timestamp::from_unix_seconds(1_800_000_000);
        Self {
            random: SeededRandom::new(seed),
            clock: ManualClock::new(noon),
        }
    }

    pub(crate) fn patient_id(&self) -> PatientId {
        PatientId::new(self.clock.now(), &self.random)
    }

    pub(crate) fn practitioner_id(&self) -> PractitionerId {
        PractitionerId::new(self.clock.now(), &self.random)
    }

    /// An event that a service caused.
    pub(crate) fn of_service(&self, kind: EventKind) -> Event {
        let now = self.clock.now();
        let name = "consent".to_owned();
        let actor = Actor::Service { name };
        let event_id = EventId::new(now, &self.random);
        Event::new(event_id, now, kind, Outcome::Success, actor, "consent")
    }

    /// What identity tells of two patients, in the history of each.
    pub(crate) fn of_two(
        &self,
        kind: EventKind,
        source: PatientId,
        target: PatientId,
    ) -> [Event; 2] {
        [source, target].map(|patient_id| {
            let mut event = self.of_service(kind);
            event.patient_id = Some(patient_id);
            event.after = [
                ("source_patient_id".to_owned(), source.to_string()),
                ("target_patient_id".to_owned(), target.to_string()),
                ("reason".to_owned(), "same traits".to_owned()),
            ]
            .into();
            event
        })
    }

    /// What the directory tells of two professionals.
    pub(crate) fn of_professionals(
        &self,
        kind: EventKind,
        source: PractitionerId,
        target: PractitionerId,
    ) -> Event {
        let mut event = self.of_service(kind);
        event.after = [
            ("source_practitioner_id".to_owned(), source.to_string()),
            ("target_practitioner_id".to_owned(), target.to_string()),
            ("decision_reason".to_owned(), "one person".to_owned()),
        ]
        .into();
        event
    }

    /// An access by some professional on a grant.
    pub(crate) fn access(&self, patient_id: Option<PatientId>) -> Event {
        self.access_by(self.practitioner_id(), patient_id)
    }

    /// An access by this professional on a grant.
    pub(crate) fn access_by(
        &self,
        practitioner_id: PractitionerId,
        patient_id: Option<PatientId>,
    ) -> Event {
        let now = self.clock.now();
        let mut event = self.of_service(EventKind::AccessDecided);
        event.patient_id = patient_id;
        event.software = "records".to_owned();
        event.actor = Actor::Practitioner {
            practitioner_id,
            activity_id: ActivityId::new(now, &self.random),
            profession: Profession::Doctor,
            speciality: None,
            function: None,
            organization_id: Some(OrganizationId::new(now, &self.random)),
            organization_name: Some("CH de Sainte-Colombe".to_owned()),
            display_name: "Dr Camille MARTIN".to_owned(),
        };
        event.documents = vec![EventDocument {
            id: DocumentId::parse("1.2.250.1.999^4711").unwrap(),
            class: DocumentClass::Report,
            document_type: None,
            permitted: true,
        }];
        event.decision = Some(DecisionSummary {
            effect: Effect::Permit,
            reason: None,
            ground: Some(Ground::Grant(GrantId::new(now, &self.random))),
            ground_terms: None,
            mode: AccessMode::Normal,
            action: Action::Consult,
            purpose: None,
            emergency_reason: None,
            policy_revision: "1".to_owned(),
        });
        event
    }

    pub(crate) fn sealed(&self, event: Event) -> SealedEvent {
        SealedEvent::seal(event, &self.random).unwrap()
    }

    /// A delivery of these events, from this sequence on.
    pub(crate) fn submission(
        &self,
        source: &str,
        epoch: u64,
        first: u64,
        events: impl IntoIterator<Item = Event>,
    ) -> Submission {
        let sealed = events.into_iter().map(|event| self.sealed(event));
        Submission::new(source, epoch, (first..).zip(sealed).collect()).unwrap()
    }
}
