//! The provider's discovery document. Its address is configured, never derived from
//! the issuer: Pro Santé Connect's path is not the standard one, and its hosts
//! differ.

use serde::Deserialize;

use super::SignInRefused;

/// What is needed of the discovery document.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Discovery {
    issuer: String,
    pub(super) jwks_uri: String,
    pub(super) userinfo_endpoint: String,
    pub(super) introspection_endpoint: Option<String>,
}

impl Discovery {
    /// Reads the document of this issuer; another issuer's is refused.
    pub(super) fn read(json: &[u8], issuer: &str) -> Result<Self, SignInRefused> {
        let document: Self =
            serde_json::from_slice(json).map_err(|_| SignInRefused::Unavailable)?;
        if document.issuer != issuer {
            tracing::error!("the discovery document names another issuer than the configuration");
            return Err(SignInRefused::Unavailable);
        }
        Ok(document)
    }
}
