//! Where everything is kept below the data folder.

use std::path::{Path, PathBuf};

use anyhow::Context;

/// The files of a stack:
///
/// ```text
/// pki/                   certificates and keys of the development PKI
/// config/<service>.toml  what each service was started with
/// callers.toml           who may call what
/// ports.json             where everything listens
/// <service>/             a database and keys each
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout(PathBuf);

/// The four services.
pub(super) const SERVICES: [&str; 4] = ["practitioner-directory", "identity", "consent", "audit"];

impl Layout {
    /// Below this folder.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// The folder itself.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// Certificates and keys.
    #[must_use]
    pub fn pki(&self) -> PathBuf {
        self.0.join("pki")
    }

    /// A service's configuration.
    #[must_use]
    pub fn config(&self, service: &str) -> PathBuf {
        self.0.join("config").join(format!("{service}.toml"))
    }

    /// Who may call what.
    #[must_use]
    pub fn callers(&self) -> PathBuf {
        self.0.join("callers.toml")
    }

    /// Where everything listens.
    #[must_use]
    pub fn ports(&self) -> PathBuf {
        self.0.join("ports.json")
    }

    /// A service's folder.
    #[must_use]
    pub fn service(&self, service: &str) -> PathBuf {
        self.0.join(service)
    }

    /// A file of a service: its database, a key.
    #[must_use]
    pub fn of_service(&self, service: &str, file: &str) -> PathBuf {
        self.service(service).join(file)
    }

    /// The private key with which the log's checkpoints are signed.
    #[must_use]
    pub fn log_signer(&self) -> PathBuf {
        self.of_service("audit", "checkpoint.key")
    }

    /// The public key by which the log's checkpoints are verified.
    #[must_use]
    pub fn log_verifier(&self) -> PathBuf {
        self.of_service("audit", "checkpoint.pub")
    }

    /// Makes the folders that are missing.
    pub(super) fn create(&self) -> anyhow::Result<()> {
        let services = SERVICES.iter().map(|service| self.service(service));
        for folder in services.chain([self.pki(), self.0.join("config")]) {
            std::fs::create_dir_all(&folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        Ok(())
    }
}
