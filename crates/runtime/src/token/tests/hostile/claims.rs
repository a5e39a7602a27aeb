//! Flawed claims and times, well signed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::START;
use super::Forge;
use crate::token::TokenError::{
    AudienceWrong, BoundElsewhere, BoundToNothing, ClaimsMalformed, Expired, IssuerWrong,
    LivesTooLong, NotYetValid,
};

#[tokio::test]
async fn flawed_times_are_refused() {
    let forge = Forge::new();
    let claim = |name, value| forge.claims_with(name, value);
    forge
        .assert_refused(vec![
            ("over", forge.times(START - 400, START - 100), Expired),
            (
                "over by the leeway",
                forge.times(START - 300, START - 2),
                Expired,
            ),
            (
                "before time was",
                forge.times(i64::MIN, i64::MIN + 1),
                ClaimsMalformed,
            ),
            (
                "in the future",
                forge.times(START + 3, START + 200),
                NotYetValid,
            ),
            (
                "a second too long",
                forge.times(START, START + 301),
                LivesTooLong,
            ),
            ("for ever", forge.times(START, i64::MAX), LivesTooLong),
            ("since long", forge.times(0, START + 10), LivesTooLong),
            ("no time at all", forge.times(START, START), ClaimsMalformed),
            ("backwards", forge.times(START, START - 1), ClaimsMalformed),
            ("no issue", claim("iat", Value::Null), ClaimsMalformed),
            ("no end", claim("exp", Value::Null), ClaimsMalformed),
            (
                "end of text",
                claim("exp", json!((START + 60).to_string())),
                ClaimsMalformed,
            ),
            (
                "end in parts",
                claim("exp", json!(1.8e9 + 60.5)),
                ClaimsMalformed,
            ),
            (
                "end too large",
                claim("exp", json!(u64::MAX)),
                ClaimsMalformed,
            ),
            (
                "no sign-in",
                claim("auth_time", Value::Null),
                ClaimsMalformed,
            ),
            (
                "sign-in of text",
                claim("auth_time", json!("now")),
                ClaimsMalformed,
            ),
        ])
        .await;
}

#[tokio::test]
async fn flawed_claims_are_refused() {
    let forge = Forge::new();
    let claim = |name, value| forge.claims_with(name, value);
    let issuer = super::super::ISSUER;
    let twice = forge
        .claims()
        .to_string()
        .replacen('{', r#"{"sub":"x","#, 1);
    let rep = json!({ "kind": "parent", "patient_id": forge.claims()["sub"] });
    forge
        .assert_refused(vec![
            ("no issuer", claim("iss", Value::Null), ClaimsMalformed),
            ("issuers", claim("iss", json!([issuer])), ClaimsMalformed),
            ("empty issuer", claim("iss", json!("")), IssuerWrong),
            (
                "longer issuer",
                claim("iss", json!(format!("{issuer}/"))),
                IssuerWrong,
            ),
            (
                "issuer in capitals",
                claim("iss", json!(issuer.to_uppercase())),
                IssuerWrong,
            ),
            ("no audience", claim("aud", Value::Null), ClaimsMalformed),
            ("audiences", claim("aud", json!(["aval"])), ClaimsMalformed),
            (
                "other audience",
                claim("aud", json!("aval2")),
                AudienceWrong,
            ),
            (
                "audience in capitals",
                claim("aud", json!("AVAL")),
                AudienceWrong,
            ),
            ("no subject", claim("sub", Value::Null), ClaimsMalformed),
            ("empty subject", claim("sub", json!("")), ClaimsMalformed),
            ("subject of number", claim("sub", json!(1)), ClaimsMalformed),
            ("two subjects", forge.payload(&twice), ClaimsMalformed),
            ("no session", claim("sid", Value::Null), ClaimsMalformed),
            (
                "session of text",
                claim("sid", json!("session")),
                ClaimsMalformed,
            ),
            ("no name", claim("jti", Value::Null), ClaimsMalformed),
            ("no capacity", claim("kind", Value::Null), ClaimsMalformed),
            (
                "administrator",
                claim("kind", json!("administrator")),
                ClaimsMalformed,
            ),
            (
                "only a capacity",
                claim("kind", json!("practitioner")),
                ClaimsMalformed,
            ),
            (
                "no strength",
                claim("strength", Value::Null),
                ClaimsMalformed,
            ),
            (
                "more than high",
                claim("strength", json!("higher")),
                ClaimsMalformed,
            ),
            (
                "direct of text",
                claim("direct", json!("true")),
                ClaimsMalformed,
            ),
            ("half a representative", claim("rep", rep), ClaimsMalformed),
            ("a list of them", claim("rep", json!([])), ClaimsMalformed),
            ("a situation", claim("activity", json!({})), ClaimsMalformed),
            ("unbound", claim("cnf", Value::Null), BoundToNothing),
            (
                "bound by DPoP",
                claim("cnf", json!({ "jkt": "x" })),
                ClaimsMalformed,
            ),
            (
                "bound to no digest",
                claim("cnf", json!({ "x5t#S256": "" })),
                ClaimsMalformed,
            ),
            (
                "bound elsewhere",
                claim(
                    "cnf",
                    json!({ "x5t#S256": URL_SAFE_NO_PAD.encode([7; 32]) }),
                ),
                BoundElsewhere,
            ),
        ])
        .await;
}
