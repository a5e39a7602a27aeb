//! A listener's certificate that is shown to everybody, who show none.

use std::sync::Arc;

use rustls::ServerConfig;

use super::{TlsError, certificates, private_key, provider, rejected};
use crate::config::TlsFiles;

/// A certificate whose files can be read again.
#[derive(Debug)]
pub struct PublicTls {
    files: TlsFiles,
    current: Arc<ServerConfig>,
}

impl PublicTls {
    /// Reads the files of the certificate and its key.
    pub fn new(files: &TlsFiles) -> Result<Self, TlsError> {
        Ok(Self {
            files: files.clone(),
            current: server_config(files)?,
        })
    }

    /// What the next connection is accepted with.
    #[must_use]
    pub fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current)
    }

    /// Reads the files again. When they cannot be used, what was read before stays.
    pub fn reload(&mut self) {
        match server_config(&self.files) {
            Ok(read) => self.current = read,
            Err(error) => {
                tracing::warn!(%error, "the certificate was not read again; the last one is used");
            }
        }
    }
}

/// Asks for no client certificate, and speaks HTTP/1.1. TLS 1.3 alone, as everywhere.
fn server_config(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(TlsError::Protocol)?
        .with_no_client_auth()
        .with_single_cert(certificates(&files.certificate)?, private_key(files)?)
        .map_err(|source| rejected(files, source))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
