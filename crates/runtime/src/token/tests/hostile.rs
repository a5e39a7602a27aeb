//! A table of flawed tokens, each signed by the right key unless that is its flaw, and
//! what each is refused for.

mod claims;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{Fixture, fixture_signed_by};
use crate::token::TokenError::{
    self, AlgorithmNotAllowed, ClaimsMalformed, KeyUnknown, Malformed, SignatureWrong, TypeWrong,
};
use crate::token::TokenSigner;

/// The issuer's key, for texts that no library would sign.
struct Forge {
    fixture: Fixture,
    pair: EcdsaKeyPair,
}

impl Forge {
    fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let der = pair.to_pkcs8v1().unwrap();
        let body = STANDARD.encode(der.as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
        let signer = TokenSigner::from_pkcs8_pem(pem.as_bytes()).unwrap();
        Self {
            fixture: fixture_signed_by(signer),
            pair,
        }
    }

    fn header(&self) -> Value {
        json!({ "alg": "ES256", "typ": "at+jwt", "kid": self.fixture.signer.key_id() })
    }

    fn claims(&self) -> Value {
        serde_json::to_value(self.fixture.claims()).unwrap()
    }

    /// A token of these two texts, signed.
    fn sign(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", part(header), part(claims));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.unwrap().as_ref());
        format!("{message}.{signature}")
    }

    fn sound(&self) -> String {
        self.sign(&self.header().to_string(), &self.claims().to_string())
    }

    /// The header with this member; null takes it away.
    fn header_with(&self, name: &str, value: Value) -> String {
        let header = with(self.header(), name, value);
        self.sign(&header.to_string(), &self.claims().to_string())
    }

    /// The claims with this member; null takes it away.
    fn claims_with(&self, name: &str, value: Value) -> String {
        let claims = with(self.claims(), name, value);
        self.sign(&self.header().to_string(), &claims.to_string())
    }

    fn times(&self, iat: i64, exp: i64) -> String {
        let claims = with(with(self.claims(), "iat", json!(iat)), "exp", json!(exp));
        self.sign(&self.header().to_string(), &claims.to_string())
    }

    fn payload(&self, text: &str) -> String {
        self.sign(&self.header().to_string(), text)
    }

