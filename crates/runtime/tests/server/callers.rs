//! Who is let in.

use aval_proto::audit::v1::GetCheckpointRequest;
use aval_proto::audit::v1::transparency_service_client::TransparencyServiceClient;
use aval_runtime::channel::connect_lazy;
use aval_runtime::config::{GrpcConfig, PeerConfig};
use tonic::Code;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::pki::Pki;
use crate::stand::{Desk, SERVICE, Stand, reason};

#[tokio::test]
async fn a_caller_on_the_list_is_served_under_its_own_name() {
    let stand = Stand::start(&Desk::new(), |_| {}).await;
    let answer = stand
        .client()
        .get_checkpoint(GetCheckpointRequest {})
        .await
        .unwrap();
    assert_eq!(answer.into_inner().checkpoint, "records");
}

#[tokio::test]
async fn a_caller_who_is_not_on_the_list_is_refused_with_a_reason() {
    let stand = Stand::start(&Desk::new(), |_| {}).await;
    let mut client = TransparencyServiceClient::new(stand.channel("billing"));
    let status = client
        .get_checkpoint(GetCheckpointRequest {})
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(reason(&status), "CALLER_NOT_ALLOWED");
    let request_id = status.metadata().get("aval-request-id").unwrap();
    assert_eq!(request_id.len(), 32);
}

#[tokio::test]
async fn a_client_without_a_certificate_is_not_served() {
    let stand = Stand::start(&Desk::new(), |_| {}).await;
    let authority = std::fs::read_to_string(stand.pki.authority()).unwrap();
    let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(authority));
    let uri = format!("https://localhost:{}", stand.address.port());
    let channel = Endpoint::from_shared(uri)
        .unwrap()
        .tls_config(tls)
        .unwrap()
        .connect_lazy();
    let mut client = TransparencyServiceClient::new(channel.clone());
    assert!(
        client
            .get_checkpoint(GetCheckpointRequest {})
            .await
            .is_err()
    );
    // Not even what is open to every caller.
    let health = HealthClient::new(channel)
        .check(HealthCheckRequest::default())
        .await;
    assert!(health.is_err());
    // The server lives, and so does the name it answers to.
    assert!(
        stand
            .client()
            .get_checkpoint(GetCheckpointRequest {})
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_not_served() {
    let stand = Stand::start(&Desk::new(), |_| {}).await;
    let elsewhere = Pki::new();
    let mut files_elsewhere = elsewhere.files("records");
    files_elsewhere.client_ca = stand.pki.authority();
    let channel = connect_lazy(&stand.peer(files_elsewhere)).unwrap();
    let mut client = TransparencyServiceClient::new(channel);
    let status = client
        .get_checkpoint(GetCheckpointRequest {})
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "DEPENDENCY_UNAVAILABLE");
}

#[tokio::test]
async fn a_server_of_another_authority_is_not_believed() {
    let stand = Stand::start(&Desk::new(), |_| {}).await;
    let (elsewhere, mut files) = (Pki::new(), stand.pki.files("records"));
    files.client_ca = elsewhere.authority();
    let mut client = TransparencyServiceClient::new(connect_lazy(&stand.peer(files)).unwrap());
    let status = client
        .get_checkpoint(GetCheckpointRequest {})
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_certificate_without_exactly_one_name_of_the_trust_domain_names_nobody() {
    let stand = Stand::start(&Desk::new(), |_| {}).await;
    let names: [&[&str]; 4] = [
        &[],
        &["spiffe://aval.test/records", "spiffe://aval.test/billing"],
        &["https://aval.test/records"],
        &["spiffe://elsewhere.test/records"],
    ];
    for uris in names {
        let files = stand.pki.files_with_uris("odd", uris);
        let mut client = TransparencyServiceClient::new(connect_lazy(&stand.peer(files)).unwrap());
        let status = client
            .get_checkpoint(GetCheckpointRequest {})
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{uris:?}");
        assert_eq!(reason(&status), "CALLER_UNKNOWN", "{uris:?}");
    }
}

#[tokio::test]
async fn health_answers_every_verified_caller() {
    let stand = Stand::start(&Desk::new(), |_| {}).await;
    for service in ["", SERVICE] {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let answer = HealthClient::new(stand.channel("monitoring"))
            .check(request)
            .await
            .unwrap();
        assert_eq!(
            answer.into_inner().status(),
            ServingStatus::Serving,
            "{service}"
        );
    }
}

#[tokio::test]
async fn reflection_lists_the_whole_contract() {
    let stand = Stand::start(&Desk::new(), |_| {}).await;
    let request = ServerReflectionRequest {
        message_request: Some(MessageRequest::ListServices(String::new())),
        ..Default::default()
    };
    let answers = ServerReflectionClient::new(stand.channel("developer"))
        .server_reflection_info(tokio_stream::iter([request]))
        .await;
    let answer = answers
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("the answer to a list is a list");
    };
    let names: Vec<_> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    for expected in [
        SERVICE,
        "aval.consent.v1.DecisionService",
        "grpc.health.v1.Health",
    ] {
        assert!(
            names.iter().any(|name| name == expected),
            "{expected} is not in {names:?}"
        );
    }
}

#[tokio::test]
async fn a_listener_in_clear_takes_every_caller_for_the_insecure_one() {
    let stand = Stand::start(&Desk::new(), |config| {
        *config = GrpcConfig::insecure_loopback("127.0.0.1:0".parse().unwrap());
    })
    .await;
    let channel = connect_lazy(&PeerConfig::insecure_loopback(stand.address)).unwrap();
    let mut client = TransparencyServiceClient::new(channel);
    let answer = client
        .get_checkpoint(GetCheckpointRequest {})
        .await
        .unwrap();
    assert_eq!(answer.into_inner().checkpoint, "insecure-loopback");
}
