//! Ending a session: by its client with the refresh token, or by its user with
//! the ID token for a hint (OpenID Connect RP-Initiated Logout 1.0).

use axum::Form;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};

use super::refusal::Refusal;
use super::{Parameters, RealmEndpoints, client};
use crate::provider::session::TokenKind;

/// `id_token_hint`, optionally `post_logout_redirect_uri` and `state`.
pub(super) async fn logout_by_link(
    State(endpoints): State<RealmEndpoints>,
    Query(parameters): Query<Parameters>,
) -> Result<Response, Refusal> {
    by_hint(&endpoints, &parameters)
}

/// `refresh_token` with client authentication, or what
/// [`logout_by_link`] takes.
pub(super) async fn logout(
    State(endpoints): State<RealmEndpoints>,
    headers: HeaderMap,
    Form(parameters): Form<Parameters>,
) -> Result<Response, Refusal> {
    let Some(refresh_token) = parameters.get("refresh_token") else {
        return by_hint(&endpoints, &parameters);
    };
    let RealmEndpoints { provider, realm } = endpoints;
    let client = client::authenticate(&provider, &headers, &parameters)?;
    let mut sessions = provider.sessions();
    let sid = sessions
        .known(realm, refresh_token)
        .filter(|issued| issued.kind == TokenKind::Refresh)
        .filter(|issued| issued.session.client_id == client.id)
        .map(|issued| issued.session.sid.clone());
    if let Some(sid) = sid {
        sessions.end(&sid);
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn by_hint(endpoints: &RealmEndpoints, parameters: &Parameters) -> Result<Response, Refusal> {
    let RealmEndpoints { provider, realm } = endpoints;
    let hint = parameters
        .get("id_token_hint")
        .ok_or(Refusal::invalid_request("id_token_hint is missing"))?;
    let session = provider
        .sessions()
        .known(*realm, hint)
        .filter(|issued| issued.kind == TokenKind::Id)
        .map(|issued| std::sync::Arc::clone(&issued.session))
        .ok_or(Refusal::invalid_request("id_token_hint names no session"))?;
    let redirect = parameters
        .get("post_logout_redirect_uri")
        .map(|target| {
            provider
                .config
                .client(&session.client_id)
                .filter(|client| client.post_logout_redirects.contains(target))
                .map(|_| target)
                .ok_or(Refusal::invalid_request(
                    "post_logout_redirect_uri is not the client's",
                ))
        })
        .transpose()?;
    provider.sessions().end(&session.sid);
    Ok(match (redirect, parameters.get("state")) {
        (None, _) => StatusCode::NO_CONTENT.into_response(),
        (Some(target), None) => Redirect::to(target).into_response(),
        (Some(target), Some(state)) => {
            let separator = if target.contains('?') { '&' } else { '?' };
            let state = escaped(state);
            Redirect::to(&format!("{target}{separator}state={state}")).into_response()
        }
    })
}

/// Percent-encoded but for letters and digits.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
