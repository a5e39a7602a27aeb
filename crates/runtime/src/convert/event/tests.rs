use std::collections::BTreeMap;

use aval_domain::access::{
    AccessMode, Action, DenialReason, Effect, Ground, GroundHolder, GroundTerms,
};
use aval_domain::code::{Function, Profession, Speciality};
use aval_domain::document::{DocumentClass, DocumentType};
use aval_domain::event::{Actor, DecisionSummary, Representative};
use aval_domain::id::{
    ActivityId, EventId, GrantId, OrganizationId, PatientId, PractitionerId, RepresentationId,
};
use aval_domain::random::SeededRandom;
use aval_domain::time::Timestamp;

use super::*;

fn noon() -> Timestamp {
    Timestamp::from_micros(1_800_000_000_123_456)
}

fn full_event() -> Event {
    let random = SeededRandom::new(7);
    let patient = PatientId::new(noon(), &random);
    let actor = Actor::Practitioner {
        practitioner_id: PractitionerId::new(noon(), &random),
        activity_id: ActivityId::new(noon(), &random),
        profession: Profession::from_code("10").unwrap(),
        speciality: Some(Speciality::parse("SM26").unwrap()),
        function: Some(Function::REGULATOR),
        organization_id: Some(OrganizationId::new(noon(), &random)),
        organization_name: Some("Clinique des Lilas".to_owned()),
        display_name: "Dr Camille MARTIN".to_owned(),
    };
    let id = EventId::new(noon(), &random);
    let mut event = Event::new(
        id,
        noon(),
        EventKind::AccessDecided,
        Outcome::Success,
        actor,
        "records",
    );
    event.patient_id = Some(patient);
    event.representative = Some(Representative {
        patient_id: PatientId::new(noon(), &random),
        representation_id: RepresentationId::new(noon(), &random),
    });
    event.subject = Some(Subject {
        kind: "grant".to_owned(),
        id: GrantId::new(noon(), &random).to_string(),
    });
    event.documents = vec![EventDocument {
        id: DocumentId::parse("urn:oid:1.2.3").unwrap(),
        class: DocumentClass::Imaging,
        document_type: Some(DocumentType::parse("11488-4").unwrap()),
        permitted: true,
    }];
    event.decision = Some(DecisionSummary {
        effect: Effect::Permit,
        reason: None,
        ground: Some(Ground::Grant(GrantId::new(noon(), &random))),
        ground_terms: Some(GroundTerms {
            holder: GroundHolder::Organization,
            since: noon(),
        }),
        mode: AccessMode::Normal,
        action: Action::Consult,
        purpose: Some("suivi".to_owned()),
        emergency_reason: None,
        policy_revision: "example-1".to_owned(),
    });
    event.before = BTreeMap::from([("until".to_owned(), "2026".to_owned())]);
    event.after = BTreeMap::from([("until".to_owned(), "2027".to_owned())]);
    event.trace_id = Some("0af7651916cd43dd8448eb211c80319c".to_owned());
    event.late = true;
    event
}

fn read(value: &proto::Event) -> Result<Event, Vec<String>> {
    let mut fields = FieldErrors::new();
    let event = event_from_proto(&mut fields, value);
    fields.build(|| event).map_err(|refusal| {
        refusal
            .field_violations()
            .iter()
            .map(|violation| violation.field.clone())
            .collect()
    })
}

#[test]
fn a_full_event_reads_back() {
    let event = full_event();
    assert_eq!(read(&event_to_proto(&event)), Ok(event));
}

#[test]
fn an_event_with_nothing_optional_reads_back() {
    let random = SeededRandom::new(1);
    for &kind in EventKind::ALL {
        for &outcome in Outcome::ALL {
            let actor = Actor::Service {
                name: "consent".to_owned(),
            };
            let id = EventId::new(noon(), &random);
            let event = Event::new(id, noon(), kind, outcome, actor, "consent");
            assert_eq!(read(&event_to_proto(&event)), Ok(event));
        }
    }
}

