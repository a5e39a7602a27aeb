//! This service's certificate, shown to everybody.

use std::path::PathBuf;
use std::sync::Arc;

use aval_runtime::config::TlsFiles;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate whose files can be read again.
#[derive(Debug)]
pub(super) struct PublicTls {
    files: TlsFiles,
    current: Arc<ServerConfig>,
}

/// Why a certificate cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum JwksTlsError {
    /// A file cannot be read.
    #[error("{} cannot be read", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    /// Certificate and key do not belong together, or one of them cannot be used.
    #[error("the certificate {} and its key cannot be used", .path.display())]
    Rejected {
        /// The certificate's file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: rustls::Error,
    },
}

impl PublicTls {
    /// Reads the files.
    pub(super) fn new(files: &TlsFiles) -> Result<Self, JwksTlsError> {
        Ok(Self {
            files: files.clone(),
            current: server_config(files)?,
        })
    }

    /// What the next connection is accepted with.
    pub(super) fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current)
    }

    /// Reads the files again. When they cannot be used, what was read before stays.
    pub(super) fn reload(&mut self) {
        match server_config(&self.files) {
            Ok(read) => self.current = read,
            Err(error) => {
                tracing::warn!(%error, "the certificate was not read again; the last one is used");
            }
        }
    }
}

/// Asks for no client certificate: keys are public. TLS 1.3 alone, as everywhere.
fn server_config(files: &TlsFiles) -> Result<Arc<ServerConfig>, JwksTlsError> {
    let unreadable = |path: &PathBuf, source| JwksTlsError::File {
        path: path.clone(),
        source,
    };
    let rejected = |source| JwksTlsError::Rejected {
        path: files.certificate.clone(),
        source,
    };
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|source| unreadable(&files.certificate, source))?;
    let key = PrivateKeyDer::from_pem_file(&files.private_key)
        .map_err(|source| unreadable(&files.private_key, source))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(rejected)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(rejected)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
