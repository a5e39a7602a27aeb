//! The tokens that must be refused, and the few that must not.

use std::sync::Arc;
use std::time::Duration;

use aval_domain::code::Profession;
use aval_domain::id::{ActivityId, PatientId, PractitionerId, RepresentationId, SessionId};
use aval_domain::random::SeededRandom;
use aval_domain::time::{ManualClock, Timestamp};
use aval_proto::common::v1::ErrorReason;
use jsonwebtoken::Header;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::caller::CertificateThumbprint;
use crate::config::TokenConfig;
use crate::context::Actor;
use crate::environment::Environment;
use crate::status::Refusal;

mod hostile;
mod refused;

const START: i64 = 1_800_000_000;
const ISSUER: &str = "https://identity.example";

struct Fixture {
    signer: TokenSigner,
    clock: ManualClock,
    verifier: TokenVerifier,
    certificate: CertificateThumbprint,
}

fn fixture() -> Fixture {
    fixture_signed_by(TokenSigner::generate())
}

fn fixture_signed_by(signer: TokenSigner) -> Fixture {
    let clock = ManualClock::new(Timestamp::from_unix_seconds(START));
    let environment = Environment {
        clock: Arc::new(clock.clone()),
        random: Arc::new(SeededRandom::new(1)),
    };
    let config = TokenConfig {
        issuer: ISSUER.to_owned(),
        jwks_url: "https://identity.example/jwks".to_owned(),
        jwks_ca: None,
        closed_sessions_url: None,
        leeway: Duration::from_secs(2).into(),
    };
    let keys = Arc::new(StaticKeys::of(&signer));
    Fixture {
        verifier: TokenVerifier::with_keys(&config, keys, &environment),
        signer,
        clock,
        certificate: CertificateThumbprint::of_der(b"the caller's certificate"),
    }
}

impl Fixture {
    fn claims(&self) -> AvalClaims {
        let (now, random) = (Timestamp::from_unix_seconds(START), SeededRandom::new(2));
        AvalClaims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: PatientId::new(now, &random).to_string(),
            sid: SessionId::new(now, &random),
            jti: "1".to_owned(),
            iat: START,
            exp: START + 300,
            kind: PersonKind::Patient,
            strength: AuthenticationStrength::High,
            auth_time: START - 60,
            direct: false,
            rep: None,
            activity: None,
            display_name: None,
            cnf: Some(Confirmation {
                x5t_s256: self.certificate.to_base64url(),
            }),
        }
    }

    fn practitioner_claims(&self) -> AvalClaims {
        let (now, random) = (Timestamp::from_unix_seconds(START), SeededRandom::new(3));
        AvalClaims {
            sub: PractitionerId::new(now, &random).to_string(),
            kind: PersonKind::Practitioner,
            direct: true,
            display_name: Some("Dr Camille MARTIN".to_owned()),
            activity: Some(ActivityClaims {
                activity_id: ActivityId::new(now, &random),
                profession: Profession::from_code("10").unwrap(),
                speciality: None,
                function: None,
                organization_id: None,
                organization_name: None,
                sector: None,
                regulation_access: true,
            }),
            ..self.claims()
        }
    }

    async fn verify(&self, token: &str) -> Result<Arc<VerifiedToken>, TokenError> {
        self.verifier.verify(token, Some(self.certificate)).await
    }

    async fn refused(&self, change: impl FnOnce(&mut AvalClaims)) -> TokenError {
        let mut claims = self.claims();
        change(&mut claims);
        self.verify(&self.signer.sign(&claims)).await.unwrap_err()
    }

    /// The refusal of a token whose claims, as JSON, are changed like this.
    async fn refused_json(&self, change: impl FnOnce(&mut Value)) -> TokenError {
        let mut claims = serde_json::to_value(self.claims()).unwrap();
        change(&mut claims);
        let token = self.signer.sign_as(&self.signer.header(), &claims);
        self.verify(&token).await.unwrap_err()
    }

    /// The refusal of a token whose header is changed like this.
    async fn refused_header(&self, change: impl FnOnce(&mut Header)) -> TokenError {
        let mut header = self.signer.header();
        change(&mut header);
        let token = self.signer.sign_as(&header, &self.claims());
        self.verify(&token).await.unwrap_err()
    }
}

