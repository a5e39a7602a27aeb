//! The ops listener: health and metrics over clear HTTP, for the inside of the
//! cluster. The kubelet's probes speak no TLS.
//!
//! `/live` answers while the process runs and never asks a database; 503 when a task is lost
//! that the service cannot be right without, so that it is started again. `/ready` answers 503
//! while the service cannot work. `/metrics` answers the Prometheus text.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::condition::Condition;
use crate::config::OpsConfig;
use crate::http_listener::HttpListener;
use crate::telemetry::metrics;

/// The listener, holding its port.
#[derive(Debug)]
pub struct OpsServer(HttpListener);

impl OpsServer {
    /// Takes the port.
    pub async fn bind(config: &OpsConfig) -> Result<Self, std::io::Error> {
        Ok(Self(HttpListener::bind(config.listen).await?))
    }

    /// The address it listens on, with the port that was taken for port 0.
    #[must_use]
    pub fn bound_address(&self) -> SocketAddr {
        self.0.bound_address()
    }

    /// Answers until `shutdown`; from then on, and until this returns, `/ready` is not
    /// served. Whoever is still there after five seconds is cut off.
    #[must_use = "a future does nothing before it is awaited"]
    pub fn serve(
        self,
        condition: Condition,
        shutdown: CancellationToken,
    ) -> BoxFuture<'static, ()> {
        tracing::info!(address = %self.bound_address(), "serving health and metrics");
        self.0.serve(routes(condition), shutdown)
    }
}

fn routes(condition: Condition) -> Router {
    Router::new()
        .route("/live", get(live))
        .route("/ready", get(ready))
        .route("/metrics", get(|| async { metrics::text() }))
        .with_state(condition)
}

async fn live(State(condition): State<Condition>) -> (StatusCode, &'static str) {
    if condition.is_alive() {
        (StatusCode::OK, "live\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "dead\n")
    }
}

async fn ready(State(condition): State<Condition>) -> (StatusCode, &'static str) {
    if condition.is_ready().await {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}
