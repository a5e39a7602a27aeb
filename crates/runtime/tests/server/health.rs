//! What probes are told while the database goes and comes back.

use std::time::Duration;

use aval_database::{Database, DatabaseConfig};
use aval_runtime::channel::Channel;
use aval_runtime::condition::Condition;
use aval_testing::postgres::PostgresServer;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::stand::{Desk, PATIENCE, SERVICE, Stand};

async fn status(client: &mut HealthClient<Channel>, service: &str) -> ServingStatus {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let answer = client.check(request).await.unwrap();
    answer.into_inner().status()
}

async fn until(client: &mut HealthClient<Channel>, wanted: ServingStatus) {
    let said = async {
        while status(client, SERVICE).await != wanted {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let said = tokio::time::timeout(PATIENCE, said).await;
    said.unwrap_or_else(|_| panic!("it never says {wanted:?}"));
}

#[tokio::test]
async fn a_service_serves_while_its_database_answers_and_the_server_all_the_time() {
    let Some(mut postgres) = PostgresServer::start("a_service_serves_while_its_database") else {
        return;
    };
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", postgres.port());
    let db = Database::connect(&DatabaseConfig::for_url(url))
        .await
        .unwrap();
    let condition = Condition::of(db);
    let stand = Stand::start_telling(Some(condition), &Desk::new(), |_| {}).await;
    let mut client = HealthClient::new(stand.channel("monitoring"));
    until(&mut client, ServingStatus::Serving).await;

    postgres.kill();
    until(&mut client, ServingStatus::NotServing).await;
    assert_eq!(status(&mut client, "").await, ServingStatus::Serving);

    postgres.start_again();
    until(&mut client, ServingStatus::Serving).await;
}