#[tokio::test]
async fn a_good_patient_token_names_the_patient() {
    let fixture = fixture();
    let claims = fixture.claims();
    let verified = fixture.verify(&fixture.signer.sign(&claims)).await.unwrap();
    let Actor::Patient(patient) = &*verified.actor else {
        panic!("a patient's token names a patient");
    };
    assert_eq!(patient.patient_id.to_string(), claims.sub);
    assert_eq!(patient.session_id, claims.sid);
    assert_eq!(patient.representative, None);
    assert_eq!(patient.authenticated_at.unix_seconds(), START - 60);
}

#[tokio::test]
async fn a_good_practitioner_token_names_the_practice_situation() {
    let fixture = fixture();
    let claims = fixture.practitioner_claims();
    let verified = fixture.verify(&fixture.signer.sign(&claims)).await.unwrap();
    let Actor::Practitioner(practitioner) = &*verified.actor else {
        panic!("a practitioner's token names a practitioner");
    };
    assert_eq!(practitioner.practitioner_id.to_string(), claims.sub);
    assert_eq!(
        practitioner.activity.activity_id,
        claims.activity.unwrap().activity_id
    );
    assert!(practitioner.direct && practitioner.activity.regulation_access);
}

#[tokio::test]
async fn a_representative_acts_for_the_subject() {
    let fixture = fixture();
    let random = SeededRandom::new(9);
    let mut claims = fixture.claims();
    claims.rep = Some(RepresentativeClaims {
        representation_id: RepresentationId::new(Timestamp::MIN, &random),
        patient_id: PatientId::new(Timestamp::MIN, &random),
        kind: RepresentationKind::Guardian,
    });
    let verified = fixture.verify(&fixture.signer.sign(&claims)).await.unwrap();
    let Actor::Patient(patient) = &*verified.actor else {
        panic!("a representative acts as the patient");
    };
    assert_eq!(patient.patient_id.to_string(), claims.sub);
    let representative = patient.representative.unwrap();
    assert_eq!(representative.patient_id, claims.rep.unwrap().patient_id);
}

#[tokio::test]
async fn a_token_holds_until_its_end_and_the_leeway_and_no_longer() {
    let fixture = fixture();
    let token = fixture.signer.sign(&fixture.claims());
    for (seconds, expected) in [(0, None), (301, None), (302, Some(TokenError::Expired))] {
        fixture
            .clock
            .set(Timestamp::from_unix_seconds(START + seconds));
        assert_eq!(
            fixture.verify(&token).await.err(),
            expected,
            "after {seconds} s"
        );
    }
}

#[tokio::test]
async fn a_remembered_token_ends_when_it_ends() {
    let fixture = fixture();
    let mut claims = fixture.claims();
    claims.exp = START + 10;
    let token = fixture.signer.sign(&claims);
    assert!(fixture.verify(&token).await.is_ok());
    fixture.clock.advance(Duration::from_secs(12));
    assert_eq!(
        fixture.verify(&token).await.unwrap_err(),
        TokenError::Expired
    );
}

#[tokio::test]
async fn a_token_of_the_future_is_refused() {
    let fixture = fixture();
    let ahead = |seconds| move |claims: &mut AvalClaims| claims.iat = START + seconds;
    assert_eq!(fixture.refused(ahead(3)).await, TokenError::NotYetValid);
    let mut claims = fixture.claims();
    claims.iat = START + 2;
    assert!(fixture.verify(&fixture.signer.sign(&claims)).await.is_ok());
}

