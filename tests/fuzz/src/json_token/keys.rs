//! Published keys of any form: they make no stranger believed.

use std::sync::LazyLock;

use aval_identity::provider::ProviderKeys;
use aval_testing::mutation::Mutator;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::id;
use crate::Target;
use crate::forge::{OWN, STRANGER, jwk, signed};

/// What a provider publishes as its keys.
pub(crate) const PUBLISHED_KEYS: Target = Target {
    name: "published-keys",
    sound: || vec![published().to_string().into_bytes()],
    almost,
    check,
};

/// A token that is sound but for the key, the provider's own first.
static TOKENS: LazyLock<[String; 2]> = LazyLock::new(|| {
    let (header, claims) = (id::header().to_string(), id::claims().to_string());
    [&OWN, &STRANGER].map(|pair| signed(pair, &header, &claims))
});

fn published() -> Value {
    json!({ "keys": [jwk(&OWN), jwk(&OWN)] })
}

fn almost(mutator: &mut Mutator) -> Vec<u8> {
    let made = if mutator.below(2) == 0 {
        mutator.json(&published()).to_string()
    } else {
        mutator.text(&published().to_string())
    };
    made.into_bytes()
}

fn check(data: &[u8]) -> bool {
    let Some(keys) = ProviderKeys::from_jwks(data, &[Algorithm::ES256]) else {
        return false;
    };
    let [own, strange] = TOKENS.each_ref().map(|token| id::is_believed(token, &keys));
    assert!(!strange);
    own
}
