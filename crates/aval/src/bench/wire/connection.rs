//! A connection that sends together what its callers ask at once.

use std::net::SocketAddr;

use aval_runtime::config::TlsFiles;
use aval_runtime::server::gathered::{GiveWay, Socket};
use aval_runtime::tls;
use bytes::Bytes;
use h2::client::SendRequest;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The name in the certificates of the development PKI.
const SERVER_NAME: &str = "localhost";

/// Connects, and serves the connection until its senders are gone.
pub(super) async fn open(
    address: SocketAddr,
    files: &TlsFiles,
) -> anyhow::Result<SendRequest<Bytes>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (reads, writes) = stream.into_split();
    let connector = TlsConnector::from(tls::client_config(files)?);
    let server = ServerName::try_from(SERVER_NAME)?;
    let stream = connector
        .connect(server, Socket::new(reads, writes))
        .await?;
    let outgoing = stream.get_ref().0.outgoing();
    let (sender, connection) = h2::client::handshake(stream).await?;
    outgoing.gather();
    tokio::spawn(async move {
        let connection = std::pin::pin!(connection);
        if let Err(error) = GiveWay::new(connection, &outgoing).await {
            tracing::debug!(%error, "a connection of the bench failed");
        }
    });
    Ok(sender)
}
