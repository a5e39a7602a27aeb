//! Connections of the callers: as lean as they come, and the same for every server,
//! so that what differs is the server.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use aval_runtime::config::TlsFiles;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

/// The name in the certificates of the development PKI.
const SERVER_NAME: &str = "localhost";

/// Opens so many connections to a server, showing it this certificate.
pub(crate) async fn open(
    address: SocketAddr,
    files: &TlsFiles,
    count: usize,
) -> anyhow::Result<Vec<Channel>> {
    let tls = ClientTlsConfig::new()
        .ca_certificate(authority(files)?)
        .identity(identity(files)?)
        .domain_name(SERVER_NAME);
    let endpoint = Endpoint::try_from(format!("https://{address}"))?
        .tls_config(tls)?
        .tcp_nodelay(true);
    let mut channels = Vec::with_capacity(count);
    for _ in 0..count {
        let channel = endpoint.connect().await;
        channels.push(channel.with_context(|| format!("cannot connect to {address}"))?);
    }
    Ok(channels)
}

/// A certificate and its key, in tonic's own form.
pub(super) fn identity(files: &TlsFiles) -> anyhow::Result<Identity> {
    Ok(Identity::from_pem(
        read(&files.certificate)?,
        read(&files.private_key)?,
    ))
}

/// The authority of the other side's certificates, in tonic's own form.
pub(super) fn authority(files: &TlsFiles) -> anyhow::Result<Certificate> {
    Ok(Certificate::from_pem(read(&files.client_ca)?))
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
