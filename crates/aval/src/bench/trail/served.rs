//! The trail over gRPC, with every layer, for patients whose tokens are signed here.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aval_audit::app::{App, Watching};
use aval_audit::config::WatchConfig;
use aval_audit::grpc::{Trail, Transparency};
use aval_audit::tail::Tail;
use aval_audit::unusual::Rules;
use aval_domain::id::{PatientId, SessionId};
use aval_domain::random::SystemRandom;
use aval_domain::time::{Clock, SystemClock};
use aval_proto::audit::v1::trail_service_client::TrailServiceClient;
use aval_proto::audit::v1::trail_service_server::{self, TrailServiceServer};
use aval_proto::audit::v1::transparency_service_client::TransparencyServiceClient;
use aval_proto::audit::v1::transparency_service_server::{self, TransparencyServiceServer};
use aval_runtime::caller::{Allowlist, CallerId, CertificateThumbprint};
use aval_runtime::channel::{Channel, connect_lazy};
use aval_runtime::config::{GrpcConfig, PeerConfig, TlsFiles, TokenConfig};
use aval_runtime::environment::Environment;
use aval_runtime::page::PageTokens;
use aval_runtime::server::GrpcServer;
use aval_runtime::token::{
    AUDIENCE, AuthenticationStrength, AvalClaims, Confirmation, LONGEST_LIFETIME, PersonKind,
    StaticKeys, TokenSigner, TokenVerifier,
};
use aval_testing::pki::TRUST_DOMAIN;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio_util::sync::CancellationToken;

use super::log::Log;
use crate::bench::pki;
use crate::bench::threads::Threads;
use crate::client::Bearer;

const CALLER: &str = "gateway";
const ISSUER: &str = "https://localhost/bench";

/// A served log, and a connection to it.
#[derive(Debug, Clone)]
pub(super) struct Served {
    channel: Channel,
    signer: Arc<TokenSigner>,
    thumbprint: CertificateThumbprint,
}

impl Served {
    /// Serves this log on the servers' thread.
    pub(super) async fn start(log: &Log, folder: &Path, threads: &Threads) -> anyhow::Result<Self> {
        let pki = pki::open(&folder.join("pki"))?;
        let (own, caller) = (pki::files(&pki, "audit")?, pki::files(&pki, CALLER)?);
        let certificate = CertificateDer::from_pem_file(&caller.certificate)?;
        let signer = Arc::new(TokenSigner::generate());
        let (there, keys) = (log.clone(), Arc::clone(&signer));
        let address = threads
            .servers()
            .spawn(async move { serve(&there, &own, &keys).await });
        let peer = PeerConfig {
            uri: format!("https://localhost:{}", address.await??.port()),
            tls: Some(caller),
            server_name: None,
            deadline: Duration::from_mins(1).into(),
        };
        Ok(Self {
            channel: connect_lazy(&peer)?,
            signer,
            thumbprint: CertificateThumbprint::of_der(&certificate),
        })
    }

    pub(super) fn trail(&self) -> TrailServiceClient<Channel> {
        TrailServiceClient::new(self.channel.clone())
    }

    pub(super) fn transparency(&self) -> TransparencyServiceClient<Channel> {
        TransparencyServiceClient::new(self.channel.clone())
    }

    /// A token of this patient's.
    pub(super) fn bearer(&self, patient_id: PatientId) -> anyhow::Result<Bearer> {
        let now = SystemClock.now();
        let session = SessionId::new(now, &SystemRandom);
        Bearer::new(&self.signer.sign(&AvalClaims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: patient_id.to_string(),
            sid: session,
            jti: session.to_string(),
            iat: now.unix_seconds(),
            exp: now.saturating_add(LONGEST_LIFETIME).unix_seconds(),
            kind: PersonKind::Patient,
            strength: AuthenticationStrength::Substantial,
            auth_time: now.unix_seconds(),
            direct: true,
            rep: None,
            activity: None,
            display_name: None,
            cnf: Some(Confirmation {
                x5t_s256: self.thumbprint.to_base64url(),
            }),
        }))
    }
}

async fn serve(log: &Log, files: &TlsFiles, signer: &TokenSigner) -> anyhow::Result<SocketAddr> {
    let config = GrpcConfig {
        insecure_loopback: false,
        tls: Some(files.clone()),
        trust_domain: Some(TRUST_DOMAIN.to_owned()),
        ..GrpcConfig::insecure_loopback((Ipv4Addr::LOCALHOST, 0).into())
    };
    let environment = Environment::system();
    let token = TokenConfig {
        issuer: ISSUER.to_owned(),
        jwks_url: format!("{ISSUER}/keys"),
        jwks_ca: None,
        closed_sessions_url: None,
        leeway: Duration::from_secs(2).into(),
    };
    let keys = Arc::new(StaticKeys::of(signer));
    let verifier = Arc::new(TokenVerifier::with_keys(&token, keys, &environment));
    let stopping = CancellationToken::new();
    let tail = Tail::new(Arc::clone(&log.store));
    let app = Arc::new(App::new(
        Arc::clone(&log.store),
        log.writer.clone(),
        Arc::clone(&log.key),
        PageTokens::new(&[7; 32]),
        Watching::new(tail, &WatchConfig::default(), stopping.clone()),
        Rules::default(),
    ));
    let caller = CallerId::parse(CALLER)?;
    let allowlist = Allowlist::default()
        .with(trail_service_server::SERVICE_NAME, &caller)
        .with(transparency_service_server::SERVICE_NAME, &caller);
    let server = GrpcServer::new(&config, &environment, allowlist, verifier)
        .add_service(TrailServiceServer::new(Trail::new(Arc::clone(&app))))
        .add_service(TransparencyServiceServer::new(Transparency::new(app)))
        .bind()
        .await?;
    let address = server.bound_address();
    tokio::spawn(async move {
        if let Err(error) = server.serve(stopping).await {
            tracing::error!(%error, "the trail's server ended");
        }
    });
    Ok(address)
}
