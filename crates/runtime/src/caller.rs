//! The software on the other side of a connection: which one it is, and which
//! gRPC services it may call.
//!
//! A caller is named by the single `spiffe://<trust domain>/<name>` URI in its
//! client certificate. Metadata never names anybody.

mod allowlist;
mod certificate;

pub(crate) use allowlist::is_open_to_all;
pub use allowlist::{Allowlist, AllowlistError};
pub use certificate::{CertificateThumbprint, identify};

use std::fmt;
use std::sync::Arc;

/// The name of a calling software: the path of its SPIFFE identifier without the
/// leading slash, `records` or `ns/aval/sa/consent`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallerId(Arc<str>);

/// The name of every caller of a listener in clear.
const INSECURE_LOOPBACK: &str = "insecure-loopback";

impl CallerId {
    /// The longest name, in bytes.
    pub const MAX_LENGTH: usize = 255;

    /// Takes a name as it stands in a SPIFFE path: segments of letters, digits, dots,
    /// hyphens and underscores, separated by slashes; none empty, `.` or `..`.
    pub fn parse(name: &str) -> Result<Self, CallerUnknown> {
        let segment_is_valid = |segment: &str| {
            !matches!(segment, "" | "." | "..")
                && segment
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        if name.len() > Self::MAX_LENGTH || !name.split('/').all(segment_is_valid) {
            return Err(CallerUnknown::NameMalformed);
        }
        Ok(Self(Arc::from(name)))
    }

    /// What callers of a listener in clear are called (development only).
    #[must_use]
    pub fn insecure_loopback() -> Self {
        Self(Arc::from(INSECURE_LOOPBACK))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CallerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CallerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallerId({})", self.0)
    }
}

/// Why a certificate names no caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallerUnknown {
    /// There is no client certificate.
    #[error("a client certificate is required")]
    CertificateMissing,
    /// The certificate cannot be read.
    #[error("the client certificate cannot be read")]
    CertificateMalformed,
    /// It has no URI name, or several.
    #[error("the client certificate must have exactly one URI name")]
    NotOneUri,
    /// Its URI is not a SPIFFE identifier with a well-formed path.
    #[error("the client certificate's URI name must be spiffe://<trust domain>/<name>")]
    NameMalformed,
    /// Its URI belongs to another trust domain.
    #[error("the client certificate belongs to another trust domain")]
    OtherTrustDomain,
}

impl From<CallerUnknown> for crate::status::Refusal {
    fn from(error: CallerUnknown) -> Self {
        Self::new(
            aval_proto::common::v1::ErrorReason::CallerUnknown,
            error.to_string(),
        )
    }
}
