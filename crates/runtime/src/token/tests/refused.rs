//! Forged, foreign and contradictory tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::fixture;
use crate::caller::CertificateThumbprint;
use crate::token::{TOKEN_TYPE, TokenError, TokenSigner};

#[tokio::test]
async fn another_issuer_or_audience_is_refused() {
    let fixture = fixture();
    let issuer = fixture.refused(|claims| claims.iss.push('/')).await;
    assert_eq!(issuer, TokenError::IssuerWrong);
    let audience = fixture
        .refused(|claims| "other".clone_into(&mut claims.aud))
        .await;
    assert_eq!(audience, TokenError::AudienceWrong);
    let several = fixture
        .refused_json(|claims| claims["aud"] = json!(["aval", "other"]))
        .await;
    assert_eq!(several, TokenError::ClaimsMalformed);
}

#[tokio::test]
async fn another_type_or_key_is_refused() {
    let fixture = fixture();
    for typ in [
        None,
        Some("JWT"),
        Some("at+JWT2"),
        Some("application/at+jwt"),
    ] {
        let refused = fixture
            .refused_header(|header| header.typ = typ.map(str::to_owned))
            .await;
        assert_eq!(refused, TokenError::TypeWrong, "{typ:?}");
    }
    let unnamed = fixture.refused_header(|header| header.kid = None).await;
    assert_eq!(unnamed, TokenError::KeyUnknown);
    let unknown = fixture
        .refused_header(|header| header.kid = Some("k".to_owned()))
        .await;
    assert_eq!(unknown, TokenError::KeyUnknown);
}

#[tokio::test]
async fn a_token_signed_by_another_key_under_the_right_name_is_refused() {
    let fixture = fixture();
    let forger = TokenSigner::generate();
    let token = forger.sign_as(&fixture.signer.header(), &fixture.claims());
    assert_eq!(
        fixture.verify(&token).await.unwrap_err(),
        TokenError::SignatureWrong
    );
}

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    let fixture = fixture();
    let header = json!({ "alg": "none", "typ": TOKEN_TYPE, "kid": fixture.signer.key_id() });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = serde_json::to_value(fixture.claims()).unwrap();
    for token in [
        format!("{}.{}.", part(&header), part(&claims)),
        format!("{}.{}", part(&header), part(&claims)),
    ] {
        assert_eq!(
            fixture.verify(&token).await.unwrap_err(),
            TokenError::Malformed
        );
    }
    let signed = fixture.signer.sign(&fixture.claims());
    let stripped = &signed[..=signed.rfind('.').unwrap()];
    assert!(fixture.verify(stripped).await.is_err());
}

#[tokio::test]
async fn the_public_key_is_no_shared_secret() {
    let fixture = fixture();
    let mut header = fixture.signer.header();
    header.alg = Algorithm::HS256;
    let jwk = fixture.signer.jwk();
    let point: Vec<u8> = [jwk["x"].as_str().unwrap(), jwk["y"].as_str().unwrap()]
        .iter()
        .flat_map(|coordinate| URL_SAFE_NO_PAD.decode(coordinate).unwrap())
        .collect();
    for secret in [point, jwk.to_string().into_bytes()] {
        let key = EncodingKey::from_secret(&secret);
        let token = jsonwebtoken::encode(&header, &fixture.claims(), &key).unwrap();
        assert_eq!(
            fixture.verify(&token).await.unwrap_err(),
            TokenError::AlgorithmNotAllowed
        );
    }
}

#[tokio::test]
async fn a_changed_claim_breaks_the_signature() {
    let fixture = fixture();
    let token = fixture.signer.sign(&fixture.claims());
    let other = fixture.signer.sign(&fixture.practitioner_claims());
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (token, other) = (parts(&token), parts(&other));
    let spliced = format!("{}.{}.{}", token[0], other[1], token[2]);
    assert_eq!(
        fixture.verify(&spliced).await.unwrap_err(),
        TokenError::SignatureWrong
    );
}

#[tokio::test]
async fn a_token_serves_only_with_the_certificate_it_is_bound_to() {
    let fixture = fixture();
    let bound = fixture.signer.sign(&fixture.claims());
    let mut claims = fixture.claims();
    claims.cnf = None;
    let unbound = fixture.signer.sign(&claims);
    let other = CertificateThumbprint::of_der(b"another certificate");
    // Twice: what was verified for one caller is not believed for another.
    for _ in 0..2 {
        let verify = |token, certificate| fixture.verifier.verify(token, certificate);
        assert!(verify(&bound, Some(fixture.certificate)).await.is_ok());
        let stolen = verify(&bound, Some(other)).await.unwrap_err();
        assert_eq!(stolen, TokenError::BoundElsewhere);
        assert_eq!(
            verify(&bound, None).await.unwrap_err(),
            TokenError::BoundElsewhere
        );
        let loose = verify(&unbound, Some(other)).await.unwrap_err();
        assert_eq!(loose, TokenError::BoundToNothing);
        assert!(verify(&unbound, None).await.is_ok());
    }
    let metrics = crate::telemetry::metrics::text();
    for (reason, times) in [("bound_elsewhere", 4), ("bound_to_nothing", 2)] {
        let counted = format!("aval_tokens_refused_total{{reason=\"{reason}\"}} {times}\n");
        assert!(metrics.contains(&counted), "{metrics}");
    }
    let malformed = fixture
        .refused_json(|claims| claims["cnf"] = json!({"x5t#S256": "x"}))
        .await;
    assert_eq!(malformed, TokenError::ClaimsMalformed);
    let foreign = fixture
        .refused_json(|claims| claims["cnf"] = json!({"jkt": "x"}))
        .await;
    assert_eq!(foreign, TokenError::ClaimsMalformed);
}

#[tokio::test]
async fn contradictory_claims_are_refused() {
    let fixture = fixture();
    let practitioner = serde_json::to_value(fixture.practitioner_claims()).unwrap();
    let both = fixture
        .refused_json(|claims| claims["activity"] = practitioner["activity"].clone())
        .await;
    assert_eq!(both, TokenError::ClaimsMalformed);
    let neither = fixture
        .refused_json(|claims| claims["kind"] = json!("practitioner"))
        .await;
    assert_eq!(neither, TokenError::ClaimsMalformed);
    for (claim, value) in [
        ("sub", json!("somebody")),
        ("sid", json!(7)),
        ("kind", json!("administrator")),
        ("strength", json!("enormous")),
        ("exp", json!("tomorrow")),
        ("iat", json!(1.5)),
    ] {
        let refused = fixture.refused_json(|claims| claims[claim] = value).await;
        assert_eq!(refused, TokenError::ClaimsMalformed, "{claim}");
    }
}
