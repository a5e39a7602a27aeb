//! `UserInfo`, for the bearer of an access token.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use serde_json::Value;

use super::RealmEndpoints;
use super::refusal::Refusal;
use crate::provider::claims::Holder;
use crate::provider::session::TokenKind;
use crate::provider::user_info;

/// The account as it is now, in the layout that the sign-in asked for.
pub(super) async fn user_info(
    State(endpoints): State<RealmEndpoints>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let RealmEndpoints { provider, realm } = endpoints;
    let token = bearer(&headers).ok_or(Refusal::INVALID_TOKEN)?;
    let session = provider
        .sessions()
        .live(realm, token, provider.now())
        .filter(|issued| issued.kind == TokenKind::Access)
        .map(|issued| std::sync::Arc::clone(&issued.session))
        .ok_or(Refusal::INVALID_TOKEN)?;
    let accounts = provider.accounts();
    let holder = Holder::find(&accounts, realm, &session.username).ok_or(Refusal::INVALID_TOKEN)?;
    Ok(Json(user_info::of(holder, &session)))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")
}
