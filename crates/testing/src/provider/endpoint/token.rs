//! The token endpoint: signing in without a browser, renewing.

use std::str::FromStr;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use serde_json::json;

use super::refusal::Refusal;
use super::{Parameters, RealmEndpoints, client};
use crate::provider::{Hostility, Layout, Realm, SignIn, Tokens, claims};

/// `grant_type=password` with `username`, and optionally `nonce`, `acr`, `layout`
/// (`a` or `b`) and `hostile` (a [`Hostility`]'s name); or
/// `grant_type=refresh_token` with `refresh_token`. No password is asked for.
pub(super) async fn token(
    State(endpoints): State<RealmEndpoints>,
    headers: HeaderMap,
    Form(parameters): Form<Parameters>,
) -> Result<Response, Refusal> {
    let RealmEndpoints { provider, realm } = endpoints;
    let client = client::authenticate(&provider, &headers, &parameters)?;
    let tokens = match parameters.get("grant_type").map(String::as_str) {
        Some("password") => provider.sign_in(realm, &sign_in(&client.id, &parameters)?)?,
        Some("refresh_token") => {
            let refresh_token = parameters
                .get("refresh_token")
                .ok_or(Refusal::invalid_request("refresh_token is missing"))?;
            provider.refresh(realm, &client.id, refresh_token)?
        }
        _ => return Err(Refusal::UNSUPPORTED_GRANT),
    };
    Ok(response(realm, &tokens))
}

fn sign_in(client_id: &str, parameters: &Parameters) -> Result<SignIn, Refusal> {
    let text = |name: &str| {
        parameters
            .get(name)
            .filter(|text| !text.is_empty())
            .cloned()
    };
    let username = text("username").ok_or(Refusal::invalid_request("username is missing"))?;
    let layout = match text("layout").as_deref() {
        None => None,
        Some("a") => Some(Layout::A),
        Some("b") => Some(Layout::B),
        Some(_) => return Err(Refusal::invalid_request("layout is a or b")),
    };
    let hostile = text("hostile")
        .map(|name| Hostility::from_str(&name))
        .transpose()
        .map_err(|_| Refusal::invalid_request("hostile is the name of no flaw"))?;
    Ok(SignIn {
        username,
        client_id: client_id.to_owned(),
        nonce: text("nonce"),
        acr: text("acr"),
        layout,
        hostile,
    })
}

fn response(realm: Realm, tokens: &Tokens) -> Response {
    let body = Json(json!({
        "access_token": tokens.access_token,
        "expires_in": tokens.expires_in.as_secs(),
        "refresh_expires_in": tokens.refresh_expires_in.as_secs(),
        "refresh_token": tokens.refresh_token,
        "token_type": "Bearer",
        "id_token": tokens.id_token,
        "not-before-policy": 0,
        "session_state": tokens.sid,
        "scope": claims::scope(realm),
    }));
    let mut response = body.into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
