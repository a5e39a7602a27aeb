//! Accepts TLS connections for axum. A slow handshake keeps nobody else waiting.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Interval, interval, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::tls::PublicTls;

/// A client has so long for its handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Handshakes at once; more wait in the system's queue.
const HANDSHAKES: usize = 256;
/// After an error of the system's, such as too many open files.
const AFTER_A_FAILED_ACCEPT: Duration = Duration::from_millis(100);

/// A listener whose connections have shaken hands.
pub(super) struct TlsListener {
    listener: TcpListener,
    tls: PublicTls,
    read_certificate: Interval,
    handshakes: JoinSet<Option<(TlsStream<TcpStream>, SocketAddr)>>,
}

impl TlsListener {
    /// Its certificate is read again so often.
    pub(super) fn new(listener: TcpListener, tls: PublicTls, read_every: Duration) -> Self {
        Self {
            listener,
            tls,
            read_certificate: interval(read_every),
            handshakes: JoinSet::new(),
        }
    }

    fn begin_handshake(&mut self, stream: TcpStream, remote: SocketAddr) {
        let acceptor = TlsAcceptor::from(self.tls.current());
        self.handshakes.spawn(async move {
            match timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => Some((stream, remote)),
                Ok(Err(error)) => {
                    tracing::debug!(%remote, %error, "a connection was not established");
                    None
                }
                Err(_) => None,
            }
        });
    }
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let has_room = self.handshakes.len() < HANDSHAKES;
            tokio::select! {
                Some(done) = self.handshakes.join_next() => {
                    if let Ok(Some(established)) = done {
                        return established;
                    }
                }
                _ = self.read_certificate.tick() => self.tls.reload(),
                accepted = self.listener.accept(), if has_room => match accepted {
                    Ok((stream, remote)) => self.begin_handshake(stream, remote),
                    Err(error) => {
                        tracing::warn!(%error, "a connection was not accepted");
                        tokio::time::sleep(AFTER_A_FAILED_ACCEPT).await;
                    }
                },
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}
