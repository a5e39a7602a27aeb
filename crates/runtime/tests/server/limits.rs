//! Deadlines, load, sizes and panics.

use std::num::NonZeroU32;
use std::time::Duration;

use aval_proto::audit::v1::transparency_service_client::TransparencyServiceClient;
use aval_proto::audit::v1::{
    GetCheckpointRequest, GetConsistencyProofRequest, GetInclusionProofRequest,
    GetInclusionProofResponse, GetPatientProofRequest,
};
use aval_runtime::channel::{Channel, HELD_BACK, connect_lazy};
use futures::future::join_all;
use tokio::task::JoinHandle;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt;

use crate::stand::{Desk, Stand, reason};

type Client = TransparencyServiceClient<Channel>;

/// A client without deadlines of its own, so that only the server's count.
fn patient_client(stand: &Stand) -> TransparencyServiceClient<tonic::transport::Channel> {
    let files = stand.pki.files("records");
    let read = |path: &std::path::Path| std::fs::read_to_string(path).unwrap();
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(read(&files.client_ca)))
        .identity(Identity::from_pem(
            read(&files.certificate),
            read(&files.private_key),
        ));
    let uri = format!("https://localhost:{}", stand.address.port());
    let endpoint = Endpoint::from_shared(uri).unwrap().tls_config(tls).unwrap();
    TransparencyServiceClient::new(endpoint.connect_lazy())
}

#[tokio::test]
async fn a_call_that_takes_too_long_ends_with_deadline_exceeded() {
    let stand = Stand::start(&Desk::new(), |config| {
        config.default_deadline = Duration::from_millis(50).into();
    })
    .await;
    let request = GetInclusionProofRequest::default();
    let status = patient_client(&stand)
        .get_inclusion_proof(request)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(reason(&status), "DEADLINE_EXCEEDED");
}

