//! ID tokens that the provider signed. None is believed that does not say what it must.

use std::sync::LazyLock;
use std::time::Duration;

use aval_identity::provider::{ExpectedIdToken, ProviderKeys};
use aval_testing::mutation::Mutator;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::{CLIENT, NONCE, NOW, PROVIDER, SKEW, from_now, input, is_ours, now, parts, read};
use crate::Target;
use crate::forge::{OWN, jwk, signed};

/// ID tokens that are signed whatever they say.
pub(crate) const ID_TOKEN: Target = Target {
    name: "id-token",
    sound: || vec![input(&header().to_string(), &claims().to_string())],
    almost,
    check,
};

/// The provider's published keys.
static KEYS: LazyLock<ProviderKeys> = LazyLock::new(|| {
    let set = json!({ "keys": [jwk(&OWN)] }).to_string();
    ProviderKeys::from_jwks(set.as_bytes(), &[Algorithm::ES256]).unwrap()
});

pub(super) fn header() -> Value {
    json!({ "alg": "ES256", "typ": "JWT", "kid": "k" })
}

pub(super) fn claims() -> Value {
    json!({
        "iss": PROVIDER, "aud": CLIENT, "azp": CLIENT, "sub": "f:1:2", "typ": "ID",
        "acr": "eidas1", "nonce": NONCE, "iat": NOW - 5, "auth_time": NOW - 60, "exp": NOW + 115,
        "sid": "s", "at_hash": "a",
    })
}

pub(super) fn is_believed(token: &str, keys: &ProviderKeys) -> bool {
    let expected = ExpectedIdToken {
        issuer: PROVIDER.to_owned(),
        client_id: CLIENT.to_owned(),
        acr_values: vec!["eidas1".to_owned()],
        skew: Duration::from_secs(SKEW.unsigned_abs()),
        oldest_sign_in: Duration::from_hours(4),
    };
    expected.verify(token, keys, NONCE, now()).is_ok()
}

/// The provider's published keys.
pub(super) fn keys() -> &'static ProviderKeys {
    &KEYS
}

fn almost(mutator: &mut Mutator) -> Vec<u8> {
    super::almost(mutator, &header(), &claims())
}

fn check(data: &[u8]) -> bool {
    let Some((header, claims)) = parts(data) else {
        return false;
    };
    let believed = is_believed(&signed(&OWN, header, claims), &KEYS);
    if believed {
        let header = read(header);
        assert_eq!(
            (&header["alg"], &header["kid"]),
            (&json!("ES256"), &json!("k"))
        );
        let claims = read(claims);
        assert!(may_be_believed(&claims), "{claims}");
    }
    believed
}

#[expect(clippy::cast_precision_loss, reason = "a skew is a few seconds")]
fn may_be_believed(claims: &Value) -> bool {
    let skew = SKEW as f64;
    let says_when = claims.get("auth_time").is_some();
    let signed_in = if says_when { "auth_time" } else { "iat" };
    claims["iss"] == PROVIDER
        && is_ours(&claims["aud"])
        && (claims["azp"].is_null() || claims["azp"] == CLIENT)
        && claims["nonce"] == NONCE
        && claims["acr"] == "eidas1"
        && claims["sub"]
            .as_str()
            .is_some_and(|subject| !subject.is_empty())
        && from_now(claims, "exp").is_some_and(|end| end > -skew)
        && from_now(claims, "iat").is_some_and(|issue| issue < skew + 1.0)
        && from_now(claims, signed_in)
            .is_some_and(|at| at > -4.0 * 3_600.0 - skew && at < skew + 1.0)
}