#[tokio::test]
async fn a_token_that_lives_too_long_or_ends_before_it_begins_is_refused() {
    let fixture = fixture();
    assert_eq!(
        fixture.refused(|claims| claims.exp += 1).await,
        TokenError::LivesTooLong
    );
    let reversed = fixture.refused(|claims| claims.exp = claims.iat).await;
    assert_eq!(reversed, TokenError::ClaimsMalformed);
    let endless = fixture.refused(|claims| claims.exp = i64::MAX).await;
    assert_eq!(endless, TokenError::LivesTooLong);
    let ancient = fixture.refused(|claims| claims.iat = i64::MIN).await;
    assert_eq!(ancient, TokenError::LivesTooLong);
}

#[tokio::test]
async fn a_closed_session_ends_its_tokens_at_once_and_no_others() {
    let fixture = fixture();
    let claims = fixture.claims();
    let token = fixture.signer.sign(&claims);
    assert!(fixture.verify(&token).await.is_ok());
    fixture.verifier.close_session(claims.sid);
    assert_eq!(
        fixture.verify(&token).await.unwrap_err(),
        TokenError::SessionClosed
    );
    let mut other = fixture.claims();
    other.sid = SessionId::new(Timestamp::MIN, &SeededRandom::new(77));
    assert!(fixture.verify(&fixture.signer.sign(&other)).await.is_ok());
}

#[test]
fn every_refusal_has_its_reason() {
    let reason = |error: TokenError| Refusal::from(error).reason();
    assert_eq!(
        reason(TokenError::SignatureWrong),
        ErrorReason::TokenInvalid
    );
    assert_eq!(reason(TokenError::Expired), ErrorReason::TokenExpired);
    assert_eq!(reason(TokenError::SessionClosed), ErrorReason::TokenExpired);
    assert_eq!(
        reason(TokenError::BoundElsewhere),
        ErrorReason::TokenBoundElsewhere
    );
    assert_eq!(
        reason(TokenError::KeysUnavailable),
        ErrorReason::DependencyUnavailable
    );
}

#[test]
fn a_signing_key_is_read_from_pem_and_keeps_its_name() {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let pem = key.serialize_pem();
    let (one, two) = (
        TokenSigner::from_pkcs8_pem(pem.as_bytes()),
        TokenSigner::from_pkcs8_pem(pem.as_bytes()),
    );
    assert_eq!(one.unwrap().key_id(), two.unwrap().key_id());
    let other_curve = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let other_curve = other_curve.serialize_pem();
    for pem in [other_curve.as_str(), "", "-----BEGIN PRIVATE KEY-----"] {
        assert!(TokenSigner::from_pkcs8_pem(pem.as_bytes()).is_err());
    }
}

#[test]
fn a_jwk_set_gives_its_p256_keys_and_passes_over_the_others() {
    let signer = TokenSigner::generate();
    let mut keys = vec![
        json!({"kty": "oct", "kid": "s", "k": "c2VjcmV0", "alg": "HS256"}),
        json!({"kty": "EC", "crv": "P-384", "kid": "p", "x": "AA", "y": "AA"}),
        json!({"kty": "EC", "crv": "P-256", "kid": "short", "x": "AA", "y": "AA"}),
        json!({"kty": "new", "kid": "n"}),
        json!("no key at all"),
    ];
    keys.push(signer.jwk());
    let set = json!({ "keys": keys }).to_string();
    let read = VerificationKey::from_jwks(set.as_bytes()).unwrap();
    assert_eq!(read.keys().collect::<Vec<_>>(), [signer.key_id()]);
    assert!(VerificationKey::from_jwks(b"[]").is_none());
}

proptest! {
    #[test]
    fn verifying_is_total(token in "[A-Za-z0-9_.-]{0,120}|.{0,60}", claims in ".{0,60}") {
        let fixture = fixture();
        let run_time = tokio::runtime::Builder::new_current_thread().build().unwrap();
        prop_assert!(run_time.block_on(fixture.verify(&token)).is_err());
        // A well-signed token with arbitrary claims.
        let token = fixture.signer.sign_as(&fixture.signer.header(), &claims);
        prop_assert!(run_time.block_on(fixture.verify(&token)).is_err());
    }
}
