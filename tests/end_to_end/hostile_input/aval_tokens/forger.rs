//! A forger of Aval tokens who holds identity's own key, which nobody else does: each
//! token has one flaw, so that it is the flaw that is noticed.

use aval_domain::time::{Clock, SystemClock};
use aval_runtime::token::TokenSigner;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};

use crate::scene::Scene;

const HOUR: i64 = 3_600;

/// Makes tokens out of a sound one.
pub(super) struct Forger {
    key: EncodingKey,
    public_key: Value,
    header: Value,
    claims: Value,
    sound: String,
}

/// A token and what is wrong with it.
pub(super) type Flawed = (&'static str, String);

impl Forger {
    pub(super) fn with_key_of(scene: &Scene, sound: &str) -> Self {
        let layout = scene.stack.layout();
        let pem = std::fs::read(layout.of_service("identity", "token-signing.pem")).unwrap();
        let part = |number| {
            let part = URL_SAFE_NO_PAD
                .decode(sound.split('.').nth(number).unwrap())
                .unwrap();
            serde_json::from_slice(&part).unwrap()
        };
        Self {
            public_key: TokenSigner::from_pkcs8_pem(&pem).unwrap().jwk(),
            key: EncodingKey::from_ec_pem(&pem).unwrap(),
            header: part(0),
            claims: part(1),
            sound: sound.to_owned(),
        }
    }

    /// A token of the forger's own without a flaw.
    pub(super) fn unflawed(&self) -> String {
        self.signed(
            &self.header,
            &with(&self.claims, &json!({ "jti": "of-my-own" })),
        )
    }

    /// A token that was good an hour ago.
    pub(super) fn expired(&self) -> String {
        let then = now() - HOUR;
        self.signed(
            &self.header,
            &with(&self.claims, &json!({ "iat": then, "exp": then + 300 })),
        )
    }

    /// Every other flaw.
    pub(super) fn flawed(&self) -> Vec<Flawed> {
        let claims = self
            .wrong_claims()
            .into_iter()
            .map(|(what, wrong)| (what, self.signed(&self.header, &with(&self.claims, &wrong))));
        let headers = wrong_headers()
            .into_iter()
            .map(|(what, wrong)| (what, self.signed(&with(&self.header, &wrong), &self.claims)));
        claims
            .chain(headers)
            .chain(self.wrongly_signed())
            .chain(self.no_tokens())
            .collect()
    }

    fn wrong_claims(&self) -> Vec<(&'static str, Value)> {
        let now = now();
        let issuer = self.claims["iss"].as_str().unwrap();
        vec![
            (
                "from the future",
                json!({ "iat": now + HOUR, "exp": now + HOUR + 300 }),
            ),
            ("of a whole day", json!({ "exp": now + 24 * HOUR })),
            (
                "that ends before it begins",
                json!({ "iat": now, "exp": now - 1 }),
            ),
            ("without an end", json!({ "exp": null })),
            ("with an end in words", json!({ "exp": "tomorrow" })),
            (
                "of another issuer",
                json!({ "iss": "https://elsewhere.example" }),
            ),
            (
                "of the issuer with a slash",
                json!({ "iss": format!("{issuer}/") }),
            ),
            ("for another audience", json!({ "aud": "elsewhere" })),
            (
                "for several audiences",
                json!({ "aud": ["aval", "elsewhere"] }),
            ),
            ("bound to nothing", json!({ "cnf": null })),
            (
                "bound to nonsense",
                json!({ "cnf": { "x5t#S256": "nonsense" } }),
            ),
            ("about nobody", json!({ "sub": "" })),
            ("about something else", json!({ "sub": "root" })),
            ("of no session", json!({ "sid": null })),
            (
                "of an unknown kind of person",
                json!({ "kind": "administrator" }),
            ),
            (
                "of a professional without a practice situation",
                json!({ "kind": "practitioner" }),
            ),
        ]
    }

    fn wrongly_signed(&self) -> Vec<Flawed> {
        let (body, signature) = self.sound.rsplit_once('.').unwrap();
        let other = self.unflawed();
        let (other, _) = other.rsplit_once('.').unwrap();
        let secret = EncodingKey::from_secret(self.public_key.to_string().as_bytes());
        let symmetric = body_of(
            &with(&self.header, &json!({ "alg": "HS256" })),
            &self.claims,
        );
        let authenticated = crypto::sign(symmetric.as_bytes(), &secret, Algorithm::HS256).unwrap();
        let under = |algorithm| with(&self.header, &json!({ "alg": algorithm }));
        vec![
            ("unsigned", format!("{body}.")),
            (
                "alg none",
                format!("{}.", body_of(&under("none"), &self.claims)),
            ),
            (
                "alg nOnE",
                format!("{}.", body_of(&under("nOnE"), &self.claims)),
            ),
            (
                "HS256 with the public key",
                format!("{symmetric}.{authenticated}"),
            ),
            (
                "with another token's signature",
                format!("{other}.{signature}"),
            ),
            ("signed by somebody else", self.signed_by_somebody_else()),
        ]
    }

    /// Claims that are all right, under the name of identity's key.
    fn signed_by_somebody_else(&self) -> String {
        let claims = serde_json::from_value(self.claims.clone()).unwrap();
        let foreign = TokenSigner::generate().sign(&claims);
        let (_, signature) = foreign.rsplit_once('.').unwrap();
        format!("{}.{signature}", body_of(&self.header, &self.claims))
    }

    fn no_tokens(&self) -> Vec<Flawed> {
        let sound = &self.sound;
        vec![
            ("cut in the middle", sound[..sound.len() / 2].to_owned()),
            ("of four parts", format!("{sound}.{}", "A".repeat(86))),
            ("garbage", "this-is-no-token".to_owned()),
            ("dots", "..".to_owned()),
            ("nothing", String::new()),
            ("ten thousand letters", "a".repeat(10_000)),
        ]
    }

    fn signed(&self, header: &Value, claims: &Value) -> String {
        let body = body_of(header, claims);
        let signature = crypto::sign(body.as_bytes(), &self.key, Algorithm::ES256).unwrap();
        format!("{body}.{signature}")
    }
}

fn wrong_headers() -> Vec<(&'static str, Value)> {
    vec![
        ("of another type", json!({ "typ": "JWT" })),
        ("of no type", json!({ "typ": null })),
        ("under no key's name", json!({ "kid": null })),
        (
            "under another key's name",
            json!({ "kid": "../../etc/passwd" }),
        ),
        ("ES384 in name", json!({ "alg": "ES384" })),
    ]
}

fn body_of(header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    format!("{header}.{claims}")
}

/// The same object with these members; without those that are null.
fn with(object: &Value, members: &Value) -> Value {
    let mut changed = object.clone();
    let object = changed.as_object_mut().unwrap();
    for (name, value) in members.as_object().unwrap() {
        object.insert(name.clone(), value.clone());
    }
    object.retain(|_, value| !value.is_null());
    changed
}

fn now() -> i64 {
    SystemClock.now().unix_seconds()
}
