//! ID tokens, and published keys, that are almost sound. None is believed that does not
//! say what it must; and whatever they are, they are refused and no more.

use aval_testing::mutation::{Mutator, every_round};

use super::*;

/// Whether these claims may be believed, said without the code that is tried.
#[expect(
    clippy::cast_precision_loss,
    reason = "a second of this century is exact in a float"
)]
fn may_be_believed(claims: &Value) -> bool {
    let text = |name: &str| claims[name].as_str();
    // RFC 7519 §2: an instant may have parts of a second.
    let number = |name: &str| claims[name].as_f64();
    let audience = match &claims["aud"] {
        Value::Array(listed) => listed.iter().any(|one| one == CLIENT),
        one => one == CLIENT,
    };
    text("iss") == Some(ISSUER)
        && audience
        && (claims["azp"].is_null() || text("azp") == Some(CLIENT))
        && text("nonce") == Some(NONCE)
        && text("acr") == Some("eidas1")
        && text("sub").is_some_and(|subject| !subject.is_empty())
        && number("exp").is_some_and(|end| end > (NOW - SKEW) as f64)
        && number("iat").is_some_and(|issue| issue < (NOW + SKEW + 1) as f64)
}

/// A header and claims, each sound or not, as a provider would sign them.
fn parts(mutator: &mut Mutator) -> (String, String) {
    let (header, claims) = (header(), sound());
    match mutator.below(5) {
        0 => (mutator.json(&header).to_string(), claims.to_string()),
        1 => (mutator.text(&header.to_string()), claims.to_string()),
        2 => (header.to_string(), mutator.text(&claims.to_string())),
        _ => (header.to_string(), mutator.json(&claims).to_string()),
    }
}

#[test]
fn a_signed_token_is_believed_only_for_what_it_must_say() {
    let forge = Forge::new();
    let mut believed = 0;
    every_round(|mutator| {
        let (header, claims) = parts(mutator);
        if forge.verify(&forge.sign(&header, &claims)).is_ok() {
            believed += 1;
            let header: Value = serde_json::from_str(&header).unwrap();
            assert_eq!(
                (&header["alg"], &header["kid"]),
                (&json!("ES256"), &json!("k"))
            );
            assert!(
                may_be_believed(&serde_json::from_str(&claims).unwrap()),
                "{claims}"
            );
        }
    });
    // Some changes do no harm: the tokens do get as far as there is something to check.
    assert!(believed > 0);
}

#[test]
fn a_token_that_was_changed_after_it_was_signed_is_not_believed() {
    let forge = Forge::new();
    let sound = forge.sound();
    let signed = |token: &str| token.rsplit_once('.').map(|(signed, _)| signed.to_owned());
    every_round(|mutator| {
        let token = mutator.text(&sound);
        if forge.verify(&token).is_ok() {
            assert_eq!(signed(&token), signed(&sound));
        }
    });
}

#[test]
fn published_keys_of_any_form_make_no_stranger_believed() {
    let (forge, stranger) = (Forge::new(), Forge::new());
    let published = json!({ "keys": [jwk(&forge.pair), jwk(&forge.pair)] });
    let (own, other) = (forge.sound(), stranger.sound());
    let mut believed = 0;
    every_round(|mutator| {
        let published = if mutator.below(2) == 0 {
            mutator.json(&published).to_string()
        } else {
            mutator.text(&published.to_string())
        };
        let Some(keys) = ProviderKeys::from_jwks(published.as_bytes(), &[Algorithm::ES256]) else {
            return;
        };
        let verified = |token: &str| {
            let now = Timestamp::from_unix_seconds(NOW);
            expected().verify(token, &keys, NONCE, now).is_ok()
        };
        believed += usize::from(verified(&own));
        assert!(!verified(&other));
    });
    assert!(believed > 0);
}
