//! Which client asks (RFC 6749 §2.3.1: HTTP Basic or posted parameters).

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Parameters;
use super::refusal::Refusal;
use crate::provider::ClientConfig;
use crate::provider::state::ProviderState;

/// The client that knows its secret.
pub(super) fn authenticate<'a>(
    provider: &'a ProviderState,
    headers: &HeaderMap,
    parameters: &Parameters,
) -> Result<&'a ClientConfig, Refusal> {
    let posted = || {
        let id = parameters.get("client_id")?;
        let secret = parameters.get("client_secret")?;
        Some((id.clone(), secret.clone()))
    };
    let (id, secret) = basic(headers)
        .or_else(posted)
        .ok_or(Refusal::UNKNOWN_CLIENT)?;
    provider
        .config
        .client(&id)
        .filter(|client| client.secret == secret)
        .ok_or(Refusal::UNKNOWN_CLIENT)
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let decoded = STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}
