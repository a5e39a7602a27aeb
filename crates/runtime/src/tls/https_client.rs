//! An HTTPS client whose files are read again when they have changed.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aval_domain::time::Timestamp;
use opentelemetry::metrics::ObservableGauge;
use sha2_of_sqlx::{Digest, Sha256};
use zeroize::Zeroizing;

use super::shown::end_gauge;
use super::{
    TlsError, Validity, client_config_without_identity, foreign_client_config, thumbprint,
};
use crate::caller::CertificateThumbprint;
use crate::config::TlsFiles;

/// Whose servers are believed, and what is shown to them.
#[derive(Debug, Clone)]
pub enum HttpsFiles {
    /// Those of this authority, who are shown nothing.
    Authority(PathBuf),
    /// Those of the authority, who are shown our own certificate.
    Own(TlsFiles),
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum HttpsClientError {
    /// A file cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The client cannot be built.
    #[error("the HTTP client cannot be built")]
    Http(#[from] reqwest::Error),
}

/// An HTTPS client that believes the authorities in a file, and those alone. Whoever asks for
/// it before each request gets one that knows what the files hold now: what changed is read
/// before the next connection, and what cannot be used leaves the last one.
pub struct HttpsClient {
    files: HttpsFiles,
    settings: Box<dyn Fn() -> reqwest::ClientBuilder + Send + Sync>,
    last: Mutex<Last>,
    end: Option<ShownEnd>,
}

struct Last {
    built: Built,
    /// What the files held when they were looked at last, whether it could be used or not;
    /// none: they could not be read.
    seen: Option<[u8; 32]>,
}

struct Built {
    client: reqwest::Client,
    /// Of our own certificate.
    own: Option<CertificateThumbprint>,
}

/// Until when our own certificate is valid, in the metrics.
struct ShownEnd {
    seconds: Arc<AtomicI64>,
    _gauge: ObservableGauge<i64>,
}

impl HttpsClient {
    /// A client with these settings, to which the files' are added.
    pub fn new(
        files: HttpsFiles,
        settings: impl Fn() -> reqwest::ClientBuilder + Send + Sync + 'static,
    ) -> Result<Self, HttpsClientError> {
        super::install_crypto_provider();
        let seen = files.digest();
        Ok(Self {
            last: Mutex::new(Last {
                built: built(&files, settings())?,
                seen,
            }),
            files,
            settings: Box::new(settings),
            end: None,
        })
    }

    /// The same, with the end of its own certificate in `aval.tls.not_after` under this `file`.
    pub fn showing_its_end(mut self, file: &'static str) -> Result<Self, TlsError> {
        if let HttpsFiles::Own(own) = &self.files {
            let not_after = Validity::read(&own.certificate)?.not_after;
            let seconds = Arc::new(AtomicI64::new(not_after.unix_seconds()));
            self.end = Some(ShownEnd {
                _gauge: end_gauge(file, Arc::clone(&seconds)),
                seconds,
            });
        }
        Ok(self)
    }

    /// The client for the next request.
    #[must_use]
    pub fn current(&self) -> reqwest::Client {
        self.looked_at().built.client.clone()
    }

    /// Which certificate of our own is shown at the next connection.
    #[must_use]
    pub fn own(&self) -> Option<CertificateThumbprint> {
        self.looked_at().built.own
    }

    /// What was built of the files, anew if they have changed.
    fn looked_at(&self) -> MutexGuard<'_, Last> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.files.digest();
        if now != last.seen {
            last.seen = now;
            match built(&self.files, (self.settings)()) {
                Ok(built) => {
                    last.built = built;
                    self.show_end();
                    tracing::info!(
                        file = %self.files.authority().display(),
                        "the authority or the certificate of an HTTPS client has changed"
                    );
                }
                Err(error) => tracing::warn!(
                    %error,
                    "the files of an HTTPS client were not read again; the last ones are used"
                ),
            }
        }
        last
    }

    fn show_end(&self) {
        let (HttpsFiles::Own(own), Some(end)) = (&self.files, &self.end) else {
            return;
        };
        let validity = Validity::read(&own.certificate);
        let not_after = validity.map(|validity| Timestamp::unix_seconds(validity.not_after));
        if let Ok(not_after) = not_after {
            end.seconds.store(not_after, Ordering::Relaxed);
        }
    }
}

impl HttpsFiles {
    fn authority(&self) -> &Path {
        match self {
            Self::Authority(authority) => authority,
            Self::Own(files) => &files.client_ca,
        }
    }

    /// What they hold now, in a form that keeps no key; none: one of them cannot be read.
    fn digest(&self) -> Option<[u8; 32]> {
        let files: &[&Path] = match self {
            Self::Authority(authority) => &[authority],
            Self::Own(own) => &[&own.client_ca, &own.certificate, &own.private_key],
        };
        let mut digest = Sha256::new();
        for file in files {
            let held = Zeroizing::new(std::fs::read(file).ok()?);
            digest.update(Sha256::digest(&held));
        }
        Some(digest.finalize().into())
    }
}

fn built(files: &HttpsFiles, settings: reqwest::ClientBuilder) -> Result<Built, HttpsClientError> {
    let (tls, own) = match files {
        HttpsFiles::Authority(authority) => (client_config_without_identity(authority)?, None),
        HttpsFiles::Own(files) => {
            let own = thumbprint(&files.certificate)?;
            (foreign_client_config(files)?, Some(own))
        }
    };
    let settings = settings.https_only(true).tls_backend_preconfigured(tls);
    let client = settings.build()?;
    Ok(Built { client, own })
}

impl fmt::Debug for HttpsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpsClient")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}
