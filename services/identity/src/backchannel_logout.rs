//! Where the identity providers say that somebody signed out (OpenID Connect Back-Channel
//! Logout 1.0), beside the keys of the tokens.
//!
//! Anybody may post here: the token alone says who speaks. What is not a small form with
//! one token in it is refused unread, and no answer repeats anything of what was sent.

use std::sync::Arc;
use std::time::Duration;

use aval_runtime::caller::CallerId;
use aval_runtime::context::RequestContext;
use aval_runtime::environment::Environment;
use axum::extract::{DefaultBodyLimit, Form, FromRequest, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::app::{App, LogoutFailed};
use crate::metrics::LogoutMetrics;

/// Where logout tokens are posted: the `backchannel_logout_uri` of the client that is
/// registered at a provider.
pub const PATH: &str = "/backchannel-logout";

/// A token, its name, and what a provider may send along.
const LARGEST_FORM: usize = 20 * 1024;
/// A form must have come by then.
const FORM_WITHIN: Duration = Duration::from_secs(5);
/// Tokens that are verified at the same time; those beyond are to come again.
const AT_ONCE: usize = 32;

#[derive(Clone)]
struct Endpoint {
    app: Arc<App>,
    environment: Environment,
    /// In whose name the sessions are closed.
    caller: CallerId,
    room: Arc<Semaphore>,
    metrics: LogoutMetrics,
}

/// Why a post closed nothing.
struct Refused {
    /// For the metrics.
    outcome: &'static str,
    /// For the provider: one of RFC 6749's words, and a sentence.
    error: &'static str,
    description: String,
}

/// The endpoint, which closes sessions in this caller's name.
pub fn routes(app: Arc<App>, environment: Environment, caller: CallerId) -> Router {
    Router::new()
        .route(PATH, post(log_out))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .with_state(Endpoint {
            app,
            environment,
            caller,
            room: Arc::new(Semaphore::new(AT_ONCE)),
            metrics: LogoutMetrics::new(),
        })
}

/// §2.8: 200 for a logout that is done, 400 for everything else; neither is to be kept.
async fn log_out(State(endpoint): State<Endpoint>, request: Request) -> Response {
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    match endpoint.log_out(request).await {
        Ok(sessions) => {
            tracing::info!(sessions, "a provider signed somebody out");
            endpoint.metrics.done(sessions);
            (StatusCode::OK, no_store).into_response()
        }
        Err(refused) => {
            endpoint.metrics.refused(refused.outcome);
            let body = json!({
                "error": refused.error,
                "error_description": refused.description,
            });
            (StatusCode::BAD_REQUEST, no_store, Json(body)).into_response()
        }
    }
}

impl Endpoint {
    async fn log_out(&self, request: Request) -> Result<usize, Refused> {
        let token = token_of(request).await?;
        let _room = self.room.try_acquire().map_err(|_| Refused {
            outcome: "busy",
            error: "temporarily_unavailable",
            description: "too many logout tokens came at the same time".to_owned(),
        })?;
        let cx = RequestContext::for_service(&self.environment, self.caller.clone());
        self.app.log_out(&cx, &token).await.map_err(Refused::from)
    }
}

/// The one `logout_token` of a form; what a provider sends along is passed over (§2.5).
async fn token_of(request: Request) -> Result<String, Refused> {
    let form = Form::<Vec<(String, String)>>::from_request(request, &());
    let Ok(form) = tokio::time::timeout(FORM_WITHIN, form).await else {
        return Err(Refused::form("the form did not come in time"));
    };
    let Form(form) = form.map_err(|rejection| {
        Refused::form(match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => "the form is too large",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                "the content type must be application/x-www-form-urlencoded"
            }
            _ => "the form cannot be read",
        })
    })?;
    let tokens = form.into_iter().filter(|(name, _)| name == "logout_token");
    let mut tokens = tokens.map(|(_, token)| token);
    match (tokens.next(), tokens.next()) {
        (Some(token), None) => Ok(token),
        _ => Err(Refused::form("logout_token must be there once")),
    }
}

impl Refused {
    fn form(description: &'static str) -> Self {
        Self {
            outcome: "form",
            error: "invalid_request",
            description: description.to_owned(),
        }
    }
}

impl From<LogoutFailed> for Refused {
    fn from(failed: LogoutFailed) -> Self {
        use crate::provider::LogoutRefused::Unavailable;
        match failed {
            LogoutFailed::Refused(refused) => {
                tracing::debug!(reason = refused.code(), "a logout token was refused");
                Self {
                    outcome: refused.code(),
                    error: if refused == Unavailable {
                        "temporarily_unavailable"
                    } else {
                        "invalid_request"
                    },
                    description: refused.to_string(),
                }
            }
            LogoutFailed::Sessions(error) => {
                tracing::error!(%error, "a believed logout token closed no session");
                Self {
                    outcome: "failed",
                    error: "server_error",
                    description: "the sessions could not be closed".to_owned(),
                }
            }
        }
    }
}
