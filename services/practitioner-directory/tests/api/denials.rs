//! Who may not, for every call of both services; and that every call is served.

use aval_proto::FILE_DESCRIPTOR_SET;
use aval_proto::practitioner_directory::v1 as proto;
use aval_runtime::channel::Channel;
use futures::stream;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use crate::stand::{Stand, reason, synthesized, tls};

const DIRECTORY: &str = "aval.practitioner_directory.v1.DirectoryService";
const ADMIN: &str = "aval.practitioner_directory.v1.DirectoryAdminService";

/// Every method of a service of the contract.
fn methods(service: &str) -> Vec<String> {
    let pool = prost_reflect::DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    let service = pool.get_service_by_name(service).unwrap();
    service
        .methods()
        .map(|method| method.name().to_owned())
        .collect()
}

/// Calls any method with an empty message, with this authorization.
async fn call(channel: Channel, service: &str, method: &str, token: Option<&str>) -> Status {
    let path = PathAndQuery::try_from(format!("/{service}/{method}")).unwrap();
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready().await.unwrap();
    let mut request = Request::new(stream::iter([proto::GetFreshnessRequest {}]));
    if let Some(token) = token {
        request
            .metadata_mut()
            .insert("authorization", token.parse().unwrap());
    }
    let codec = ProstCodec::<proto::GetFreshnessRequest, proto::GetFreshnessRequest>::default();
    let answer = grpc.streaming(request, path, codec).await;
    match answer {
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
    for service in [DIRECTORY, ADMIN] {
        for method in methods(service) {
            let status = call(stand.channel("stranger"), service, &method, None).await;
            assert_eq!(status.code(), Code::PermissionDenied, "{method}");
            assert_eq!(reason(&status), "CALLER_NOT_ALLOWED", "{method}");
        }
    }
    for method in methods(ADMIN) {
        let status = call(stand.channel("records"), ADMIN, &method, None).await;
        assert_eq!(reason(&status), "CALLER_NOT_ALLOWED", "{method}");
    }
}

#[tokio::test]
async fn only_the_operator_keeps_the_directory_even_if_the_table_lists_others() {
    let stand = Stand::start().await;
    for method in methods(ADMIN) {
        let status = call(stand.channel("gateway"), ADMIN, &method, None).await;
        assert_eq!(status.code(), Code::PermissionDenied, "{method}");
        assert_eq!(reason(&status), "CALLER_NOT_ALLOWED", "{method}");
    }
}

#[tokio::test]
async fn nobody_keeps_the_directory_on_a_person_s_behalf() {
    let stand = Stand::start().await;
    let token = stand.issuer.patient(&tls(&stand.pki, "operator"));
    for method in methods(ADMIN) {
        let status = call(stand.channel("operator"), ADMIN, &method, Some(&token)).await;
        assert_eq!(status.code(), Code::PermissionDenied, "{method}");
        assert_eq!(reason(&status), "ACTOR_NOT_ALLOWED", "{method}");
    }
}

#[tokio::test]
async fn a_wrong_token_is_refused_where_a_token_is_optional() {
    let stand = Stand::start().await;
    let stolen = stand.issuer.patient(&tls(&stand.pki, "gateway"));
    for method in methods(DIRECTORY) {
        for (token, expected) in [
            ("Bearer x", "TOKEN_INVALID"),
            (&stolen, "TOKEN_BOUND_ELSEWHERE"),
        ] {
            let status = call(stand.channel("records"), DIRECTORY, &method, Some(token)).await;
            assert_eq!(status.code(), Code::Unauthenticated, "{method}");
            assert_eq!(reason(&status), expected, "{method}");
        }
    }
}

#[tokio::test]
async fn the_directory_is_read_with_or_without_a_person() {
    let stand = Stand::start().await;
    stand.import(&synthesized(10)).await;
    let token = stand.issuer.patient(&tls(&stand.pki, "gateway"));
    for authorization in [None, Some(token)] {
        let mut request = Request::new(proto::GetFreshnessRequest {});
        if let Some(token) = authorization {
            request
                .metadata_mut()
                .insert("authorization", token.parse().unwrap());
        }
        stand
            .directory("gateway")
            .get_freshness(request)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn every_call_of_the_contract_is_served() {
    let stand = Stand::start().await;
    for (service, caller) in [(DIRECTORY, "records"), (ADMIN, "operator")] {
        for method in methods(service) {
            let status = call(stand.channel(caller), service, &method, None).await;
            assert_ne!(status.code(), Code::Unimplemented, "{method}");
        }
    }
}
