//! The HTTPS listener for everybody: it publishes the keys of the tokens, and the sessions
//! that were closed before their tokens expired.

use std::net::SocketAddr;
use std::sync::Arc;

use aval_runtime::config::GrpcConfig;
use aval_runtime::http_listener::HttpListener;
use aval_runtime::tls::{PublicTls, TlsError};
use aval_runtime::token::{ClosedSessionSource, ClosedSessionsUnavailable};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio_util::sync::CancellationToken;

use crate::token_keys::TokenKeys;

/// Where the keys are published (RFC 8615).
pub const PATH: &str = "/.well-known/jwks.json";

/// Where the closed sessions are published.
pub const CLOSED_SESSIONS_PATH: &str = "/.well-known/closed-sessions.json";

/// How long an answer may be kept: less than the verifiers' own five minutes would only
/// be asked for in vain.
const CACHE_CONTROL: &str = "public, max-age=300";
/// RFC 7517 §8.5.1.
const CONTENT_TYPE: &str = "application/jwk-set+json";

/// The listener, holding its port.
#[derive(Debug)]
pub struct JwksServer {
    listener: HttpListener,
    routes: Router,
}

/// Where these keys and these closed sessions are published.
pub fn routes(keys: Arc<TokenKeys>, closed_sessions: Arc<dyn ClosedSessionSource>) -> Router {
    let headers = [
        (header::CONTENT_TYPE, CONTENT_TYPE),
        (header::CACHE_CONTROL, CACHE_CONTROL),
    ];
    let answer = move || std::future::ready((headers, keys.current().jwks().to_owned()));
    Router::new()
        .route(PATH, get(answer))
        .route(CLOSED_SESSIONS_PATH, get(closed_sessions_now))
        .with_state(closed_sessions)
}

impl JwksServer {
    /// Takes the port, to serve these routes under the certificate of the gRPC listener;
    /// where that is in clear, so is this.
    pub async fn bind(
        listen: SocketAddr,
        grpc: &GrpcConfig,
        routes: Router,
    ) -> Result<Self, JwksError> {
        let bind = |source| JwksError::Bind {
            address: listen,
            source,
        };
        let tls = grpc.tls.as_ref().map(PublicTls::new).transpose()?;
        let listener = HttpListener::bind(listen).await.map_err(bind)?;
        let listener = match tls {
            Some(tls) => listener.under(tls, grpc.certificates_read_every.get()),
            None => listener,
        };
        Ok(Self { listener, routes })
    }

    /// The address it listens on, with the port that was taken for port 0.
    #[must_use]
    pub fn bound_address(&self) -> SocketAddr {
        self.listener.bound_address()
    }

    /// Publishes until `shutdown`, and for five seconds more what is being answered then.
    pub async fn serve(self, shutdown: CancellationToken) {
        tracing::info!(address = %self.bound_address(), "publishing the keys of the tokens");
        self.listener.serve(self.routes, shutdown).await;
    }
}

/// The list with its age, or no answer: an empty list would say that none is closed.
async fn closed_sessions_now(State(source): State<Arc<dyn ClosedSessionSource>>) -> Response {
    match source.fetch().await {
        Ok(list) => {
            let headers = [
                (header::CONTENT_TYPE, "application/json"),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (headers, list.to_json()).into_response()
        }
        Err(ClosedSessionsUnavailable) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Why the keys cannot be published.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    /// The address cannot be listened on.
    #[error("{address} cannot be listened on")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

#[cfg(test)]
mod tests {
    use std::fs;

    use aval_domain::random::SystemRandom;
    use aval_runtime::config::DurationText;
    use aval_runtime::key_file::Missing;
    use aval_runtime::token::ClosedSessionList;
    use futures::future::BoxFuture;

    use super::*;
    use crate::config::TokenIssuance;
    use crate::keys;

    #[derive(Debug)]
    struct OutOfReach;

    impl ClosedSessionSource for OutOfReach {
        fn fetch(&self) -> BoxFuture<'_, Result<ClosedSessionList, ClosedSessionsUnavailable>> {
            Box::pin(std::future::ready(Err(ClosedSessionsUnavailable)))
        }
    }

    #[tokio::test]
    async fn keys_that_were_read_again_are_published_without_a_restart() {
        aval_runtime::tls::install_crypto_provider();
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let config = TokenIssuance {
            issuer: "https://identity.test".to_owned(),
            signing_key_file: file("signing.pem"),
            published_key_files: Vec::new(),
            lifetime: DurationText::from_secs(300),
        };
        let missing = Missing::Create(&SystemRandom);
        let keys = Arc::new(TokenKeys::load(&config, missing).unwrap());
        let routes = routes(Arc::clone(&keys), Arc::new(OutOfReach));
        let listen = "127.0.0.1:0".parse().unwrap();
        let grpc = GrpcConfig::insecure_loopback(listen);
        let server = JwksServer::bind(listen, &grpc, routes).await.unwrap();
        let base = format!("http://{}", server.bound_address());
        let stop = CancellationToken::new();
        let serving = tokio::spawn(server.serve(stop.clone()));
        let published = async || {
            let answer = reqwest::get(format!("{base}{PATH}")).await.unwrap();
            let set: serde_json::Value = answer.json().await.unwrap();
            set["keys"][0]["kid"].as_str().unwrap().to_owned()
        };
        let first = published().await;
        let second = keys::signer(&file("other.pem"), missing).unwrap();
        fs::rename(file("other.pem"), file("signing.pem")).unwrap();
        assert_eq!(published().await, first);
        keys.reload();
        assert_eq!(published().await, second.key_id());
        // A list that is out of reach is none: an empty one would say that none is closed.
        let closed = format!("{base}{CLOSED_SESSIONS_PATH}");
        assert_eq!(reqwest::get(closed).await.unwrap().status(), 503);
        stop.cancel();
        serving.await.unwrap();
    }
}
