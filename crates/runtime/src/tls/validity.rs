//! From when until when a certificate is valid.

use std::path::Path;
use std::time::Duration;

use aval_domain::time::Timestamp;
use rustls_pki_types::CertificateDer;

use super::{TlsError, certificates};

/// Of a certificate's lifetime so much is left, as a part of it, when somebody must look: of
/// the 30 days that cert-manager gives ours, of which it renews the last ten, six.
const PART_LEFT: u32 = 5;

/// The lifetime of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// It is valid from then on.
    pub not_before: Timestamp,
    /// It is valid until then.
    pub not_after: Timestamp,
}

/// How a certificate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Enough of its lifetime is left.
    Good,
    /// Less than a fifth of its lifetime is left: it should have been renewed.
    Ending,
    /// Nothing is left: whoever it is shown to refuses it.
    Ended,
}

impl Validity {
    /// Of the first certificate in this file, its owner's: those after it are the authorities
    /// on the way to its own.
    pub fn read(file: &Path) -> Result<Self, TlsError> {
        let chain = certificates(file)?;
        chain.first().and_then(Self::of).ok_or_else(|| {
            // A PEM block that is none: whoever uses it refuses it for the same reason.
            TlsError::Empty(file.to_owned())
        })
    }

    /// `None`: it is no certificate, which whoever uses it finds out.
    pub(super) fn of(certificate: &CertificateDer<'static>) -> Option<Self> {
        let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
        let validity = certificate.validity();
        Some(Self {
            not_before: Timestamp::from_unix_seconds(validity.not_before.timestamp()),
            not_after: Timestamp::from_unix_seconds(validity.not_after.timestamp()),
        })
    }

    /// What is left; nothing once it has ended.
    #[must_use]
    pub fn left(self, now: Timestamp) -> Duration {
        self.not_after.since(now)
    }

    /// How it stands.
    #[must_use]
    pub fn standing(self, now: Timestamp) -> Standing {
        // The last second that a certificate names is one of its own.
        if now.unix_seconds() > self.not_after.unix_seconds() {
            return Standing::Ended;
        }
        let lifetime = self.not_after.since(self.not_before);
        if self.left(now) < lifetime / PART_LEFT {
            Standing::Ending
        } else {
            Standing::Good
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_good_until_a_fifth_is_left_and_has_ended_after_its_last_second() {
        let at = Timestamp::from_unix_seconds;
        let validity = Validity {
            not_before: at(1_000),
            not_after: at(2_000),
        };
        assert_eq!(validity.standing(at(1_000)), Standing::Good);
        assert_eq!(validity.standing(at(1_800)), Standing::Good);
        assert_eq!(validity.standing(at(1_801)), Standing::Ending);
        let last = at(2_000).saturating_add(Duration::from_millis(999));
        assert_eq!(validity.standing(last), Standing::Ending);
        assert_eq!(validity.standing(at(2_001)), Standing::Ended);
        assert_eq!(validity.left(at(1_990)), Duration::from_secs(10));
        assert_eq!(validity.left(at(2_001)), Duration::ZERO);
    }
}