#[test]
fn a_denial_and_every_ground_read_back() {
    let random = SeededRandom::new(3);
    for &reason in DenialReason::ALL {
        let mut event = full_event();
        let decision = event.decision.as_mut().unwrap();
        decision.effect = Effect::Deny;
        decision.reason = Some(reason);
        (decision.ground, decision.ground_terms) = (None, None);
        assert_eq!(read(&event_to_proto(&event)), Ok(event));
    }
    let terms = |holder| GroundTerms {
        holder,
        since: noon(),
    };
    let to_person = Some(terms(GroundHolder::Practitioner));
    let declaration = Ground::Declaration(GrantId::new(noon(), &random));
    for (ground, terms) in [
        (Ground::OwnRecord, None),
        (Ground::TreatingDoctor, None),
        (declaration, to_person),
        (declaration, None),
        (Ground::BreakGlass, None),
    ] {
        let mut event = full_event();
        let decision = event.decision.as_mut().unwrap();
        (decision.ground, decision.ground_terms) = (Some(ground), terms);
        assert_eq!(read(&event_to_proto(&event)), Ok(event));
    }
}

#[test]
fn what_is_neither_given_nor_taken_has_no_beginning() {
    let told = |change: fn(&mut proto::EventGround)| {
        let mut value = event_to_proto(&full_event());
        let decision = value.decision.as_mut().unwrap();
        change(decision.ground.as_mut().unwrap());
        read(&value).unwrap_err()
    };
    let by_law = told(|ground| {
        (ground.kind, ground.id) = ("TREATING_DOCTOR".to_owned(), String::new());
    });
    assert_eq!(by_law, ["decision.ground.began_at"]);
    let undated = told(|ground| ground.began_at = None);
    assert_eq!(undated, ["decision.ground.given_to_organization"]);
}

#[test]
fn an_empty_event_names_every_field_that_it_lacks() {
    let missing = read(&proto::Event::default()).unwrap_err();
    assert_eq!(
        missing,
        [
            "event_id",
            "occurred_at",
            "kind",
            "outcome",
            "actor",
            "software"
        ]
    );
}

#[test]
fn what_is_not_known_is_named_by_its_path() {
    let mut value = event_to_proto(&full_event());
    value.kind = "access.guessed".to_owned();
    value.outcome = 77;
    value.trace_id = "0AF7".to_owned();
    value.documents[0].document_class = 99;
    let decision = value.decision.as_mut().unwrap();
    decision.denial_reason = "NO_GRANT".to_owned();
    decision.ground.as_mut().unwrap().id = String::new();
    let Some(proto::event_actor::Actor::Practitioner(practitioner)) =
        &mut value.actor.as_mut().unwrap().actor
    else {
        unreachable!("the actor is a practitioner");
    };
    practitioner.profession_code = "999".to_owned();
    assert_eq!(
        read(&value).unwrap_err(),
        [
            "kind",
            "outcome",
            "actor.practitioner.profession_code",
            "documents[0].document_class",
            "decision.denial_reason",
            "decision.ground.id",
            "trace_id",
        ]
    );
}

/// The outbox bounds a delivery by what its events have as JSON.
#[test]
fn an_event_is_shorter_as_a_message_than_it_is_in_the_outbox() {
    let mut events = vec![full_event()];
    let mut long = full_event();
    let id = "d".repeat(256);
    long.documents[0].id = DocumentId::parse(&id).unwrap();
    long.documents = vec![long.documents[0].clone(); 200];
    events.push(long);
    let mut small = full_event();
    small.documents.clear();
    small.after = (0..500).map(|n| (n.to_string(), String::new())).collect();
    events.push(small);
    for event in events {
        let message = prost::Message::encoded_len(&event_to_proto(&event));
        assert!(message < serde_json::to_vec(&event).unwrap().len());
    }
}
