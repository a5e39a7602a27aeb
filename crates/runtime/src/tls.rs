//! Both sides of a mutually authenticated connection, from PEM files.
//!
//! TLS 1.3 alone among ourselves, by aws-lc-rs. A listener demands a client certificate and
//! verifies it against the authority it was given; the authorities of the machine
//! count for nothing. Files are read again on [`ServerTls::reload`] and
//! [`ClientTls::reload`]; what is established keeps its certificates, what comes
//! after gets the new ones. A client of HTTPS looks at its files before each request
//! ([`HttpsClient`]).

mod https_client;
mod public;
mod shown;
mod validity;

pub use https_client::{HttpsClient, HttpsClientError, HttpsFiles};
pub use public::PublicTls;
pub use validity::{Standing, Validity};

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use aval_domain::time::Timestamp;

use crate::caller::CertificateThumbprint;
use crate::config::TlsFiles;
use shown::Shown;

/// Why certificates or keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or holds no PEM of the right kind.
    #[error("{} cannot be read as {what}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was looked for: `certificates` or `a private key`.
        what: &'static str,
        /// Why not.
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    /// The file holds no certificate.
    #[error("{} holds no certificate", .0.display())]
    Empty(PathBuf),
    /// Certificate and key do not belong together, or one of them cannot be used.
    #[error("the certificate {} and its key cannot be used", .certificate.display())]
    Rejected {
        /// The certificate's file.
        certificate: PathBuf,
        /// Why not.
        #[source]
        source: rustls::Error,
    },
    /// The certificate has ended: whoever it is shown to refuses it.
    #[error("{key}: {} ended at {not_after}", .path.display())]
    Ended {
        /// The key of the configuration that names it: `grpc.tls.certificate`.
        key: String,
        /// The certificate's file.
        path: PathBuf,
        /// When it ended.
        not_after: Timestamp,
    },
    /// The process's cryptography does not speak the versions of TLS that are demanded.
    #[error("TLS 1.3 is not available")]
    Protocol(#[source] rustls::Error),
    /// The authority cannot be used.
    #[error("the authority {} cannot be used: {reason}", .path.display())]
    Authority {
        /// The authority's file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

/// Makes aws-lc-rs the process's TLS cryptography. Harmless when repeated; call it
/// first in `main`, before anything that could choose another.
pub fn install_crypto_provider() {
    // An error says that one is installed already: by an earlier call.
    let _ = aws_lc_rs::default_provider().install_default();
}

/// A listener's side, whose files can be read again.
#[derive(Debug)]
pub struct ServerTls {
    files: TlsFiles,
    current: RwLock<Arc<ServerConfig>>,
    shown: Shown,
}

impl ServerTls {
    /// Reads the files. A certificate that has ended by now is refused under this key of the
    /// configuration, and one that soon will is said in the log.
    pub fn new(key: &str, files: &TlsFiles, now: Timestamp) -> Result<Self, TlsError> {
        let own = require_standing(key, &files.certificate, now)?;
        let read = server_config(files)?;
        Ok(Self {
            files: files.clone(),
            current: RwLock::new(read),
            shown: Shown::of(own, files, now)?,
        })
    }

    /// What the next connection is accepted with.
    #[must_use]
    pub fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the files again. When they cannot be used, what was read before stays, and the log
    /// says so. A certificate that has ended is served all the same, so that nothing but new
    /// files is needed to mend it: callers refuse it, the log says so and it is counted.
    pub fn reload(&self, now: Timestamp) {
        let read = server_config(&self.files);
        match read.and_then(|read| Ok((read, self.shown.read(&self.files, now)?))) {
            Ok((read, ())) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = read;
            }
            Err(error) => {
                self.shown.not_read(now);
                tracing::warn!(%error, "the certificate was not read again; the last one is used");
            }
        }
    }
}

/// Refuses the certificate in this file, which this key of the configuration names, if it has
/// ended by now.
pub fn require_standing(
    key: &str,
    certificate: &Path,
    now: Timestamp,
) -> Result<Validity, TlsError> {
    let validity = Validity::read(certificate)?;
    if validity.standing(now) == Standing::Ended {
        return Err(TlsError::Ended {
            key: key.to_owned(),
            path: certificate.to_owned(),
            not_after: validity.not_after,
        });
    }
    Ok(validity)
}

/// A caller's side, whose files can be read again.
#[derive(Debug)]
pub struct ClientTls {
    files: TlsFiles,
    current: RwLock<Arc<ClientConfig>>,
}

impl ClientTls {
    /// Reads the files.
    pub fn new(files: &TlsFiles) -> Result<Self, TlsError> {
        Ok(Self {
            files: files.clone(),
            current: RwLock::new(client_config(files)?),
        })
    }

    /// What the next connection is opened with.
    #[must_use]
    pub fn current(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the files again. When they cannot be used, what was read before stays.
    pub fn reload(&self) -> Result<(), TlsError> {
        let read = client_config(&self.files)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(())
    }
}

/// Accepts callers whose certificate the authority signed, and nobody else.
pub fn server_config(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let authority = |reason: String| TlsError::Authority {
        path: files.client_ca.clone(),
        reason,
    };
    let roots = Arc::new(authorities(&files.client_ca)?);
    let callers = WebPkiClientVerifier::builder_with_provider(roots, provider())
        .build()
        .map_err(|error| authority(error.to_string()))?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(TlsError::Protocol)?
        .with_client_cert_verifier(callers)
        .with_single_cert(certificates(&files.certificate)?, private_key(files)?)
        .map_err(|source| rejected(files, source))?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}

/// Calls servers whose certificate the authority signed, under our own certificate.
pub fn client_config(files: &TlsFiles) -> Result<Arc<ClientConfig>, TlsError> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(TlsError::Protocol)?
        .with_root_certificates(authorities(&files.client_ca)?)
        .with_client_auth_cert(certificates(&files.certificate)?, private_key(files)?)
        .map_err(|source| rejected(files, source))?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}

/// Calls servers whose certificate this authority signed, without one of our own:
/// for what is public, such as keys.
pub fn client_config_without_identity(authority: &Path) -> Result<ClientConfig, TlsError> {
    let roots = authorities(authority)?;
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Protocol)?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// Calls somebody else's servers under our own certificate; they may be older than we
/// are, and speak TLS 1.2.
pub fn foreign_client_config(files: &TlsFiles) -> Result<ClientConfig, TlsError> {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Protocol)?
        .with_root_certificates(authorities(&files.client_ca)?)
        .with_client_auth_cert(certificates(&files.certificate)?, private_key(files)?)
        .map_err(|source| rejected(files, source))
}

/// What the certificate in this file is called in what is bound to it.
pub fn thumbprint(certificate: &Path) -> Result<CertificateThumbprint, TlsError> {
    let chain = certificates(certificate)?;
    Ok(CertificateThumbprint::of_der(&chain[0]))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots
            .add(certificate)
            .map_err(|error| TlsError::Authority {
                path: path.to_owned(),
                reason: error.to_string(),
            })?;
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unreadable = |source| TlsError::File {
        path: path.to_owned(),
        what: "certificates",
        source,
    };
    let certificates = CertificateDer::pem_file_iter(path)
        .map_err(unreadable)?
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    if certificates.is_empty() {
        return Err(TlsError::Empty(path.to_owned()));
    }
    Ok(certificates)
}

fn private_key(files: &TlsFiles) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(&files.private_key).map_err(|source| TlsError::File {
        path: files.private_key.clone(),
        what: "a private key",
        source,
    })
}

fn rejected(files: &TlsFiles, source: rustls::Error) -> TlsError {
    TlsError::Rejected {
        certificate: files.certificate.clone(),
        source,
    }
}
