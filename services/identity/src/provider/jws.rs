//! What is alike in every token that a provider signs: its size, its header, its
//! signature, and how its claims are read.

use aval_domain::time::Timestamp;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header};
use serde_json::{Map, Value};

use super::keys::ProviderKey;

/// Longer tokens are not looked at.
pub(super) const LONGEST_TOKEN: usize = 16 * 1024;

/// What a token says.
pub(super) type Claims = Map<String, Value>;

/// A token, or one of its claims, is not of the form that it must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// The header of a token that demands nothing that is not understood here (RFC 7515
/// §4.1.11).
pub(super) fn header_of(token: &str) -> Result<Header, Malformed> {
    if token.len() > LONGEST_TOKEN {
        return Err(Malformed);
    }
    let header = decode_header(token).map_err(|_| Malformed)?;
    if header.crit.is_some() {
        return Err(Malformed);
    }
    Ok(header)
}

/// The claims under a sound signature by this key, of an algorithm that the key is for.
pub(super) fn signed_claims(
    token: &str,
    header: &Header,
    key: &ProviderKey,
) -> Result<Claims, Malformed> {
    let key = key.usable_with(header.alg).ok_or(Malformed)?;
    let verified = decode::<Claims>(token, key, &signature_only(header.alg));
    Ok(verified.map_err(|_| Malformed)?.claims)
}

/// Claims and times are checked by those who know what to demand, by the clock that was
/// passed in.
fn signature_only(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    validation
}

/// A claim that is a text.
pub(super) fn text<'a>(claims: &'a Claims, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

/// A claim that is absent, or a text that is not empty.
pub(super) fn optional_text(claims: &Claims, name: &str) -> Result<Option<String>, Malformed> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(Malformed),
    }
}

/// A `NumericDate` (RFC 7519 §2); fractions of a second are dropped.
pub(super) fn instant(claims: &Claims, name: &str) -> Result<Option<Timestamp>, Malformed> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let whole = value.as_i64();
    // A fraction is legal, if nobody sends one; `as` saturates and drops it.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturating is what is wanted"
    )]
    let seconds = whole.or_else(|| value.as_f64().map(|seconds| seconds as i64));
    let seconds = seconds.ok_or(Malformed)?;
    Ok(Some(Timestamp::from_unix_seconds(seconds)))
}
