//! Certificates that are renewed while everybody is busy, in time and too late.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aval_domain::time::{Clock, SystemClock};
use aval_runtime::caller::CertificateThumbprint;
use aval_runtime::config::TlsFiles;
use aval_runtime::tls::{client_config, thumbprint};
use aval_testing::pki::{DevelopmentPki, LEAF_LIFETIME};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tonic::Code;

use super::play::{lasts, scenario};
use super::programs::no_call_failed;
use super::site::{Setting, Site, loopback};
use crate::patience::eventually;
use crate::scene::CLINIC;

const SERVICES: [&str; 4] = ["consent", "audit", "identity", "practitioner-directory"];

/// Connections that live for a second, and files that are read as often.
const OFTEN: &[Setting] = &[
    ("CONSENT__GRPC__CONNECTION_AGE", "1s"),
    ("AUDIT__GRPC__CONNECTION_AGE", "1s"),
    ("IDENTITY__GRPC__CONNECTION_AGE", "1s"),
    ("PRACTITIONER_DIRECTORY__GRPC__CONNECTION_AGE", "1s"),
    ("CONSENT__GRPC__CERTIFICATES_READ_EVERY", "200ms"),
    ("AUDIT__GRPC__CERTIFICATES_READ_EVERY", "200ms"),
    ("IDENTITY__GRPC__CERTIFICATES_READ_EVERY", "200ms"),
    (
        "PRACTITIONER_DIRECTORY__GRPC__CERTIFICATES_READ_EVERY",
        "200ms",
    ),
];

/// The listeners of all services, and software that looks at what they show.
struct Listeners {
    pki: DevelopmentPki,
    looks_with: TlsFiles,
    /// The service of each, and where it listens.
    addresses: Vec<(&'static str, SocketAddr)>,
}

impl Listeners {
    fn of(site: &Site) -> Self {
        // First: opening the folder renews whatever ends soon.
        let looks_with = site.certificate_of(CLINIC);
        let addresses = site.scene.stack.addresses();
        let [consent, other_consent] = site.consents;
        Self {
            pki: aval::stack::open_pki(&site.scene.stack.layout().pki()).unwrap(),
            looks_with,
            addresses: vec![
                ("consent", consent),
                ("consent", other_consent),
                ("audit", addresses.audit),
                ("identity", addresses.identity),
                ("practitioner-directory", addresses.directory),
                // Where it publishes the keys of tokens.
                ("identity", loopback(site.scene.ports.jwks)),
            ],
        }
    }

    /// Gives every service a new key, and a certificate for so long from now on.
    fn renew(&self, lifetime: Duration) {
        for service in SERVICES {
            std::fs::remove_file(self.pki.files(service).certificate).unwrap();
            let then = SystemClock.now().saturating_add(lifetime);
            let then = then.saturating_sub(LEAF_LIFETIME);
            self.pki.issue(service, then).unwrap();
        }
    }

    /// What each shows to a new connection; nothing where that is refused.
    async fn show(&self) -> Vec<Option<CertificateThumbprint>> {
        let mut shown = Vec::new();
        for (_, address) in &self.addresses {
            shown.push(self.shown_by(*address).await);
        }
        shown
    }

    async fn shown_by(&self, address: SocketAddr) -> Option<CertificateThumbprint> {
        let mut config = (*client_config(&self.looks_with).unwrap()).clone();
        // Not all of them speak HTTP/2.
        config.alpn_protocols.clear();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let stream = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await;
        let stream = stream.ok()?;
        let (_, connection) = stream.get_ref();
        let chain = connection.peer_certificates()?;
        Some(CertificateThumbprint::of_der(&chain[0]))
    }

    /// What is in each one's file now.
    fn in_files(&self) -> Vec<Option<CertificateThumbprint>> {
        let in_file = |service| thumbprint(&self.pki.files(service).certificate).unwrap();
        let of_each = self.addresses.iter();
        of_each.map(|(service, _)| Some(in_file(service))).collect()
    }

    /// Returns once every listener shows what is in its file.
    async fn until_they_show_their_files(&self) {
        eventually("every listener shows its new certificate", async || {
            (self.show().await == self.in_files()).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_certificate_is_renewed() {
    let scenario = scenario(
        "every_certificate_is_renewed",
        "every service's certificate and key replaced, with connections that live 1 s",
    )
    .with(OFTEN);
    let seen = scenario.play(async |site| {
        let listeners = Listeners::of(site);
        let before = listeners.show().await;
        assert_eq!(before, listeners.in_files());
        listeners.renew(LEAF_LIFETIME);
        listeners.until_they_show_their_files().await;
        let after = listeners.show().await;
        for (before, after) in before.iter().zip(&after) {
            assert_ne!(before, after, "each one's is another");
        }
        // Connections of before are gone, and all that were made since show the new ones.
        lasts(Duration::from_secs(3)).await;
    });
    no_call_failed(&seen.await);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_certificate_ends() {
    let scenario = scenario(
        "every_certificate_ends",
        "every service's certificate ended, with connections that live 1 s, and renewed after 3 s, without a restart",
    )
    .with(OFTEN);
    let seen = scenario.play(async |site| {
        let listeners = Listeners::of(site);
        listeners.renew(Duration::from_secs(2));
        eventually("every certificate has ended", async || {
            let shown = listeners.show().await;
            shown.iter().all(Option::is_none).then_some(())
        })
        .await;
        for program in [
            &mut site.consent,
            &mut site.other_consent,
            &mut site.audit,
            &mut site.identity,
            &mut site.directory,
        ] {
            program.until_it_says("the certificate has ended");
        }
        lasts(Duration::from_secs(3)).await;
        listeners.renew(LEAF_LIFETIME);
        listeners.until_they_show_their_files().await;
    });
    let seen = seen.await;
    let mut calls = seen.iter().flat_map(|seen| &seen.calls);
    let is_noticed = calls.any(|(_, code)| *code == Code::Unavailable);
    // Where the site could not be opened that is said already.
    assert!(seen.is_empty() || is_noticed, "nobody noticed");
}
