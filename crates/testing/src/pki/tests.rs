use std::fs;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use aval_domain::time::{Clock, SystemClock, Timestamp};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use x509_parser::pem::parse_x509_pem;

use super::*;

fn open(dir: &Path) -> DevelopmentPki {
    DevelopmentPki::create_or_open(dir, SystemClock.now()).unwrap()
}

fn texts(files: &CertificateFiles) -> [String; 3] {
    [&files.certificate, &files.key, &files.ca].map(|path| fs::read_to_string(path).unwrap())
}

fn roots(files: &CertificateFiles) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(&files.ca).unwrap())
        .unwrap();
    Arc::new(roots)
}

fn credentials(files: &CertificateFiles) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    (
        vec![CertificateDer::from_pem_file(&files.certificate).unwrap()],
        PrivateKeyDer::from_pem_file(&files.key).unwrap(),
    )
}

/// Connects as `client` to `server` and returns the name that the server saw.
async fn seen_by(
    server: &CertificateFiles,
    client: &CertificateFiles,
    address: &'static str,
) -> Result<String, std::io::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots(server), Arc::clone(&provider))
            .build()
            .unwrap();
    let (chain, key) = credentials(server);
    let server_config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .unwrap();
    let (chain, key) = credentials(client);
    let client_config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots(client))
        .with_client_auth_cert(chain, key)
        .unwrap();

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let serving = async {
        let (stream, _) = listener.accept().await?;
        let mut stream = TlsAcceptor::from(Arc::new(server_config))
            .accept(stream)
            .await?;
        stream.write_all(b"!").await?;
        stream.flush().await?;
        let der = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
        let (_, certificate) = x509_parser::parse_x509_certificate(&der).unwrap();
        Ok::<_, std::io::Error>(certificate.subject().to_string())
    };
    let calling = async {
        let mut stream = TlsConnector::from(Arc::new(client_config))
            .connect(ServerName::try_from(address).unwrap(), stream)
            .await?;
        stream.read_u8().await
    };
    let (seen, answered) = tokio::join!(serving, calling);
    answered?;
    seen
}

#[tokio::test]
async fn two_names_meet_over_mutual_tls_under_every_loopback_name() {
    let dir = tempfile::tempdir().unwrap();
    let pki = open(dir.path());
    let clinic = pki.issue("clinic-a", SystemClock.now()).unwrap();
    for address in ["localhost", "127.0.0.1", "::1"] {
        let seen = seen_by(&pki.files("consent"), &clinic, address)
            .await
            .unwrap();
        assert!(seen.contains("CN=clinic-a"), "{address}: {seen}");
    }
}

#[tokio::test]
async fn another_folders_authority_is_not_trusted() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (ours, theirs) = (open(ours.path()), open(theirs.path()));
    let met = seen_by(
        &ours.files("consent"),
        &theirs.files("records"),
        "localhost",
    )
    .await;
    met.unwrap_err();
}

#[tokio::test]
async fn a_certificate_is_good_for_no_other_host() {
    let dir = tempfile::tempdir().unwrap();
    let pki = open(dir.path());
    let met = seen_by(&pki.files("consent"), &pki.files("records"), "aval.example").await;
    met.unwrap_err();
}

#[tokio::test]
async fn the_authority_cannot_vouch_for_another_host() {
    let dir = tempfile::tempdir().unwrap();
    let pki = open(dir.path());
    let key = rcgen::KeyPair::generate().unwrap();
    let files = pki.files("impostor");
    for (host, good) in [("localhost", true), ("aval.example", false)] {
        let parameters = rcgen::CertificateParams::new([host.to_owned()]).unwrap();
        let certificate = parameters.signed_by(&key, pki.authority.issuer()).unwrap();
        fs::write(&files.certificate, certificate.pem()).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
        let met = seen_by(&files, &pki.files("records"), host).await;
        assert_eq!(met.is_ok(), good, "{host}: {met:?}");
    }
}

