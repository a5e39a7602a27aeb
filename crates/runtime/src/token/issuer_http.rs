//! How the issuer is asked over HTTP: under its own authority alone, directly, once.

use std::time::Duration;

use super::JwksError;
use crate::config::{self, TokenConfig};
use crate::tls;

/// An HTTP client for what the issuer publishes.
#[derive(Debug)]
pub(super) struct IssuerHttp(reqwest::Client);

impl IssuerHttp {
    /// A client for this address, which believes the issuer's authority alone.
    pub(super) fn new(
        config: &TokenConfig,
        url: &str,
        timeout: Duration,
    ) -> Result<Self, JwksError> {
        config.check()?;
        tls::install_crypto_provider();
        let mut http = reqwest::Client::builder()
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        if config::is_https(url) {
            let authority = config
                .jwks_ca
                .as_ref()
                .expect("the check demands one of https");
            http = http
                .https_only(true)
                .tls_backend_preconfigured(tls::client_config_without_identity(authority)?);
        }
        Ok(Self(http.build()?))
    }

    /// What stands at this address, if it is not longer than this.
    pub(super) async fn get(&self, url: &str, longest: usize) -> Result<Vec<u8>, JwksError> {
        let mut answer = self.0.get(url).send().await?.error_for_status()?;
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
