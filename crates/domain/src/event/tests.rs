//! The event's JSON: complete, without nulls or floats, and the same both ways.

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::access::GroundHolder;
use crate::code::{Function, Profession, Speciality};
use crate::id::{ActivityId, GrantId, OrganizationId, PractitionerId, RepresentationId};

fn smallest() -> Event {
    Event::new(
        EventId::from_uuid(Uuid::from_u128(1)),
        Timestamp::from_micros(1_800_000_000_000_001),
        EventKind::DirectoryImportApplied,
        Outcome::Success,
        Actor::Service {
            name: "spiffe://aval/practitioner-directory".into(),
        },
        "spiffe://aval/practitioner-directory",
    )
}

fn fullest() -> Event {
    Event {
        patient_id: Some(PatientId::from_uuid(Uuid::from_u128(2))),
        kind: EventKind::AccessDecided,
        actor: Actor::Practitioner {
            practitioner_id: PractitionerId::from_uuid(Uuid::from_u128(3)),
            activity_id: ActivityId::from_uuid(Uuid::from_u128(4)),
            profession: Profession::Doctor,
            speciality: Some(Speciality::parse("SM26").unwrap()),
            function: Some(Function::REGULATOR),
            organization_id: Some(OrganizationId::from_uuid(Uuid::from_u128(5))),
            organization_name: Some("CABINET D'ESSAI".into()),
            display_name: "Dr Essai".into(),
        },
        representative: Some(Representative {
            patient_id: PatientId::from_uuid(Uuid::from_u128(6)),
            representation_id: RepresentationId::from_uuid(Uuid::from_u128(7)),
        }),
        subject: Some(Subject::new(
            "grant",
            &GrantId::from_uuid(Uuid::from_u128(8)),
        )),
        documents: vec![EventDocument {
            id: DocumentId::parse("1.2.3^doc").unwrap(),
            class: DocumentClass::Report,
            document_type: Some(DocumentType::parse("11488-4").unwrap()),
            permitted: true,
        }],
        decision: Some(DecisionSummary {
            effect: Effect::Permit,
            reason: Some(DenialReason::NoGrant),
            ground: Some(Ground::Grant(GrantId::from_uuid(Uuid::from_u128(8)))),
            ground_terms: Some(GroundTerms {
                holder: GroundHolder::Organization,
                since: Timestamp::from_micros(1_799_000_000_000_000),
            }),
            mode: AccessMode::BreakGlass,
            action: Action::Consult,
            purpose: Some("soins".into()),
            emergency_reason: Some("inconscient".into()),
            policy_revision: "12".into(),
        }),
        before: BTreeMap::from([("until".into(), "1".into())]),
        after: BTreeMap::from([("until".into(), "2".into())]),
        trace_id: Some("0af7651916cd43dd8448eb211c80319c".into()),
        late: true,
        ..smallest()
    }
}

fn assert_canonical(value: &Value) {
    match value {
        Value::Null => panic!("an absent field is left out"),
        Value::Number(number) => assert!(!number.is_f64(), "there are no floats"),
        Value::Bool(_) | Value::String(_) => {}
        Value::Array(values) => values.iter().for_each(assert_canonical),
        Value::Object(fields) => fields.values().for_each(assert_canonical),
    }
}

#[test]
fn events_round_trip_through_canonical_json() {
    for event in [smallest(), fullest()] {
        let value = serde_json::to_value(&event).unwrap();
        assert_canonical(&value);
        assert_eq!(serde_json::from_value::<Event>(value).unwrap(), event);
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
    }
}

#[test]
fn the_smallest_event_has_only_what_every_event_has() {
    let expected = json!({
        "event_id": "00000000-0000-0000-0000-000000000001",
        "occurred_at": 1_800_000_000_000_001_i64,
        "kind": "directory.import_applied",
        "outcome": "success",
        "actor": {"kind": "service", "name": "spiffe://aval/practitioner-directory"},
        "software": "spiffe://aval/practitioner-directory",
        "late": false,
    });
    assert_eq!(serde_json::to_value(smallest()).unwrap(), expected);
}

#[test]
fn the_actor_and_the_ground_say_their_kind() {
    let value = serde_json::to_value(fullest()).unwrap();
    assert_eq!(value["actor"]["kind"], fullest().actor.kind());
    assert_eq!(value["actor"]["profession"], "10");
    assert_eq!(value["decision"]["mode"], "bris_de_glace");
    assert_eq!(
        value["decision"]["ground"],
        json!({"kind": "GRANT", "id": "00000000-0000-0000-0000-000000000008"})
    );
    assert_eq!(
        value["decision"]["ground_terms"],
        json!({"holder": "organization", "since": 1_799_000_000_000_000_i64})
    );
}

#[test]
fn a_field_that_is_not_known_refuses_the_event_wherever_it_stands() {
    for pointer in [
        "",
        "/actor",
        "/representative",
        "/subject",
        "/documents/0",
        "/decision",
        "/decision/ground",
        "/decision/ground_terms",
    ] {
        let mut value = serde_json::to_value(fullest()).unwrap();
        value.pointer_mut(pointer).unwrap()["surprise"] = json!(1);
        assert!(serde_json::from_value::<Event>(value).is_err(), "{pointer}");
    }
}

#[test]
fn debug_shows_no_name_and_nothing_that_people_wrote() {
    let written = format!("{:?}", fullest());
    for hidden in ["Essai", "ESSAI", "soins", "inconscient", "until"] {
        assert!(!written.contains(hidden), "{hidden}");
    }
    assert!(written.contains("access.decided") || written.contains("AccessDecided"));
}

#[test]
fn codes_are_dotted_lower_case_names() {
    for kind in EventKind::ALL {
        let (thing, what) = kind.code().split_once('.').unwrap();
        let shape = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        };
        assert!(shape(thing) && shape(what), "{kind}");
    }
}

#[test]
fn the_actor_tells_who_and_where() {
    let actor = fullest().actor;
    assert_eq!(
        actor.practitioner_id(),
        Some(PractitionerId::from_uuid(Uuid::from_u128(3)))
    );
    assert_eq!(
        actor.organization_id(),
        Some(OrganizationId::from_uuid(Uuid::from_u128(5)))
    );
    assert_eq!(smallest().actor.practitioner_id(), None);
    assert_eq!(smallest().actor.organization_id(), None);
}
