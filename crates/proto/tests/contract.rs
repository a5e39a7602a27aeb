//! What every part of the contract keeps, checked on the descriptors: integrators
//! learn one service and know the others.

use prost_reflect::{DescriptorPool, EnumDescriptor, MessageDescriptor, MethodDescriptor};

fn pool() -> DescriptorPool {
    DescriptorPool::decode(aval_proto::FILE_DESCRIPTOR_SET).expect("the descriptor set decodes")
}

fn methods(pool: &DescriptorPool) -> Vec<MethodDescriptor> {
    let methods: Vec<_> = pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .collect();
    assert!(methods.len() > 70, "the contract has lost calls");
    methods
}

fn messages(pool: &DescriptorPool) -> Vec<MessageDescriptor> {
    let ours = |message: &MessageDescriptor| message.full_name().starts_with("aval.");
    pool.all_messages().filter(ours).collect()
}

fn comment(file: &prost_reflect::FileDescriptor, path: &[i32]) -> String {
    let source = file.file_descriptor_proto().source_code_info.as_ref();
    source
        .and_then(|source| {
            source
                .location
                .iter()
                .find(|location| location.path == path)
        })
        .and_then(|location| location.leading_comments.clone())
        .unwrap_or_default()
}

fn has_field(message: &MessageDescriptor, name: &str) -> bool {
    message.get_field_by_name(name).is_some()
}

/// Calls that change nothing, or whose repetition is told apart otherwise: the
/// reason stands beside each.
const WITHOUT_REQUEST_ID: &[(&str, &str)] = &[
    ("ExchangeToken", "each call opens a session"),
    ("RefreshToken", "a refresh token is used once"),
    ("ImportExtraction", "the request id stands in the header"),
    ("EraseEvents", "what is erased stays so"),
    ("AppendEvents", "the event ids tell repetitions apart"),
    ("ReportOutbox", "nothing is recorded; the newest counts"),
    ("AcknowledgeNotification", "repeating it answers the same"),
];

const READS: &[&str] = &[
    "Get",
    "List",
    "Search",
    "Watch",
    "Check",
    "Batch",
    "Resolve",
    "Explain",
    "Preview",
    "Introspect",
    "Export",
];

#[test]
fn the_comment_of_every_call_begins_with_its_name() {
    for method in methods(&pool()) {
        let text = comment(&method.parent_file(), method.path());
        assert!(
            text.trim_start().starts_with(method.name()),
            "{}: the comment does not begin with the name",
            method.full_name()
        );
    }
}

#[test]
fn every_call_has_its_own_request_and_response() {
    for method in methods(&pool()) {
        assert_eq!(method.input().name(), format!("{}Request", method.name()));
        assert_eq!(method.output().name(), format!("{}Response", method.name()));
    }
}

#[test]
fn every_change_can_be_repeated_by_request_id() {
    for method in methods(&pool()) {
        let name = method.name();
        let reads = READS.iter().any(|prefix| name.starts_with(prefix));
        let excepted = WITHOUT_REQUEST_ID.iter().any(|(call, _)| *call == name);
        let has = has_field(&method.input(), "request_id");
        assert_eq!(has, !reads && !excepted, "{}", method.full_name());
    }
}

#[test]
fn every_list_is_paged() {
    for method in methods(&pool()) {
        let pages = method.name().starts_with("List") || method.name().starts_with("Search");
        assert_eq!(
            has_field(&method.input(), "page_size"),
            pages,
            "{}",
            method.full_name()
        );
        assert_eq!(
            has_field(&method.input(), "page_token"),
            pages,
            "{}",
            method.full_name()
        );
        assert_eq!(
            has_field(&method.output(), "next_page_token"),
            pages,
            "{}",
            method.full_name()
        );
    }
}

#[test]
fn every_watch_can_be_resumed() {
    for method in methods(&pool()) {
        let watches = method.name().starts_with("Watch");
        assert_eq!(
            has_field(&method.input(), "cursor"),
            watches,
            "{}",
            method.full_name()
        );
        assert_eq!(
            has_field(&method.output(), "cursor"),
            watches,
            "{}",
            method.full_name()
        );
    }
}

#[test]
fn times_end_in_at_and_only_they_do() {
    for message in messages(&pool()) {
        for field in message.fields() {
            let kind = field.kind();
            let is_time = kind
                .as_message()
                .is_some_and(|kind| kind.full_name() == "google.protobuf.Timestamp");
            let named_as_time = field.name().ends_with("_at") || field.name() == "at";
            let named_as_source_time = field.name() == "as_of";
            assert_eq!(
                is_time,
                named_as_time || named_as_source_time,
                "{}.{}",
                message.full_name(),
                field.name()
            );
        }
    }
}

#[test]
fn every_enum_begins_with_an_unspecified_value() {
    let pool = pool();
    let ours = pool
        .all_enums()
        .filter(|kind: &EnumDescriptor| kind.full_name().starts_with("aval."));
    for kind in ours {
        let first = kind.get_value(0).expect("a value numbered 0");
        assert!(
            first.name().ends_with("_UNSPECIFIED"),
            "{}",
            kind.full_name()
        );
    }
}

#[test]
fn the_calls_of_the_contract_are_these() {
    let names: Vec<String> = methods(&pool())
        .iter()
        .map(|method| method.full_name().to_owned())
        .collect();
    insta::assert_snapshot!(names.join("\n"));
}
