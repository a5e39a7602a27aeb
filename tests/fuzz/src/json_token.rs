//! Tokens, and the keys that they are verified with.

mod aval;
mod changed;
mod id;
mod keys;
mod logout;

pub(crate) use aval::AVAL_TOKEN;
pub(crate) use changed::CHANGED_TOKEN;
pub(crate) use id::ID_TOKEN;
pub(crate) use keys::PUBLISHED_KEYS;
pub(crate) use logout::LOGOUT_TOKEN;

use aval_domain::time::Timestamp;
use aval_testing::mutation::Mutator;
use serde_json::Value;

const NOW: i64 = 1_790_000_000;
const SKEW: i64 = 30;
const PROVIDER: &str = "https://provider.test/realms/one";
const CLIENT: &str = "aval";
const NONCE: &str = "n-1";

fn now() -> Timestamp {
    Timestamp::from_unix_seconds(NOW)
}

/// An input is a header and claims, one behind the other with a line end between them.
fn input(header: &str, claims: &str) -> Vec<u8> {
    format!("{header}\n{claims}").into_bytes()
}

/// Such an input's header and claims.
fn parts(input: &[u8]) -> Option<(&str, &str)> {
    str::from_utf8(input).ok()?.split_once('\n')
}

/// A header and claims of which one is almost sound.
fn almost(mutator: &mut Mutator, header: &Value, claims: &Value) -> Vec<u8> {
    let (header_text, claims_text) = (header.to_string(), claims.to_string());
    match mutator.below(5) {
        0 => input(&mutator.json(header).to_string(), &claims_text),
        1 => input(&mutator.text(&header_text), &claims_text),
        2 => input(&header_text, &mutator.text(&claims_text)),
        _ => input(&header_text, &mutator.json(claims).to_string()),
    }
}

/// A text that was believed, read without the code that is tried.
fn read(text: &str) -> Value {
    serde_json::from_str(text).expect("what is believed is JSON")
}

/// Whether this is our client, or a list with it.
fn is_ours(audience: &Value) -> bool {
    match audience {
        Value::Array(listed) => listed.iter().any(|one| one == CLIENT),
        one => one == CLIENT,
    }
}

/// The second that a claim names (RFC 7519 §2: it may have parts of a second), from now.
#[expect(
    clippy::cast_precision_loss,
    reason = "a second of this century is exact in a float"
)]
fn from_now(claims: &Value, name: &str) -> Option<f64> {
    claims[name].as_f64().map(|second| second - NOW as f64)
}
