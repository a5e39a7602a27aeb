//! Another service that this one calls.

use http::Uri;
use rustls_pki_types::ServerName;
use serde::{Deserialize, Serialize};

use super::{ConfigError, DurationText, TlsFiles};

/// More than any pair of instances has a use for.
const MOST_CONNECTIONS: u8 = 16;

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
    /// How many connections each of its instances may be called over, 1 to 16. A further one
    /// is opened when calls overlap: what is large or slow on one of them does not hold up
    /// what goes over another. Default: 2.
    #[serde(default = "default_connections")]
    pub connections: u8,
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
            connections: default_connections(),
        }
    }

    /// Refuses an address in clear on another machine, naming the key to change below this
    /// section.
    pub fn check(&self, section: &'static str) -> Result<(), ConfigError> {
        let checked = self.address().and_then(|uri| self.name(&uri));
        checked.map_err(|error| error.within(section))?;
        if !(1..=MOST_CONNECTIONS).contains(&self.connections) {
            return Err(ConfigError::RefusedIn {
                section,
                key: "connections",
                rule: format!("must be 1 to {MOST_CONNECTIONS}"),
            });
        }
        Ok(())
    }

    /// Where it is, if it may be called there.
    pub(crate) fn address(&self) -> Result<Uri, ConfigError> {
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

    /// What its certificate must name.
    pub(crate) fn name(&self, uri: &Uri) -> Result<ServerName<'static>, ConfigError> {
        let name = self.server_name.as_deref().unwrap_or_else(|| host(uri));
        ServerName::try_from(name.to_owned()).map_err(|_| ConfigError::Refused {
            key: "server_name",
            rule: "must be a DNS name or an IP address, and is the host of uri by default"
                .to_owned(),
        })
    }
}

/// Without the brackets of an IPv6 address.
pub(crate) fn host(uri: &Uri) -> &str {
    let host = uri.host().unwrap_or_default();
    host.trim_start_matches('[').trim_end_matches(']')
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

/// Whether this address asks for TLS, however its scheme is written.
pub(crate) fn is_https(address: &str) -> bool {
    let uri = address.parse::<Uri>();
    uri.is_ok_and(|uri| uri.scheme_str() == Some("https"))
}

pub(super) fn is_this_machine(uri: &Uri) -> bool {
    aval_database::is_this_machine(host(uri))
}

fn default_deadline() -> DurationText {
    DurationText::from_secs(5)
}

fn default_connections() -> u8 {
    2
}
