//! Bounds for those who are sent something for as long as they read it.

use aval_runtime::config::{ConfigError, DurationText};
use serde::Deserialize;

/// The bounds of `WatchEvents` and `ExportEvents`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WatchConfig {
    /// How often a sign of life is sent. Default: 15 seconds.
    pub heartbeat: DurationText,
    /// How long a reader may take for what it was sent before it is cut off. Default:
    /// 30 seconds.
    pub slowest_reader: DurationText,
    /// How many streams of events one instance keeps. Default: 1,000.
    pub most: usize,
    /// How many of these streams one reader has. Default: 16.
    pub most_per_reader: usize,
    /// How many files one instance writes at once. Default: 100.
    pub most_exports: usize,
    /// How many of these files one reader has written at once. Default: 4.
    pub most_exports_per_reader: usize,
}

impl Default for WatchConfig {
    fn default() -> Self {
        Self {
            heartbeat: DurationText::from_secs(15),
            slowest_reader: DurationText::from_secs(30),
            most: 1_000,
            most_per_reader: 16,
            most_exports: 100,
            most_exports_per_reader: 4,
        }
    }
}

impl WatchConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        for (key, duration) in [
            ("watch.heartbeat", self.heartbeat),
            ("watch.slowest_reader", self.slowest_reader),
        ] {
            if duration.get().is_zero() {
                return Err(ConfigError::Refused {
                    key,
                    rule: "must be longer than nothing".to_owned(),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_without_time_is_refused() {
        let config = WatchConfig {
            heartbeat: DurationText::from_secs(0),
            ..WatchConfig::default()
        };
        let refused = config.check().unwrap_err();
        assert!(refused.to_string().contains("watch.heartbeat"), "{refused}");
    }
}
