//! What operators see of the certificates of a listener: until when they are valid, in the
//! metrics and, when it is time, in the log.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aval_domain::time::Timestamp;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, ObservableGauge};

use super::{Standing, TlsError, Validity, certificates};
use crate::config::TlsFiles;
use crate::telemetry::metrics::meter;

/// What is the same each time the files are read is said again after so long.
const SAID_AGAIN_AFTER: Duration = Duration::from_hours(1);

/// Shows the ends of what was read last.
#[derive(Debug)]
pub(super) struct Shown {
    ends: Arc<Ends>,
    readings: Counter<u64>,
    own: Mutex<Own>,
    _gauge: ObservableGauge<i64>,
}

/// In seconds since 1970.
#[derive(Debug, Default)]
struct Ends {
    certificate: AtomicI64,
    client_ca: AtomicI64,
}

/// The listener's own certificate, and what was said of it last.
#[derive(Debug)]
struct Own {
    validity: Validity,
    said: Option<(Validity, Standing, Timestamp)>,
}

impl Shown {
    /// Of what was just read, and is good: one that has ended is not even begun with.
    pub(super) fn of(own: Validity, files: &TlsFiles, now: Timestamp) -> Result<Self, TlsError> {
        let ends = Arc::new(Ends::default());
        let readings = meter()
            .u64_counter("aval.tls.readings")
            .with_description(
                "How often the files of the listener's certificate were read, by what it is \
                 now: good, ending, ended; failed: they could not be, and the last is used.",
            )
            .build();
        for outcome in ["good", "ending", "ended", "failed"] {
            readings.add(0, &[KeyValue::new("outcome", outcome)]);
        }
        let shown = Self {
            _gauge: gauge(Arc::clone(&ends)),
            ends,
            readings,
            own: Mutex::new(Own {
                validity: own,
                said: None,
            }),
        };
        shown.read(files, now)?;
        Ok(shown)
    }

    /// Reads the ends anew, counts, and says what must be said.
    pub(super) fn read(&self, files: &TlsFiles, now: Timestamp) -> Result<(), TlsError> {
        let own = Validity::read(&files.certificate)?;
        let authorities = certificates(&files.client_ca)?;
        let authorities = authorities.iter().filter_map(Validity::of);
        let authority = authorities.map(|validity| validity.not_after).max();
        let authority = authority.map_or(0, Timestamp::unix_seconds);
        let certificate = own.not_after.unix_seconds();
        self.ends.certificate.store(certificate, Ordering::Relaxed);
        self.ends.client_ca.store(authority, Ordering::Relaxed);
        let mut shown = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        shown.validity = own;
        self.count(match shown.is_looked_at(now) {
            Standing::Good => "good",
            Standing::Ending => "ending",
            Standing::Ended => "ended",
        });
        Ok(())
    }

    /// The files could not be read: what was read before stays, and may end.
    pub(super) fn not_read(&self, now: Timestamp) {
        self.count("failed");
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.is_looked_at(now);
    }

    fn count(&self, outcome: &'static str) {
        self.readings.add(1, &[KeyValue::new("outcome", outcome)]);
    }
}

impl Own {
    /// How it stands; said aloud when that is new, and again from time to time.
    fn is_looked_at(&mut self, now: Timestamp) -> Standing {
        let standing = self.validity.standing(now);
        let is_said = self.said.is_some_and(|(of, said, at)| {
            of == self.validity && said == standing && now.since(at) < SAID_AGAIN_AFTER
        });
        if !is_said {
            self.say(standing, now);
            self.said = Some((self.validity, standing, now));
        }
        standing
    }

    fn say(&self, standing: Standing, now: Timestamp) {
        let not_after = self.validity.not_after;
        match standing {
            Standing::Good => {}
            Standing::Ending => tracing::warn!(
                certificate.not_after = %not_after,
                certificate.seconds_left = self.validity.left(now).as_secs(),
                "the certificate ends soon and was not renewed"
            ),
            Standing::Ended => tracing::error!(
                certificate.not_after = %not_after,
                "the certificate has ended: callers refuse it"
            ),
        }
    }
}

