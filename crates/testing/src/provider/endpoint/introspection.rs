//! Introspection (RFC 7662): is this token good, and whose is it?

use axum::extract::State;
use axum::http::HeaderMap;
use axum::{Form, Json};
use serde_json::{Value, json};

use super::refusal::Refusal;
use super::{Parameters, RealmEndpoints, client};
use crate::provider::claims::{self, Holder};
use crate::provider::session::{IssuedToken, TokenKind};

/// `token` and client authentication; `SubjectNameID` is given for access
/// tokens only, as Pro Santé Connect does.
pub(super) async fn introspect(
    State(endpoints): State<RealmEndpoints>,
    headers: HeaderMap,
    Form(parameters): Form<Parameters>,
) -> Result<Json<Value>, Refusal> {
    let RealmEndpoints { provider, realm } = endpoints;
    client::authenticate(&provider, &headers, &parameters)?;
    let token = parameters
        .get("token")
        .ok_or(Refusal::invalid_request("token is missing"))?;
    let issued = provider
        .sessions()
        .live(realm, token, provider.now())
        .cloned();
    let accounts = provider.accounts();
    let answer = issued.and_then(|issued| {
        let holder = Holder::find(&accounts, realm, &issued.session.username)?;
        Some(active(holder, provider.issuer(realm), &issued))
    });
    Ok(Json(answer.unwrap_or_else(|| json!({ "active": false }))))
}

fn active(holder: Holder<'_>, issuer: &str, token: &IssuedToken) -> Value {
    let session = &token.session;
    let mut answer = json!({
        "active": true,
        "exp": token.expires_at.unix_seconds(),
        "iat": token.issued_at.unix_seconds(),
        "auth_time": session.signed_in_at.unix_seconds(),
        "jti": token.jti,
        "iss": issuer,
        "sub": holder.subject(),
        "typ": match token.kind {
            TokenKind::Access => "Bearer",
            TokenKind::Refresh => "Refresh",
            TokenKind::Id => "ID",
        },
        "azp": session.client_id,
        "client_id": session.client_id,
        "sid": session.sid,
        "session_state": session.sid,
        "acr": session.acr,
        "scope": claims::scope(session.realm),
        "username": holder.preferred_username(),
        "preferred_username": holder.preferred_username(),
    });
    if let Some(nonce) = &session.nonce {
        answer["nonce"] = json!(nonce);
    }
    if let (TokenKind::Access, Holder::Professional(account)) = (token.kind, holder) {
        answer["SubjectNameID"] = json!(account.national_id);
    }
    answer
}
