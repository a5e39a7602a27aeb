//! Compact JWS by hand: the flawed tokens need every part within reach, and a
//! relying party's library is better tried with signatures that it did not make.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::key::SigningKey;

/// The usual header of a token signed with `key`.
pub(super) fn header(key: &SigningKey) -> Value {
    json!({ "alg": key.algorithm().name(), "typ": "JWT", "kid": key.kid() })
}

/// `claims` under `header`, signed with `key`.
pub(super) fn signed(header: &Value, claims: &Value, key: &SigningKey) -> String {
    signed_bytes(header, claims.to_string().as_bytes(), key)
}

/// Any payload under `header`, signed with `key`.
pub(super) fn signed_bytes(header: &Value, payload: &[u8], key: &SigningKey) -> String {
    let message = message(header, payload);
    let signature = key.sign(message.as_bytes());
    with_signature(message, &signature)
}

/// `claims` under `header`, authenticated with HMAC-SHA-256.
pub(super) fn authenticated(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let message = message(header, claims.to_string().as_bytes());
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, message.as_bytes());
    with_signature(message, tag.as_ref())
}

/// `claims` under `header` with an empty signature.
pub(super) fn unsigned(header: &Value, claims: &Value) -> String {
    with_signature(message(header, claims.to_string().as_bytes()), &[])
}

/// One segment of a token.
pub(super) fn segment(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn message(header: &Value, payload: &[u8]) -> String {
    let header = segment(header.to_string().as_bytes());
    format!("{header}.{}", segment(payload))
}

fn with_signature(message: String, signature: &[u8]) -> String {
    message + "." + &segment(signature)
}
