//! Every flawed logout token is refused for its flaw, and the session goes on.

use aval_testing::provider::Realm;
use serde_json::{Value, json};

use super::{EVENT, claims_of, goes_on, http, refused, signed_in, token};
use crate::clinic::SINGLE;
use crate::stand::Stand;

const MALFORMED: &str = "the logout token is malformed";
const SIGNATURE: &str = "the logout token is not signed by an accepted key and algorithm";
const ISSUER: &str = "the logout token has another issuer than the providers that are known here";
const AUDIENCE: &str = "the logout token has another audience";
const EARLY: &str = "the logout token is not valid yet";
const STALE: &str = "the logout token has expired, or was issued too long ago";
const EVENTS: &str = "the logout token's events do not hold the back-channel logout event";
const KIND: &str = "the token is of another kind than logout+jwt";

/// The claims with this member; null takes it away.
fn changed(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    let members = claims.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(name);
    } else {
        members.insert(name.to_owned(), value);
    }
    claims
}

#[tokio::test]
async fn a_flawed_logout_token_closes_nothing_and_is_refused_for_its_flaw() {
    let stand = Stand::start().await;
    let here = signed_in(&stand, SINGLE).await;
    let sound = claims_of(&stand, &here.sid);
    let now = sound["iat"].as_i64().unwrap();
    let with = |name: &str, value: Value| token(&stand, &changed(&sound, name, value));
    let headed = |realm: Realm, header: Value| stand.provider.signed(realm, &header, &sound);
    let professionals = Realm::Professionals;
    let named = json!({ "typ": "logout+jwt" });
    let other_realm = stand.provider.issuer(Realm::Patients);
    let nobody = changed(&sound, "sid", Value::Null);
    let table = [
        ("no token", "x".to_owned(), MALFORMED),
        ("empty", String::new(), MALFORMED),
        (
            "stranger",
            with("iss", json!("https://elsewhere.test")),
            ISSUER,
        ),
        (
            "other realm's name",
            with("iss", json!(other_realm)),
            SIGNATURE,
        ),
        (
            "other realm's key",
            headed(Realm::Patients, named),
            SIGNATURE,
        ),
        (
            "none",
            headed(professionals, json!({ "alg": "none" })),
            MALFORMED,
        ),
        (
            "HS256",
            headed(professionals, json!({ "alg": "HS256" })),
            SIGNATURE,
        ),
        (
            "ES256",
            headed(professionals, json!({ "alg": "ES256" })),
            SIGNATURE,
        ),
        (
            "unknown key",
            headed(professionals, json!({ "kid": "another" })),
            SIGNATURE,
        ),
        (
            "no key",
            headed(professionals, json!({ "kid": null })),
            SIGNATURE,
        ),
        (
            "an ID token's kind",
            headed(professionals, json!({ "typ": "JWT" })),
            KIND,
        ),
        ("audience", with("aud", json!("another")), AUDIENCE),
        ("issued long ago", with("iat", json!(now - 3_600)), STALE),
        ("over", with("exp", json!(now - 3_600)), STALE),
        ("of the future", with("iat", json!(now + 3_600)), EARLY),
        ("no issue", with("iat", Value::Null), MALFORMED),
        ("no events", with("events", Value::Null), EVENTS),
        (
            "an event of text",
            with("events", json!({ EVENT: "" })),
            EVENTS,
        ),
        (
            "nonce",
            with("nonce", json!("n")),
            "the logout token has a nonce",
        ),
        (
            "no name",
            with("jti", Value::Null),
            "the logout token has no jti",
        ),
        (
            "nobody",
            token(&stand, &nobody),
            "the logout token has neither sid nor sub",
        ),
        ("sid of number", with("sid", json!(7)), MALFORMED),
        ("an ID token", id_token(&stand), KIND),
    ];
    let mut wrong = Vec::new();
    for (flaw, token, expected) in table {
        let (error, description) = refused(&stand, &token).await;
        if (error.as_str(), description.as_str()) != ("invalid_request", expected) {
            wrong.push(format!("{flaw}: {error}, {description}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(goes_on(&stand, &here.session).await);
    super::accepted(&stand, &token(&stand, &sound)).await;
    assert!(!goes_on(&stand, &here.session).await);
}

/// One of a real sign-in.
fn id_token(stand: &Stand) -> String {
    let request = crate::calls::sign_in(&format!("8{SINGLE}"));
    stand.sign_in(Realm::Professionals, &request).id_token
}

#[tokio::test]
async fn operators_count_what_became_of_logout_tokens() {
    let stand = Stand::start().await;
    let here = signed_in(&stand, SINGLE).await;
    super::accepted(&stand, &token(&stand, &claims_of(&stand, &here.sid))).await;
    refused(&stand, "x").await;
    let url = format!("http://{}/metrics", stand.identity.ops);
    let metrics = http(&stand).get(url).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    for line in [
        "outcome=\"done\"",
        "outcome=\"malformed\"",
        "aval_identity_logout_sessions",
    ] {
        assert!(metrics.contains(line), "{line}");
    }
}
