//! Certificates of the bench: those of the development PKI, in the same folder as the
//! stack's, so that every server is called with the same certificate.

use std::path::Path;

use aval_domain::time::{Clock, SystemClock};
use aval_runtime::config::TlsFiles;
use aval_testing::pki::DevelopmentPki;

/// Opens the PKI of this folder, made now if there is none.
pub(crate) fn open(folder: &Path) -> anyhow::Result<DevelopmentPki> {
    Ok(DevelopmentPki::create_or_open(folder, SystemClock.now())?)
}

/// The certificate of this name, issued now if there is none.
pub(crate) fn files(pki: &DevelopmentPki, name: &str) -> anyhow::Result<TlsFiles> {
    let files = pki.issue(name, SystemClock.now())?;
    Ok(TlsFiles {
        certificate: files.certificate,
        private_key: files.key,
        client_ca: files.ca,
    })
}
