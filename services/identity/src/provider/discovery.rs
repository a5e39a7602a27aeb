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
    #[serde(default)]
    mtls_endpoint_aliases: Aliases,
}

/// Where some of it is for whoever shows a certificate (RFC 8705 §5).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct Aliases {
    userinfo_endpoint: Option<String>,
    introspection_endpoint: Option<String>,
}

impl Discovery {
    /// Reads the document of this issuer, as it is for whoever shows a certificate or
    /// does not; another issuer's is refused.
    pub(super) fn read(
        json: &[u8],
        issuer: &str,
        shows_certificate: bool,
    ) -> Result<Self, SignInRefused> {
        let mut document: Self =
            serde_json::from_slice(json).map_err(|_| SignInRefused::Unavailable)?;
        if document.issuer != issuer {
            tracing::error!("the discovery document names another issuer than the configuration");
            return Err(SignInRefused::Unavailable);
        }
        let aliases = std::mem::take(&mut document.mtls_endpoint_aliases);
        if shows_certificate {
            if let Some(endpoint) = aliases.userinfo_endpoint {
                document.userinfo_endpoint = endpoint;
            }
            let endpoint = aliases.introspection_endpoint;
            document.introspection_endpoint = endpoint.or(document.introspection_endpoint);
        }
        Ok(document)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whoever_shows_a_certificate_goes_where_the_provider_expects_one() {
        let mut document = json!({
            "issuer": "i", "jwks_uri": "keys", "userinfo_endpoint": "me",
            "introspection_endpoint": "alive",
        });
        let read = |document: &serde_json::Value, shows_certificate| {
            let json = document.to_string();
            let read = Discovery::read(json.as_bytes(), "i", shows_certificate).unwrap();
            let alive = read.introspection_endpoint.unwrap();
            (read.userinfo_endpoint, alive)
        };
        let pair = |me: &str, alive: &str| (me.to_owned(), alive.to_owned());
        assert_eq!(read(&document, true), pair("me", "alive"));
        document["mtls_endpoint_aliases"] =
            json!({ "userinfo_endpoint": "mtls-me", "token_endpoint": "mtls-token" });
        assert_eq!(read(&document, true), pair("mtls-me", "alive"));
        document["mtls_endpoint_aliases"]["introspection_endpoint"] = json!("mtls-alive");
        assert_eq!(read(&document, true), pair("mtls-me", "mtls-alive"));
        assert_eq!(read(&document, false), pair("me", "alive"));
    }
}
