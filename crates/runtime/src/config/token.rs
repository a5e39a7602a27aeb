//! Whose tokens a service believes.

use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use serde::{Deserialize, Serialize};

use super::peer::{absolute_uri, is_this_machine};
use super::{ConfigError, DurationText, is_https};

/// Where Aval tokens come from.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenConfig {
    /// What `iss` must be, to the letter.
    pub issuer: String,
    /// Where the issuer publishes its keys; `http://` only for this machine.
    pub jwks_url: String,
    /// The authority that signed the certificate of `jwks_url`, a PEM file. Required
    /// with `https`: the authorities of the machine are not trusted for this.
    #[serde(default)]
    pub jwks_ca: Option<PathBuf>,
    /// Where the issuer publishes the sessions that were closed; `http://` only for this
    /// machine, the authority is `jwks_ca`. Required where `jwks_url` is `https`.
    /// Without it a closed session's tokens end by themselves, five minutes later.
    #[serde(default)]
    pub closed_sessions_url: Option<String>,
    /// By how much the issuer's clock may differ, at most 5s. Default: 2s.
    #[serde(default = "default_leeway")]
    pub leeway: DurationText,
}

impl TokenConfig {
    /// The largest `leeway`.
    pub const LARGEST_LEEWAY: Duration = Duration::from_secs(5);

    /// Refuses values that would weaken the check of tokens, naming the key to change.
    pub fn check(&self) -> Result<(), ConfigError> {
        let keys = checked_uri("token.jwks_url", &self.jwks_url)?;
        match &self.closed_sessions_url {
            Some(url) => {
                checked_uri("token.closed_sessions_url", url)?;
            }
            None if keys.scheme_str() == Some("http") => {}
            None => {
                return Err(ConfigError::Refused {
                    key: "token.closed_sessions_url",
                    rule: "is required where token.jwks_url is https".to_owned(),
                });
            }
        }
        let urls = [Some(&self.jwks_url), self.closed_sessions_url.as_ref()];
        let is_https = urls.into_iter().flatten().any(|url| is_https(url));
        if self.jwks_ca.is_none() && is_https {
            return Err(ConfigError::Refused {
                key: "token.jwks_ca",
                rule: "is required to fetch keys over https".to_owned(),
            });
        }
        if self.leeway.get() > Self::LARGEST_LEEWAY {
            return Err(ConfigError::Refused {
                key: "token.leeway",
                rule: "must be at most 5s".to_owned(),
            });
        }
        if self.issuer.is_empty() {
            return Err(ConfigError::Refused {
                key: "token.issuer",
                rule: "must not be empty".to_owned(),
            });
        }
        Ok(())
    }
}

fn checked_uri(key: &'static str, uri: &str) -> Result<Uri, ConfigError> {
    let uri = absolute_uri(key, uri)?;
    if uri.scheme_str() == Some("http") && !is_this_machine(&uri) {
        return Err(ConfigError::Refused {
            key,
            rule: format!("{uri} is not on this machine, so it must be https"),
        });
    }
    Ok(uri)
}

fn default_leeway() -> DurationText {
    DurationText::from_secs(2)
}
