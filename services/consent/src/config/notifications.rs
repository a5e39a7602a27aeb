//! When people are told what.

use aval_runtime::config::{ConfigError, DurationText};
use serde::Deserialize;

/// When people are told what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NotificationsConfig {
    /// How long before its end a professional is told that an authorisation ends; not of
    /// one that was given for no longer than that. Default: 72h.
    pub expiring_before: DurationText,
    /// How long notifications are kept, read or not, a day at least. Default: 8760h.
    pub kept_for: DurationText,
    /// How often it is looked for what time alone brought about. Default: 1m.
    pub look_every: DurationText,
    /// How often who watches is given a sign of life when nothing comes. Default: 20s.
    pub heartbeat_every: DurationText,
}

impl Default for NotificationsConfig {
    fn default() -> Self {
        Self {
            expiring_before: DurationText::from_secs(72 * 3_600),
            kept_for: DurationText::from_secs(365 * 24 * 3_600),
            look_every: DurationText::from_secs(60),
            heartbeat_every: DurationText::from_secs(20),
        }
    }
}

impl NotificationsConfig {
    /// Refuses what may not be, naming the key.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let shortest = DurationText::from_millis(10);
        let rules = [
            (
                self.kept_for >= DurationText::from_secs(24 * 3_600),
                "notifications.kept_for",
                "must be at least 24h",
            ),
            (
                self.look_every >= shortest,
                "notifications.look_every",
                "must be at least 10ms",
            ),
            (
                self.heartbeat_every >= shortest,
                "notifications.heartbeat_every",
                "must be at least 10ms",
            ),
        ];
        let broken = rules.into_iter().find(|(holds, ..)| !holds);
        broken.map_or(Ok(()), |(_, key, rule)| {
            Err(ConfigError::Refused {
                key,
                rule: rule.to_owned(),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use aval_runtime::config;

    use super::*;
    use crate::config::Config;

    const SAMPLE: &str = include_str!("../../config/consent.toml");

    #[test]
    fn notifications_are_kept_for_a_day_and_nobody_looks_without_a_pause() {
        for (right, wrong, key) in [
            ("8760h", "23h", "notifications.kept_for"),
            (
                "look_every = \"1m\"",
                "look_every = \"0s\"",
                "notifications.look_every",
            ),
            ("\"20s\"", "\"0s\"", "notifications.heartbeat_every"),
        ] {
            let wrong = SAMPLE.replace(right, wrong);
            let config: Config = config::from_toml(&wrong).unwrap();
            let refused = config.check();
            assert!(
                matches!(refused, Err(ConfigError::Refused { key: named, .. }) if named == key),
                "{refused:?}"
            );
        }
    }
}
