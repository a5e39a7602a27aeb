//! Accepts connections, until it is told to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aval_domain::random;
use futures::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tonic_health::server::HealthReporter;

use super::{ServerError, Shared, connection, health};
use crate::bounded_tasks::{BoundedTasks, room};
use crate::condition::Condition;
use crate::tls::ServerTls;

/// Connections at once of whoever has shown a certificate; more wait in the system's queue.
const CONNECTIONS: usize = 4096;
/// Handshakes at once: of whoever has shown nothing yet, so that they take no connection from
/// those who have.
const HANDSHAKES: usize = 256;
/// When there are so many, the oldest is ended for the next, once it has had so long: some two
/// thousand a second, which is about what a core could shake hands with at all.
const LEAST_HANDSHAKE: Duration = Duration::from_millis(125);
/// After an error of the system's, such as too many open files.
const AFTER_A_FAILED_ACCEPT: Duration = Duration::from_millis(100);

/// A server that holds its port.
pub struct BoundServer {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<ServerTls>>,
    health: HealthReporter,
    service_names: Vec<&'static str>,
    condition: Option<Condition>,
    shared: Arc<Shared>,
}

impl BoundServer {
    pub(super) fn new(
        listener: TcpListener,
        tls: Option<ServerTls>,
        health: HealthReporter,
        service_names: Vec<&'static str>,
        shared: Shared,
    ) -> Result<Self, ServerError> {
        let configured = shared.config.listen;
        let address = listener.local_addr().map_err(|source| ServerError::Bind {
            address: configured,
            source,
        })?;
        Ok(Self {
            listener,
            address,
            tls: tls.map(Arc::new),
            health,
            service_names,
            condition: None,
            shared: Arc::new(shared),
        })
    }

    /// The address it listens on, with the port that was taken for port 0.
    #[must_use]
    pub fn bound_address(&self) -> SocketAddr {
        self.address
    }

    /// Tells by `grpc.health.v1` what this condition is, under the name of each service; under
    /// the empty name the server serves until it drains. Without it every service serves.
    #[must_use]
    pub fn telling(self, condition: Condition) -> Self {
        Self {
            condition: Some(condition),
            ..self
        }
    }

    /// Serves until `shutdown`, then drains: health says `NOT_SERVING`, nothing new is
    /// accepted, calls may end within the configured bound, and what is left is cut
    /// off. Streams of the service's own should end themselves at the same signal.
    ///
    /// Boxed, so that the walk of a request is compiled here and not again in each
    /// service.
    #[must_use = "a future does nothing before it is awaited"]
    pub fn serve(self, shutdown: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(self.accept_until(shutdown))
    }

    async fn accept_until(self, shutdown: CancellationToken) {
        if self.tls.is_none() {
            tracing::warn!(
                address = %self.address,
                "serving in clear: every caller is taken for `insecure-loopback`; development only"
            );
        }
        tracing::info!(address = %self.address, services = ?self.service_names, "serving gRPC");
        let told = self.condition.clone().map(|condition| {
            let (reporter, services) = (self.health.clone(), self.service_names.clone());
            AbortOnDropHandle::new(tokio::spawn(health::follow(reporter, services, condition)))
        });
        let mut connections = JoinSet::new();
        let mut handshakes = BoundedTasks::new(HANDSHAKES, LEAST_HANDSHAKE);
        let read_every = self.shared.config.certificates_read_every.get();
        let mut read_certificates = tokio::time::interval(read_every);
        loop {
            let full_until = handshakes.full_until();
            let has_room = full_until.is_none() && connections.len() < CONNECTIONS;
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                Some(_) = connections.join_next() => {}
                Some(done) = handshakes.next() => if let Some(established) = done {
                    let (shared, age) = (Arc::clone(&self.shared), self.connection_age());
                    connections.spawn(connection::serve(shared, established, age));
                },
                _ = read_certificates.tick() => self.read_certificates(),
                () = room(full_until), if full_until.is_some() => {}
                accepted = self.listener.accept(), if has_room => match accepted {
                    Ok((stream, remote)) => {
                        let (shared, tls) = (Arc::clone(&self.shared), self.tls.clone());
                        handshakes.spawn(connection::establish(shared, tls, stream, remote));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection was not accepted");
                        tokio::time::sleep(AFTER_A_FAILED_ACCEPT).await;
                    }
                },
            }
        }
        // Nothing was called over them yet: whoever shakes hands goes elsewhere.
        drop(handshakes);
        // From here on nothing is told but that it drains.
        if let Some(told) = told {
            told.abort();
            let _ = told.await;
        }
        self.drain(connections).await;
    }

    async fn drain(self, mut connections: JoinSet<()>) {
        health::say(&self.health, &self.service_names, false).await;
        health::say(&self.health, &[""], false).await;
        drop(self.listener);
        tracing::info!(connections = connections.len(), "draining");
        self.shared.draining.cancel();
        let bound = self.shared.config.drain.get();
        let all_done = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(bound, all_done).await.is_err() {
            tracing::warn!(
                connections = connections.len(),
                "the drain took too long; cutting off"
            );
            connections.shutdown().await;
        }
    }

    fn read_certificates(&self) {
        if let Some(tls) = &self.tls {
            tls.reload(self.shared.environment.clock.now());
        }
    }

    /// The configured age, less up to a tenth: connections that were opened together
    /// must not end together.
    fn connection_age(&self) -> Duration {
        let age = self.shared.config.connection_age.get();
        let [byte] = random::bytes::<1>(self.shared.environment.random.as_ref());
        age.saturating_sub(age * u32::from(byte) / 2560)
    }
}

impl std::fmt::Debug for BoundServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BoundServer")
            .field("address", &self.address)
            .field("services", &self.service_names)
            .finish_non_exhaustive()
    }
}
