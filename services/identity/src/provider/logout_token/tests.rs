use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use jsonwebtoken::Algorithm;
use proptest::prelude::*;
use serde_json::json;

use super::LogoutRefused::{
    AudienceWrong, EventMissing, IssuerUnknown, JtiMissing, KindWrong, Malformed, NobodyNamed,
    NoncePresent, NotYetValid, SignatureInvalid, Stale,
};
use super::*;

const NOW: i64 = 1_790_000_000;
const SKEW: i64 = 30;
const ISSUER: &str = "https://provider.test/realms/one";
const CLIENT: &str = "aval";

/// A provider that signs whatever text it is given.
struct Forge {
    pair: EcdsaKeyPair,
    keys: ProviderKeys,
}

impl Forge {
    fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let point = pair.public_key().as_ref();
        let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
        let jwks = json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "kid": "k", "x": part(1..33), "y": part(33..65),
        }] });
        let jwks = jwks.to_string();
        Self {
            keys: ProviderKeys::from_jwks(jwks.as_bytes(), &[Algorithm::ES256]).unwrap(),
            pair,
        }
    }

    fn sign(&self, header: &Value, claims: &str) -> String {
        let message = message(header, claims);
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes());
        format!("{message}.{}", part(signature.unwrap().as_ref()))
    }

    fn sound(&self) -> String {
        self.sign(&header(), &sound().to_string())
    }

    /// The header with this member; null takes it away.
    fn header_with(&self, name: &str, value: Value) -> String {
        self.sign(&changed(header(), name, value), &sound().to_string())
    }

    /// The claims with this member; null takes it away.
    fn claims_with(&self, name: &str, value: Value) -> String {
        self.sign(&header(), &changed(sound(), name, value).to_string())
    }

    fn verify(&self, token: &str) -> Result<LogoutClaims, LogoutRefused> {
        let now = Timestamp::from_unix_seconds(NOW);
        key_id(token)?;
        expected().verify(token, &self.keys, now)
    }

    fn assert_refused(&self, table: Vec<(&str, String, LogoutRefused)>) {
        let sound = self.sound();
        self.verify(&sound).unwrap();
        let mut wrong = Vec::new();
        for (flaw, token, expected) in table {
            assert_ne!(token, sound, "{flaw}");
            match self.verify(&token) {
                Err(refused) if refused == expected => {}
                other => wrong.push(format!("{flaw}: {other:?}, not {expected:?}")),
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

fn expected() -> ExpectedLogoutToken<'static> {
    ExpectedLogoutToken {
        issuer: ISSUER,
        client_id: CLIENT,
        skew: Duration::from_secs(SKEW.unsigned_abs()),
    }
}

fn header() -> Value {
    json!({ "alg": "ES256", "typ": "logout+jwt", "kid": "k" })
}

fn sound() -> Value {
    json!({
        "iss": ISSUER, "aud": CLIENT, "iat": NOW - 5, "exp": NOW + 115, "jti": "j-1",
        "sub": "f:1:2", "sid": "s-1", "events": { EVENT: {} },
    })
}

fn part(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn message(header: &Value, claims: &str) -> String {
    format!("{}.{}", part(header.to_string()), part(claims))
}

fn changed(mut object: Value, name: &str, value: Value) -> Value {
    let members = object.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(name);
    } else {
        members.insert(name.to_owned(), value);
    }
    object
}

#[test]
fn a_sound_token_says_who_signed_out_and_until_when_it_is_good() {
    let forge = Forge::new();
    let said = |claims: Value| forge.verify(&forge.sign(&header(), &claims.to_string()));
    let both = said(sound()).unwrap();
    let session = "s-1".to_owned();
    let subject = Some("f:1:2".to_owned());
    assert!(both.who == SignedOut::Session { session, subject });
    assert_eq!(both.jti, "j-1");
    assert_eq!(both.good_until.unix_seconds(), NOW + 115 + SKEW);
    let person = said(changed(sound(), "sid", Value::Null)).unwrap();
    let subject = "f:1:2".to_owned();
    assert!(person.who == SignedOut::Person { subject });
    let session = said(changed(sound(), "sub", Value::Null)).unwrap().who;
    assert!(matches!(session, SignedOut::Session { subject: None, .. }));
    // Two minutes after its issue it is stale, whatever it says of its end.
    for end in [Value::Null, json!(NOW + 86_400)] {
        let long = said(changed(sound(), "exp", end)).unwrap();
        assert_eq!(long.good_until.unix_seconds(), NOW - 5 + 120 + SKEW);
    }
}

#[test]
fn every_published_way_to_say_what_kind_of_token_it_is_is_understood() {
    let forge = Forge::new();
    let kinds = [json!(null), json!("logout+jwt"), json!("LOGOUT+JWT")];
    for kind in kinds {
        let token = forge.sign(&changed(header(), "typ", kind), &sound().to_string());
        forge.verify(&token).unwrap();
    }
    let keycloak = changed(sound(), "typ", json!("Logout")).to_string();
    for kind in [json!("JWT"), json!("logout+jwt")] {
        let token = forge.sign(&changed(header(), "typ", kind), &keycloak);
        forge.verify(&token).unwrap();
    }
}

#[test]
fn times_hold_to_the_second_within_the_skew() {
    let forge = Forge::new();
    let verdict = |name, seconds: i64| {
        let token = forge.claims_with(name, json!(seconds));
        forge.verify(&token).map(|_| ())
    };
    assert_eq!(verdict("iat", NOW - 120 - SKEW + 1), Ok(()));
    assert_eq!(verdict("iat", NOW - 120 - SKEW), Err(Stale));
    assert_eq!(verdict("iat", NOW + SKEW), Ok(()));
    assert_eq!(verdict("iat", NOW + SKEW + 1), Err(NotYetValid));
    assert_eq!(verdict("exp", NOW - SKEW + 1), Ok(()));
    assert_eq!(verdict("exp", NOW - SKEW), Err(Stale));
    assert_eq!(verdict("nbf", NOW + SKEW), Ok(()));
    assert_eq!(verdict("nbf", NOW + SKEW + 1), Err(NotYetValid));
    assert_eq!(verdict("iat", i64::MIN), Err(Stale));
    assert_eq!(verdict("iat", i64::MAX), Err(NotYetValid));
}

#[test]
fn a_flawed_header_is_refused() {
    let forge = Forge::new();
    let with = |name, value| forge.header_with(name, value);
    forge.assert_refused(vec![
        ("no algorithm", with("alg", Value::Null), Malformed),
        ("none", with("alg", json!("none")), Malformed),
        ("HS256", with("alg", json!("HS256")), SignatureInvalid),
        ("RS256", with("alg", json!("RS256")), SignatureInvalid),
        ("ES384", with("alg", json!("ES384")), SignatureInvalid),
        ("no key", with("kid", Value::Null), SignatureInvalid),
        ("unknown key", with("kid", json!("k2")), SignatureInvalid),
        ("critical", with("crit", json!(["exp"])), Malformed),
        ("an ID token's", with("typ", json!("JWT")), KindWrong),
        ("access token", with("typ", json!("at+jwt")), KindWrong),
        ("event token", with("typ", json!("secevent+jwt")), KindWrong),
        ("no kind", with("typ", json!("")), KindWrong),
    ]);
}

#[test]
fn a_flawed_signature_is_refused() {
    let forge = Forge::new();
    let sound_token = forge.sound();
    let (unsigned, signature) = sound_token.rsplit_once('.').unwrap();
    let mut flipped = URL_SAFE_NO_PAD.decode(signature).unwrap();
    flipped[10] ^= 1;
    let none = message(&json!({ "alg": "none", "kid": "k" }), &sound().to_string());
    // The published key, taken for a shared secret.
    let header = changed(header(), "alg", json!("HS256"));
    let shared = message(&header, &sound().to_string());
    let secret = hmac::Key::new(hmac::HMAC_SHA256, forge.pair.public_key().as_ref());
    let tag = part(hmac::sign(&secret, shared.as_bytes()).as_ref());
    let long = json!("x".repeat(LONGEST_TOKEN));
    forge.assert_refused(vec![
        ("taken off", format!("{unsigned}."), SignatureInvalid),
        ("left out", unsigned.to_owned(), Malformed),
        ("none", format!("{none}."), Malformed),
        (
            "a bit flipped",
            format!("{unsigned}.{}", part(&flipped)),
            SignatureInvalid,
        ),
        ("a stranger's", Forge::new().sound(), SignatureInvalid),
        (
            "key as a secret",
            format!("{shared}.{tag}"),
            SignatureInvalid,
        ),
        ("too long", forge.claims_with("jti", long), Malformed),
        (
            "a list",
            forge.sign(&self::header(), "[]"),
            SignatureInvalid,
        ),
        ("nothing", String::new(), Malformed),
    ]);
}

#[test]
fn flawed_claims_are_refused_for_their_flaw() {
    let forge = Forge::new();
    let with = |name, value| forge.claims_with(name, value);
    let nobody = changed(changed(sound(), "sub", Value::Null), "sid", Value::Null);
    let mut null_nonce = sound();
    null_nonce["nonce"] = Value::Null;
    let signed = |claims: &Value| forge.sign(&header(), &claims.to_string());
    let other_event = json!({ "http://schemas.openid.net/event/other": {} });
    forge.assert_refused(vec![
        ("no issuer", with("iss", Value::Null), IssuerUnknown),
        (
            "issuer with a slash",
            with("iss", json!(format!("{ISSUER}/"))),
            IssuerUnknown,
        ),
        ("issuers", with("iss", json!([ISSUER])), IssuerUnknown),
        ("no audience", with("aud", Value::Null), AudienceWrong),
        ("other audience", with("aud", json!("aval2")), AudienceWrong),
        ("others", with("aud", json!(["a", "b"])), AudienceWrong),
        ("nobody's", with("aud", json!([])), AudienceWrong),
        ("no issue", with("iat", Value::Null), Malformed),
        ("issue of text", with("iat", json!("now")), Malformed),
        ("end of text", with("exp", json!("later")), Malformed),
        ("start of text", with("nbf", json!("now")), Malformed),
        ("stale", with("iat", json!(NOW - 3_600)), Stale),
        ("over", with("exp", json!(NOW - 3_600)), Stale),
        ("of the future", with("iat", json!(NOW + 60)), NotYetValid),
        ("no events", with("events", Value::Null), EventMissing),
        ("empty events", with("events", json!({})), EventMissing),
        ("other event", with("events", other_event), EventMissing),
        ("a list", with("events", json!([EVENT])), EventMissing),
        ("a text", with("events", json!(EVENT)), EventMissing),
        (
            "an event of text",
            with("events", json!({ EVENT: "" })),
            EventMissing,
        ),
        (
            "an event of null",
            with("events", json!({ EVENT: null })),
            EventMissing,
        ),
        ("a nonce", with("nonce", json!("n-1")), NoncePresent),
        ("a nonce of null", signed(&null_nonce), NoncePresent),
        ("no name", with("jti", Value::Null), JtiMissing),
        ("empty name", with("jti", json!("")), Malformed),
        ("name of number", with("jti", json!(1)), Malformed),
        ("nobody", signed(&nobody), NobodyNamed),
        ("empty subject", with("sub", json!("")), Malformed),
        ("subject of number", with("sub", json!(1)), Malformed),
        ("empty session", with("sid", json!("")), Malformed),
        ("sessions", with("sid", json!(["s-1"])), Malformed),
        ("an ID token", with("typ", json!("ID")), KindWrong),
        ("kind of number", with("typ", json!(1)), KindWrong),
    ]);
}

#[test]
fn several_audiences_need_ours_among_them() {
    let forge = Forge::new();
    let token = forge.claims_with("aud", json!(["other", CLIENT]));
    forge.verify(&token).unwrap();
}

#[test]
fn an_id_token_is_no_logout_token() {
    let forge = Forge::new();
    let claims = json!({
        "iss": ISSUER, "aud": CLIENT, "sub": "f:1:2", "sid": "s-1", "jti": "j-1",
        "acr": "eidas1", "nonce": "n-1", "iat": NOW - 5, "exp": NOW + 115,
    });
    let refused = forge.verify(&forge.sign(&header(), &claims.to_string()));
    assert_eq!(refused.unwrap_err(), EventMissing);
}

/// What a claim may be changed to: near misses, other types, nothing.
fn any_claim() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (NOW - 200..NOW + 200).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop_oneof![Just(ISSUER), Just(CLIENT), Just(EVENT), Just("Logout")].prop_map(Value::from),
        Just(json!([CLIENT])),
        Just(json!({ EVENT: {} })),
        Just(json!({ EVENT: { "a": 1 } })),
    ]
}

