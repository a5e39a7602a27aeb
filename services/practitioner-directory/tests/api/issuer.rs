//! Somebody who issues tokens: the identity service as far as these tests need it.

use std::net::SocketAddr;
use std::sync::Arc;

use aval_domain::id::{PatientId, SessionId};
use aval_domain::random::SeededRandom;
use aval_domain::time::{Clock, SystemClock};
use aval_runtime::caller::CertificateThumbprint;
use aval_runtime::config::TlsFiles;
use aval_runtime::token::{
    AUDIENCE, AuthenticationStrength, AvalClaims, Confirmation, PersonKind, TokenSigner,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What it calls itself.
pub(crate) const NAME: &str = "https://identity.test";

pub(crate) struct Issuer {
    address: SocketAddr,
    signer: Arc<TokenSigner>,
}

impl Issuer {
    /// Publishes the key of its tokens until `shutdown`.
    pub(crate) async fn start(shutdown: CancellationToken) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let signer = Arc::new(TokenSigner::generate());
        let keys = signer.jwks().to_string();
        tokio::spawn(shutdown.run_until_cancelled_owned(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                     content-length: {}\r\nconnection: close\r\n\r\n{keys}",
                    keys.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        }));
        Self { address, signer }
    }

    pub(crate) fn jwks_url(&self) -> String {
        format!("http://{}/jwks.json", self.address)
    }

    /// What a patient's software sends along, from the caller with these certificates.
    pub(crate) fn patient(&self, bound_to: &TlsFiles) -> String {
        let (now, random) = (SystemClock.now(), SeededRandom::new(5));
        let certificate = CertificateDer::from_pem_file(&bound_to.certificate).unwrap();
        let claims = AvalClaims {
            iss: NAME.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: PatientId::new(now, &random).to_string(),
            sid: SessionId::new(now, &random),
            jti: "1".to_owned(),
            iat: now.unix_seconds(),
            exp: now.unix_seconds() + 300,
            kind: PersonKind::Patient,
            strength: AuthenticationStrength::High,
            auth_time: now.unix_seconds(),
            direct: false,
            rep: None,
            activity: None,
            display_name: None,
            cnf: Some(Confirmation {
                x5t_s256: CertificateThumbprint::of_der(&certificate).to_base64url(),
            }),
        };
        format!("Bearer {}", self.signer.sign(&claims))
    }
}
