//! Logout tokens that are almost sound: whatever they are, they are refused and no more,
//! and none closes a session that does not say what it must.

use aval_testing::mutation::every_round;

use super::*;

/// Whether these claims may be believed, said without the code that is tried.
#[expect(
    clippy::cast_precision_loss,
    reason = "a second of this century is exact in a float"
)]
fn may_be_believed(claims: &Value) -> bool {
    let text = |name: &str| claims[name].as_str().is_some_and(|text| !text.is_empty());
    let audience = match &claims["aud"] {
        Value::Array(listed) => listed.iter().any(|one| one == CLIENT),
        one => one == CLIENT,
    };
    // RFC 7519 §2: an instant may have parts of a second.
    let issued = claims["iat"].as_f64();
    claims["iss"] == ISSUER
        && audience
        && text("jti")
        && (text("sub") || text("sid"))
        && claims.get("nonce").is_none()
        && claims["events"][EVENT].is_object()
        && issued.is_some_and(|at| at > (NOW - 120 - SKEW) as f64 && at < (NOW + SKEW + 1) as f64)
}

#[test]
fn a_signed_token_is_believed_only_for_what_it_must_say() {
    let forge = Forge::new();
    let mut believed = 0;
    every_round(|mutator| {
        let (sound_header, sound_claims) = (header(), sound());
        let (header, claims) = match mutator.below(4) {
            0 => (mutator.json(&sound_header), sound_claims.to_string()),
            1 => (sound_header, mutator.text(&sound_claims.to_string())),
            _ => (sound_header, mutator.json(&sound_claims).to_string()),
        };
        let token = forge.sign(&header, &claims);
        stated_issuer(&token);
        if forge.verify(&token).is_ok() {
            believed += 1;
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
    assert!(believed > 0);
}

#[test]
fn a_token_that_was_changed_after_it_was_signed_is_not_believed() {
    let forge = Forge::new();
    let sound = forge.sound();
    let signed = |token: &str| token.rsplit_once('.').map(|(signed, _)| signed.to_owned());
    every_round(|mutator| {
        let token = mutator.text(&sound);
        stated_issuer(&token);
        if forge.verify(&token).is_ok() {
            assert_eq!(signed(&token), signed(&sound));
        }
    });
}
