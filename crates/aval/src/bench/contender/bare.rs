//! The floor: tonic as it comes, with the same TLS and an empty handler. No layer: no
//! token is looked at, nothing is traced or measured, no limit holds.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context;
use aval_proto::consent::v1::decision_service_server::DecisionServiceServer;
use aval_runtime::config::TlsFiles;
use tonic::transport::Server;
use tonic::transport::server::{ServerTlsConfig, TcpIncoming};

use super::connections::{authority, identity};
use super::empty_handler::EmptyHandler;

/// Serves on a free port until the run time ends; answers where. Call it inside of
/// the servers' run time.
pub(crate) async fn serve_bare(files: &TlsFiles) -> anyhow::Result<SocketAddr> {
    let tls = ServerTlsConfig::new()
        .identity(identity(files)?)
        .client_ca_root(authority(files)?);
    let incoming = TcpIncoming::bind((Ipv4Addr::LOCALHOST, 0).into())
        .context("cannot listen on the loopback")?
        .with_nodelay(Some(true));
    let address = incoming.local_addr()?;
    let server = Server::builder()
        .tls_config(tls)?
        .add_service(DecisionServiceServer::new(EmptyHandler))
        .serve_with_incoming(incoming);
    tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the bare server ended");
        }
    });
    Ok(address)
}
