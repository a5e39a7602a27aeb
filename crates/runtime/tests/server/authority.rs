//! The issuer's authority is another one while a verifier is at work.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aval_domain::time::{ManualClock, Timestamp};
use aval_runtime::config::{TlsFiles, TokenConfig};
use aval_runtime::tls::{self, HttpsClient, HttpsFiles};
use aval_runtime::token::{JwksSource, KeySource, TokenSigner};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::pki::Pki;

/// An issuer that publishes one key over HTTPS, anew at each connection.
struct Issuer {
    port: u16,
    shown: Arc<Mutex<Arc<ServerConfig>>>,
}

/// Shows this certificate, and asks for none.
fn showing(files: &TlsFiles) -> Arc<ServerConfig> {
    use rustls_pki_types::pem::PemObject;
    tls::install_crypto_provider();
    let chain = rustls_pki_types::CertificateDer::pem_file_iter(&files.certificate).unwrap();
    let key = rustls_pki_types::PrivateKeyDer::from_pem_file(&files.private_key).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain.map(Result::unwrap).collect(), key);
    Arc::new(config.unwrap())
}

impl Issuer {
    async fn start(files: &TlsFiles, answer: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shown = Arc::new(Mutex::new(showing(files)));
        let current = Arc::clone(&shown);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let config = Arc::clone(&current.lock().unwrap());
                let Ok(mut stream) = TlsAcceptor::from(config).accept(stream).await else {
                    continue;
                };
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(stream.read_u8().await.unwrap());
                }
                let length = answer.len();
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
                );
                stream.write_all(head.as_bytes()).await.unwrap();
                stream.write_all(answer.as_bytes()).await.unwrap();
                let _ = stream.shutdown().await;
            }
        });
        Self { port, shown }
    }

    fn show(&self, files: &TlsFiles) {
        *self.shown.lock().unwrap() = showing(files);
    }
}

#[tokio::test]
async fn keys_are_fetched_under_another_authority_without_a_restart() {
    let (first, second) = (Pki::new(), Pki::new());
    let before = first.pem();
    let signer = TokenSigner::generate();
    let set = serde_json::json!({ "keys": [signer.jwk()] }).to_string();
    let issuer = Issuer::start(&first.files("identity"), set).await;
    let address = format!("https://localhost:{}", issuer.port);
    let config = TokenConfig {
        issuer: address.clone(),
        jwks_url: format!("{address}/jwks"),
        jwks_ca: Some(first.authority()),
        closed_sessions_url: Some(format!("{address}/closed")),
        leeway: Duration::ZERO.into(),
    };
    let clock = ManualClock::new(Timestamp::from_unix_seconds(1_800_000_000));
    let source = JwksSource::new(&config, Arc::new(clock.clone())).unwrap();
    assert!(source.find(signer.key_id()).await.is_ok());

    // Older than keys may be: they have to be fetched.
    let day = Duration::from_hours(24);
    issuer.show(&second.files("identity"));
    clock.advance(day);
    assert!(source.find(signer.key_id()).await.is_err());
    // A half of a file is no authority: the last one stays, and is not believed for this.
    std::fs::write(first.authority(), "-----BEGIN CERTIFICATE-----").unwrap();
    clock.advance(day);
    assert!(source.find(signer.key_id()).await.is_err());
    // Both in one file, as while the one is changed for the other.
    std::fs::write(first.authority(), [second.pem(), before].concat()).unwrap();
    clock.advance(day);
    assert!(source.find(signer.key_id()).await.is_ok());
}

#[tokio::test]
async fn a_client_shows_the_certificate_that_its_files_hold_now() {
    let pki = Pki::new();
    let files = pki.files("identity");
    let of = |files: &TlsFiles| tls::thumbprint(&files.certificate).unwrap();
    let client = HttpsClient::new(HttpsFiles::Own(files.clone()), reqwest::Client::builder);
    let client = client.unwrap();
    let before = of(&files);
    assert_eq!(client.own(), Some(before));
    let key = std::fs::read_to_string(&files.private_key).unwrap();
    let renewed = pki.files("identity");
    let renewed_key = std::fs::read_to_string(&files.private_key).unwrap();
    // Its key is not there yet: the last one is shown, until both belong together.
    std::fs::write(&files.private_key, key).unwrap();
    assert_eq!(client.own(), Some(before));
    std::fs::write(&files.private_key, renewed_key).unwrap();
    assert_eq!(client.own(), Some(of(&renewed)));
    assert_ne!(client.own(), Some(before));
}