fn gauge(ends: Arc<Ends>) -> ObservableGauge<i64> {
    observed_end(move |observe| {
        observe("certificate", ends.certificate.load(Ordering::Relaxed));
        observe("client_ca", ends.client_ca.load(Ordering::Relaxed));
    })
}

/// Shows one more end, under this `file`.
pub(super) fn end_gauge(file: &'static str, end: Arc<AtomicI64>) -> ObservableGauge<i64> {
    observed_end(move |observe| observe(file, end.load(Ordering::Relaxed)))
}

fn observed_end(
    ends: impl Fn(&dyn Fn(&'static str, i64)) + Send + Sync + 'static,
) -> ObservableGauge<i64> {
    meter()
        .i64_observable_gauge("aval.tls.not_after")
        .with_description(
            "Until when the listener's own certificate, the last authority for its callers', \
             and what is shown to an identity provider are valid: seconds since 1970.",
        )
        .with_unit("s")
        .with_callback(move |gauge| {
            ends(&|file, end| gauge.observe(end, &[KeyValue::new("file", file)]));
        })
        .build()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn certificate_until(year: i32) -> String {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().pem()
    }

    fn files(folder: &tempfile::TempDir) -> TlsFiles {
        let file = |name: &str| folder.path().join(name);
        TlsFiles {
            certificate: file("tls.crt"),
            private_key: file("tls.key"),
            client_ca: file("ca.crt"),
        }
    }

    fn year(year: i32) -> Timestamp {
        Timestamp::from_unix_seconds(date_time_ymd(year, 1, 1).unix_timestamp())
    }

    #[test]
    fn the_first_certificate_and_the_last_authority_count() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(&folder);
        let (first, other) = (certificate_until(2031), certificate_until(2041));
        fs::write(&files.certificate, format!("{first}{other}")).unwrap();
        fs::write(&files.client_ca, format!("{first}{other}")).unwrap();
        let shown = Shown::of(
            Validity::read(&files.certificate).unwrap(),
            &files,
            year(2027),
        )
        .unwrap();
        let end = |end: &AtomicI64| end.load(Ordering::Relaxed);
        assert_eq!(end(&shown.ends.certificate), year(2031).unix_seconds());
        assert_eq!(end(&shown.ends.client_ca), year(2041).unix_seconds());

        fs::write(&files.certificate, certificate_until(2033)).unwrap();
        shown.read(&files, year(2027)).unwrap();
        assert_eq!(end(&shown.ends.certificate), year(2033).unix_seconds());

        fs::write(&files.certificate, "nothing").unwrap();
        assert!(shown.read(&files, year(2027)).is_err());
        assert_eq!(end(&shown.ends.certificate), year(2033).unix_seconds());
    }

    #[test]
    fn what_is_new_is_said_at_once_and_what_stays_so_every_hour() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(&folder);
        fs::write(&files.certificate, certificate_until(2031)).unwrap();
        fs::write(&files.client_ca, certificate_until(2041)).unwrap();
        let shown = Shown::of(
            Validity::read(&files.certificate).unwrap(),
            &files,
            year(2027),
        )
        .unwrap();
        let said = || shown.own.lock().unwrap().said;
        let almost = year(2031).saturating_sub(Duration::from_secs(10));
        shown.read(&files, almost).unwrap();
        assert!(matches!(said(), Some((_, Standing::Ending, at)) if at == almost));
        // It ends, whether its files can be read or not.
        let soon_after = year(2031).saturating_add(Duration::from_secs(20));
        shown.not_read(soon_after);
        assert!(matches!(said(), Some((_, Standing::Ended, at)) if at == soon_after));
        shown.not_read(soon_after.saturating_add(Duration::from_mins(59)));
        assert!(matches!(said(), Some((_, _, at)) if at == soon_after));
        let hour_later = soon_after.saturating_add(Duration::from_hours(1));
        shown.read(&files, hour_later).unwrap();
        assert!(matches!(said(), Some((_, Standing::Ended, at)) if at == hour_later));
        // Another one in its place is looked at anew.
        fs::write(&files.certificate, certificate_until(2041)).unwrap();
        shown.read(&files, hour_later).unwrap();
        assert!(matches!(said(), Some((_, Standing::Good, at)) if at == hour_later));
    }
}
