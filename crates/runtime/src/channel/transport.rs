//! The connection below a channel.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;
use tonic::ConnectError;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use crate::config::{self, ConfigError, PeerConfig};
use crate::tls::{ClientTls, TlsError};

/// Why no channel can be made.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// The configuration is refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Certificates or keys cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// How to reach a peer: where, and with what certificate.
#[derive(Debug, Clone)]
pub(crate) struct Transport {
    uri: Uri,
    identity: Option<Arc<Identity>>,
    connections: u8,
}

impl Transport {
    /// As the configuration has it.
    pub(crate) fn new(peer: &PeerConfig) -> Result<Self, ChannelError> {
        let uri = peer.address()?;
        let identity = match &peer.tls {
            Some(files) if uri.scheme_str() == Some("https") => Some(Identity {
                tls: ClientTls::new(files)?,
                server_name: peer.name(&uri)?,
            }),
            _ => None,
        };
        let identity = identity.map(Arc::new);
        Ok(Self {
            uri,
            identity,
            connections: peer.connections.max(1),
        })
    }

    /// The name or the address of the peer.
    pub(crate) fn host(&self) -> &str {
        config::host(&self.uri)
    }

    pub(crate) fn port(&self) -> u16 {
        let usual = if self.identity.is_some() { 443 } else { 80 };
        self.uri.port_u16().unwrap_or(usual)
    }

    /// A lazy connection to whichever instance the name leads to each time it connects.
    pub(crate) fn connect_by_name(&self) -> Channel {
        self.connect_to((self.host().to_owned(), self.port()))
    }

    /// Lazy connections to the instance at this address.
    pub(super) fn connect_lazy(&self, address: SocketAddr) -> impl Iterator<Item = Channel> {
        (0..self.connections).map(move |_| self.connect_to(address))
    }

    /// The certificates are read each time it connects.
    fn connect_to(&self, address: impl ToSocketAddrs + Clone + Send + Sync + 'static) -> Channel {
        let endpoint = Endpoint::from(self.uri.clone())
            .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
            .keep_alive_timeout(KEEPALIVE_TIMEOUT)
            .keep_alive_while_idle(true);
        let identity = self.identity.clone();
        let connector = service_fn(move |_: Uri| {
            let connecting = connect(address.clone(), identity.clone());
            async move {
                let connected = tokio::time::timeout(CONNECT_TIMEOUT, connecting).await;
                let connected = connected.map_err(std::io::Error::from).flatten();
                // So that it is known of a call that nothing of it was sent.
                connected
                    .map(TokioIo::new)
                    .map_err(|error| ConnectError(error.into()))
            }
        });
        Channel::new(connector, endpoint)
    }
}

#[derive(Debug)]
struct Identity {
    tls: ClientTls,
    server_name: ServerName<'static>,
}

async fn connect(
    address: impl ToSocketAddrs,
    identity: Option<Arc<Identity>>,
) -> std::io::Result<Either<TcpStream, TlsStream<TcpStream>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let Some(identity) = identity else {
        return Ok(Either::Left(stream));
    };
    if let Err(error) = identity.tls.reload() {
        tracing::warn!(%error, "the certificate was not read again; the last one is used");
    }
    let connector = TlsConnector::from(identity.tls.current());
    let stream = connector
        .connect(identity.server_name.clone(), stream)
        .await?;
    Ok(Either::Right(stream))
}
