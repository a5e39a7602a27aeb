//! Requests that no client of the contract sends: unknown values of enums,
//! identifiers that are none, bytes that are no message, messages too large.

use prost::Message;
use prost_reflect::{Kind, Value};

use crate::contract::{Call, Listener};
use crate::refusal::Refused;
use crate::sample::{self, Leaf};
use crate::world::{Persona, World};

/// Numbers that no enum of the contract has.
const UNKNOWN: [i32; 3] = [9_999, -1, i32::MAX];

#[tokio::test]
async fn an_unknown_value_of_an_enum_is_refused_by_name() {
    let world = World::begin().await;
    let is_enum = |leaf: &Leaf| matches!(leaf.field.kind(), Kind::Enum(_));
    let values = UNKNOWN.map(Value::EnumNumber);
    assert_refused_by_name(&world, is_enum, &values).await;
}

#[tokio::test]
async fn an_identifier_that_is_none_is_refused_by_name() {
    let world = World::begin().await;
    let is_identifier = |leaf: &Leaf| {
        let name = leaf.field.name();
        let ours = name.ends_with("_id") || name.ends_with("_ids");
        // Documents are named by the repository that holds them.
        matches!(leaf.field.kind(), Kind::String) && ours && name != "document_id"
    };
    let values = [
        "not-an-identifier",
        "00000000-0000-0000-0000-00000000000",
        "{0193a5c0-0000-7000-8000-000000000001}",
        "0193a5c0-0000-7000-8000-000000000001 ",
        "' OR '1'='1",
        "../../../etc/passwd",
        "\u{202e}0193a5c0-0000-7000-8000-000000000001",
        "０１９３a5c0-0000-7000-8000-000000000001",
        "line\nbreak",
        "nul\u{0}byte",
    ]
    .map(|text| Value::String(text.to_owned()));
    assert_refused_by_name(&world, is_identifier, &values).await;
}

#[tokio::test]
async fn a_document_s_identifier_is_visible_ascii_of_bounded_length() {
    let world = World::begin().await;
    let is_document = |leaf: &Leaf| leaf.field.name() == "document_id";
    let values = [" ", "a b", "é", "tab\tbed", "nul\u{0}", &"x".repeat(257)];
    let values = values.map(|text| Value::String(text.to_owned()));
    assert_refused_by_name(&world, is_document, &values).await;
}

/// Parts of requests that are not read, whatever stands there: a resource is sent back
/// as it was answered, and only what the call changes counts.
const NOT_READ: [(&str, &[&str]); 1] = [(
    "GrantService/UpdateGrant",
    &[
        "patient_id",
        "grantee.practitioner_id",
        "origin",
        "state",
        "authorization_status",
        "created_by_practitioner_id",
    ],
)];

fn is_read(call: &Call, leaf: &Leaf) -> bool {
    let not_read = NOT_READ.iter().find(|(name, _)| *name == call.name());
    let field = leaf.path.strip_prefix("grant.");
    !not_read.is_some_and(|(_, fields)| field.is_some_and(|field| fields.contains(&field)))
}

/// Puts each value into each such field of every call, one at a time.
async fn assert_refused_by_name(world: &World, is_meant: impl Fn(&Leaf) -> bool, values: &[Value]) {
    let mut tried = 0;
    let mut wrong = Vec::new();
    for call in Call::all() {
        let request = sample::request(&call, world);
        let leaves = sample::leaves(&request).into_iter().filter(&is_meant);
        for leaf in leaves.filter(|leaf| is_read(&call, leaf)) {
            for value in values {
                tried += 1;
                let spoilt = sample::with(&request, &leaf, value.clone());
                let answer = world.ask(Persona::admitted(&call), &call, &spoilt).await;
                let Some(fault) = fault(&leaf, value, answer) else {
                    continue;
                };
                wrong.push(format!(
                    "{} {} = {value:?}: {fault}",
                    call.name(),
                    leaf.path
                ));
            }
        }
    }
    assert!(tried > 20, "the contract has more such fields");
    assert!(
        wrong.is_empty(),
        "{} of {tried}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// What is wrong with an answer that should refuse the field by its name.
fn fault<T>(leaf: &Leaf, value: &Value, answer: Result<T, tonic::Status>) -> Option<String> {
    let Err(status) = answer else {
        return Some("answered".to_owned());
    };
    let refused = Refused::read(status);
    if refused.reason == "NOT_IMPLEMENTED" {
        return None;
    }
    let text = value.as_str().unwrap_or_default().to_owned();
    if refused.reason != "FIELD_INVALID" || !refused.fields.contains(&leaf.path) {
        return Some(format!("{} {:?}", refused.reason, refused.fields));
    }
    refused.silent_about(&text);
    None
}

#[tokio::test]
async fn bytes_that_are_no_message_are_refused_in_the_contract_s_form() {
    let world = World::begin().await;
    let mut wrong = Vec::new();
    for call in Call::all() {
        for bytes in [
            vec![0xFF; 64],
            b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            vec![0x0A, 0x7F],
        ] {
            let answer = world.ask_with(Persona::admitted(&call), &call, bytes).await;
            let reason = answer.map_err(|status| Refused::read(status).reason);
            let typed = reason.as_ref().is_err_and(|reason| {
                ["FIELD_INVALID", "NOT_IMPLEMENTED"].contains(&reason.as_str())
            });
            if !typed {
                wrong.push(format!("{}: {reason:?}", call.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused_by_every_service() {
    let world = World::begin().await;
    let calls = [
        (Listener::Directory, "DirectoryService/SearchPractitioners"),
        (Listener::Identity, "PatientService/ResolvePatient"),
        (Listener::Consent, "GrantService/ListGrants"),
        (Listener::Audit, "TransparencyService/GetTile"),
    ];
    for (listener, name) in calls {
        let call = Call::named(name);
        assert_eq!(call.listener(), listener);
        let bytes = vec![0; 5 * 1024 * 1024];
        let answer = world.ask_with(Persona::admitted(&call), &call, bytes).await;
        Refused::read(answer.unwrap_err()).is("MESSAGE_TOO_LARGE");
    }
}

#[tokio::test]
async fn lists_in_a_request_have_a_longest_length() {
    let world = World::begin().await;
    let question = |count: usize| {
        let documents = (0..count).map(|number| {
            let class = aval_proto::common::v1::DocumentClass::Report;
            crate::scene::document(&format!("document-{number}"), class)
        });
        aval_proto::consent::v1::AccessQuestion {
            patient_id: world.anne.patient_id.clone(),
            action: 1,
            mode: 1,
            documents: documents.collect(),
            ..Default::default()
        }
    };
    let call = Call::named("DecisionService/Check");
    for (count, is_taken) in [(200, true), (201, false)] {
        let request = aval_proto::consent::v1::CheckRequest {
            question: Some(question(count)),
        };
        let answer = world
            .ask_with(Persona::Doctor, &call, request.encode_to_vec())
            .await;
        match answer {
            Ok(_) => assert!(is_taken),
            Err(status) => {
                assert!(!is_taken);
                Refused::read(status)
                    .is("FIELD_INVALID")
                    .names("question.documents");
            }
        }
    }
    let call = Call::named("DecisionService/BatchCheck");
    for count in [0, 201] {
        let request = aval_proto::consent::v1::BatchCheckRequest {
            questions: vec![question(1); count],
        };
        let answer = world
            .ask_with(Persona::Doctor, &call, request.encode_to_vec())
            .await;
        Refused::read(answer.unwrap_err())
            .is("FIELD_INVALID")
            .names("questions");
    }
}
