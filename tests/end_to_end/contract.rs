//! The calls of the contract, as its descriptors have them: what each takes, and
//! what its comment promises.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use aval_proto::common::v1::ErrorReason;
use prost_reflect::{DescriptorPool, FileDescriptor, MessageDescriptor, MethodDescriptor};
use prost_types::source_code_info::Location;
use tonic::codegen::http::uri::PathAndQuery;

/// One call.
#[derive(Debug, Clone)]
pub(crate) struct Call(MethodDescriptor);

/// Which service's listener a call goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listener {
    Directory,
    Identity,
    Consent,
    Audit,
}

impl Listener {
    pub(crate) const ALL: [Self; 4] = [Self::Directory, Self::Identity, Self::Consent, Self::Audit];
}

impl Call {
    /// Every call of the contract.
    pub(crate) fn all() -> Vec<Self> {
        let methods = pool()
            .services()
            .flat_map(|service| service.methods().collect::<Vec<_>>());
        let calls: Vec<_> = methods.map(Self).collect();
        assert!(calls.len() > 70, "the contract has lost calls");
        calls
    }

    /// One call by its short name, `GrantService/CreateGrant`.
    pub(crate) fn named(name: &str) -> Self {
        let mut calls = Self::all().into_iter();
        calls
            .find(|call| call.name() == name)
            .unwrap_or_else(|| panic!("no call {name}"))
    }

    /// `GrantService/CreateGrant`.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.0.parent_service().name(), self.0.name())
    }

    /// `CreateGrant`.
    pub(crate) fn method(&self) -> &str {
        self.0.name()
    }

    /// `aval.consent.v1.GrantService`.
    pub(crate) fn service(&self) -> String {
        self.0.parent_service().full_name().to_owned()
    }

    pub(crate) fn path(&self) -> PathAndQuery {
        let path = format!("/{}/{}", self.service(), self.0.name());
        path.parse().expect("names of the contract make a path")
    }

    pub(crate) fn listener(&self) -> Listener {
        match self.0.parent_file().package_name() {
            "aval.practitioner_directory.v1" => Listener::Directory,
            "aval.identity.v1" => Listener::Identity,
            "aval.consent.v1" => Listener::Consent,
            "aval.audit.v1" => Listener::Audit,
            other => panic!("no listener serves {other}"),
        }
    }

    /// What it takes.
    pub(crate) fn request(&self) -> MessageDescriptor {
        self.0.input()
    }

    /// What it answers.
    pub(crate) fn response(&self) -> MessageDescriptor {
        self.0.output()
    }

    /// Whether the answer is a stream, which may have no end.
    pub(crate) fn answers_in_a_stream(&self) -> bool {
        self.0.is_server_streaming()
    }

    /// Whether a person's token is required: the comment then names the refusal of
    /// whoever comes without.
    pub(crate) fn needs_a_person(&self) -> bool {
        self.errors().contains("TOKEN_MISSING")
    }

    /// Whether it is for software alone, and no person may make it.
    pub(crate) fn is_for_no_person(&self) -> bool {
        let of_service = comment(&self.0.parent_file(), self.0.parent_service().path());
        [self.comment(), of_service]
            .iter()
            .any(|text| text.contains("no person's token"))
    }

    /// The reasons that the comment names behind `Errors:`, with those of the call that
    /// it refers to (`as Check`).
    fn errors(&self) -> BTreeSet<String> {
        let comment = self.comment();
        let (_, errors) = comment.split_once("Errors:").unwrap_or_default();
        let mut reasons: BTreeSet<String> = words(errors)
            .filter(|word| {
                let name = format!("ERROR_REASON_{word}");
                ErrorReason::from_str_name(&name).is_some()
            })
            .map(str::to_owned)
            .collect();
        if let Some((_, after)) = errors.split_once("as ")
            && let Some(other) = words(after).next()
            && let Some(other) = self
                .0
                .parent_service()
                .methods()
                .find(|m| m.name() == other)
        {
            reasons.extend(Self(other).errors());
        }
        reasons
    }

    fn comment(&self) -> String {
        comment(&self.0.parent_file(), self.0.path())
    }
}

fn pool() -> &'static DescriptorPool {
    static POOL: OnceLock<DescriptorPool> = OnceLock::new();
    POOL.get_or_init(|| {
        DescriptorPool::decode(aval_proto::FILE_DESCRIPTOR_SET).expect("the descriptors decode")
    })
}

/// The comment before an element, on one line.
fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    let source = file.file_descriptor_proto().source_code_info.as_ref();
    let location = source.and_then(|source| source.location.iter().find(|at| at.path == path));
    let text = location.map(Location::leading_comments).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}

#[test]
fn what_a_comment_promises_is_read_from_it() {
    assert!(Call::named("GrantService/CreateGrant").needs_a_person());
    assert!(Call::named("DecisionService/Authorize").needs_a_person());
    assert!(!Call::named("SessionService/ExchangeToken").needs_a_person());
    assert!(Call::named("PatientService/RegisterPatient").is_for_no_person());
    assert!(Call::named("DirectoryAdminService/GetImport").is_for_no_person());
    assert!(!Call::named("DirectoryService/GetPractitioner").is_for_no_person());
}
