//! Making the flawed tokens out of sound claims.

use aval_domain::time::Timestamp;
use serde_json::{Value, json};

use super::Hostility;
use crate::provider::claims::Claims;
use crate::provider::jws;
use crate::provider::key::SigningKey;

const HOUR: i64 = 3_600;

/// What a forger has at hand: the sound claims, what everybody can see, a key of
/// their own; and, for flaws in the claims, a provider that signs them.
pub(in crate::provider) struct Forge<'a> {
    pub(in crate::provider) key: &'a SigningKey,
    pub(in crate::provider) stranger: &'a SigningKey,
    pub(in crate::provider) client_secret: &'a str,
    pub(in crate::provider) other_issuer: &'a str,
    pub(in crate::provider) now: Timestamp,
    pub(in crate::provider) claims: Claims,
}

impl Forge<'_> {
    /// The token without a flaw.
    pub(in crate::provider) fn sound(&self) -> String {
        self.with_claims(|_| {})
    }

    /// The token with one.
    pub(in crate::provider) fn make(&self, hostility: Hostility) -> String {
        let now = self.now.unix_seconds();
        match hostility {
            Hostility::Unsigned => self.without_signature("none"),
            Hostility::UnsignedMixedCase => self.without_signature("nOnE"),
            Hostility::HmacWithPublicKey => self.with_hmac(self.key.public_pem().as_bytes()),
            Hostility::HmacWithClientSecret => self.with_hmac(self.client_secret.as_bytes()),
            Hostility::CriticalHeader => self.with_header(|header| {
                header["crit"] = json!(["aval-unknown"]);
                header["aval-unknown"] = json!(true);
            }),
            Hostility::UnknownKey => {
                jws::signed(&jws::header(self.stranger), &self.claims(), self.stranger)
            }
            Hostility::EmbeddedKey => {
                let mut header = jws::header(self.stranger);
                header["jwk"] = self.stranger.jwk().clone();
                jws::signed(&header, &self.claims(), self.stranger)
            }
            Hostility::ForeignSignature => {
                jws::signed(&jws::header(self.key), &self.claims(), self.stranger)
            }
            Hostility::TamperedClaims => self.tampered(),
            Hostility::SignatureRemoved => jws::unsigned(&jws::header(self.key), &self.claims()),
            Hostility::AccessTokenType => self.with_claim("typ", json!("Bearer")),
            Hostility::LogoutTokenType => {
                self.with_header(|header| header["typ"] = json!("logout+jwt"))
            }
            Hostility::Expired => self.with_claims(|claims| {
                put(claims, "iat", json!(now - HOUR - 120));
                put(claims, "auth_time", json!(now - HOUR - 120));
                put(claims, "exp", json!(now - HOUR));
            }),
            Hostility::IssuedInTheFuture => self.with_claims(|claims| {
                put(claims, "iat", json!(now + HOUR));
                put(claims, "exp", json!(now + HOUR + 120));
            }),
            Hostility::NotBeforeInTheFuture => self.with_claims(|claims| {
                put(claims, "nbf", json!(now + HOUR));
                put(claims, "exp", json!(now + HOUR + 120));
            }),
            Hostility::WrongIssuer => {
                self.with_claim("iss", json!("https://issuer.example/auth/realms/elsewhere"))
            }
            Hostility::IssuerWithSlash => {
                let issuer = self.text("iss") + "/";
                self.with_claim("iss", json!(issuer))
            }
            Hostility::OtherRealm => self.with_claim("iss", json!(self.other_issuer)),
            Hostility::WrongAudience => self.with_claims(|claims| {
                put(claims, "aud", json!("another-client"));
                put(claims, "azp", json!("another-client"));
            }),
            Hostility::MissingAudience => self.without_claim("aud"),
            Hostility::OtherAuthorizedParty => {
                let audience = json!([self.text("aud"), "another-client"]);
                self.with_claims(|claims| {
                    put(claims, "aud", audience);
                    put(claims, "azp", json!("another-client"));
                })
            }
            Hostility::MissingExpiry => self.without_claim("exp"),
            Hostility::MissingIssuedAt => self.without_claim("iat"),
            Hostility::MissingSubject => self.without_claim("sub"),
            Hostility::MissingAcr => self.without_claim("acr"),
            Hostility::EmptyAcr => self.with_claim("acr", json!("")),
            Hostility::WeakAcr => self.with_claim("acr", json!("0")),
            Hostility::AcrInList => self.with_claim("acr", json!([self.text("acr")])),
            Hostility::WrongNonce => self.with_claim("nonce", json!("of-another-request")),
            Hostility::MissingNonce => self.without_claim("nonce"),
            Hostility::ExpiryAsText => self.with_claim("exp", json!("tomorrow")),
            Hostility::DeeplyNested => self.deeply_nested(),
            Hostility::Huge => self.with_claim("padding", json!("x".repeat(1 << 20))),
            Hostility::NotJson => {
                jws::signed_bytes(&jws::header(self.key), b"not a JSON object", self.key)
            }
            Hostility::Truncated => {
                let sound = self.sound();
                sound[..sound.len() / 3].to_owned()
            }
            Hostility::TwoParts => {
                let sound = self.sound();
                let parts = sound.rfind('.').map(|dot| &sound[..dot]);
                parts.unwrap_or_default().to_owned()
            }
            Hostility::Garbage => "this is no token".to_owned(),
            Hostility::Empty => String::new(),
        }
    }

    fn claims(&self) -> Value {
        Value::Object(self.claims.clone())
    }

    fn text(&self, claim: &str) -> String {
        self.claims
            .get(claim)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    }

    /// Signed by the provider with its claims changed.
    fn with_claims(&self, change: impl FnOnce(&mut Claims)) -> String {
        let mut claims = self.claims.clone();
        change(&mut claims);
        jws::signed(&jws::header(self.key), &Value::Object(claims), self.key)
    }

    fn with_claim(&self, name: &str, value: Value) -> String {
        self.with_claims(|claims| put(claims, name, value))
    }

    fn without_claim(&self, name: &str) -> String {
        self.with_claims(|claims| {
            claims.remove(name);
        })
    }

    /// Signed by the provider with its header changed.
    fn with_header(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut header = jws::header(self.key);
        change(&mut header);
        jws::signed(&header, &self.claims(), self.key)
    }

    fn without_signature(&self, algorithm: &str) -> String {
        jws::unsigned(&json!({ "alg": algorithm, "typ": "JWT" }), &self.claims())
    }

    fn with_hmac(&self, secret: &[u8]) -> String {
        let header = json!({ "alg": "HS256", "typ": "JWT", "kid": self.key.kid() });
        jws::authenticated(&header, &self.claims(), secret)
    }

    /// The sound token's header and signature around another subject.
    fn tampered(&self) -> String {
        let sound = self.sound();
        let mut claims = self.claims();
        claims["sub"] = json!(self.text("sub") + "0");
        let payload = jws::segment(claims.to_string().as_bytes());
        let mut parts: Vec<&str> = sound.split('.').collect();
        parts[1] = &payload;
        parts.join(".")
    }

    /// Written as text: a value of that depth could not be dropped safely.
    fn deeply_nested(&self) -> String {
        let mut payload = self.claims().to_string();
        payload.pop();
        payload.push_str(",\"nest\":");
        payload.push_str(&"[".repeat(5_000));
        payload.push_str(&"]".repeat(5_000));
        payload.push('}');
        jws::signed_bytes(&jws::header(self.key), payload.as_bytes(), self.key)
    }
}

fn put(claims: &mut Claims, name: &str, value: Value) {
    claims.insert(name.to_owned(), value);
}
