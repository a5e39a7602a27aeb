//! A certificate authority of this machine alone, and certificates for the
//! services and their callers.
//!
//! The authority may vouch for loopback names only (its certificate carries name
//! constraints): trusting it by mistake lets nobody pose as another machine.

mod authority;
mod files;
mod leaf;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aval_domain::time::Timestamp;

use authority::Authority;

/// The trust domain of the development PKI's SPIFFE names.
pub const TRUST_DOMAIN: &str = "aval.local";

/// The names that [`DevelopmentPki::create_or_open`] always provides: the four
/// services, the gateway, two callers, the development identity provider.
pub const NAMES: [&str; 8] = [
    "identity",
    "practitioner-directory",
    "consent",
    "audit",
    "gateway",
    "records",
    "operator",
    "provider",
];

/// How long a service's or caller's certificate is valid.
pub const LEAF_LIFETIME: Duration = Duration::from_hours(90 * 24);

/// A certificate this close to its end is renewed when the folder is opened.
pub const RENEWAL_MARGIN: Duration = Duration::from_hours(10 * 24);

/// A folder with a certificate authority and the certificates that it issued.
pub struct DevelopmentPki {
    dir: PathBuf,
    authority: Authority,
}

/// Where one name's certificate, its key and the authority's certificate lie, all PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The name's certificate.
    pub certificate: PathBuf,
    /// Its private key, PKCS #8, readable by its owner alone.
    pub key: PathBuf,
    /// The authority's certificate: what both sides trust.
    pub ca: PathBuf,
}

/// Why the development PKI could not be opened or could not issue.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// The name would not make a file name and a SPIFFE path.
    #[error(
        "a certificate's name is 1 to 63 lower-case letters, digits and hyphens in segments between slashes, each beginning with a letter, and is not the authority's"
    )]
    InvalidName,
    /// A file or the folder could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A key could not be generated or a certificate not be signed.
    #[error("certificate generation failed: {0}")]
    Generation(#[from] rcgen::Error),
}

impl DevelopmentPki {
    /// Opens the development PKI in `dir`, creating what is missing: the folder,
    /// the authority, a certificate for each of [`NAMES`]. Certificates whose
    /// end is nearer than [`RENEWAL_MARGIN`], or that do not fit their key or the
    /// authority, are issued anew, those of other names too; all else stays as
    /// it is. Two processes may open one folder at once.
    pub fn create_or_open(dir: &Path, now: Timestamp) -> Result<Self, PkiError> {
        files::create_folder(dir)?;
        let _lock = files::lock(dir)?;
        let authority = Authority::create_or_open(dir, now)?;
        let pki = Self {
            dir: dir.to_owned(),
            authority,
        };
        for name in NAMES {
            pki.issue_locked(name, now)?;
        }
        for name in files::issued_names(dir)? {
            pki.issue_locked(&name, now)?;
        }
        Ok(pki)
    }

    /// Provides a certificate for `name`: the present one if it will last, a new
    /// one otherwise.
    pub fn issue(&self, name: &str, now: Timestamp) -> Result<CertificateFiles, PkiError> {
        let _lock = files::lock(&self.dir)?;
        self.issue_locked(name, now)
    }

    /// The paths of `name`'s files, whether it has been issued or not.
    #[must_use]
    pub fn files(&self, name: &str) -> CertificateFiles {
        CertificateFiles {
            certificate: files::certificate_path(&self.dir, name),
            key: files::key_path(&self.dir, name),
            ca: files::authority_certificate_path(&self.dir),
        }
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn issue_locked(&self, name: &str, now: Timestamp) -> Result<CertificateFiles, PkiError> {
        if !is_name(name) {
            return Err(PkiError::InvalidName);
        }
        let paths = self.files(name);
        if !leaf::will_last(&paths, name, &self.authority, now)? {
            leaf::issue(&paths, name, &self.authority, now)?;
        }
        Ok(paths)
    }
}

impl fmt::Debug for DevelopmentPki {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DevelopmentPki")
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

/// The SPIFFE name that `name`'s certificate carries as its only URI.
#[must_use]
pub fn spiffe_id(name: &str) -> String {
    format!("spiffe://{TRUST_DOMAIN}/{name}")
}

/// One segment, or several as in `software/clinic-a`.
fn is_name(name: &str) -> bool {
    let is_segment = |segment: &str| {
        segment.starts_with(|first: char| first.is_ascii_lowercase())
            && segment
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    name.len() <= 63
        && name.split('/').all(is_segment)
        && ![files::AUTHORITY, files::AUTHORITY_KEY].contains(&name)
}

#[cfg(test)]
mod tests;
