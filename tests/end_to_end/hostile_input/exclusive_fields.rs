//! Requests with two fields that exclude each other, as no generated client writes them:
//! read as protobuf has it, the last would win in silence.

use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_reflect::{Kind, MessageDescriptor, OneofDescriptor};

use crate::contract::Call;
use crate::refusal::Refused;
use crate::sample;
use crate::world::{Persona, World};

/// The numbers of the fields that lead to a message.
type Path = Vec<u32>;

#[tokio::test]
async fn two_fields_that_exclude_each_other_are_refused_by_name() {
    let world = World::begin().await;
    let mut tried = Vec::new();
    for call in Call::all() {
        for (path, oneof) in choices(&call.request()) {
            let mut request = sample::request(&call, &world).encode_to_vec();
            request.extend(within(&path, both_of(&oneof)));
            let answer = world
                .ask_with(Persona::admitted(&call), &call, request)
                .await;
            let refused = Refused::read(answer.unwrap_err()).is("FIELD_INVALID");
            // An empty member alone would be refused too, and by another rule.
            let names = refused.by_rule("must not be set together with").fields;
            assert_eq!(names.len(), 1, "{} {names:?}", call.name());
            let member = oneof.fields().any(|field| names[0].ends_with(field.name()));
            assert!(member, "{} {names:?}", call.name());
            tried.push(call.name());
        }
    }
    for name in ["GrantService/CreateGrant", "GrantService/BlockGrantee"] {
        assert!(tried.iter().any(|tried| tried == name), "{tried:?}");
    }
}

/// Every `oneof` of several in the message, and where it stands.
fn choices(message: &MessageDescriptor) -> Vec<(Path, OneofDescriptor)> {
    let own = message.oneofs().filter(|oneof| oneof.fields().len() > 1);
    let mut found: Vec<_> = own.map(|oneof| (Path::new(), oneof)).collect();
    for field in message.fields() {
        let Kind::Message(inner) = field.kind() else {
            continue;
        };
        for (mut path, oneof) in choices(&inner) {
            path.insert(0, field.number());
            found.push((path, oneof));
        }
    }
    found
}

/// The first two members, empty.
fn both_of(oneof: &OneofDescriptor) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in oneof.fields().take(2) {
        assert!(matches!(
            field.kind(),
            Kind::Message(_) | Kind::String | Kind::Bytes
        ));
        encode_key(field.number(), WireType::LengthDelimited, &mut bytes);
        encode_varint(0, &mut bytes);
    }
    bytes
}

fn within(path: &[u32], mut bytes: Vec<u8>) -> Vec<u8> {
    for number in path.iter().rev() {
        let mut outer = Vec::new();
        encode_key(*number, WireType::LengthDelimited, &mut outer);
        encode_varint(bytes.len() as u64, &mut outer);
        outer.extend(bytes);
        bytes = outer;
    }
    bytes
}
