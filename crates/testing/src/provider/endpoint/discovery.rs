//! What the realm offers, and the keys that it signs with.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::RealmEndpoints;
use crate::provider::{Realm, claims};

/// The discovery document: what is really offered here, in Pro Santé Connect's shape.
pub(super) async fn discovery(State(endpoints): State<RealmEndpoints>) -> Json<Value> {
    let RealmEndpoints { provider, realm } = endpoints;
    let endpoint = |name| provider.endpoint_url(realm, name);
    let claims: &[&str] = match realm {
        Realm::Professionals => &[
            "sub",
            "acr",
            "preferred_username",
            "given_name",
            "family_name",
            "SubjectNameID",
            "SubjectRole",
            "SubjectRefPro",
        ],
        Realm::Patients => &[
            "sub",
            "acr",
            "preferred_username",
            "given_name",
            "family_name",
            "birthdate",
            "gender",
            "birthplace",
            "ins",
            "ins_oid",
        ],
    };
    let scopes: Vec<&str> = claims::scope(realm).split(' ').collect();
    Json(json!({
        "issuer": provider.issuer(realm),
        "token_endpoint": endpoint("token"),
        "userinfo_endpoint": endpoint("userinfo"),
        "introspection_endpoint": endpoint("token/introspect"),
        "end_session_endpoint": endpoint("logout"),
        "jwks_uri": endpoint("certs"),
        "grant_types_supported": ["password", "refresh_token"],
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [provider.config.algorithm.name()],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "scopes_supported": scopes,
        "claims_supported": claims,
        // As Pro Santé Connect's own document: of no use to tell levels by.
        "acr_values_supported": ["0", "0"],
        "backchannel_logout_supported": false,
        "frontchannel_logout_supported": false,
    }))
}

/// The JSON Web Key Set.
pub(super) async fn certs(State(endpoints): State<RealmEndpoints>) -> Json<Value> {
    Json(endpoints.provider.keys(endpoints.realm).jwks())
}
