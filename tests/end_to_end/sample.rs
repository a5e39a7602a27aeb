//! A sound request for every call, made from its descriptor: what the field is called
//! says what to put there.

use std::time::Duration;

use aval_domain::time::{Clock, SystemClock};
use aval_proto::identity::v1 as identity;
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value,
};

use crate::contract::Call;
use crate::scene::{document, fresh_id, this_minute};
use crate::world::World;

/// A request about what Anne has, that whoever is admitted may send.
pub(crate) fn request(call: &Call, world: &World) -> DynamicMessage {
    filled(&call.request(), world)
}

/// A value somewhere in a request, and the way there.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    /// As refusals name it, `question.documents[0].document_id`.
    pub(crate) path: String,
    pub(crate) field: FieldDescriptor,
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
struct Step {
    field: FieldDescriptor,
    in_list: bool,
}

/// Every field of a request that holds no message, whether it is set or not; of a list,
/// the first item.
pub(crate) fn leaves(message: &DynamicMessage) -> Vec<Leaf> {
    let mut found = Vec::new();
    collect(message, &mut Vec::new(), &mut found);
    found
}

/// The same request with another value there.
pub(crate) fn with(message: &DynamicMessage, leaf: &Leaf, value: Value) -> DynamicMessage {
    let mut changed = message.clone();
    let (last, way) = leaf.steps.split_last().expect("a leaf is somewhere");
    let mut place = &mut changed;
    for step in way {
        let inner = place.get_field_mut(&step.field);
        let inner = if step.in_list {
            &mut inner.as_list_mut().expect("a list")[0]
        } else {
            inner
        };
        place = inner.as_message_mut().expect("a message");
    }
    let value = if last.in_list {
        Value::List(vec![value])
    } else {
        value
    };
    place.set_field(&last.field, value);
    changed
}

fn collect(message: &DynamicMessage, way: &mut Vec<Step>, found: &mut Vec<Leaf>) {
    for field in message
        .descriptor()
        .fields()
        .filter(|field| !field.is_map())
    {
        let in_list = field.is_list();
        way.push(Step {
            field: field.clone(),
            in_list,
        });
        let value = message.get_field(&field);
        let first = if in_list {
            value.as_list().and_then(<[Value]>::first)
        } else {
            Some(value.as_ref())
        };
        match field.kind() {
            Kind::Message(_) if message.has_field(&field) => {
                let inner = first.and_then(Value::as_message);
                collect(inner.expect("a set message"), way, found);
            }
            Kind::Message(_) => {}
            _ if is_other_choice(message, &field) => {}
            _ => found.push(Leaf {
                path: path(way),
                field,
                steps: way.clone(),
            }),
        }
        way.pop();
    }
}

/// Whether setting the field would take back another one of the same `oneof`.
fn is_other_choice(message: &DynamicMessage, field: &FieldDescriptor) -> bool {
    field
        .containing_oneof()
        .is_some_and(|oneof| !oneof.is_synthetic())
        && !message.has_field(field)
}

fn path(way: &[Step]) -> String {
    let names = way.iter().map(|step| {
        let index = if step.in_list { "[0]" } else { "" };
        format!("{}{index}", step.field.name())
    });
    names.collect::<Vec<_>>().join(".")
}

fn filled(descriptor: &MessageDescriptor, world: &World) -> DynamicMessage {
    if let Some(message) = ready_made(descriptor) {
        return message;
    }
    let mut message = DynamicMessage::new(descriptor.clone());
    for field in descriptor.fields().filter(|field| !field.is_map()) {
        let oneof = field
            .containing_oneof()
            .filter(|oneof| !oneof.is_synthetic());
        let chosen =
            oneof.is_some_and(|oneof| oneof.fields().any(|other| message.has_field(&other)));
        if chosen || is_left_out(&field) {
            continue;
        }
        if let Some(value) = value(&field, world) {
            let value = if field.is_list() {
                Value::List(vec![value])
            } else {
                value
            };
            message.set_field(&field, value);
        }
    }
    message
}

/// Messages whose parts belong together.
fn ready_made(descriptor: &MessageDescriptor) -> Option<DynamicMessage> {
    let mut message = DynamicMessage::new(descriptor.clone());
    let made = match descriptor.full_name() {
        "aval.common.v1.DocumentRef" => message.transcode_from(&document(
            "document-1",
            aval_proto::common::v1::DocumentClass::Report,
        )),
        "aval.identity.v1.Ins" => message.transcode_from(&somebody().ins.unwrap_or_default()),
        "aval.identity.v1.IdentityTraits" => {
            message.transcode_from(&somebody().traits.unwrap_or_default())
        }
        _ => return None,
    };
    made.expect("the same message in two forms");
    Some(message)
}

