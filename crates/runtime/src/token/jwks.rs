//! The issuer's keys, fetched from where it publishes them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aval_domain::time::{Clock, Timestamp};
use futures::future::BoxFuture;
use tokio::sync::Mutex;

use super::issuer_http::IssuerHttp;
use super::{KeyError, KeySource, VerificationKey};
use crate::config::{ConfigError, TokenConfig};
use crate::tls::{self, HttpsClientError};

/// Keys older than this are fetched again in the background, so that a withdrawn
/// key is forgotten.
const FRESH_FOR: Duration = Duration::from_mins(5);
/// Keys are used for so long when the issuer does not answer.
const USABLE_FOR: Duration = Duration::from_hours(24);
/// Between two fetches that unknown keys cause: forged tokens must not become a
/// load on the issuer.
const BETWEEN_FETCHES: Duration = Duration::from_secs(30);
/// The same after a fetch that failed.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
const LARGEST_SET: usize = 256 * 1024;

/// A JWK set behind an HTTP address.
///
/// An unknown `kid` causes one fetch, shared by all who wait for it, and not more
/// often than every 30 s. When the issuer is out of reach, its last keys are used
/// for 24 h.
#[derive(Debug)]
pub struct JwksSource(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    url: String,
    http: IssuerHttp,
    clock: Arc<dyn Clock>,
    published: RwLock<Arc<Published>>,
    turn: Mutex<()>,
    refreshing: AtomicBool,
}

#[derive(Debug, Default)]
struct Published {
    keys: HashMap<String, Arc<VerificationKey>>,
    fetched_at: Option<Timestamp>,
    attempted_at: Option<Timestamp>,
    attempts: u64,
    last_failed: bool,
}

/// Why keys could not be fetched, or the source not be set up.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    /// The configuration is refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The authority's file cannot be used.
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    /// The HTTP client cannot be built, or the fetch failed.
    #[error("the keys of the token issuer cannot be fetched")]
    Http(#[from] reqwest::Error),
    /// The answer is no JWK set.
    #[error("the token issuer's answer is not a JWK set")]
    Malformed,
    /// The answer is longer than any that is looked at.
    #[error("the token issuer's answer is too long")]
    TooLong,
}

impl From<HttpsClientError> for JwksError {
    fn from(error: HttpsClientError) -> Self {
        match error {
            HttpsClientError::Tls(error) => Self::Tls(error),
            HttpsClientError::Http(error) => Self::Http(error),
        }
    }
}

impl JwksSource {
    /// A source of the keys at `jwks_url`. Nothing is fetched before the first token.
    pub fn new(config: &TokenConfig, clock: Arc<dyn Clock>) -> Result<Self, JwksError> {
        Ok(Self(Arc::new(Inner {
            url: config.jwks_url.clone(),
            http: IssuerHttp::new(config, &config.jwks_url, FETCH_TIMEOUT)?,
            clock,
            published: RwLock::default(),
            turn: Mutex::default(),
            refreshing: AtomicBool::new(false),
        })))
    }
}

impl KeySource for JwksSource {
    fn find<'a>(&'a self, kid: &'a str) -> BoxFuture<'a, Result<Arc<VerificationKey>, KeyError>> {
        Box::pin(self.0.find(kid))
    }
}

impl Inner {
    async fn find(self: &Arc<Self>, kid: &str) -> Result<Arc<VerificationKey>, KeyError> {
        let now = self.clock.now();
        let published = self.published();
        if let Some(key) = published.usable_key(kid, now) {
            if !published.is_fresh(now) {
                self.refresh_in_background();
            }
            return Ok(key);
        }
        self.refresh(now).await;
        let published = self.published();
        match published.usable_key(kid, now) {
            Some(key) => Ok(key),
            None if published.last_failed => Err(KeyError::Unavailable),
            None => Err(KeyError::Unknown),
        }
    }

    fn published(&self) -> Arc<Published> {
        Arc::clone(
            &self
                .published
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    fn refresh_in_background(self: &Arc<Self>) {
        if self.refreshing.swap(true, Ordering::AcqRel) {
            return;
        }
        let source = Arc::clone(self);
        tokio::spawn(async move {
            source.refresh(source.clock.now()).await;
            source.refreshing.store(false, Ordering::Release);
        });
    }

    /// Fetches, unless somebody else did while this one waited for its turn, or the
    /// last fetch was too short a time ago.
    async fn refresh(&self, now: Timestamp) {
        let attempts_seen = self.published().attempts;
        let _turn = self.turn.lock().await;
        let before = self.published();
        if before.attempts != attempts_seen || !before.may_fetch(now) {
            return;
        }
        let after = match self.fetch().await {
            Ok(keys) => Published {
                keys,
                fetched_at: Some(now),
                attempted_at: Some(now),
                attempts: before.attempts + 1,
                last_failed: false,
            },
            Err(error) => {
                tracing::warn!(%error, "the token issuer's keys were not fetched");
                Published {
                    keys: before.keys.clone(),
                    fetched_at: before.fetched_at,
                    attempted_at: Some(now),
                    attempts: before.attempts + 1,
                    last_failed: true,
                }
            }
        };
        *self
            .published
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(after);
    }

    async fn fetch(&self) -> Result<HashMap<String, Arc<VerificationKey>>, JwksError> {
        let body = self.http.get(&self.url, LARGEST_SET).await?;
        VerificationKey::from_jwks(&body).ok_or(JwksError::Malformed)
    }
}

impl Published {
    fn usable_key(&self, kid: &str, now: Timestamp) -> Option<Arc<VerificationKey>> {
        let age = now.since(self.fetched_at?);
        self.keys.get(kid).filter(|_| age < USABLE_FOR).cloned()
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        self.fetched_at
            .is_some_and(|fetched| now.since(fetched) < FRESH_FOR)
    }

    fn may_fetch(&self, now: Timestamp) -> bool {
        let wait = if self.last_failed {
            AFTER_A_FAILURE
        } else {
            BETWEEN_FETCHES
        };
        // A clock that was set back must not stop fetching until it has caught up.
        self.attempted_at
            .is_none_or(|last| now < last || now.since(last) >= wait)
    }
}

#[cfg(test)]
mod tests;
