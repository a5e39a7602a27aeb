//! Who sees the log's checkpoints besides the log.

use std::path::PathBuf;

use aval_runtime::config::{ConfigError, DurationText};
use serde::Deserialize;

/// Who sees the log's checkpoints besides the log. Default: nobody is asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WitnessesConfig {
    /// The file (C2SP tlog-policy) with the witnesses' keys and addresses, and how many of
    /// them must have cosigned. Default: none, and nobody is asked.
    pub policy_file: Option<PathBuf>,
    /// The authorities of the witnesses' certificates, a PEM file; required where an address
    /// is `https`.
    pub ca_file: Option<PathBuf>,
    /// How often a new checkpoint is shown to them at most. Default: 1 second.
    pub every: DurationText,
    /// How long one of them may take. Default: 10 seconds.
    pub timeout: DurationText,
}

impl Default for WitnessesConfig {
    fn default() -> Self {
        Self {
            policy_file: None,
            ca_file: None,
            every: DurationText::from_secs(1),
            timeout: DurationText::from_secs(10),
        }
    }
}

impl WitnessesConfig {
    /// Refuses what may not be, naming the key.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        for (key, duration) in [
            ("witnesses.every", self.every),
            ("witnesses.timeout", self.timeout),
        ] {
            if duration.get().is_zero() {
                return Err(ConfigError::Refused {
                    key,
                    rule: "must be longer than nothing".to_owned(),
                });
            }
        }
        if self.ca_file.is_some() && self.policy_file.is_none() {
            return Err(ConfigError::Refused {
                key: "witnesses.ca_file",
                rule: "serves nothing without witnesses.policy_file".to_owned(),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_of_nobody_and_no_time_at_all_are_refused_by_their_names() {
        let authority = WitnessesConfig {
            ca_file: Some("ca.crt".into()),
            ..WitnessesConfig::default()
        };
        let at_once = WitnessesConfig {
            every: DurationText::from_secs(0),
            ..WitnessesConfig::default()
        };
        let never = WitnessesConfig {
            timeout: DurationText::from_secs(0),
            ..WitnessesConfig::default()
        };
        for (config, key) in [
            (authority, "witnesses.ca_file"),
            (at_once, "witnesses.every"),
            (never, "witnesses.timeout"),
        ] {
            let refused = config.check().unwrap_err().to_string();
            assert!(refused.contains(key), "{refused}");
        }
        assert!(WitnessesConfig::default().check().is_ok());
    }
}