/// The same demands, written down once more, as plainly as possible.
fn is_acceptable(claims: &Value) -> bool {
    let text = |name: &str| claims[name].as_str().is_some_and(|text| !text.is_empty());
    let absent = |name: &str| claims.get(name).is_none();
    let after = |name: &str, bound: i64| absent(name) || claims[name].as_i64() > Some(bound);
    claims["iss"] == ISSUER
        && (claims["aud"] == CLIENT || claims["aud"] == json!([CLIENT]))
        && (absent("typ") || claims["typ"] == "Logout")
        && claims["events"][EVENT].is_object()
        && absent("nonce")
        && text("jti")
        && (text("sub") || absent("sub"))
        && (text("sid") || absent("sid"))
        && (text("sub") || text("sid"))
        && claims["iat"].as_i64() <= Some(NOW + SKEW)
        && claims["iat"].as_i64() > Some(NOW - 120 - SKEW)
        && after("exp", NOW - SKEW)
        && (absent("nbf") || claims["nbf"].as_i64().is_some_and(|nbf| nbf <= NOW + SKEW))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_signed_token_is_accepted_exactly_when_every_claim_is_as_demanded(
        changes in prop::collection::vec((0..10_usize, prop::option::of(any_claim())), 0..3),
    ) {
        const NAMES: [&str; 10] = [
            "iss", "aud", "typ", "events", "nonce", "jti", "sub", "sid", "iat", "exp",
        ];
        let forge = Forge::new();
        let mut claims = sound();
        for (name, value) in changes {
            match value {
                Some(value) => claims[NAMES[name]] = value,
                None => {
                    claims.as_object_mut().unwrap().remove(NAMES[name]);
                }
            }
        }
        let verified = forge.verify(&forge.sign(&header(), &claims.to_string()));
        prop_assert_eq!(verified.is_ok(), is_acceptable(&claims), "{}", claims);
    }

    #[test]
    fn any_text_is_refused_and_never_a_panic(
        text in any::<String>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let forge = Forge::new();
        prop_assert!(forge.verify(&text).is_err());
        let _ = stated_issuer(&text);
        let sound = forge.sound();
        let stated = stated_issuer(&sound);
        prop_assert_eq!(stated.as_deref(), Some(ISSUER));
        let cut = cut.index(sound.len());
        prop_assert!(forge.verify(&sound[..cut]).is_err());
        let _ = stated_issuer(&sound[..cut]);
        let mut pasted = sound.clone();
        pasted.insert_str(cut, &text);
        let _ = stated_issuer(&pasted);
        prop_assert!(text.is_empty() || forge.verify(&pasted).is_err());
    }

    #[test]
    fn any_signed_claims_are_read_or_refused(
        payload in prop_oneof![any::<String>(), any_claim().prop_map(|claim| claim.to_string())],
    ) {
        let forge = Forge::new();
        prop_assert!(forge.verify(&forge.sign(&header(), &payload)).is_err());
    }
}
