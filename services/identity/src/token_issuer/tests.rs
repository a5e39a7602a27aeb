//! Tokens that are almost what is issued here: nobody believes one that says something
//! else than it must.

use aval_domain::time::ManualClock;
use aval_runtime::config::{DurationText, TokenConfig};
use aval_runtime::environment::Environment;
use aval_runtime::token::{LONGEST_LIFETIME, StaticKeys, TokenSigner, TokenVerifier};
use aval_testing::mutation::{Mutator, every_round};
use aws_lc_rs::rand::SystemRandom as LibraryRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt;
use serde_json::{Value, json};

use super::*;

const ISSUER: &str = "https://identity.test";
const NOW: i64 = 1_790_000_000;
const LEEWAY: i64 = 2;

/// The key of the tokens, for texts that nobody would issue.
struct Forge {
    pair: EcdsaKeyPair,
    signer: TokenSigner,
    certificate: CertificateThumbprint,
}

impl Forge {
    fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let body = STANDARD.encode(pair.to_pkcs8v1().unwrap().as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
        Self {
            signer: TokenSigner::from_pkcs8_pem(pem.as_bytes()).unwrap(),
            certificate: CertificateThumbprint::of_der(b"a certificate"),
            pair,
        }
    }

    /// A verifier that has verified nothing yet.
    fn verifier(&self) -> TokenVerifier {
        let config = TokenConfig {
            issuer: ISSUER.to_owned(),
            jwks_url: format!("{ISSUER}/keys"),
            jwks_ca: None,
            closed_sessions_url: None,
            leeway: DurationText::from_secs(LEEWAY.unsigned_abs()),
        };
        let environment = Environment {
            clock: Arc::new(ManualClock::new(Timestamp::from_unix_seconds(NOW))),
            ..Environment::system()
        };
        let keys = Arc::new(StaticKeys::of(&self.signer));
        TokenVerifier::with_keys(&config, keys, &environment)
    }

    fn is_believed(&self, verifier: &TokenVerifier, token: &str) -> bool {
        let answer = verifier.verify(token, Some(self.certificate));
        answer.now_or_never().expect("nobody is asked").is_ok()
    }

    fn header(&self) -> Value {
        json!({ "alg": "ES256", "typ": "at+jwt", "kid": self.signer.key_id() })
    }

    fn claims(&self) -> Value {
        json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": "01990000-0000-7000-8000-000000000001",
            "sid": "01990000-0000-7000-8000-000000000002", "jti": "a", "iat": NOW - 5,
            "exp": NOW + 200, "kind": "patient", "strength": "substantial",
            "auth_time": NOW - 60, "direct": false,
            "cnf": { "x5t#S256": self.certificate.to_base64url() },
        })
    }

    fn sign(&self, header: &str, claims: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let message = format!("{}.{}", part(header), part(claims));
        let signature = self.pair.sign(&LibraryRandom::new(), message.as_bytes());
        format!(
            "{message}.{}",
            URL_SAFE_NO_PAD.encode(signature.unwrap().as_ref())
        )
    }

    /// A header and claims, each sound or not.
    fn parts(&self, mutator: &mut Mutator) -> (String, String) {
        let (header, claims) = (self.header(), self.claims());
        match mutator.below(5) {
            0 => (mutator.json(&header).to_string(), claims.to_string()),
            1 => (mutator.text(&header.to_string()), claims.to_string()),
            2 => (header.to_string(), mutator.text(&claims.to_string())),
            _ => (header.to_string(), mutator.json(&claims).to_string()),
        }
    }

    /// Whether these claims may be believed, said without the code that is tried.
    fn may_be_believed(&self, claims: &Value) -> bool {
        let (issued, end) = (claims["iat"].as_i64(), claims["exp"].as_i64());
        let (Some(issued), Some(end)) = (issued, end) else {
            return false;
        };
        let longest = i64::try_from(LONGEST_LIFETIME.as_secs()).unwrap();
        claims["iss"] == ISSUER
            && claims["aud"] == AUDIENCE
            && claims["cnf"]["x5t#S256"] == self.certificate.to_base64url()
            && issued <= NOW + LEEWAY
            && end > NOW - LEEWAY
            && issued < end
            && end - issued <= longest
    }
}

#[test]
fn an_almost_sound_token_is_believed_only_for_what_it_must_say() {
    let forge = Forge::new();
    let verifier = forge.verifier();
    let sound = forge.sign(&forge.header().to_string(), &forge.claims().to_string());
    assert!(forge.is_believed(&verifier, &sound));
    let mut believed = 0;
    every_round(|mutator| {
        let (header, claims) = forge.parts(mutator);
        if forge.is_believed(&verifier, &forge.sign(&header, &claims)) {
            believed += 1;
            let header: Value = serde_json::from_str(&header).unwrap();
            for name in ["alg", "typ", "kid"] {
                assert_eq!(header[name], forge.header()[name]);
            }
            let claims = serde_json::from_str(&claims).unwrap();
            assert!(forge.may_be_believed(&claims), "{claims}");
        }
    });
    assert!(believed > 0);
}

#[test]
fn an_almost_sound_token_that_was_changed_after_it_was_signed_is_not_believed() {
    let forge = Forge::new();
    // One that was believed is remembered, and must vouch for no other.
    let verifier = forge.verifier();
    let sound = forge.sign(&forge.header().to_string(), &forge.claims().to_string());
    assert!(forge.is_believed(&verifier, &sound));
    let signed = |token: &str| token.rsplit_once('.').map(|(signed, _)| signed.to_owned());
    every_round(|mutator| {
        let token = mutator.text(&sound);
        if forge.is_believed(&verifier, &token) {
            assert_eq!(signed(&token), signed(&sound));
        }
    });
}