#[tokio::test]
async fn a_channel_gives_up_at_the_deadline_of_its_peer() {
    let stand = Stand::start(&Desk::new(), |_| {}).await;
    let mut peer = stand.peer(stand.pki.files("records"));
    peer.deadline = Duration::from_millis(50).into();
    let mut client = TransparencyServiceClient::new(connect_lazy(&peer).unwrap());
    let request = GetInclusionProofRequest::default();
    let status = client.get_inclusion_proof(request).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_channel_gives_up_at_the_deadline_of_its_client() {
    let stand = Stand::start(&Desk::new(), |_| {}).await;
    let mut request = Request::new(GetInclusionProofRequest::default());
    request.set_timeout(Duration::from_millis(50));
    let status = stand
        .client()
        .get_inclusion_proof(request)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

/// A call that waits in its handler until the desk lets it go on.
async fn take_the_room(
    desk: &Desk,
    client: &Client,
) -> JoinHandle<Result<Response<GetInclusionProofResponse>, Status>> {
    let mut client = client.clone();
    let waiting = tokio::spawn(async move {
        let request = GetInclusionProofRequest::default();
        client.get_inclusion_proof(request).await
    });
    desk.until_a_handler_waits().await;
    waiting
}

async fn until_it_answers(mut client: Client) {
    let answered = async {
        while client
            .get_checkpoint(GetCheckpointRequest {})
            .await
            .is_err()
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::stand::PATIENCE, answered)
        .await
        .expect("there is room again");
}

#[tokio::test]
async fn a_call_beyond_the_limit_is_shed_and_health_is_not() {
    let desk = Desk::new();
    let stand = Stand::start(&desk, |config| config.concurrency_limit = 1).await;
    let mut client = stand.client();
    let first = take_the_room(&desk, &client).await;

    let status = client
        .get_checkpoint(GetCheckpointRequest {})
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(reason(&status), "OVERLOADED");
    assert!(
        status
            .get_details_retry_info()
            .unwrap()
            .retry_delay
            .is_some()
    );
    let health = HealthClient::new(stand.channel("monitoring"));
    assert!(
        { health }
            .check(HealthCheckRequest::default())
            .await
            .is_ok()
    );

    desk.go_on.add_permits(1);
    assert!(first.await.unwrap().is_ok());
    assert!(client.get_checkpoint(GetCheckpointRequest {}).await.is_ok());
}

#[tokio::test]
async fn a_channel_holds_calls_back_from_a_server_without_room_and_health_is_asked() {
    let desk = Desk::new();
    let stand = Stand::start(&desk, |config| config.concurrency_limit = 1).await;
    let client = stand.client();
    let first = take_the_room(&desk, &client).await;

    let ask = || async {
        let answer = { client.clone() }
            .get_checkpoint(GetCheckpointRequest {})
            .await;
        answer.unwrap_err()
    };
    let held_back = async {
        loop {
            for status in join_all((0..64).map(|_| ask())).await {
                assert_eq!(reason(&status), "OVERLOADED");
                assert!(status.get_details_retry_info().is_some());
                if status.message() == HELD_BACK {
                    return;
                }
            }
        }
    };
    tokio::time::timeout(crate::stand::PATIENCE, held_back)
        .await
        .expect("calls are held back");
    let mut health = HealthClient::new(stand.channel("records"));
    for _ in 0..20 {
        health.check(HealthCheckRequest::default()).await.unwrap();
    }

    desk.go_on.add_permits(1);
    assert!(first.await.unwrap().is_ok());
    until_it_answers(client).await;
}

#[tokio::test]
async fn a_caller_who_calls_too_often_is_told_when_to_come_back_and_health_is_not() {
    let stand = Stand::start(&Desk::new(), |config| {
        config.calls_per_second = NonZeroU32::new(2);
    })
    .await;
    let mut client = stand.client();
    let mut answered = 0;
    let refused = loop {
        match client.get_checkpoint(GetCheckpointRequest {}).await {
            Ok(_) => answered += 1,
            Err(status) => break status,
        }
    };
    assert!(answered >= 2, "{answered}");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(reason(&refused), "OVERLOADED");
    let wait = refused.get_details_retry_info().unwrap().retry_delay;
    assert!(wait.is_some_and(|wait| !wait.is_zero() && wait <= Duration::from_secs(1)));
    let mut health = HealthClient::new(stand.channel("records"));
    for _ in 0..20 {
        health.check(HealthCheckRequest::default()).await.unwrap();
    }
}

#[tokio::test]
async fn a_call_that_its_client_gives_up_makes_room() {
    let desk = Desk::new();
    let stand = Stand::start(&desk, |config| config.concurrency_limit = 1).await;
    let client = stand.client();
    let given_up = take_the_room(&desk, &client).await;
    given_up.abort();
    until_it_answers(client).await;
}

#[tokio::test]
async fn a_panic_answers_internal_and_the_server_lives() {
    let stand = Stand::start(&Desk::new(), |_| {}).await;
    let mut client = stand.client();
    for _ in 0..3 {
        let request = GetConsistencyProofRequest::default();
        let status = client.get_consistency_proof(request).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal);
        assert_eq!(reason(&status), "INTERNAL");
        assert!(!status.message().contains("defect of this test"));
    }
    assert!(client.get_checkpoint(GetCheckpointRequest {}).await.is_ok());
}

#[tokio::test]
async fn a_message_larger_than_the_limit_is_refused() {
    let stand = Stand::start(&Desk::new(), |config| config.max_message_bytes = 1024).await;
    let mut client = stand.client();
    let request = |length| GetPatientProofRequest {
        patient_id: "x".repeat(length),
        ..GetPatientProofRequest::default()
    };
    let status = client.get_patient_proof(request(1024)).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(reason(&status), "MESSAGE_TOO_LARGE");
    assert!(status.get_details_retry_info().is_none());
    let status = client.get_patient_proof(request(1000)).await.unwrap_err();
    assert_eq!(
        reason(&status),
        "TOKEN_MISSING",
        "small enough to reach its handler"
    );
}
