//! The realms' endpoints over HTTP.

mod client;
mod discovery;
mod introspection;
mod logout;
mod refusal;
mod token;
mod user_info;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::state::ProviderState;
use super::{Realm, RealmConfig};

/// The parameters of a posted form.
type Parameters = HashMap<String, String>;

/// What a handler works with.
#[derive(Clone)]
struct RealmEndpoints {
    provider: Arc<ProviderState>,
    realm: Realm,
}

/// Every endpoint of both realms.
pub(super) fn router(provider: &Arc<ProviderState>) -> Router {
    Realm::ALL
        .into_iter()
        .map(|realm| realm_router(provider, realm))
        .fold(Router::new(), Router::merge)
}

fn realm_router(provider: &Arc<ProviderState>, realm: Realm) -> Router {
    let RealmConfig { path, discovery } = provider.config.realm(realm);
    let endpoint = |name: &str| format!("{path}/protocol/openid-connect/{name}");
    Router::new()
        .route(&format!("{path}{discovery}"), get(discovery::discovery))
        .route(&endpoint("certs"), get(discovery::certs))
        .route(&endpoint("token"), post(token::token))
        .route(
            &endpoint("userinfo"),
            get(user_info::user_info).post(user_info::user_info),
        )
        .route(
            &endpoint("token/introspect"),
            post(introspection::introspect),
        )
        .route(
            &endpoint("logout"),
            get(logout::logout_by_link).post(logout::logout),
        )
        .with_state(RealmEndpoints {
            provider: Arc::clone(provider),
            realm,
        })
}
