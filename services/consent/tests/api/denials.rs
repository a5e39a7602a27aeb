//! No token, a wrong token, a wrong caller, for every call of the four services; and
//! what is not served yet.

use std::collections::BTreeSet;

use aval_proto::FILE_DESCRIPTOR_SET;
use aval_proto::consent::v1 as proto;
use aval_runtime::channel::Channel;
use futures::stream;
use prost::Message as _;
use prost_types::FileDescriptorSet;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use crate::people::Person;
use crate::stand::{Stand, reason};

/// Every RPC of the contract, `Service/Method`.
pub(crate) fn rpcs() -> BTreeSet<String> {
    let files = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
    let ours = files
        .file
        .iter()
        .filter(|file| file.package() == "aval.consent.v1");
    ours.flat_map(|file| &file.service)
        .flat_map(|service| {
            let methods = service.method.iter();
            methods.map(|method| format!("{}/{}", service.name(), method.name()))
        })
        .collect()
}

/// The software that may make the call: what operators keep is theirs alone.
fn software<'a>(rpc: &str, usual: &'a str) -> &'a str {
    if rpc.starts_with("PolicyService/") {
        "operator"
    } else {
        usual
    }
}

/// Calls any RPC with a message in its wire form.
async fn call(channel: Channel, rpc: &str, message: Vec<u8>, bearer: Option<&str>) -> Status {
    let path = PathAndQuery::try_from(format!("/aval.consent.v1.{rpc}")).unwrap();
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready().await.unwrap();
    let message = proto::CheckRequest::decode(message.as_slice()).unwrap_or_default();
    let mut request = Request::new(stream::iter([message]));
    if let Some(bearer) = bearer {
        request
            .metadata_mut()
            .insert("authorization", bearer.parse().unwrap());
    }
    let codec = ProstCodec::<proto::CheckRequest, proto::CheckResponse>::default();
    match grpc.streaming(request, path, codec).await {
        Err(status) => status,
        Ok(answer) => match answer.into_inner().message().await {
            Err(status) => status,
            Ok(_) => Status::ok("served"),
        },
    }
}

#[tokio::test]
async fn a_caller_that_is_not_listed_is_denied_every_call() {
    let stand = Stand::start().await;
    let bearer = stand.bearer(Person::Anna, "stranger");
    for rpc in rpcs() {
        for bearer in [None, Some(bearer.as_str())] {
            let status = call(stand.channel("stranger"), &rpc, Vec::new(), bearer).await;
            assert_eq!(status.code(), Code::PermissionDenied, "{rpc}");
            assert_eq!(reason(&status), "CALLER_NOT_ALLOWED", "{rpc}");
        }
    }
}

#[tokio::test]
async fn without_a_token_every_call_is_denied_but_a_services_own() {
    let stand = Stand::start().await;
    let mut without_person = Vec::new();
    for rpc in rpcs() {
        let channel = stand.channel(software(&rpc, "gateway"));
        let status = call(channel, &rpc, Vec::new(), None).await;
        if status.code() == Code::Unauthenticated {
            assert_eq!(reason(&status), "TOKEN_MISSING", "{rpc}");
        } else {
            without_person.push(rpc);
        }
    }
    assert_eq!(
        without_person,
        [
            "PolicyService/CheckMatrix",
            "PolicyService/GetMatrix",
            "PolicyService/LoadMatrix",
            "RecordSettingsService/OpenRecord"
        ]
    );
}

#[tokio::test]
async fn a_wrong_token_is_never_taken_for_none() {
    let stand = Stand::start().await;
    let stolen = stand.bearer(Person::Anna, "gateway");
    for rpc in rpcs() {
        for (bearer, expected) in [
            ("Bearer x", "TOKEN_INVALID"),
            (stolen.as_str(), "TOKEN_BOUND_ELSEWHERE"),
        ] {
            let channel = stand.channel(software(&rpc, "records"));
            let status = call(channel, &rpc, Vec::new(), Some(bearer)).await;
            assert_eq!(status.code(), Code::Unauthenticated, "{rpc}");
            assert_eq!(reason(&status), expected, "{rpc}");
        }
    }
}

#[tokio::test]
async fn what_is_not_served_yet_says_so_to_people_only() {
    let stand = Stand::start().await;
    let bearer = stand.bearer(Person::Anna, "gateway");
    let mut later = Vec::new();
    for rpc in rpcs() {
        let software = software(&rpc, "gateway");
        let bearer = (software == "gateway").then_some(bearer.as_str());
        let status = call(stand.channel(software), &rpc, Vec::new(), bearer).await;
        if status.code() == Code::Unimplemented {
            assert_eq!(reason(&status), "NOT_IMPLEMENTED");
            later.push(rpc);
        }
    }
    assert_eq!(later, NOT_SERVED_YET);
}

pub(crate) const NOT_SERVED_YET: [&str; 0] = [];
