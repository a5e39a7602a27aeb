//! The keys of the tokens, as the other services fetch and use them.

use std::sync::Arc;
use std::time::Duration;

use aval_domain::random::SystemRandom;
use aval_identity::config::Config;
use aval_runtime::caller::CertificateThumbprint;
use aval_runtime::config::{DurationText, TokenConfig};
use aval_runtime::context::Actor;
use aval_runtime::environment::Environment;
use aval_runtime::token::{TokenError, TokenVerifier};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::calls::{ins, reason, with_token};
use crate::clinic;
use crate::stand::{ISSUER, Stand};

/// A verifier as the other services have one.
pub(crate) fn verifier(stand: &Stand) -> TokenVerifier {
    let environment = Environment {
        clock: Arc::new(stand.clock.clone()),
        random: Arc::new(SystemRandom),
    };
    let config = TokenConfig {
        issuer: ISSUER.to_owned(),
        jwks_url: stand.jwks_url(),
        jwks_ca: Some(stand.pki.files("identity").ca),
        closed_sessions_url: Some(stand.closed_sessions_url()),
        leeway: DurationText::from_secs(2),
    };
    TokenVerifier::new(&config, &environment).unwrap()
}

pub(crate) fn thumbprint(stand: &Stand, caller: &str) -> CertificateThumbprint {
    let certificate = CertificateDer::from_pem_file(stand.tls(caller).certificate).unwrap();
    CertificateThumbprint::of_der(&certificate)
}

#[tokio::test]
async fn another_service_verifies_a_token_from_the_published_keys() {
    let stand = Stand::start().await;
    let request = stand.as_professional(clinic::DOCTOR, &clinic::at_the_cabinet());
    let answer = stand
        .sessions("clinic")
        .exchange_token(request)
        .await
        .unwrap()
        .into_inner();
    let elsewhere = verifier(&stand);
    let own = Some(thumbprint(&stand, "clinic"));
    let token = elsewhere.verify(&answer.access_token, own).await.unwrap();
    let Actor::Practitioner(doctor) = token.actor.as_ref() else {
        panic!("{:?}", token.actor);
    };
    assert_eq!(
        doctor.practitioner_id.to_string(),
        clinic::practitioner_id(clinic::DOCTOR)
    );
    assert_eq!(
        doctor.activity.activity_id.to_string(),
        clinic::at_the_cabinet()
    );
    assert_eq!(doctor.session_id.to_string(), answer.session_id);
    assert!(doctor.direct && !doctor.activity.regulation_access);
}

#[tokio::test]
async fn a_token_is_good_with_its_own_certificate_alone_and_for_five_minutes() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let token = stand.patient_token("clinic").await;
    let verifier = verifier(&stand);
    let own = Some(thumbprint(&stand, "clinic"));
    verifier.verify(&token, own).await.unwrap();
    for other in [Some(thumbprint(&stand, "other-clinic")), None] {
        let refused = verifier.verify(&token, other).await;
        assert_eq!(refused.unwrap_err(), TokenError::BoundElsewhere);
    }
    stand.clock.advance(Duration::from_secs(299));
    verifier.verify(&token, own).await.unwrap();
    stand.clock.advance(Duration::from_secs(4));
    assert_eq!(
        verifier.verify(&token, own).await.unwrap_err(),
        TokenError::Expired
    );
}

#[tokio::test]
async fn a_token_that_is_shown_with_another_certificate_is_refused_here_too() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let token = stand.patient_token("clinic").await;
    let list = aval_proto::identity::v1::ListSessionsRequest::default();
    let own = stand
        .sessions("clinic")
        .list_sessions(with_token(&token, list.clone()))
        .await;
    assert_eq!(own.unwrap().into_inner().sessions.len(), 1);
    let stolen = stand
        .sessions("other-clinic")
        .list_sessions(with_token(&token, list))
        .await;
    assert_eq!(reason(stolen), "TOKEN_BOUND_ELSEWHERE");
}

#[tokio::test]
async fn the_keys_are_published_to_everybody_with_how_long_they_may_be_kept() {
    let stand = Stand::start().await;
    let answer = http(&stand).get(stand.jwks_url()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["cache-control"], "public, max-age=300");
    assert_eq!(answer.headers()["content-type"], "application/jwk-set+json");
    let set: serde_json::Value = answer.json().await.unwrap();
    let key = &set["keys"][0];
    assert_eq!(
        (&key["kty"], &key["alg"], &key["use"]),
        (&"EC".into(), &"ES256".into(), &"sig".into())
    );
    assert!(key.get("d").is_none(), "the private part is not published");
    let elsewhere = stand.jwks_url().replace("jwks.json", "other");
    assert_eq!(
        http(&stand).get(elsewhere).send().await.unwrap().status(),
        404
    );
}

#[tokio::test]
async fn a_key_that_waits_or_has_been_replaced_is_published_and_does_not_sign() {
    let first = Stand::start().await;
    let waiting = first.folder.path().join("token.pem");
    let change = move |config: &mut Config, _: &_| {
        config.token.published_key_files = vec![waiting];
    };
    let second = Stand::start_with(change).await;
    second.register_patient().await;
    let set: serde_json::Value = http(&second)
        .get(second.jwks_url())
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(set["keys"].as_array().unwrap().len(), 2);
    let old: serde_json::Value = http(&first)
        .get(first.jwks_url())
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(set["keys"][1], old["keys"][0]);
    // A token of the first is believed by the second: they could be two replicas.
    first.register_patient().await;
    let token = second.patient_token("clinic").await;
    let kid = jsonwebtoken::decode_header(&token).unwrap().kid.unwrap();
    assert_eq!(set["keys"][0]["kid"], kid);
}

#[tokio::test]
async fn restarting_keeps_the_keys_the_patients_and_the_tokens() {
    let stand = Stand::start().await;
    let registered = stand.register_patient().await;
    let token = stand.patient_token("clinic").await;
    let before = jsonwebtoken::decode_header(&token).unwrap().kid;
    let folder = stand.stop().await;
    let again = Stand::start_with(|config, _| {
        let file = |name: &str| folder.path().join(name);
        let database = format!("sqlite://{}?mode=rw", file("identity.sqlite").display());
        config.database = aval_database::DatabaseConfig::for_url(database);
        config.token.signing_key_file = file("token.pem");
        config.patient_keys.digest_key_file = file("digest.key");
        config.patient_keys.encryption_key_file = file("encryption.key");
        config.create_missing_keys = false;
        config.migrate_on_start = false;
    })
    .await;
    let by_ins = aval_proto::identity::v1::ResolvePatientRequest {
        by: Some(aval_proto::identity::v1::resolve_patient_request::By::Ins(
            ins(),
        )),
    };
    let found = again
        .patients("records")
        .resolve_patient(by_ins)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(found.patient.unwrap().patient_id, registered);
    let after = again.patient_token("clinic").await;
    assert_eq!(jsonwebtoken::decode_header(&after).unwrap().kid, before);
}

/// A client without a certificate.
pub(crate) fn http(stand: &Stand) -> reqwest::Client {
    let authority = std::fs::read(stand.pki.files("identity").ca).unwrap();
    let authority = reqwest::Certificate::from_pem(&authority).unwrap();
    reqwest::Client::builder()
        .tls_certs_only([authority])
        .no_proxy()
        .build()
        .unwrap()
}
