use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use jsonwebtoken::{Algorithm, EncodingKey, encode};
use proptest::prelude::*;
use serde_json::json;

use super::*;

mod hostile;

const NOW: i64 = 1_790_000_000;
const SKEW: i64 = 30;
const ISSUER: &str = "https://provider.test/realms/one";
const CLIENT: &str = "aval";
const NONCE: &str = "n-1";

/// A provider with one ES256 key.
struct Provider {
    key: EncodingKey,
    keys: ProviderKeys,
}

impl Provider {
    fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let point = pair.public_key().as_ref();
        let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
        let jwks = json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "kid": "k", "x": part(1..33), "y": part(33..65),
        }] });
        Self {
            key: EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref()),
            keys: ProviderKeys::from_jwks(jwks.to_string().as_bytes(), &[Algorithm::ES256])
                .unwrap(),
        }
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Header {
            kid: Some("k".to_owned()),
            ..Header::new(Algorithm::ES256)
        };
        encode(&header, claims, &self.key).unwrap()
    }

    fn verify(&self, token: &str) -> Result<IdTokenClaims, SignInRefused> {
        expected().verify(token, &self.keys, NONCE, Timestamp::from_unix_seconds(NOW))
    }
}

fn expected() -> ExpectedIdToken {
    ExpectedIdToken {
        issuer: ISSUER.to_owned(),
        client_id: CLIENT.to_owned(),
        acr_values: vec!["eidas1".to_owned()],
        skew: Duration::from_secs(SKEW.unsigned_abs()),
        oldest_sign_in: Duration::from_hours(4),
    }
}

