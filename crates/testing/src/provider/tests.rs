//! The provider over HTTP, as its clients see it.

mod signing_in;
mod trusting;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use aval_domain::random::SeededRandom;
use aval_domain::time::{Clock, ManualClock, SystemClock, Timestamp};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use super::*;
use crate::pki::DevelopmentPki;
use crate::synthesize::SynthesisPlan;

const DOCTOR: &str = "899700366240";
const PATIENT: &str = "279035121518989";
const CLIENT: &str = "aval-development";
const SECRET: &str = "aval-development-secret";

fn doctor() -> ProfessionalAccount {
    let practice = ProfessionalActivity {
        mode: "L".to_owned(),
        sector: "SA07".to_owned(),
        technical_id: "R95141".to_owned(),
        name: "CABINET DR ESSAI".to_owned(),
        ..ProfessionalActivity::default()
    };
    let hospital = ProfessionalActivity {
        mode: "S".to_owned(),
        sector: "SA01".to_owned(),
        finess_site: "0B9172805".to_owned(),
        technical_id: "F0B9172805".to_owned(),
        name: "HOPITAL D'ESSAI".to_owned(),
        ..ProfessionalActivity::default()
    };
    ProfessionalAccount {
        username: "doctor".to_owned(),
        exercise_civility: "DR".to_owned(),
        specialities: vec!["SM26".to_owned()],
        activities: vec![practice, hospital],
        ..ProfessionalAccount::new(DOCTOR, "ESSAI", "Camille", "10")
    }
}

fn patient() -> PatientAccount {
    PatientAccount {
        username: "patient".to_owned(),
        ins: PATIENT.to_owned(),
        ins_oid: "1.2.250.1.213.1.4.10".to_owned(),
        family_name: "PAT-TROIS".to_owned(),
        given_names: vec!["DOMINIQUE".to_owned(), "MARIE".to_owned()],
        birth_date: "1979-03-28".to_owned(),
        gender: Gender::Female,
        birth_place: "51215".to_owned(),
        acr: "eidas1".to_owned(),
    }
}

fn config(clock: Arc<dyn Clock>) -> ProviderConfig {
    let mut config = ProviderConfig::new(Transport::Http, clock, Arc::new(SeededRandom::new(1)));
    config.accounts.put_professional(doctor());
    config.accounts.put_patient(patient());
    config
}

async fn provider() -> DevelopmentProvider {
    DevelopmentProvider::start(config(Arc::new(SystemClock)))
        .await
        .unwrap()
}

async fn post(
    provider: &DevelopmentProvider,
    realm: Realm,
    endpoint: &str,
    parameters: &[(&str, &str)],
) -> (StatusCode, Value) {
    let credentials = [("client_id", CLIENT), ("client_secret", SECRET)];
    let answer = http()
        .post(provider.endpoint_url(realm, endpoint))
        .form(&[parameters, &credentials].concat())
        .send()
        .await
        .unwrap();
    let status = answer.status();
    (status, answer.json().await.unwrap_or(Value::Null))
}

async fn sign_in(provider: &DevelopmentProvider, realm: Realm, more: &[(&str, &str)]) -> Value {
    let username = match realm {
        Realm::Professionals => "doctor",
        Realm::Patients => "patient",
    };
    let parameters = [&[("grant_type", "password"), ("username", username)], more].concat();
    let (status, tokens) = post(provider, realm, "token", &parameters).await;
    assert_eq!(status, StatusCode::OK, "{tokens}");
    tokens
}

async fn user_info(
    provider: &DevelopmentProvider,
    realm: Realm,
    tokens: &Value,
) -> (StatusCode, Value) {
    let answer = http()
        .get(provider.endpoint_url(realm, "userinfo"))
        .bearer_auth(tokens["access_token"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    (answer.status(), answer.json().await.unwrap())
}

async fn introspect(provider: &DevelopmentProvider, token: &Value) -> Value {
    let parameters = [("token", token.as_str().unwrap())];
    let (status, answer) = post(
        provider,
        Realm::Professionals,
        "token/introspect",
        &parameters,
    )
    .await;
    assert_eq!(status, StatusCode::OK);
    answer
}

async fn jwks(provider: &DevelopmentProvider) -> JwkSet {
    let url = provider.endpoint_url(Realm::Professionals, "certs");
    http().get(url).send().await.unwrap().json().await.unwrap()
}

/// The ID token's claims as a careful relying party reads them.
fn verified(
    provider: &DevelopmentProvider,
    jwks: &JwkSet,
    id_token: &str,
) -> Result<Value, jsonwebtoken::errors::Error> {
    let header = decode_header(id_token)?;
    let kid = header.kid.unwrap_or_default();
    let jwk = jwks
        .find(&kid)
        .ok_or(jsonwebtoken::errors::ErrorKind::InvalidKeyFormat)?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.algorithms = vec![Algorithm::RS256, Algorithm::ES256]
        .into_iter()
        .filter(|algorithm| {
            DecodingKey::from_jwk(jwk).is_ok_and(|key| key.family() == algorithm.family())
        })
        .collect();
    validation.set_audience(&[CLIENT]);
    validation.set_issuer(&[provider.issuer(Realm::Professionals)]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    decode::<Value>(id_token, &DecodingKey::from_jwk(jwk)?, &validation).map(|data| data.claims)
}

fn http() -> Client {
    // The second test of the process finds a default there already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}
