//! Fields that exclude each other.
//!
//! A `oneof` holds one of its members; on the wire there may be two. A reader keeps the
//! last and says nothing, so that whoever wrote a person *and* an organization would be
//! taken to mean either. Requests are looked through for that before they are believed.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use prost::encoding::{WireType, decode_key, decode_varint};
use prost::{Message as _, Name};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FileDescriptorProto, FileDescriptorSet};

use crate::FILE_DESCRIPTOR_SET;

/// How deep messages may stand in each other. None of the contract is part of itself; this
/// ends the walk through one that would be.
const DEEPEST: usize = 16;

/// Where the requests of the contract have a `oneof`, by package and name.
static REQUESTS: LazyLock<HashMap<String, HashMap<String, Shape>>> = LazyLock::new(|| {
    let files = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET)
        .map(|set| set.file)
        .unwrap_or_default();
    let messages = Messages::of(&files);
    let mut requests: HashMap<String, HashMap<String, Shape>> = HashMap::new();
    for file in &files {
        for message in &file.message_type {
            let full_name = format!(".{}.{}", file.package(), message.name());
            if !is_request(message.name()) {
                continue;
            }
            if let Some(shape) = messages.shape(&full_name, 0) {
                let package = requests.entry(file.package().to_owned()).or_default();
                package.insert(message.name().to_owned(), shape);
            }
        }
    }
    requests
});

/// What of a message concerns a `oneof`.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// Members of a `oneof` of several, by field number: which `oneof`, and their name.
    members: HashMap<u32, (i32, String)>,
    /// Messages in which there is such a one, by field number.
    children: HashMap<u32, Child>,
}

#[derive(Debug)]
struct Child {
    name: String,
    repeated: bool,
    shape: Shape,
}

/// Two fields of one `oneof`, both there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BothSet {
    /// The path of the message that has them, then the one that came last.
    pub(super) field: String,
    /// The one that came before it.
    pub(super) other: String,
}

/// Where this message has a `oneof`; `None`: it is no request, or has none.
pub(super) fn shape_of<M: Name>() -> Option<&'static Shape> {
    if !is_request(M::NAME) {
        return None;
    }
    REQUESTS.get(M::PACKAGE)?.get(M::NAME)
}

/// By the contract's names: what is answered is our own.
fn is_request(name: &str) -> bool {
    name.ends_with("Request")
}

impl Shape {
    /// The first two fields of a well-formed message that exclude each other.
    pub(super) fn both_set(&self, message: &[u8]) -> Option<BothSet> {
        self.look(&[message])
    }

    /// A message that is no member of a list may come in parts, which count as one.
    fn look(&self, parts: &[&[u8]]) -> Option<BothSet> {
        let mut seen: HashMap<i32, u32> = HashMap::new();
        let mut in_parts: BTreeMap<u32, Vec<&[u8]>> = BTreeMap::new();
        let mut index: HashMap<u32, usize> = HashMap::new();
        for (number, value) in parts.iter().flat_map(|part| Fields(part)) {
            if let Some((oneof, name)) = self.members.get(&number) {
                let before = *seen.entry(*oneof).or_insert(number);
                if before != number {
                    return Some(BothSet {
                        field: name.clone(),
                        other: self.members.get(&before)?.1.clone(),
                    });
                }
            }
            let Some(child) = self.children.get(&number) else {
                continue;
            };
            if child.repeated {
                let place = index.entry(number).or_default();
                let name = format!("{}[{place}]", child.name);
                *place += 1;
                if let Some(found) = child.shape.look(&[value]) {
                    return Some(found.within(&name));
                }
            } else {
                in_parts.entry(number).or_default().push(value);
            }
        }
        in_parts.into_iter().find_map(|(number, parts)| {
            let child = self.children.get(&number)?;
            let found = child.shape.look(&parts)?;
            Some(found.within(&child.name))
        })
    }
}

impl BothSet {
    fn within(self, name: &str) -> Self {
        Self {
            field: format!("{name}.{}", self.field),
            ..self
        }
    }
}

/// The fields of a message on the wire, with the bytes of those that have a length. Where
/// the bytes are no message it ends: whoever reads it whole says so.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn taken(&mut self, length: usize) -> Option<&'a [u8]> {
        let (value, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(value)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u32, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let (number, kind) = decode_key(&mut self.0).ok()?;
        let value = match kind {
            WireType::Varint => {
                decode_varint(&mut self.0).ok()?;
                &[]
            }
            WireType::ThirtyTwoBit => self.taken(4)?,
            WireType::SixtyFourBit => self.taken(8)?,
            WireType::LengthDelimited => {
                let length = decode_varint(&mut self.0).ok()?;
                self.taken(usize::try_from(length).ok()?)?
            }
            // Groups: the contract has none, and what is unknown concerns nobody.
            WireType::StartGroup | WireType::EndGroup => &[],
        };
        Some((number, value))
    }
}

/// Every message of the contract, by its full name with a dot before it, as fields name it.
struct Messages<'a>(HashMap<String, &'a DescriptorProto>);

impl<'a> Messages<'a> {
    fn of(files: &'a [FileDescriptorProto]) -> Self {
        let mut messages = HashMap::new();
        for file in files {
            for message in &file.message_type {
                gather(&format!(".{}", file.package()), message, &mut messages);
            }
        }
        Self(messages)
    }

    fn shape(&self, full_name: &str, depth: usize) -> Option<Shape> {
        let message = self.0.get(full_name).filter(|_| depth < DEEPEST)?;
        let mut shape = Shape::default();
        for field in &message.field {
            let number = u32::try_from(field.number()).ok()?;
            let in_oneof = |oneof: &i32| {
                let others = message.field.iter();
                let members = others.filter(|other| other.oneof_index == Some(*oneof));
                members.count() > 1
            };
            if let Some(oneof) = field.oneof_index.filter(in_oneof) {
                let member = (oneof, field.name().to_owned());
                shape.members.insert(number, member);
            }
            if field.r#type() == Type::Message
                && let Some(inner) = self.shape(field.type_name(), depth + 1)
            {
                let child = Child {
                    name: field.name().to_owned(),
                    repeated: field.label() == Label::Repeated,
                    shape: inner,
                };
                shape.children.insert(number, child);
            }
        }
        let concerned = !shape.members.is_empty() || !shape.children.is_empty();
        concerned.then_some(shape)
    }
}

fn gather<'a>(
    scope: &str,
    message: &'a DescriptorProto,
    into: &mut HashMap<String, &'a DescriptorProto>,
) {
    let full_name = format!("{scope}.{}", message.name());
    for nested in &message.nested_type {
        gather(&full_name, nested, into);
    }
    into.insert(full_name, message);
}

#[cfg(test)]
mod tests;
