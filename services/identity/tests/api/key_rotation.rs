//! The keys of the patients' identities are changed while people are signed in.

use std::path::{Path, PathBuf};

use aval_identity::config::Config;
use aval_identity::key_rotation::KeyGone;
use aval_identity::server::{Server, StartError};
use aval_runtime::environment::Environment;
use aval_testing::provider::Realm;
use tokio_util::sync::CancellationToken;
use tonic::Response;

use crate::calls::{ins, reason, registration};
use crate::clinic::SINGLE;
use crate::identities::{change, resolve, update};
use crate::keys::http;
use crate::provider_logout::{accepted, claims_of, refused, signed_in, token};
use crate::stand::Stand;

/// The database and the first keys of a stand that has stopped.
pub(crate) fn as_before(config: &mut Config, folder: &Path) {
    let database = folder.join("identity.sqlite");
    let url = format!("sqlite://{}?mode=rw", database.display());
    config.database = aval_database::DatabaseConfig::for_url(url);
    config.patient_keys.digest_key_file = folder.join("digest.key");
    config.patient_keys.encryption_key_file = folder.join("encryption.key");
}

/// New keys are used, and the first ones are among the others.
pub(crate) fn with_new_keys(config: &mut Config, folder: &Path) {
    as_before(config, folder);
    let keys = &mut config.patient_keys;
    let new = |name: &str| -> PathBuf { folder.join(name) };
    keys.other_digest_key_files = vec![std::mem::replace(
        &mut keys.digest_key_file,
        new("digest-2.key"),
    )];
    keys.other_encryption_key_files = vec![std::mem::replace(
        &mut keys.encryption_key_file,
        new("encryption-2.key"),
    )];
}

/// The same when the first ones are gone.
pub(crate) fn without_the_first(config: &mut Config, folder: &Path) {
    with_new_keys(config, folder);
    config.patient_keys.other_digest_key_files.clear();
    config.patient_keys.other_encryption_key_files.clear();
}

#[tokio::test]
async fn a_patient_is_the_same_under_new_keys_and_the_first_ones_may_go() {
    let first = Stand::start().await;
    let registered = first.register_patient().await;
    let folder = first.stop().await;

    let mut config = None;
    let second = Stand::start_with(|changed, _| {
        with_new_keys(changed, folder.path());
        config = Some(changed.clone());
    })
    .await;
    let config = config.unwrap();
    let found = resolve(&second, ins()).await.unwrap();
    assert_eq!(found.patient_id, registered);
    second.patient_token("clinic").await;

    let mut said = Vec::new();
    let rotation = Server::rotate_keys(&config, |patients| said.push(patients));
    let report = rotation.await.unwrap();
    assert_eq!(said, [1]);
    assert_eq!(report.exit_code(), 0, "{report}");
    let text = report.to_string();
    let verdict = |file: &str| {
        let line = text.lines().find(|line| line.ends_with(file)).unwrap();
        line.split(' ')
            .skip(2)
            .take(2)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(verdict("/digest-2.key"), "1 current");
    assert_eq!(verdict("/encryption-2.key"), "1 current");
    assert_eq!(verdict("/digest.key"), "0 not");
    assert_eq!(verdict("/encryption.key"), "0 not");
    // Whoever served meanwhile goes on.
    second.patient_token("clinic").await;
    second.stop().await;

    let third = Stand::start_with(|config, _| without_the_first(config, folder.path())).await;
    let found = resolve(&third, ins()).await.unwrap();
    assert_eq!(found.patient_id, registered);
    let again = third.register_patient().await;
    assert_eq!(again, registered);
}

#[tokio::test]
async fn a_key_that_is_taken_away_too_early_is_named_and_nothing_starts() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let folder = stand.stop().await;
    let mut config = None;
    let next = Stand::start_with(|changed, _| {
        with_new_keys(changed, folder.path());
        config = Some(changed.clone());
    })
    .await;
    next.stop().await;
    let mut config = config.unwrap();
    let report = Server::rotate_keys(&config, |_| {}).await.unwrap();
    // What is under a key that is not the current one is still needed.
    config.patient_keys.digest_key_file = folder.path().join("digest.key");
    let unfinished = aval_identity::key_rotation::Report {
        files: aval_identity::key_rotation::KeyFile::all(&config.patient_keys).unwrap(),
        ..report
    };
    assert_eq!(unfinished.exit_code(), 22);

    let encryption = &mut config.patient_keys.other_encryption_key_files;
    let new = std::mem::replace(
        &mut config.patient_keys.encryption_key_file,
        encryption.remove(0),
    );
    let environment = Environment::system;
    let start = Server::start(config.clone(), environment(), CancellationToken::new());
    let Err(StartError::KeyGone(KeyGone::Encryption { key_id })) = start.await else {
        panic!("it starts without the key");
    };
    let needed = unfinished.files.iter().find(|file| file.path == new);
    assert_eq!(key_id, needed.unwrap().key_id);
    config.patient_keys.encryption_key_file = new;
    config.patient_keys.other_digest_key_files.clear();
    let start = Server::start(config, environment(), CancellationToken::new());
    let refused = start.await.unwrap_err();
    assert!(matches!(
        refused,
        StartError::KeyGone(KeyGone::Digest { .. })
    ));
}

#[tokio::test]
async fn a_write_that_is_repeated_under_a_new_digest_key_answers_as_the_first_did() {
    let first = Stand::start().await;
    let request = registration();
    let register = async |stand: &Stand| {
        let mut patients = stand.patients("gateway");
        let answer = patients.register_patient(request.clone()).await;
        answer.map(|answer| answer.into_inner().patient.unwrap())
    };
    let registered = register(&first).await.unwrap();
    let mut changed = registered.clone();
    changed.traits.as_mut().unwrap().birth_name = "PAT-QUATRE".to_owned();
    let change = change(&changed, &["traits"], None);
    let updated = update(&first, change.clone()).await.unwrap();
    let folder = first.stop().await;
    let next = Stand::start_with(|config, _| with_new_keys(config, folder.path())).await;
    assert_eq!(register(&next).await.unwrap(), updated);
    assert_eq!(update(&next, change.clone()).await.unwrap(), updated);
    // Another request under their names is none of them.
    let mut other = change;
    other.patient.as_mut().unwrap().traits = registered.traits;
    let refused = update(&next, other).await.map(Response::new);
    assert_eq!(reason(refused), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn sessions_from_before_a_new_digest_key_end_with_their_sign_in() {
    let first = Stand::start().await;
    let gone = signed_in(&first, SINGLE).await;
    let issuer = first.provider.issuer(Realm::Professionals).to_owned();
    let discovery_url = first.provider.discovery_url(Realm::Professionals);
    let ca = first.pki.files("provider").ca;
    let next = Stand::start_with(|config, _| {
        with_new_keys(config, first.folder.path());
        config.practitioners_provider.issuer = issuer;
        config.practitioners_provider.discovery_url = discovery_url;
        config.practitioners_provider.ca = ca;
    })
    .await;
    let logout = token(&first, &claims_of(&first, &gone.sid));
    accepted(&next, &logout).await;
    let list = http(&next).get(next.closed_sessions_url()).send().await;
    let list: serde_json::Value = list.unwrap().json().await.unwrap();
    let closed = serde_json::json!([gone.session.session_id]);
    assert_eq!(list["sessions"], closed);
    let again = refused(&next, &logout).await;
    assert_eq!(again.1, "the logout token was used before");
}