/// Who is registered by a sample: neither Anne nor Bruno.
fn somebody() -> identity::RegisterPatientRequest {
    crate::scene::registration(&crate::scene::carla())
}

/// What a sound request for Anne's sake leaves empty, with the reason.
fn is_left_out(field: &FieldDescriptor) -> bool {
    let message = field.parent_message();
    matches!(
        (message.name(), field.name()),
        // Only the patient may ask about others.
        ("ExplainRequest", "practitioner_id" | "activity_id")
        // Masking for all names nobody.
            | ("SetDocumentVisibilityRequest", "practitioner_id")
            // A declaration for oneself names no colleague.
            | ("DeclareGrantRequest", "on_behalf_of_practitioner_id")
            // An absent beginning is now.
            | ("Period", "from_at")
            // Filters that would leave nothing to be answered.
            | ("EventFilter", _)
            | ("ListGrantsRequest", "state")
            | ("SearchPractitionersRequest" | "SearchOrganizationsRequest", "organization_id" | "town")
            // Set by the service, not by a request.
            | ("Patient", "merged_into_patient_id")
            | (_, "page_token")
    )
}

fn value(field: &FieldDescriptor, world: &World) -> Option<Value> {
    match field.kind() {
        Kind::String => text(field.name(), world).map(Value::String),
        Kind::Enum(kind) => Some(Value::EnumNumber(match kind.full_name() {
            "aval.identity.v1.IdentityStatus" => identity::IdentityStatus::Qualified.into(),
            // The one ground that a patient gives.
            "aval.identity.v1.RepresentationKind" => identity::RepresentationKind::Mandated.into(),
            _ => 1,
        })),
        Kind::Bool => (field.name() == "consent_collected").then_some(Value::Bool(true)),
        Kind::Uint64 => {
            let one = ["old_size", "epoch", "sequence", "newest_sequence"];
            one.contains(&field.name()).then_some(Value::U64(1))
        }
        Kind::Message(kind) => match kind.full_name() {
            "google.protobuf.Timestamp" => is_future(field).then(|| in_thirty_days(&kind)),
            "google.protobuf.FieldMask" => Some(mask(&kind, field.parent_message().name())),
            _ => Some(Value::Message(filled(&kind, world))),
        },
        _ => None,
    }
}

fn text(name: &str, world: &World) -> Option<String> {
    let text = match name {
        "patient_id" | "target_patient_id" => &world.anne.patient_id,
        "source_patient_id" | "representative_patient_id" => &world.bruno.patient_id,
        "practitioner_id"
        | "practitioner_ids"
        | "member_practitioner_ids"
        | "target_practitioner_id" => &world.doctor.practitioner_id,
        "source_practitioner_id" => &world.other_doctor.practitioner_id,
        "activity_id" => &world.doctor.activity.activity_id,
        "organization_id" => &world.doctor.activity.organization.as_ref()?.organization_id,
        "grant_id" => &world.grant.grant_id,
        "etag" => &world.grant.etag,
        "block_id" => &world.block_id,
        "event_id" => &world.event_id,
        "import_id" => &world.import_id,
        "session_id" => &world.other_session_id,
        "request_id" | "care_episode_id" | "notification_id" | "representation_id" => &fresh_id(),
        "document_id" => "document-1",
        "file_name" => &this_minute(),
        "name" => "martin",
        "content" => "revision = 'sound'",
        "value" => world.scene.cast.generalist.number.text(),
        "reason" | "purpose" | "ground" => "Un motif en quelques mots",
        "source" => "consent",
        "kind" => "grant.created",
        "cursor" => "start",
        "path" => "tile/0/000",
        "grant_type" => "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token_type" => "urn:ietf:params:oauth:token-type:access_token",
        "subject_token" | "id_token" | "nonce" | "refresh_token" | "token" => "none-of-ours",
        _ => return None,
    };
    Some(text.to_owned())
}

/// Whether the instant is one that lies ahead.
fn is_future(field: &FieldDescriptor) -> bool {
    matches!(field.name(), "until_at" | "end_at")
}

fn in_thirty_days(kind: &MessageDescriptor) -> Value {
    let until = SystemClock
        .now()
        .saturating_add(Duration::from_hours(30 * 24));
    let mut instant = DynamicMessage::new(kind.clone());
    instant.set_field_by_name("seconds", Value::I64(until.unix_seconds()));
    Value::Message(instant)
}

fn mask(kind: &MessageDescriptor, request: &str) -> Value {
    let path = match request {
        "UpdateGrantRequest" => "document_classes",
        "UpdateIdentityRequest" => "traits",
        other => panic!("nobody has said what {other} changes"),
    };
    let mut mask = DynamicMessage::new(kind.clone());
    mask.set_field_by_name("paths", Value::List(vec![Value::String(path.to_owned())]));
    Value::Message(mask)
}
