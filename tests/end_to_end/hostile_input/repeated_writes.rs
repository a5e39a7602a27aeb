//! The same change sent again, another change under the same id, and changes to what
//! has changed meanwhile.

use aval_proto::common::v1 as common;
use aval_proto::consent::v1 as consent;
use prost::Message;
use prost_reflect::{DynamicMessage, Kind, Value};

use crate::contract::Call;
use crate::patience::eventually;
use crate::refusal::{Refused, refused};
use crate::sample::{self, Leaf};
use crate::scene::fresh_id;
use crate::world::{Persona, World, practitioner};

/// A change that a sound sample makes, and the field in which another request under the
/// same id differs; empty where the request says nothing but on whom it acts. In an
/// order in which none stands in another's way.
const CHANGES: [(&str, &str); 13] = [
    ("PatientService/RegisterPatient", "status"),
    ("RecordSettingsService/OpenRecord", ""),
    (
        "RecordSettingsService/SetEmergencyOppositions",
        "opposes_break_glass",
    ),
    ("RecordSettingsService/AddTreatingDoctor", "practitioner_id"),
    ("RecordSettingsService/SetDocumentVisibility", "document_id"),
    ("DecisionService/Authorize", "question.purpose"),
    ("GrantService/CreateGrant", "document_classes[0]"),
    ("GrantService/RevokeGrant", "etag"),
    ("GrantService/RequestGrant", "purpose"),
    ("GrantService/DeclareGrant", "document_classes[0]"),
    ("GrantService/OpenCareEpisode", ""),
    ("GrantService/BlockGrantee", "grantee.practitioner_id"),
    ("GrantService/UnblockGrantee", ""),
];

#[tokio::test]
async fn a_change_that_is_sent_again_answers_the_same_and_another_under_its_id_is_refused() {
    let world = World::begin().await;
    for (name, field) in CHANGES {
        let call = Call::named(name);
        let persona = Persona::admitted(&call);
        let request = change(&call, &world);
        let first = world.ask(persona, &call, &request).await;
        let first = first.unwrap_or_else(|status| panic!("{name}: {status:?}"));
        let second = world.ask(persona, &call, &request).await.unwrap();
        assert_eq!(answer(&call, &first), answer(&call, &second), "{name}");
        if field.is_empty() {
            continue;
        }
        let other = differing(&request, field, &world);
        let refusal = Refused::read(world.ask(persona, &call, &other).await.expect_err(name));
        assert_eq!(refusal.reason, "REQUEST_ID_REUSED", "{name}");
    }
}