    async fn assert_refused(&self, table: Vec<(&str, String, TokenError)>) {
        let sound = self.sound();
        self.fixture.verify(&sound).await.unwrap();
        let mut wrong = Vec::new();
        for (flaw, token, expected) in table {
            assert_ne!(token, sound, "{flaw}");
            match self.fixture.verify(&token).await {
                Err(refused) if refused == expected => {}
                other => wrong.push(format!("{flaw}: {other:?}, not {expected:?}")),
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        self.fixture.verify(&sound).await.unwrap();
    }
}

fn part(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    let members = object.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(name);
    } else {
        members.insert(name.to_owned(), value);
    }
    object
}

#[tokio::test]
async fn a_flawed_header_is_refused_for_its_flaw() {
    let forge = Forge::new();
    let header = |name, value| forge.header_with(name, value);
    let claims = forge.claims().to_string();
    let own = forge.header().to_string();
    let twice = own.replacen('{', r#"{"alg":"HS256","#, 1);
    forge
        .assert_refused(vec![
            ("no algorithm", header("alg", Value::Null), Malformed),
            ("none", header("alg", json!("none")), Malformed),
            ("nOnE", header("alg", json!("nOnE")), Malformed),
            ("es256", header("alg", json!("es256")), Malformed),
            ("a number", header("alg", json!(256)), Malformed),
            ("a list", header("alg", json!(["ES256"])), Malformed),
            ("HS256", header("alg", json!("HS256")), AlgorithmNotAllowed),
            ("HS512", header("alg", json!("HS512")), AlgorithmNotAllowed),
            ("RS256", header("alg", json!("RS256")), AlgorithmNotAllowed),
            ("PS256", header("alg", json!("PS256")), AlgorithmNotAllowed),
            ("ES384", header("alg", json!("ES384")), AlgorithmNotAllowed),
            ("EdDSA", header("alg", json!("EdDSA")), AlgorithmNotAllowed),
            ("two algorithms", forge.sign(&twice, &claims), Malformed),
            ("no type", header("typ", Value::Null), TypeWrong),
            ("an ID token", header("typ", json!("JWT")), TypeWrong),
            (
                "a logout token",
                header("typ", json!("logout+jwt")),
                TypeWrong,
            ),
            ("other case", header("typ", json!("AT+JWT")), TypeWrong),
            (
                "long form",
                header("typ", json!("application/at+jwt")),
                TypeWrong,
            ),
            ("type of number", header("typ", json!(1)), Malformed),
            ("no key", header("kid", Value::Null), KeyUnknown),
            ("empty key", header("kid", json!("")), KeyUnknown),
            ("unknown key", header("kid", json!("another")), KeyUnknown),
            ("a path", header("kid", json!("../../dev/null")), KeyUnknown),
            ("a query", header("kid", json!("' OR '1'='1")), KeyUnknown),
            ("key of number", header("kid", json!(1)), Malformed),
            ("critical", header("crit", json!(["exp"])), Malformed),
            ("critical nothing", header("crit", json!([])), Malformed),
            ("no object", forge.sign("[]", &claims), Malformed),
            ("a text", forge.sign("\"ES256\"", &claims), Malformed),
            ("nothing", forge.sign("", &claims), Malformed),
            (
                "half of one",
                forge.sign(&own[..own.len() - 1], &claims),
                Malformed,
            ),
        ])
        .await;
}

#[tokio::test]
async fn a_flawed_signature_is_refused() {
    let forge = Forge::new();
    let sound = forge.sound();
    let (message, signature) = sound.rsplit_once('.').unwrap();
    let raw = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let signed = |bytes: &[u8]| format!("{message}.{}", URL_SAFE_NO_PAD.encode(bytes));
    let mut flipped = raw.clone();
    flipped[40] ^= 1;
    let longer = [raw.as_slice(), &[0]].concat();
    // SEQUENCE { INTEGER r, INTEGER s }, as other protocols write it.
    let der = [&[0x30, 0x44, 2, 0x20], &raw[..32], &[2, 0x20], &raw[32..]].concat();
    let swapped = [&raw[32..], &raw[..32]].concat();
    let stranger = Forge::new();
    let foreign = stranger.sign(&forge.header().to_string(), &forge.claims().to_string());
    let jwk = stranger.fixture.signer.jwk();
    let own_key = with(forge.header(), "jwk", jwk);
    let embedded = stranger.sign(&own_key.to_string(), &forge.claims().to_string());
    let linked = with(
        forge.header(),
        "jku",
        json!("https://elsewhere.example/jwks"),
    );
    let linked = stranger.sign(&linked.to_string(), &forge.claims().to_string());
    let other = forge.claims_with("jti", json!("2"));
    let others_signature = other.rsplit_once('.').unwrap().1;
    forge
        .assert_refused(vec![
            ("taken off", format!("{message}."), SignatureWrong),
            ("all zero", signed(&[0; 64]), SignatureWrong),
            ("all ones", signed(&[0xFF; 64]), SignatureWrong),
            ("a bit flipped", signed(&flipped), SignatureWrong),
            ("a byte less", signed(&raw[..63]), SignatureWrong),
            ("a byte more", signed(&longer), SignatureWrong),
            ("in DER", signed(&der), SignatureWrong),
            ("halves swapped", signed(&swapped), SignatureWrong),
            ("a stranger's", foreign, SignatureWrong),
            ("under its own key", embedded, SignatureWrong),
            ("under a key elsewhere", linked, SignatureWrong),
            (
                "another token's",
                format!("{message}.{others_signature}"),
                SignatureWrong,
            ),
        ])
        .await;
}

#[tokio::test]
async fn a_flawed_shape_is_refused() {
    let forge = Forge::new();
    let sound = forge.sound();
    let parts: Vec<_> = sound.split('.').collect();
    let padding = "x".repeat(8 * 1024);
    forge
        .assert_refused(vec![
            ("empty", String::new(), Malformed),
            ("dots", "..".to_owned(), Malformed),
            ("one part", parts[0].to_owned(), Malformed),
            ("two parts", parts[..2].join("."), Malformed),
            ("four parts", format!("{sound}.{}", parts[2]), Malformed),
            (
                "five parts",
                format!("{sound}.{}.{}", parts[1], parts[2]),
                Malformed,
            ),
            ("a space before", format!(" {sound}"), Malformed),
            ("its scheme", format!("Bearer {sound}"), Malformed),
            ("in quotes", format!("\"{sound}\""), Malformed),
            ("padded header", sound.replacen('.', "=.", 1), Malformed),
            ("not base64", sound.replacen('.', "!.", 1), Malformed),
            ("not ASCII", sound.replacen('.', "é.", 1), Malformed),
            ("a nul", sound.replacen('.', "\0.", 1), Malformed),
            (
                "too long",
                forge.claims_with("jti", json!(padding)),
                Malformed,
            ),
            ("a token within", forge.payload(&sound), ClaimsMalformed),
            (
                "a token in a text",
                forge.payload(&json!(sound).to_string()),
                ClaimsMalformed,
            ),
            ("a list", forge.payload("[]"), ClaimsMalformed),
            ("no claims", forge.payload("{}"), ClaimsMalformed),
            ("null", forge.payload("null"), ClaimsMalformed),
            ("nothing", forge.payload(""), ClaimsMalformed),
        ])
        .await;
}
