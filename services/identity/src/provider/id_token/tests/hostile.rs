//! A table of flawed ID tokens, each signed by the provider's key unless that is its
//! flaw, and what each is refused for.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;

use super::*;
use crate::provider::SignInRefused::{
    self, AcrInsufficient, AudienceWrong, Expired, IssuerWrong, NonceMismatch, NotYetValid,
    TokenInvalid,
};
use crate::provider::jws::LONGEST_TOKEN;

/// A provider that signs whatever text it is given.
struct Forge {
    pair: EcdsaKeyPair,
    keys: ProviderKeys,
}

impl Forge {
    fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let keys = json!({ "keys": [jwk(&pair)] }).to_string();
        Self {
            keys: ProviderKeys::from_jwks(keys.as_bytes(), &[Algorithm::ES256]).unwrap(),
            pair,
        }
    }

    fn sign(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", part(header), part(claims));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.unwrap().as_ref());
        format!("{message}.{signature}")
    }

    fn sound(&self) -> String {
        self.sign(&header().to_string(), &sound().to_string())
    }

    /// The header with this member; null takes it away.
    fn header_with(&self, name: &str, value: Value) -> String {
        let header = changed(header(), name, value);
        self.sign(&header.to_string(), &sound().to_string())
    }

    /// The claims with this member; null takes it away.
    fn claims_with(&self, name: &str, value: Value) -> String {
        let claims = changed(sound(), name, value);
        self.sign(&header().to_string(), &claims.to_string())
    }

    fn payload(&self, text: &str) -> String {
        self.sign(&header().to_string(), text)
    }

    fn verify(&self, token: &str) -> Result<IdTokenClaims, SignInRefused> {
        let now = Timestamp::from_unix_seconds(NOW);
        expected().verify(token, &self.keys, NONCE, now)
    }

    fn assert_refused(&self, table: Vec<(&str, String, SignInRefused)>) {
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

fn header() -> Value {
    json!({ "alg": "ES256", "typ": "JWT", "kid": "k" })
}

fn jwk(pair: &EcdsaKeyPair) -> Value {
    let point = pair.public_key().as_ref();
    let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
    json!({ "kty": "EC", "crv": "P-256", "kid": "k", "x": part(1..33), "y": part(33..65) })
}

fn part(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
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
fn a_flawed_header_is_refused() {
    let forge = Forge::new();
    let header_with = |name, value| forge.header_with(name, value);
    let (own, claims) = (header().to_string(), sound().to_string());
    let twice = own.replacen('{', r#"{"alg":"none","#, 1);
    forge.assert_refused(vec![
        (
            "no algorithm",
            header_with("alg", Value::Null),
            TokenInvalid,
        ),
        ("none", header_with("alg", json!("none")), TokenInvalid),
        ("NONE", header_with("alg", json!("NONE")), TokenInvalid),
        ("HS256", header_with("alg", json!("HS256")), TokenInvalid),
        ("RS256", header_with("alg", json!("RS256")), TokenInvalid),
        ("PS256", header_with("alg", json!("PS256")), TokenInvalid),
        ("ES384", header_with("alg", json!("ES384")), TokenInvalid),
        ("EdDSA", header_with("alg", json!("EdDSA")), TokenInvalid),
        ("a number", header_with("alg", json!(256)), TokenInvalid),
        ("two algorithms", forge.sign(&twice, &claims), TokenInvalid),
        (
            "an access token",
            header_with("typ", json!("at+jwt")),
            TokenInvalid,
        ),
        (
            "a logout token",
            header_with("typ", json!("logout+jwt")),
            TokenInvalid,
        ),
        ("type of number", header_with("typ", json!(1)), TokenInvalid),
        ("no key", header_with("kid", Value::Null), TokenInvalid),
        ("empty key", header_with("kid", json!("")), TokenInvalid),
        ("unknown key", header_with("kid", json!("K")), TokenInvalid),
        ("key of number", header_with("kid", json!(1)), TokenInvalid),
        (
            "critical",
            header_with("crit", json!(["exp"])),
            TokenInvalid,
        ),
        ("no object", forge.sign("[]", &claims), TokenInvalid),
        ("nothing", forge.sign("", &claims), TokenInvalid),
        (
            "half of one",
            forge.sign(&own[..own.len() - 1], &claims),
            TokenInvalid,
        ),
    ]);
}

#[test]
fn a_flawed_signature_or_shape_is_refused() {
    let forge = Forge::new();
    let sound_token = forge.sound();
    let (message, signature) = sound_token.rsplit_once('.').unwrap();
    let raw = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let signed = |bytes: &[u8]| format!("{message}.{}", URL_SAFE_NO_PAD.encode(bytes));
    let mut flipped = raw.clone();
    flipped[10] ^= 0x80;
    let stranger = Forge::new();
    let own_key = changed(header(), "jwk", jwk(&stranger.pair)).to_string();
    let shared = {
        let header = changed(header(), "alg", json!("HS256")).to_string();
        let message = format!("{}.{}", part(&header), part(&sound().to_string()));
        let secret = hmac::Key::new(hmac::HMAC_SHA256, forge.pair.public_key().as_ref());
        let tag = hmac::sign(&secret, message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()))
    };
    let long = forge.claims_with("jti", json!("x".repeat(LONGEST_TOKEN)));
    forge.assert_refused(vec![
        ("taken off", format!("{message}."), TokenInvalid),
        ("left out", message.to_owned(), TokenInvalid),
        ("all zero", signed(&[0; 64]), TokenInvalid),
        ("a bit flipped", signed(&flipped), TokenInvalid),
        ("a byte less", signed(&raw[..63]), TokenInvalid),
        (
            "halves swapped",
            signed(&[&raw[32..], &raw[..32]].concat()),
            TokenInvalid,
        ),
        ("a stranger's", stranger.sound(), TokenInvalid),
        (
            "its own key",
            stranger.sign(&own_key, &sound().to_string()),
            TokenInvalid,
        ),
        ("the public key as a secret", shared, TokenInvalid),
        (
            "four parts",
            format!("{sound_token}.{signature}"),
            TokenInvalid,
        ),
        ("five parts", format!("{sound_token}.a.b"), TokenInvalid),
        ("a space before", format!(" {sound_token}"), TokenInvalid),
        ("too long", long, TokenInvalid),
        ("a token within", forge.payload(&sound_token), TokenInvalid),
        ("a list", forge.payload("[]"), TokenInvalid),
        ("null", forge.payload("null"), TokenInvalid),
        ("nothing", forge.payload(""), TokenInvalid),
        ("no claims", forge.payload("{}"), IssuerWrong),
    ]);
}

#[test]
fn flawed_claims_are_refused_for_their_flaw() {
    let forge = Forge::new();
    let claim = |name, value| forge.claims_with(name, value);
    forge.assert_refused(vec![
        ("no issuer", claim("iss", Value::Null), IssuerWrong),
        (
            "issuer with a slash",
            claim("iss", json!(format!("{ISSUER}/"))),
            IssuerWrong,
        ),
        (
            "issuer in capitals",
            claim("iss", json!(ISSUER.to_uppercase())),
            IssuerWrong,
        ),
        ("issuers", claim("iss", json!([ISSUER])), IssuerWrong),
        ("no audience", claim("aud", Value::Null), AudienceWrong),
        (
            "other audience",
            claim("aud", json!("aval ")),
            AudienceWrong,
        ),
        ("nobody's", claim("aud", json!([])), AudienceWrong),
        ("other party", claim("azp", json!("other")), AudienceWrong),
        ("no nonce", claim("nonce", Value::Null), NonceMismatch),
        ("other nonce", claim("nonce", json!("n-2")), NonceMismatch),
        ("longer nonce", claim("nonce", json!("n-1 ")), NonceMismatch),
        ("nonces", claim("nonce", json!([NONCE])), NonceMismatch),
        ("no level", claim("acr", Value::Null), AcrInsufficient),
        ("empty level", claim("acr", json!("")), AcrInsufficient),
        (
            "level of discovery",
            claim("acr", json!("0")),
            AcrInsufficient,
        ),
        (
            "level in capitals",
            claim("acr", json!("EIDAS1")),
            AcrInsufficient,
        ),
        (
            "levels in a text",
            claim("acr", json!("eidas1 eidas2")),
            AcrInsufficient,
        ),
        ("levels", claim("acr", json!(["eidas1"])), TokenInvalid),
        ("no subject", claim("sub", Value::Null), TokenInvalid),
        ("empty subject", claim("sub", json!("")), TokenInvalid),
        ("subject of number", claim("sub", json!(1)), TokenInvalid),
        (
            "refresh token",
            claim("typ", json!("Refresh")),
            TokenInvalid,
        ),
        ("logout token", claim("typ", json!("Logout")), TokenInvalid),
        ("over", claim("exp", json!(NOW - SKEW)), Expired),
        ("over since ever", claim("exp", json!(i64::MIN)), Expired),
        ("no end", claim("exp", Value::Null), TokenInvalid),
        (
            "end of text",
            claim("exp", json!("9999999999")),
            TokenInvalid,
        ),
        ("no issue", claim("iat", Value::Null), TokenInvalid),
        (
            "in the future",
            claim("iat", json!(NOW + SKEW + 1)),
            NotYetValid,
        ),
        ("not before", claim("nbf", json!(NOW + 3_600)), NotYetValid),
        (
            "not before a text",
            claim("nbf", json!("now")),
            TokenInvalid,
        ),
        (
            "sign-in of text",
            claim("auth_time", json!("now")),
            TokenInvalid,
        ),
        ("digest of number", claim("at_hash", json!(1)), TokenInvalid),
        ("session of number", claim("sid", json!(1)), TokenInvalid),
        ("empty session", claim("sid", json!("")), TokenInvalid),
    ]);
}
