//! Refusals, as OAuth 2.0 words them (RFC 6749 §5.2, RFC 6750 §3).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::provider::SignInRefused;

/// An answer other than what was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal {
    status: StatusCode,
    error: &'static str,
    description: &'static str,
}

impl Refusal {
    pub(super) const UNKNOWN_CLIENT: Self = Self::new(
        StatusCode::UNAUTHORIZED,
        "invalid_client",
        "the client is unknown or its secret wrong",
    );
    pub(super) const INVALID_TOKEN: Self = Self::new(
        StatusCode::UNAUTHORIZED,
        "invalid_token",
        "the access token is missing, unknown or expired",
    );
    pub(super) const UNSUPPORTED_GRANT: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "unsupported_grant_type",
        "the grant types are password and refresh_token",
    );

    pub(super) const fn invalid_request(description: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    const fn new(status: StatusCode, error: &'static str, description: &'static str) -> Self {
        Self {
            status,
            error,
            description,
        }
    }
}

impl From<SignInRefused> for Refusal {
    fn from(refused: SignInRefused) -> Self {
        match refused {
            SignInRefused::UnknownClient => Self::UNKNOWN_CLIENT,
            // Keycloak answers 401 to a wrong username or password, against RFC 6749.
            SignInRefused::UnknownAccount => Self::new(
                StatusCode::UNAUTHORIZED,
                "invalid_grant",
                "the realm has no such account",
            ),
            SignInRefused::InvalidRefreshToken => Self::new(
                StatusCode::BAD_REQUEST,
                "invalid_grant",
                "the refresh token is unknown, used, expired or another client's",
            ),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Json(json!({
            "error": self.error,
            "error_description": self.description,
        }));
        let mut response = (self.status, body).into_response();
        if self.error == Self::INVALID_TOKEN.error {
            response.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer error=\"invalid_token\""),
            );
        }
        response
    }
}
