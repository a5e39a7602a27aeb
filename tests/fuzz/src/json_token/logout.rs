//! Logout tokens that the provider signed. None closes a session that does not say what it
//! must.

use std::time::Duration;

use aval_identity::provider::{ExpectedLogoutToken, stated_issuer};
use aval_testing::mutation::Mutator;
use serde_json::{Value, json};

use super::id::keys;
use super::{CLIENT, NOW, PROVIDER, SKEW, from_now, input, is_ours, now, parts, read};
use crate::Target;
use crate::forge::{OWN, signed};

/// Logout tokens that are signed whatever they say.
pub(crate) const LOGOUT_TOKEN: Target = Target {
    name: "logout-token",
    sound: || vec![input(&header().to_string(), &claims().to_string())],
    almost,
    check,
};

/// The member of `events` that makes it a logout token.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

pub(super) fn header() -> Value {
    json!({ "alg": "ES256", "typ": "logout+jwt", "kid": "k" })
}

pub(super) fn claims() -> Value {
    json!({
        "iss": PROVIDER, "aud": CLIENT, "iat": NOW - 5, "exp": NOW + 115, "jti": "j",
        "sub": "f:1:2", "sid": "s", "events": { EVENT: {} },
    })
}

pub(super) fn is_believed(token: &str) -> bool {
    let expected = ExpectedLogoutToken {
        issuer: PROVIDER,
        client_id: CLIENT,
        skew: Duration::from_secs(SKEW.unsigned_abs()),
    };
    // Whose keys to take is read before anything is believed.
    let issuer = stated_issuer(token);
    let believed = expected.verify(token, keys(), now()).is_ok();
    assert!(!believed || issuer.as_deref() == Some(PROVIDER));
    believed
}

fn almost(mutator: &mut Mutator) -> Vec<u8> {
    super::almost(mutator, &header(), &claims())
}

fn check(data: &[u8]) -> bool {
    let Some((header, claims)) = parts(data) else {
        return false;
    };
    let believed = is_believed(&signed(&OWN, header, claims));
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
    let text = |name: &str| claims[name].as_str().is_some_and(|text| !text.is_empty());
    claims["iss"] == PROVIDER
        && is_ours(&claims["aud"])
        && text("jti")
        && (text("sub") || text("sid"))
        && claims.get("nonce").is_none()
        && claims["events"][EVENT].is_object()
        && from_now(claims, "iat").is_some_and(|at| at > -120.0 - skew && at < skew + 1.0)
}
