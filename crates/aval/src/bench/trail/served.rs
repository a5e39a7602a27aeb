//! The trail over gRPC, with every layer, for patients whose tokens are signed here.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aval_audit::app::{App, Watching};
use aval_audit::config::WatchConfig;
use aval_audit::grpc::{Trail, Transparency};
use aval_audit::hearing::Hearing;
use aval_audit::tail::Tail;
use aval_audit::unusual::Rules;
use aval_domain::id::{PatientId, SessionId};
use aval_domain::random::SystemRandom;
use aval_domain::time::{Clock, SystemClock};
use aval_proto::audit::v1::trail_service_server::{self, TrailServiceServer};
use aval_proto::audit::v1::transparency_service_server::{self, TransparencyServiceServer};
use aval_runtime::caller::{Allowlist, CallerId, CertificateThumbprint};
use aval_runtime::config::{GrpcConfig, TlsFiles, TokenConfig};
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
use tonic::transport::Channel;

use super::log::Log;
use crate::bench::contender::connections;
use crate::bench::pki;
use crate::bench::threads::Threads;
use crate::bench::wire::{self, Wire};
use crate::client::Bearer;

/// Who reads.
pub(super) const CALLER: &str = "gateway";
/// The producer that appends.
pub(super) const PRODUCER: &str = "consent";
const SERVER: &str = "audit";
const ISSUER: &str = "https://localhost/bench";

/// How many connections those who read have between them.
pub(super) const CONNECTIONS: usize = 4;

/// A server with every layer.
#[derive(Debug, Clone)]
pub(super) struct Served {
    address: SocketAddr,
    signer: Arc<TokenSigner>,
    thumbprint: CertificateThumbprint,
    folder: PathBuf,
}

impl Served {
    /// Serves this log on the servers' thread.
    pub(super) async fn start(log: &Log, folder: &Path, threads: &Threads) -> anyhow::Result<Self> {
        let pki = pki::open(&folder.join("pki"))?;
        let (own, caller) = (pki::files(&pki, SERVER)?, pki::files(&pki, CALLER)?);
        let certificate = CertificateDer::from_pem_file(&caller.certificate)?;
        let signer = Arc::new(TokenSigner::generate());
        let (there, keys) = (log.clone(), Arc::clone(&signer));
        let address = threads.servers().spawn(async move {
            let app = app_of(&there);
            let trail = TrailServiceServer::new(Trail::new(Arc::clone(&app)));
            let transparency = TransparencyServiceServer::new(Transparency::new(app));
            let with_both =
                |server: GrpcServer| server.add_service(trail).add_service(transparency);
            serve(&own, &keys, with_both).await
        });
        let address = address.await??;
        Ok(Self {
            address,
            signer,
            thumbprint: CertificateThumbprint::of_der(&certificate),
            folder: folder.to_owned(),
        })
    }

    /// Another server, of the same certificates and tokens.
    pub(super) fn at(&self, address: SocketAddr) -> Self {
        Self {
            address,
            ..self.clone()
        }
    }

    /// What such a server shows, and whose tokens it believes.
    pub(super) fn of_server(&self) -> anyhow::Result<(TlsFiles, Arc<TokenSigner>)> {
        let pki = pki::open(&self.folder.join("pki"))?;
        Ok((pki::files(&pki, SERVER)?, Arc::clone(&self.signer)))
    }

    /// Where databases are made.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// So many connections with the certificate of this name, served by the callers' thread.
    pub(super) async fn connections(
        &self,
        name: &str,
        count: usize,
        threads: &Threads,
    ) -> anyhow::Result<Vec<Channel>> {
        let files = pki::files(&pki::open(&self.folder.join("pki"))?, name)?;
        let address = self.address;
        let opening = threads
            .callers()
            .spawn(async move { connections::open(address, &files, count).await });
        opening.await?
    }

    /// So many connections to one of its methods, as lean as they come.
    pub(super) async fn wires(
        &self,
        name: &str,
        method: &'static str,
        count: usize,
        threads: &Threads,
    ) -> anyhow::Result<Vec<Wire>> {
        let files = pki::files(&pki::open(&self.folder.join("pki"))?, name)?;
        let address = self.address;
        let opening = threads
            .callers()
            .spawn(async move { wire::open(address, &files, method, count).await });
        opening.await?
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

fn app_of(log: &Log) -> Arc<App> {
    let tail = Tail::new(Arc::clone(&log.store));
    Arc::new(App::new(
        Arc::clone(&log.store),
        log.writer.clone(),
        Arc::clone(&log.key),
        PageTokens::new(&[7; 32]),
        Watching::new(tail, &WatchConfig::default(), CancellationToken::new()),
        Rules::default(),
        Arc::new(Hearing::new(Arc::new(SystemClock))),
    ))
}

/// Serves what is added, with every layer, until the run time ends. To be called on the
/// servers' thread.
pub(super) async fn serve(
    files: &TlsFiles,
    signer: &TokenSigner,
    with_services: impl FnOnce(GrpcServer) -> GrpcServer + Send,
) -> anyhow::Result<SocketAddr> {
    let config = GrpcConfig {
        insecure_loopback: false,
        tls: Some(files.clone()),
        trust_domain: Some(TRUST_DOMAIN.to_owned()),
        // More than ever call: what is shed says nothing of what is served.
        concurrency_limit: 4_096,
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
    let mut allowlist = Allowlist::default();
    for caller in [CALLER, PRODUCER] {
        let caller = CallerId::parse(caller)?;
        allowlist = allowlist
            .with(trail_service_server::SERVICE_NAME, &caller)
            .with(transparency_service_server::SERVICE_NAME, &caller);
    }
    let server = with_services(GrpcServer::new(&config, &environment, allowlist, verifier));
    let server = server.bind().await?;
    let address = server.bound_address();
    tokio::spawn(server.serve(CancellationToken::new()));
    Ok(address)
}
