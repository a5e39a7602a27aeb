//! Aval tokens that identity signed, as every service verifies them. None is believed that
//! says something else than it must.

use std::sync::{Arc, LazyLock};

use aval_domain::time::ManualClock;
use aval_runtime::caller::CertificateThumbprint;
use aval_runtime::config::{DurationText, TokenConfig};
use aval_runtime::environment::Environment;
use aval_runtime::token::{LONGEST_LIFETIME, StaticKeys, TokenSigner, TokenVerifier};
use aval_testing::mutation::Mutator;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt;
use serde_json::{Value, json};

use super::{NOW, input, now, parts, read};
use crate::Target;
use crate::forge::{OWN, signed};

/// Aval tokens that are signed whatever they say.
pub(crate) const AVAL_TOKEN: Target = Target {
    name: "aval-token",
    sound: || vec![input(&header().to_string(), &claims().to_string())],
    almost,
    check,
};

const ISSUER: &str = "https://identity.test";
const AUDIENCE: &str = "aval";
const LEEWAY: i64 = 2;

static SIGNER: LazyLock<TokenSigner> = LazyLock::new(|| {
    let body = STANDARD.encode(OWN.to_pkcs8v1().unwrap().as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    TokenSigner::from_pkcs8_pem(pem.as_bytes()).unwrap()
});

/// One that was believed is remembered, and must vouch for no other.
static VERIFIER: LazyLock<TokenVerifier> = LazyLock::new(|| {
    let config = TokenConfig {
        issuer: ISSUER.to_owned(),
        jwks_url: format!("{ISSUER}/keys"),
        jwks_ca: None,
        closed_sessions_url: None,
        leeway: DurationText::from_secs(LEEWAY.unsigned_abs()),
    };
    let environment = Environment {
        clock: Arc::new(ManualClock::new(now())),
        ..Environment::system()
    };
    let keys = Arc::new(StaticKeys::of(&SIGNER));
    TokenVerifier::with_keys(&config, keys, &environment)
});

fn certificate() -> CertificateThumbprint {
    CertificateThumbprint::of_der(b"a certificate")
}

pub(super) fn header() -> Value {
    json!({ "alg": "ES256", "typ": "at+jwt", "kid": SIGNER.key_id() })
}

pub(super) fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "01990000-0000-7000-8000-000000000001",
        "sid": "01990000-0000-7000-8000-000000000002", "jti": "a", "iat": NOW - 5,
        "exp": NOW + 200, "kind": "patient", "strength": "substantial",
        "auth_time": NOW - 60, "direct": false,
        "cnf": { "x5t#S256": certificate().to_base64url() },
    })
}

pub(super) fn is_believed(token: &str) -> bool {
    let answer = VERIFIER.verify(token, Some(certificate()));
    answer.now_or_never().expect("nobody is asked").is_ok()
}

fn almost(mutator: &mut Mutator) -> Vec<u8> {
    super::almost(mutator, &header(), &claims())
}

fn check(data: &[u8]) -> bool {
    let Some((stated_header, stated)) = parts(data) else {
        return false;
    };
    let believed = is_believed(&signed(&OWN, stated_header, stated));
    if believed {
        let stated_header = read(stated_header);
        for name in ["alg", "typ", "kid"] {
            assert_eq!(stated_header[name], header()[name]);
        }
        let stated = read(stated);
        assert!(may_be_believed(&stated), "{stated}");
    }
    believed
}

fn may_be_believed(claims: &Value) -> bool {
    let (issued, end) = (claims["iat"].as_i64(), claims["exp"].as_i64());
    let (Some(issued), Some(end)) = (issued, end) else {
        return false;
    };
    let longest = i64::try_from(LONGEST_LIFETIME.as_secs()).unwrap();
    claims["iss"] == ISSUER
        && claims["aud"] == AUDIENCE
        && claims["cnf"]["x5t#S256"] == certificate().to_base64url()
        && issued <= NOW + LEEWAY
        && end > NOW - LEEWAY
        && issued < end
        && end - issued <= longest
}
