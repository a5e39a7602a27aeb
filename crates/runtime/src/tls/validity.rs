//! Until when the certificates of a listener are valid, for operators.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use opentelemetry::KeyValue;
use opentelemetry::metrics::ObservableGauge;
use rustls_pki_types::CertificateDer;

use super::{TlsError, certificates};
use crate::config::TlsFiles;
use crate::telemetry::metrics::meter;

/// Shows the ends of what was read last.
#[derive(Debug)]
pub(super) struct Validity {
    ends: Arc<Ends>,
    _gauge: ObservableGauge<i64>,
}

/// In seconds since 1970.
#[derive(Debug, Default)]
struct Ends {
    certificate: AtomicI64,
    client_ca: AtomicI64,
}

impl Validity {
    pub(super) fn of(files: &TlsFiles) -> Result<Self, TlsError> {
        let ends = Arc::new(Ends::default());
        let shown = Arc::clone(&ends);
        let gauge = meter()
            .i64_observable_gauge("aval.tls.not_after")
            .with_description(
                "Until when the listener's own certificate, and the last authority for its \
                 callers', are valid: seconds since 1970.",
            )
            .with_unit("s")
            .with_callback(move |gauge| {
                for (file, end) in [
                    ("certificate", &shown.certificate),
                    ("client_ca", &shown.client_ca),
                ] {
                    let end = end.load(Ordering::Relaxed);
                    gauge.observe(end, &[KeyValue::new("file", file)]);
                }
            })
            .build();
        let validity = Self {
            ends,
            _gauge: gauge,
        };
        validity.read(files)?;
        Ok(validity)
    }

    /// Reads the ends anew.
    pub(super) fn read(&self, files: &TlsFiles) -> Result<(), TlsError> {
        // The certificates after the first are the authorities on the way to its own.
        let own = certificates(&files.certificate)?;
        let own = own.first().and_then(end_of);
        let authorities = certificates(&files.client_ca)?;
        let authority = authorities.iter().filter_map(end_of).max();
        for (shown, end) in [
            (&self.ends.certificate, own),
            (&self.ends.client_ca, authority),
        ] {
            shown.store(end.unwrap_or_default(), Ordering::Relaxed);
        }
        Ok(())
    }
}

/// `None`: it is no certificate, which whoever uses it finds out.
fn end_of(certificate: &CertificateDer<'static>) -> Option<i64> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Some(certificate.validity().not_after.timestamp())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn certificate_until(year: i32) -> String {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().pem()
    }

    #[test]
    fn the_first_certificate_and_the_last_authority_count() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let files = TlsFiles {
            certificate: file("tls.crt"),
            private_key: file("tls.key"),
            client_ca: file("ca.crt"),
        };
        let year = |year: i32| date_time_ymd(year, 1, 1).unix_timestamp();
        let (first, other) = (certificate_until(2031), certificate_until(2041));
        fs::write(&files.certificate, format!("{first}{other}")).unwrap();
        fs::write(&files.client_ca, format!("{first}{other}")).unwrap();
        let validity = Validity::of(&files).unwrap();
        let shown = |end: &AtomicI64| end.load(Ordering::Relaxed);
        assert_eq!(shown(&validity.ends.certificate), year(2031));
        assert_eq!(shown(&validity.ends.client_ca), year(2041));

        fs::write(&files.certificate, certificate_until(2033)).unwrap();
        validity.read(&files).unwrap();
        assert_eq!(shown(&validity.ends.certificate), year(2033));

        fs::write(&files.certificate, "nothing").unwrap();
        assert!(validity.read(&files).is_err());
        assert_eq!(shown(&validity.ends.certificate), year(2033));
    }
}