#[test]
fn a_leaf_carries_the_loopback_names_and_exactly_one_uri() {
    let dir = tempfile::tempdir().unwrap();
    let pki = open(dir.path());
    for name in NAMES {
        let text = fs::read(pki.files(name).certificate).unwrap();
        let (_, block) = parse_x509_pem(&text).unwrap();
        let certificate = block.parse_x509().unwrap();
        let names = certificate.subject_alternative_name().unwrap().unwrap();
        let mut addresses = Vec::new();
        let (mut hosts, mut uris) = (Vec::new(), Vec::new());
        for general_name in &names.value.general_names {
            match general_name {
                x509_parser::extensions::GeneralName::DNSName(host) => hosts.push(*host),
                x509_parser::extensions::GeneralName::URI(uri) => uris.push(*uri),
                x509_parser::extensions::GeneralName::IPAddress(bytes) => {
                    addresses.push(match bytes.len() {
                        4 => IpAddr::from(<[u8; 4]>::try_from(*bytes).unwrap()),
                        _ => IpAddr::from(<[u8; 16]>::try_from(*bytes).unwrap()),
                    });
                }
                other => panic!("unexpected {other:?}"),
            }
        }
        assert_eq!(hosts, ["localhost"]);
        assert_eq!(uris, [format!("spiffe://aval.local/{name}")]);
        assert!(addresses.iter().all(IpAddr::is_loopback));
        assert_eq!(addresses.len(), 2);
        assert!(!certificate.is_ca());
    }
}

#[test]
fn reopening_leaves_every_file_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path());
    first.issue("clinic-a", SystemClock.now()).unwrap();
    let before: Vec<_> = files::issued_names(dir.path())
        .unwrap()
        .iter()
        .map(|name| texts(&first.files(name)))
        .collect();
    assert_eq!(before.len(), NAMES.len() + 1);
    let again = open(dir.path());
    let after: Vec<_> = files::issued_names(dir.path())
        .unwrap()
        .iter()
        .map(|name| texts(&again.files(name)))
        .collect();
    assert_eq!(before, after);
}

#[test]
fn a_certificate_is_renewed_in_its_last_ten_days_and_not_before() {
    let dir = tempfile::tempdir().unwrap();
    let start = Timestamp::parse_rfc3339("2026-01-01T00:00:00Z").unwrap();
    let day = Duration::from_hours(24);
    let pki = DevelopmentPki::create_or_open(dir.path(), start).unwrap();
    let clinic = pki.issue("clinic-a", start).unwrap();
    let [certificate, key, authority] = texts(&clinic);

    DevelopmentPki::create_or_open(dir.path(), start.saturating_add(79 * day)).unwrap();
    assert_eq!(texts(&clinic)[0], certificate);

    DevelopmentPki::create_or_open(dir.path(), start.saturating_add(81 * day)).unwrap();
    let [renewed, renewed_key, same_authority] = texts(&clinic);
    assert_ne!(renewed, certificate);
    assert_ne!(renewed_key, key);
    assert_eq!(same_authority, authority);
}

#[test]
fn a_key_that_does_not_fit_its_certificate_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let pki = open(dir.path());
    let (consent, audit) = (pki.files("consent"), pki.files("audit"));
    fs::copy(&audit.key, &consent.key).unwrap();
    open(dir.path());
    assert_ne!(texts(&consent)[1], texts(&audit)[1]);
}

#[test]
fn losing_the_authority_renews_every_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let pki = open(dir.path());
    let before = texts(&pki.files("consent"));
    fs::remove_file(dir.path().join("development-ca.key")).unwrap();
    open(dir.path());
    let after = texts(&pki.files("consent"));
    assert!(before.iter().zip(&after).all(|(old, new)| old != new));
}

#[cfg(unix)]
#[test]
fn keys_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let pki = open(dir.path());
    for path in [
        pki.files("identity").key,
        dir.path().join("development-ca.key"),
    ] {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn names_that_would_leave_the_folder_or_pose_as_the_authority_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let pki = open(dir.path());
    for name in [
        "",
        "ca",
        "development-ca",
        "../x",
        "a/",
        "/a",
        "a//b",
        "a/../b",
        "a.b",
        "A",
        "1a",
        "é",
    ] {
        assert!(
            matches!(
                pki.issue(name, SystemClock.now()),
                Err(PkiError::InvalidName)
            ),
            "{name}"
        );
    }
}

#[test]
fn a_name_of_several_segments_has_its_files_in_the_same_folder() {
    let dir = tempfile::tempdir().unwrap();
    let pki = open(dir.path());
    let files = pki.issue("software/clinic-a", SystemClock.now()).unwrap();
    assert_eq!(files.certificate, dir.path().join("software.clinic-a.pem"));
    let before = fs::read(&files.certificate).unwrap();
    open(dir.path());
    assert_eq!(fs::read(&files.certificate).unwrap(), before);
}
