//! Fields that exclude each other.
//!
//! A `oneof` holds one of its members; on the wire there may be two. A reader keeps the
//! last and says nothing, so that whoever wrote a person *and* an organization would be
//! taken to mean either. Requests are looked through for that before they are believed.

use std::collections::HashMap;
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
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET);
    let files = set.expect("the compiler of the contract wrote it").file;
    let messages = Messages::of(&files);
    let mut requests: HashMap<String, HashMap<String, Shape>> = HashMap::new();
    for file in &files {
        let named = file.message_type.iter();
        for message in named.filter(|message| is_request(message.name())) {
            let full_name = format!(".{}.{}", file.package(), message.name());
            if let Some(shape) = messages.shape(&full_name, 0) {
                let package = requests.entry(file.package().to_owned()).or_default();
                package.insert(message.name().to_owned(), shape);
            }
        }
    }
    requests
});

/// What of a message concerns a `oneof`. There are few of either: they are walked along.
#[derive(Debug, Default)]
pub(super) struct Shape {
    members: Vec<Member>,
    children: Vec<Child>,
}

/// A field that excludes others.
#[derive(Debug)]
struct Member {
    number: u32,
    name: String,
    /// Which of the message's `oneof`s it is of.
    oneof: i32,
}

/// A field that holds a message in which there is such a one.
#[derive(Debug)]
struct Child {
    number: u32,
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
        let of_its_own = (!self.members.is_empty()).then(|| self.among(parts));
        of_its_own
            .flatten()
            .or_else(|| self.children.iter().find_map(|child| child.look(parts)))
    }

    /// Among the fields of the message itself.
    fn among(&self, parts: &[&[u8]]) -> Option<BothSet> {
        let mut seen: Vec<&Member> = Vec::new();
        for (number, _) in fields(parts) {
            let mut members = self.members.iter();
            let Some(member) = members.find(|member| member.number == number) else {
                continue;
            };
            let before = seen.iter().find(|before| before.oneof == member.oneof);
            match before {
                None => seen.push(member),
                Some(before) if before.number == number => {}
                Some(before) => {
                    return Some(BothSet {
                        field: member.name.clone(),
                        other: before.name.clone(),
                    });
                }
            }
        }
        None
    }
}

impl Child {
    fn look(&self, parts: &[&[u8]]) -> Option<BothSet> {
        let own = fields(parts).filter(|(number, _)| *number == self.number);
        let mut own = own.map(|(_, value)| value);
        if self.repeated {
            let mut each = own.enumerate();
            let (place, found) =
                each.find_map(|(place, value)| Some((place, self.shape.look(&[value])?)))?;
            return Some(found.within(&format!("{}[{place}]", self.name)));
        }
        let first = own.next()?;
        let found = match own.next() {
            None => self.shape.look(&[first]),
            Some(second) => {
                let parts: Vec<_> = [first, second].into_iter().chain(own).collect();
                self.shape.look(&parts)
            }
        };
        Some(found?.within(&self.name))
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

/// The fields of all parts of a message.
fn fields<'a>(parts: &[&'a [u8]]) -> impl Iterator<Item = (u32, &'a [u8])> {
    parts.iter().flat_map(|part| Fields(part))
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
                shape.members.push(Member {
                    number,
                    name: field.name().to_owned(),
                    oneof,
                });
            }
            if field.r#type() == Type::Message
                && let Some(inner) = self.shape(field.type_name(), depth + 1)
            {
                shape.children.push(Child {
                    number,
                    name: field.name().to_owned(),
                    repeated: field.label() == Label::Repeated,
                    shape: inner,
                });
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