#[tokio::test]
async fn one_person_s_request_id_is_free_for_another_person() {
    let world = World::begin().await;
    let request_id = fresh_id();
    for (patient, grantee) in [(&world.anne, "document-1"), (&world.bruno, "document-2")] {
        let request = consent::SetDocumentVisibilityRequest {
            patient_id: patient.patient_id.clone(),
            document_id: grantee.to_owned(),
            kind: consent::VisibilityKind::Masked.into(),
            practitioner_id: String::new(),
            remove: false,
            request_id: request_id.clone(),
        };
        let request = patient.bearer.asks(request);
        world
            .scene
            .portal
            .settings()
            .set_document_visibility(request)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_decision_that_is_asked_for_again_is_traced_once() {
    let world = World::begin().await;
    let call = Call::named("DecisionService/Authorize");
    let request = sample::request(&call, &world).encode_to_vec();
    let mut events = Vec::new();
    for _ in 0..3 {
        let answer = world
            .ask_with(Persona::Doctor, &call, request.clone())
            .await
            .unwrap();
        events.push(consent::AuthorizeResponse::decode(answer).unwrap().event_id);
    }
    assert!(
        events
            .iter()
            .all(|event| *event == events[0] && !event.is_empty())
    );
    // Another decision after it: when that one is told, so is all before it.
    let again = sample::request(&call, &world).encode_to_vec();
    let answer = world.ask_with(Persona::Doctor, &call, again).await.unwrap();
    let last = consent::AuthorizeResponse::decode(answer).unwrap().event_id;
    let told = eventually("the last decision is told", async || {
        let told = decisions_told(&world).await;
        told.contains(&last).then_some(told)
    })
    .await;
    assert_eq!(told, [last, events[0].clone()]);
}

#[tokio::test]
async fn a_change_to_what_has_changed_meanwhile_is_refused() {
    let world = World::begin().await;
    for etag in ["\"999\"", "\"0\""] {
        for name in [
            "GrantService/RevokeGrant",
            "GrantService/UpdateGrant",
            "RecordSettingsService/SetEmergencyOppositions",
        ] {
            let call = Call::named(name);
            let request = sample::request(&call, &world);
            let leaf = leaf(
                &request,
                if name.ends_with("UpdateGrant") {
                    "grant.etag"
                } else {
                    "etag"
                },
            );
            let stale = sample::with(&request, &leaf, Value::String(etag.to_owned()));
            let answer = world.ask(Persona::Anne, &call, &stale).await;
            let refusal = Refused::read(answer.expect_err(name));
            if refusal.reason != "NOT_IMPLEMENTED" {
                assert_eq!(refusal.reason, "ETAG_MISMATCH", "{name} {etag}");
            }
        }
    }
    for etag in ["999", "W/\"1\"", "\"x\"", "*", "\"1\", \"2\""] {
        let request = consent::RevokeGrantRequest {
            grant_id: world.grant.grant_id.clone(),
            etag: etag.to_owned(),
            request_id: fresh_id(),
        };
        let request = world.anne.bearer.asks(request);
        refused(world.scene.portal.grants().revoke_grant(request).await)
            .is("FIELD_INVALID")
            .names("etag");
    }
}

#[tokio::test]
async fn a_change_without_a_request_id_is_refused_by_name() {
    let world = World::begin().await;
    for call in Call::all() {
        let request = sample::request(&call, &world);
        let leaves = sample::leaves(&request);
        let Some(leaf) = leaves.iter().find(|leaf| leaf.path == "request_id") else {
            continue;
        };
        let without = sample::with(&request, leaf, Value::String(String::new()));
        let answer = world.ask(Persona::admitted(&call), &call, &without).await;
        let refusal = Refused::read(answer.expect_err(&call.name()));
        if refusal.reason != "NOT_IMPLEMENTED" {
            assert_eq!(refusal.reason, "FIELD_INVALID", "{}", call.name());
            assert_eq!(refusal.fields, ["request_id"], "{}", call.name());
        }
    }
}

#[tokio::test]
async fn two_grants_at_once_to_one_professional_are_one_grant() {
    let world = World::begin().await;
    let request = || {
        world.bruno.bearer.asks(consent::CreateGrantRequest {
            patient_id: world.bruno.patient_id.clone(),
            grantee: Some(practitioner(&world.doctor.practitioner_id)),
            document_classes: vec![common::DocumentClass::Report.into()],
            period: None,
            request_id: fresh_id(),
        })
    };
    let mut grants = (world.scene.portal.grants(), world.scene.portal.grants());
    let (one, other) = tokio::join!(
        grants.0.create_grant(request()),
        grants.1.create_grant(request())
    );
    let (made, not_made) = match (one, other) {
        (Ok(made), not_made) | (not_made, Ok(made)) => (made, not_made),
        (one, other) => panic!("neither was made: {one:?}, {other:?}"),
    };
    refused(not_made).is("ALREADY_EXISTS");
    assert!(!made.into_inner().grant.unwrap().grant_id.is_empty());
}

async fn decisions_told(world: &World) -> Vec<String> {
    let request = aval_proto::audit::v1::ListEventsRequest {
        patient_id: world.anne.patient_id.clone(),
        filter: Some(aval_proto::audit::v1::EventFilter {
            kinds: vec!["access.decided".to_owned()],
            ..Default::default()
        }),
        ..Default::default()
    };
    let request = world.anne.bearer.asks(request);
    let events = world
        .scene
        .portal
        .trail()
        .list_events(request)
        .await
        .unwrap()
        .into_inner()
        .events;
    events
        .into_iter()
        .map(|event| event.event.unwrap().event_id)
        .collect()
}

/// A sound change: Anne's grant to the doctor stands already, so another gets the next.
fn change(call: &Call, world: &World) -> DynamicMessage {
    let request = sample::request(call, world);
    if call.method() != "CreateGrant" {
        return request;
    }
    let other = Value::String(world.other_doctor.practitioner_id.clone());
    sample::with(&request, &leaf(&request, "grantee.practitioner_id"), other)
}

/// The same request with another sound value in a field.
fn differing(request: &DynamicMessage, field: &str, world: &World) -> DynamicMessage {
    let leaf = leaf(request, field);
    let value = match leaf.field.kind() {
        Kind::Bool => Value::Bool(true),
        Kind::Enum(_) => Value::EnumNumber(2),
        _ if leaf.field.name() == "practitioner_id" => {
            Value::String(world.other_doctor.practitioner_id.clone())
        }
        // Absent: whatever it is now.
        _ if leaf.field.name() == "etag" => Value::String(String::new()),
        _ => Value::String("something-else".to_owned()),
    };
    sample::with(request, &leaf, value)
}

fn leaf(request: &DynamicMessage, path: &str) -> Leaf {
    let mut leaves = sample::leaves(request).into_iter();
    leaves
        .find(|leaf| leaf.path == path)
        .unwrap_or_else(|| panic!("no field {path}"))
}

fn answer(call: &Call, bytes: &[u8]) -> DynamicMessage {
    DynamicMessage::decode(call.response(), bytes).unwrap()
}
