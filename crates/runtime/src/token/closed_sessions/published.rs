//! The list, fetched from where the issuer publishes it.

use std::time::Duration;

use futures::future::BoxFuture;

use super::{ClosedSessionList, ClosedSessionSource, ClosedSessionsUnavailable};
use crate::config::TokenConfig;
use crate::token::JwksError;
use crate::token::issuer_http::IssuerHttp;

/// Less than a list may be old, so that a silent issuer is found out in time.
const FETCH_TIMEOUT: Duration = Duration::from_secs(2);
/// Some two hundred thousand closings in the time for which they are listed.
const LARGEST_LIST: usize = 8 * 1024 * 1024;

/// The list behind an HTTP address.
#[derive(Debug)]
pub(in crate::token) struct PublishedSessions {
    url: String,
    http: IssuerHttp,
}

impl PublishedSessions {
    /// The list at this address. Nothing is fetched before the first token.
    pub(in crate::token) fn new(config: &TokenConfig, url: &str) -> Result<Self, JwksError> {
        Ok(Self {
            url: url.to_owned(),
            http: IssuerHttp::new(config, url, FETCH_TIMEOUT)?,
        })
    }
}

impl ClosedSessionSource for PublishedSessions {
    fn fetch(&self) -> BoxFuture<'_, Result<ClosedSessionList, ClosedSessionsUnavailable>> {
        Box::pin(async {
            let body = self.http.get(&self.url, LARGEST_LIST).await;
            let body = body.map_err(|error| {
                tracing::warn!(%error, "the list of closed sessions was not fetched");
                ClosedSessionsUnavailable
            })?;
            ClosedSessionList::from_json(&body).map_err(|error| {
                tracing::error!(%error, "the issuer's answer is no list of closed sessions");
                ClosedSessionsUnavailable
            })
        })
    }
}
