//! How the issuer is asked over HTTP: under its own authority alone, directly, once.

use std::time::Duration;

use super::JwksError;
use crate::config::{self, TokenConfig};
use crate::tls::{self, HttpsClient, HttpsFiles};

/// An HTTP client for what the issuer publishes.
#[derive(Debug)]
pub(super) enum IssuerHttp {
    /// On this machine.
    InClear(reqwest::Client),
    /// Under the issuer's authority: another one in its file counts from the next fetch on.
    Https(HttpsClient),
}

impl IssuerHttp {
    /// A client for this address, which believes the issuer's authority alone.
    pub(super) fn new(
        config: &TokenConfig,
        url: &str,
        timeout: Duration,
    ) -> Result<Self, JwksError> {
        config.check()?;
        tls::install_crypto_provider();
        let settings = move || {
            reqwest::Client::builder()
                .timeout(timeout)
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
        };
        if !config::is_https(url) {
            return Ok(Self::InClear(settings().build()?));
        }
        let authority = config.jwks_ca.clone();
        let authority = authority.expect("the check demands one of https");
        let files = HttpsFiles::Authority(authority);
        Ok(Self::Https(HttpsClient::new(files, settings)?))
    }

    /// What stands at this address, if it is not longer than this.
    pub(super) async fn get(&self, url: &str, longest: usize) -> Result<Vec<u8>, JwksError> {
        let client = match self {
            Self::InClear(client) => client.clone(),
            Self::Https(client) => client.current(),
        };
        let mut answer = client.get(url).send().await?.error_for_status()?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > longest {
                return Err(JwksError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}
