//! Another service that this one calls.

use std::path::Path;

use http::Uri;
use serde::{Deserialize, Serialize};

use super::{ConfigError, DurationText, TlsFiles};

/// How to reach another service.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerConfig {
    /// `https://host:port`; `http://` only for this machine. A name with several addresses
    /// has an instance at each, and the calls are spread over them.
    pub uri: String,
    /// This service's certificate and the authority of the other's. Required with
    /// `https`.
    #[serde(default)]
    pub tls: Option<TlsFiles>,
    /// The DNS name in the other's certificate. Default: the host of `uri`.
    #[serde(default)]
    pub server_name: Option<String>,
    /// How long a unary call may take when what it serves leaves more time. Default:
    /// 5s.
    #[serde(default = "default_deadline")]
    pub deadline: DurationText,
}

impl PeerConfig {
    /// A peer in clear on this machine, with the defaults.
    #[must_use]
    pub fn insecure_loopback(address: std::net::SocketAddr) -> Self {
        Self {
            uri: format!("http://{address}"),
            tls: None,
            server_name: None,
            deadline: default_deadline(),
        }
    }

    /// The certificate that is shown to it.
    #[must_use]
    pub fn certificate(&self) -> Option<&Path> {
        self.tls.as_ref().map(|files| files.certificate.as_path())
    }

    /// Refuses an address in clear on another machine, naming the key to change.
    pub fn check(&self) -> Result<Uri, ConfigError> {
        let uri = absolute_uri("uri", &self.uri)?;
        let is_tls = uri.scheme_str() == Some("https");
        match (is_tls, &self.tls) {
            (true, None) => Err(ConfigError::Refused {
                key: "tls",
                rule: format!("a certificate is required to call {uri}"),
            }),
            (false, _) if !is_this_machine(&uri) => Err(ConfigError::Refused {
                key: "uri",
                rule: format!("{uri} is not on this machine, so it must be https"),
            }),
            _ => Ok(uri),
        }
    }
}

/// Reads an http or https address with a host.
pub(super) fn absolute_uri(key: &'static str, text: &str) -> Result<Uri, ConfigError> {
    let uri = text.parse::<Uri>().ok();
    uri.filter(|uri| uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https")))
        .ok_or_else(|| ConfigError::Refused {
            key,
            rule: "must be an http or https address with a host".to_owned(),
        })
}

pub(super) fn is_this_machine(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn default_deadline() -> DurationText {
    DurationText::from_secs(5)
}
