//! How a server ends.

use std::time::Duration;

use aval_proto::audit::v1::{GetCheckpointRequest, GetInclusionProofRequest};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::stand::{Desk, PATIENCE, Stand, reason};

#[tokio::test]
async fn a_drain_lets_calls_end_and_takes_no_new_ones() {
    let desk = Desk::new();
    let stand = Stand::start(&desk, |_| {}).await;
    let mut client = stand.client();
    let in_flight = tokio::spawn(async move {
        client
            .get_inclusion_proof(GetInclusionProofRequest::default())
            .await
    });
    desk.until_a_handler_waits().await;

    stand.shutdown.cancel();
    let refused = async {
        while tokio::net::TcpStream::connect(stand.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, refused)
        .await
        .expect("the port is closed");
    assert!(!stand.serving.is_finished());

    desk.go_on.add_permits(1);
    assert!(in_flight.await.unwrap().is_ok());
    let served = tokio::time::timeout(PATIENCE, stand.serving).await;
    served.expect("the drain completes").unwrap();
}

#[tokio::test]
async fn a_drain_is_bounded() {
    let desk = Desk::new();
    let stand = Stand::start(&desk, |config| {
        config.drain = Duration::from_millis(50).into();
    })
    .await;
    let mut client = stand.client();
    let in_flight = tokio::spawn(async move {
        client
            .get_inclusion_proof(GetInclusionProofRequest::default())
            .await
    });
    desk.until_a_handler_waits().await;
    stand.shutdown.cancel();
    let served = tokio::time::timeout(PATIENCE, stand.serving).await;
    served.expect("what hangs is cut off").unwrap();
    assert!(in_flight.await.unwrap().is_err());
}

#[tokio::test]
async fn who_watches_health_learns_of_the_drain_and_does_not_hold_it_up() {
    let stand = Stand::start(&Desk::new(), |_| {}).await;
    let mut health = HealthClient::new(stand.channel("monitoring"));
    let watch = health.watch(HealthCheckRequest::default()).await;
    let mut statuses = watch.unwrap().into_inner();
    let first = statuses.message().await.unwrap().unwrap();
    assert_eq!(first.status(), ServingStatus::Serving);
    stand.shutdown.cancel();
    let mut last = None;
    while let Ok(Some(status)) = statuses.message().await {
        last = Some(status.status());
    }
    assert_eq!(last, Some(ServingStatus::NotServing));
    let served = tokio::time::timeout(PATIENCE, stand.serving).await;
    served.expect("the drain completes").unwrap();
}

#[tokio::test]
async fn a_stream_ends_when_its_connection_has_had_its_time() {
    let stand = Stand::start(&Desk::new(), |config| {
        config.connection_age = Duration::from_millis(100).into();
        config.default_deadline = Duration::from_millis(300).into();
        config.longest_deadline = Duration::from_millis(300).into();
        config.connection_grace = Duration::from_millis(300).into();
    })
    .await;
    let mut health = HealthClient::new(stand.channel("monitoring"));
    let watch = health.watch(HealthCheckRequest::default()).await;
    let mut statuses = watch.unwrap().into_inner();
    let first = statuses.message().await.unwrap().unwrap();
    assert_eq!(first.status(), ServingStatus::Serving);
    let ended = tokio::time::timeout(PATIENCE, statuses.message()).await;
    let status = ended.expect("it ends").unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(reason(&status), "DEPENDENCY_UNAVAILABLE");
    // The server goes on.
    let answer = stand.client().get_checkpoint(GetCheckpointRequest {}).await;
    assert!(answer.is_ok());
}

#[tokio::test]
async fn a_connection_that_has_lived_long_enough_is_replaced() {
    let desk = Desk::new();
    let stand = Stand::start(&desk, |config| {
        config.connection_age = Duration::from_millis(1).into();
    })
    .await;
    let mut client = stand.client();
    let calls = async {
        for _ in 0..50 {
            // One that meets the very moment at which the connection closes is made again.
            client
                .get_checkpoint(GetCheckpointRequest {})
                .await
                .unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, calls)
        .await
        .expect("every call gets through");
}
