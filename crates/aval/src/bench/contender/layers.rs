//! The services' own server, whole: mutual TLS, the allowlist, the token's signature
//! and binding, trace and metrics, deadline and load. Only the handler is empty.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use aval_proto::consent::v1::decision_service_server::{DecisionServiceServer, SERVICE_NAME};
use aval_runtime::caller::{Allowlist, CallerId};
use aval_runtime::config::{GrpcConfig, TlsFiles};
use aval_runtime::environment::Environment;
use aval_runtime::server::GrpcServer;
use aval_runtime::token::TokenVerifier;
use aval_testing::pki::TRUST_DOMAIN;
use tokio_util::sync::CancellationToken;

use super::empty_handler::EmptyHandler;

/// Serves on a free port until the run time ends, lets this caller in, and answers
/// where. Call it inside of the servers' run time.
pub(crate) async fn serve_layers(
    files: &TlsFiles,
    caller: &str,
    verifier: TokenVerifier,
) -> anyhow::Result<SocketAddr> {
    let config = GrpcConfig {
        insecure_loopback: false,
        tls: Some(files.clone()),
        trust_domain: Some(TRUST_DOMAIN.to_owned()),
        ..GrpcConfig::insecure_loopback((Ipv4Addr::LOCALHOST, 0).into())
    };
    let allowlist = Allowlist::default().with(SERVICE_NAME, &CallerId::parse(caller)?);
    let server = GrpcServer::new(
        &config,
        &Environment::system(),
        allowlist,
        Arc::new(verifier),
    )
    .add_service(DecisionServiceServer::new(EmptyHandler))
    .bind()
    .await?;
    let address = server.bound_address();
    tokio::spawn(server.serve(CancellationToken::new()));
    Ok(address)
}
