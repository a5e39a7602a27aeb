//! Which log this is.

use std::path::PathBuf;

use aval_merkle_log::note::{KeyError, KeyName, Verifier};
use aval_runtime::config::ConfigError;
use serde::Deserialize;

/// Which log this is, and what signs it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// The log's identity, which every checkpoint states, the same for ever: a URL
    /// without its scheme is usual. Default: `aval.local/trail`.
    #[serde(default = "default_origin")]
    pub origin: String,
    /// The file with the private key that signs checkpoints, named after the origin.
    pub key_file: PathBuf,
    /// Public keys that signed this log before, in the C2SP verifier form. Default:
    /// none.
    #[serde(default)]
    pub former_keys: Vec<String>,
}

impl LogConfig {
    /// Refuses what no key may be called or is, naming the key of the configuration.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let refused = |key, error: KeyError| ConfigError::Refused {
            key,
            rule: error.to_string(),
        };
        KeyName::parse(&self.origin).map_err(|error| refused("log.origin", error))?;
        for key in &self.former_keys {
            Verifier::parse(key).map_err(|error| refused("log.former_keys", error))?;
        }
        Ok(())
    }
}

/// The origin of a log that nobody named.
#[must_use]
pub fn default_origin() -> String {
    "aval.local/trail".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_and_a_former_key_that_are_none_are_refused_by_their_keys() {
        let sound = LogConfig {
            origin: default_origin(),
            key_file: "checkpoint.key".into(),
            former_keys: Vec::new(),
        };
        sound.check().unwrap();
        for (origin, former, key) in [
            ("two words", None, "log.origin: "),
            ("aval.local/trail", Some("no key"), "log.former_keys: "),
        ] {
            let config = LogConfig {
                origin: origin.to_owned(),
                former_keys: former.map(str::to_owned).into_iter().collect(),
                ..sound.clone()
            };
            let refused = config.check().unwrap_err().to_string();
            assert!(refused.starts_with(key), "{refused}");
        }
    }
}
