//! How a server ends.

use std::time::Duration;

use aval_proto::audit::v1::{GetCheckpointRequest, GetInclusionProofRequest};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::stand::{Desk, PATIENCE, Stand};

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
