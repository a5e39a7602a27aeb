//! Certificates that are renewed, and those that are not.

use std::time::Duration;

use aval_domain::time::{Clock, SystemClock};
use aval_proto::audit::v1::GetCheckpointRequest;
use aval_runtime::caller::CertificateThumbprint;
use aval_runtime::config::TlsFiles;
use aval_runtime::telemetry::metrics;
use aval_runtime::tls::{self, ServerTls, TlsError};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::stand::{Desk, PATIENCE, Stand};

/// A server that reads its certificate as often as it may.
async fn reads_often() -> Stand {
    Stand::start(&Desk::new(), |config| {
        config.certificates_read_every = Duration::from_millis(100).into();
    })
    .await
}

/// The certificate that a new connection is shown; nothing if it is refused.
async fn shown_to(stand: &Stand, files: &TlsFiles) -> Option<CertificateThumbprint> {
    let config = tls::client_config(files).unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TcpStream::connect(stand.address).await.unwrap();
    let stream = TlsConnector::from(config)
        .connect(name, stream)
        .await
        .ok()?;
    let chain = stream.get_ref().1.peer_certificates()?;
    Some(CertificateThumbprint::of_der(&chain[0]))
}

/// Returns once this is what a new connection is shown.
async fn until_shown(stand: &Stand, files: &TlsFiles, wanted: Option<CertificateThumbprint>) {
    let shown = async {
        while shown_to(stand, files).await != wanted {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let shown = tokio::time::timeout(PATIENCE, shown).await;
    shown.expect("the files are read again");
}

/// How often the files were read with this outcome.
fn readings(outcome: &str) -> u64 {
    let text = metrics::text();
    let of_it = |line: &&str| {
        line.starts_with("aval_tls_readings_total")
            && line.contains(&format!("outcome=\"{outcome}\""))
    };
    let line = text.lines().find(of_it).expect("it is counted");
    line.rsplit_once(' ').unwrap().1.parse().unwrap()
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_without_a_restart() {
    let stand = reads_often().await;
    let caller = stand.pki.files("records");
    let first = shown_to(&stand, &caller).await;
    let renewed = stand.pki.files("server");
    let renewed = tls::thumbprint(&renewed.certificate).unwrap();
    assert!(first.is_some() && first != Some(renewed));
    until_shown(&stand, &caller, Some(renewed)).await;
}

#[tokio::test]
async fn one_that_has_ended_is_served_and_counted_until_new_files_mend_it() {
    let stand = reads_often().await;
    let caller = stand.pki.files("records");
    assert_eq!(readings("ended"), 0);
    stand.pki.ended_files("server");
    until_shown(&stand, &caller, None).await;
    // It was served, and its callers alone refused it.
    assert!(readings("ended") > 0);
    assert!(!stand.serving.is_finished());

    let renewed = stand.pki.files("server");
    let renewed = tls::thumbprint(&renewed.certificate).unwrap();
    until_shown(&stand, &caller, Some(renewed)).await;
    let mut client = stand.client();
    client
        .get_checkpoint(GetCheckpointRequest {})
        .await
        .unwrap();
}

#[tokio::test]
async fn files_that_cannot_be_read_leave_the_last_ones_and_are_counted() {
    let stand = reads_often().await;
    let caller = stand.pki.files("records");
    let files = stand.pki.files("server");
    let last = tls::thumbprint(&files.certificate).unwrap();
    until_shown(&stand, &caller, Some(last)).await;
    let failed = readings("failed");
    std::fs::write(&files.private_key, "no key").unwrap();
    let counted = async {
        while readings("failed") == failed {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let counted = tokio::time::timeout(PATIENCE, counted).await;
    counted.expect("the files are read again");
    assert_eq!(shown_to(&stand, &caller).await, Some(last));
}

#[tokio::test]
async fn nobody_begins_with_a_certificate_that_has_ended() {
    let stand = Stand::start(&Desk::new(), |_| {}).await;
    let files = stand.pki.ended_files("server");
    let refused = ServerTls::new("grpc.tls.certificate", &files, SystemClock.now()).unwrap_err();
    assert!(matches!(refused, TlsError::Ended { .. }));
    let said = refused.to_string();
    assert!(said.starts_with("grpc.tls.certificate: "), "{said}");
    assert!(said.ends_with(" ended at 2020-01-01T00:00:00Z"), "{said}");
}
