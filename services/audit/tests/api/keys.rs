//! The key under which the patients' keys are: without it the service does not start.

use std::fs;

use aval_audit::config::Config;
use aval_audit::server::{Server, StartError};
use aval_proto::audit::v1::ListEventsRequest;
use aval_runtime::environment::Environment;
use tokio_util::sync::CancellationToken;

use crate::deeds::access;
use crate::people::{Person, patient_id, practitioner_id};
use crate::stand::Stand;

async fn refusal(config: Config) -> StartError {
    let started = Server::start(config, Environment::system(), CancellationToken::new());
    started.await.map(|_| ()).unwrap_err()
}

#[tokio::test]
async fn without_its_key_the_service_does_not_start_and_names_what_it_misses() {
    let mut stand = Stand::start().await;
    let patient = patient_id();
    let event = access(practitioner_id(), patient);
    stand.record(std::slice::from_ref(&event)).await;
    stand.stop().await;
    let file = stand.config().encryption.key_files[0].clone();
    let kept = file.with_extension("kept");
    fs::rename(&file, &kept).unwrap();

    let mut config = stand.config();
    config.create_missing_keys = false;
    let missing = refusal(config).await.to_string();
    assert!(missing.contains("trail-encryption.key"), "{missing}");

    // A new one is not the one that is needed.
    let other = refusal(stand.config()).await;
    assert!(matches!(other, StartError::KeyGone(_)), "{other}");
    assert!(
        other.to_string().contains("encryption.key_files"),
        "{other}"
    );

    let mut rotated = stand.config();
    rotated.encryption.key_files.push(kept.clone());
    let report = Server::rotate_keys(&rotated, |_| {}).await.unwrap();
    assert!(report.is_finished(), "{report}");
    assert_eq!((report.rewrapped, report.encrypted), (1, 0));
    stand.start_again().await;
    let me = Person::Patient(patient);
    let page = stand.list(me, ListEventsRequest::default()).await.unwrap();
    assert_eq!(page.events.len(), 1);
}