fn sound() -> Value {
    json!({
        "iss": ISSUER, "aud": CLIENT, "azp": CLIENT, "sub": "f:1:2", "typ": "ID", "acr": "eidas1",
        "nonce": NONCE, "iat": NOW - 5, "auth_time": NOW - 60, "exp": NOW + 115,
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = sound();
    claims[name] = value;
    claims
}

#[test]
fn a_sound_token_says_who_how_firmly_and_when() {
    let provider = Provider::new();
    let claims = provider.verify(&provider.sign(&sound())).unwrap();
    assert_eq!(
        (claims.subject.as_str(), claims.acr.as_str()),
        ("f:1:2", "eidas1")
    );
    assert_eq!(
        claims.authenticated_at,
        Timestamp::from_unix_seconds(NOW - 60)
    );
    let mut unsaid = sound();
    unsaid.as_object_mut().unwrap().remove("auth_time");
    let claims = provider.verify(&provider.sign(&unsaid)).unwrap();
    assert_eq!(
        claims.authenticated_at,
        Timestamp::from_unix_seconds(NOW - 5)
    );
}

#[test]
fn times_hold_to_the_second_within_the_skew() {
    use SignInRefused::{Expired, NotYetValid};
    let provider = Provider::new();
    let verdict = |name, seconds: i64| {
        provider
            .verify(&provider.sign(&with(name, json!(seconds))))
            .map(|_| ())
    };
    assert_eq!(verdict("exp", NOW - SKEW + 1), Ok(()));
    assert_eq!(verdict("exp", NOW - SKEW), Err(Expired));
    assert_eq!(verdict("iat", NOW + SKEW), Ok(()));
    assert_eq!(verdict("iat", NOW + SKEW + 1), Err(NotYetValid));
    assert_eq!(verdict("nbf", NOW + SKEW), Ok(()));
    assert_eq!(verdict("nbf", NOW + SKEW + 1), Err(NotYetValid));
    assert_eq!(verdict("auth_time", NOW + SKEW), Ok(()));
    assert_eq!(verdict("auth_time", NOW + SKEW + 1), Err(NotYetValid));
    let four_hours = 4 * 3_600;
    assert_eq!(verdict("auth_time", NOW - four_hours - SKEW + 1), Ok(()));
    assert_eq!(verdict("auth_time", NOW - four_hours - SKEW), Err(Expired));
    assert_eq!(verdict("auth_time", i64::MIN), Err(Expired));
    assert_eq!(verdict("exp", i64::MAX), Ok(()));
    assert_eq!(verdict("exp", i64::MIN), Err(Expired));
    assert_eq!(verdict("iat", i64::MAX), Err(NotYetValid));
}

#[test]
fn several_audiences_need_ours_as_the_authorised_party() {
    use SignInRefused::AudienceWrong;
    let provider = Provider::new();
    let verdict = |audience: Value, party: Option<Value>| {
        let mut claims = with("aud", audience);
        let claims = claims.as_object_mut().unwrap();
        claims.remove("azp");
        if let Some(party) = party {
            claims.insert("azp".to_owned(), party);
        }
        provider
            .verify(&provider.sign(&Value::Object(claims.clone())))
            .map(|_| ())
    };
    assert_eq!(verdict(json!(CLIENT), None), Ok(()));
    assert_eq!(verdict(json!([CLIENT]), None), Ok(()));
    assert_eq!(
        verdict(json!([CLIENT, "other"]), Some(json!(CLIENT))),
        Ok(())
    );
    for (audience, party) in [
        (json!([CLIENT, "other"]), None),
        (json!([CLIENT, "other"]), Some(json!("other"))),
        (json!(CLIENT), Some(json!("other"))),
        (json!(CLIENT), Some(json!([CLIENT]))),
        (json!("aval2"), None),
        (json!([]), None),
        (json!([[CLIENT]]), None),
        (json!({ "aval": true }), None),
        (json!(null), Some(json!(CLIENT))),
    ] {
        assert_eq!(verdict(audience, party), Err(AudienceWrong));
    }
}

#[test]
fn another_kind_of_token_is_none() {
    let provider = Provider::new();
    for kind in [
        json!("Bearer"),
        json!("Refresh"),
        json!("Logout"),
        json!("id"),
        json!(1),
    ] {
        let token = provider.sign(&with("typ", kind));
        assert_eq!(provider.verify(&token), Err(SignInRefused::TokenInvalid));
    }
}

#[test]
fn an_access_token_of_another_sign_in_did_not_come_with_it() {
    let provider = Provider::new();
    let digest = digest::digest(&digest::SHA256, b"the access token");
    let half = URL_SAFE_NO_PAD.encode(&digest.as_ref()[..16]);
    let claims = provider
        .verify(&provider.sign(&with("at_hash", json!(half))))
        .unwrap();
    assert!(claims.came_with("the access token") && !claims.came_with("another"));
    let unsaid = provider.verify(&provider.sign(&sound())).unwrap();
    assert!(unsaid.came_with("any"));
}

#[test]
fn a_digest_that_is_no_text_goes_with_no_access_token() {
    let provider = Provider::new();
    for digest in [json!(1), json!(null), json!(["x"])] {
        let verified = provider.verify(&provider.sign(&with("at_hash", digest)));
        assert_eq!(verified, Err(SignInRefused::TokenInvalid));
    }
}

#[test]
fn a_key_of_one_algorithm_serves_no_other() {
    let provider = Provider::new();
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let point = pair.public_key().as_ref();
    let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
    let jwk = |change: Value| {
        let mut jwk = json!({
            "kty": "EC", "crv": "P-256", "kid": "k", "x": part(1..33), "y": part(33..65),
        });
        jwk.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let jwks = json!({ "keys": ["no key", 7, { "kty": "oct", "kid": "k" }, jwk] });
        ProviderKeys::from_jwks(jwks.to_string().as_bytes(), &[Algorithm::ES256]).unwrap()
    };
    assert!(jwk(json!({})).get("k").is_some());
    assert!(
        jwk(json!({ "alg": "ES256", "use": "sig" }))
            .get("k")
            .is_some()
    );
    for change in [
        json!({ "use": "enc" }),
        json!({ "alg": "ES384" }),
        json!({ "alg": "RS256" }),
    ] {
        assert!(jwk(change.clone()).get("k").is_none(), "{change}");
    }
    // RS256 alone is accepted: a sound ES256 key is none of the accepted ones.
    let jwks = json!({ "keys": [{
        "kty": "EC", "crv": "P-256", "kid": "k", "x": part(1..33), "y": part(33..65),
    }] });
    let rsa_only = ProviderKeys::from_jwks(jwks.to_string().as_bytes(), &[Algorithm::RS256]);
    let token = provider.sign(&sound());
    let now = Timestamp::from_unix_seconds(NOW);
    let refused = expected().verify(&token, &rsa_only.unwrap(), NONCE, now);
    assert_eq!(refused, Err(SignInRefused::TokenInvalid));
}

/// What a claim may be changed to: near misses, other types, nothing.
fn any_claim() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (NOW - 200..NOW + 200).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop_oneof![
            Just(ISSUER),
            Just(CLIENT),
            Just(NONCE),
            Just("eidas1"),
            Just("ID")
        ]
        .prop_map(Value::from),
        Just(json!([CLIENT])),
        Just(json!({ "eidas1": 1 })),
    ]
}

