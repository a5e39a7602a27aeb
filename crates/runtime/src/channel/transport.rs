//! The connection below a channel.

use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use crate::config::{ConfigError, PeerConfig};
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
    /// `server_name`, or the host of `uri`, is no DNS name and no IP address.
    #[error("server_name: not a DNS name")]
    ServerName,
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// A lazy connection to the peer. Its name is resolved, and its certificates are
/// read, each time it connects.
pub(crate) fn transport(peer: &PeerConfig) -> Result<Channel, ChannelError> {
    let uri = peer.check()?;
    let identity = match &peer.tls {
        Some(files) if uri.scheme_str() == Some("https") => Some(Identity {
            tls: ClientTls::new(files)?,
            server_name: server_name(peer, &uri)?,
        }),
        _ => None,
    };
    let identity = identity.map(Arc::new);
    let endpoint = Endpoint::from(uri)
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true);
    let connector = service_fn(move |uri: Uri| {
        let identity = identity.clone();
        async move {
            let connecting = connect(uri, identity);
            tokio::time::timeout(CONNECT_TIMEOUT, connecting)
                .await?
                .map(TokioIo::new)
        }
    });
    Ok(Channel::new(connector, endpoint))
}

#[derive(Debug)]
struct Identity {
    tls: ClientTls,
    server_name: ServerName<'static>,
}

async fn connect(
    uri: Uri,
    identity: Option<Arc<Identity>>,
) -> std::io::Result<Either<TcpStream, TlsStream<TcpStream>>> {
    let host = uri
        .host()
        .unwrap_or_default()
        .trim_start_matches('[')
        .trim_end_matches(']');
    let default_port = if identity.is_some() { 443 } else { 80 };
    let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(default_port))).await?;
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

fn server_name(peer: &PeerConfig, uri: &Uri) -> Result<ServerName<'static>, ChannelError> {
    let host = uri
        .host()
        .unwrap_or_default()
        .trim_start_matches('[')
        .trim_end_matches(']');
    let name = peer.server_name.as_deref().unwrap_or(host).to_owned();
    ServerName::try_from(name).map_err(|_| ChannelError::ServerName)
}