/// The same demands, written down once more, as plainly as possible.
fn is_acceptable(claims: &Value) -> bool {
    let text = |name: &str| claims[name].as_str();
    let number = |name: &str| claims[name].as_i64();
    let optional_number = |name: &str, else_take: i64| match &claims[name] {
        Value::Null if claims.get(name).is_none() => Some(else_take),
        value => value.as_i64().or_else(|| value.as_f64().map(|_| else_take)),
    };
    let (Some(iat), Some(exp)) = (number("iat"), number("exp")) else {
        return false;
    };
    text("iss") == Some(ISSUER)
        && (text("aud") == Some(CLIENT) || claims["aud"] == json!([CLIENT]))
        && claims.get("azp").is_none_or(|party| party == CLIENT)
        && claims.get("typ").is_none_or(|kind| kind == "ID")
        && text("nonce") == Some(NONCE)
        && text("acr") == Some("eidas1")
        && text("sub").is_some_and(|subject| !subject.is_empty())
        && iat <= NOW + SKEW
        && exp.saturating_add(SKEW) > NOW
        && optional_number("nbf", NOW).is_some_and(|nbf| nbf <= NOW + SKEW)
        && optional_number("auth_time", iat)
            .is_some_and(|at| at <= NOW + SKEW && at.saturating_add(4 * 3_600 + SKEW) > NOW)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_signed_token_is_accepted_exactly_when_every_claim_is_as_demanded(
        changes in prop::collection::vec((0..11_usize, prop::option::of(any_claim())), 0..3),
    ) {
        const NAMES: [&str; 11] = [
            "iss", "aud", "azp", "sub", "typ", "acr", "nonce", "iat", "exp", "nbf", "auth_time",
        ];
        let provider = Provider::new();
        let mut claims = sound();
        for (name, value) in changes {
            match value {
                // What a fraction of a second means is tried elsewhere.
                Some(Value::Number(number)) if !number.is_i64() => {}
                Some(value) => claims[NAMES[name]] = value,
                None => {
                    claims.as_object_mut().unwrap().remove(NAMES[name]);
                }
            }
        }
        let verified = provider.verify(&provider.sign(&claims));
        prop_assert_eq!(verified.is_ok(), is_acceptable(&claims), "{}", claims);
    }

    #[test]
    fn any_text_is_refused_and_never_a_panic(text in any::<String>(), cut in any::<prop::sample::Index>()) {
        let provider = Provider::new();
        prop_assert!(provider.verify(&text).is_err());
        let sound = provider.sign(&sound());
        let cut = cut.index(sound.len());
        prop_assert!(provider.verify(&sound[..cut]).is_err());
        let mut pasted = sound.clone();
        pasted.insert_str(cut, &text);
        prop_assert!(text.is_empty() || provider.verify(&pasted).is_err());
    }

    #[test]
    fn any_bytes_for_keys_are_read_or_refused(bytes in any::<Vec<u8>>()) {
        let _ = ProviderKeys::from_jwks(&bytes, &[Algorithm::ES256]);
    }
}
