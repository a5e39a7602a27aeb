//! The configuration of the service: `config/practitioner-directory.toml` shows every
//! key.

use std::path::{Path, PathBuf};

use aval_database::DatabaseConfig;
use aval_runtime::config::{
    self, ConfigError, DurationText, GrpcConfig, OpsConfig, PeerConfig, TelemetryConfig,
    TokenConfig,
};
use serde::Deserialize;

use crate::app::{Settings, WatchSettings};
use crate::import::limits::ImportLimits;

/// The prefix of the environment variables that win over the file.
pub const ENVIRONMENT_PREFIX: &str = "AVAL_PRACTITIONER_DIRECTORY";

/// The configuration of the practitioner-directory service. Unknown keys are errors.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whether to bring the schema up to date at the start. Default: false, and the
    /// service refuses to serve behind its schema.
    #[serde(default)]
    pub migrate_on_start: bool,
    /// The gRPC listener.
    pub grpc: GrpcConfig,
    /// The listener for health and metrics.
    pub ops: OpsConfig,
    /// Logs, traces and metrics.
    #[serde(default)]
    pub telemetry: TelemetryConfig,
    /// The database.
    pub database: DatabaseConfig,
    /// Whose tokens are believed.
    pub token: TokenConfig,
    /// The trail.
    pub audit: PeerConfig,
    /// What an import may do.
    #[serde(default)]
    pub import: ImportConfig,
    /// How old the directory may be.
    #[serde(default)]
    pub freshness: FreshnessConfig,
    /// How changes are watched.
    #[serde(default)]
    pub watch: WatchConfig,
    /// Who is remembered.
    #[serde(default)]
    pub people: PeopleConfig,
    /// How people are searched.
    #[serde(default)]
    pub search: SearchConfig,
}

/// What an import may do. Shares are between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImportConfig {
    /// The largest share of the active practitioners that an import deactivates without
    /// a person's look. Default: 0.05.
    pub deactivated_share: f64,
    /// The largest share of the active practitioners that an import changes without a
    /// person's look. Default: 0.05.
    pub changed_share: f64,
    /// The share of the active practitioners from which on an import that deactivates or
    /// changes them is an alarm. Default: 0.2.
    pub alarm_share: f64,
    /// The largest share of malformed rows of a file that is applied without a person's
    /// look. Default: 0.01.
    pub malformed_share: f64,
    /// How long the stream of an import may say nothing. Default: 60s.
    pub longest_silence: DurationText,
    /// How long a suspended import, and its file, wait for a decision. Default: 30 days.
    pub held_for: DurationText,
}

/// How old the directory may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FreshnessConfig {
    /// From what age on a source is stale. Default: 48h.
    pub alarm_age: DurationText,
    /// The same of the FINESS register. Default: 100 days.
    pub register_alarm_age: DurationText,
}

/// How changes are watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WatchConfig {
    /// How often the database is asked for what other instances changed. Default: 1s.
    pub poll: DurationText,
    /// After how much silence a watcher gets a sign of life. Default: 15s.
    pub heartbeat: DurationText,
}

/// Who is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PeopleConfig {
    /// How many people who were read one by one are remembered, some kilobytes each; 0:
    /// none, each is read from the database. Default: 5,000.
    pub remembered: usize,
}

/// How people are searched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchConfig {
    /// The folder of a file, without a name, from which searches show people: some
    /// kilobyte for each. Default: none, they are read from the database.
    pub folder: Option<PathBuf>,
}

impl Default for PeopleConfig {
    fn default() -> Self {
        Self { remembered: 5_000 }
    }
}

impl Default for WatchConfig {
    fn default() -> Self {
        Self {
            poll: DurationText::from_secs(1),
            heartbeat: DurationText::from_secs(15),
        }
    }
}

impl Default for ImportConfig {
    fn default() -> Self {
        Self {
            deactivated_share: 0.05,
            changed_share: 0.05,
            alarm_share: 0.2,
            malformed_share: 0.01,
            longest_silence: DurationText::from_secs(60),
            held_for: DurationText::from_secs(30 * 24 * 60 * 60),
        }
    }
}

impl Default for FreshnessConfig {
    fn default() -> Self {
        Self {
            alarm_age: DurationText::from_secs(48 * 3_600),
            register_alarm_age: DurationText::from_secs(100 * 24 * 3_600),
        }
    }
}

impl Config {
    /// Reads the file, if one is named, then the environment, and checks the whole.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let config: Self = config::load(file, ENVIRONMENT_PREFIX)?;
        config.check()?;
        Ok(config)
    }

    /// Refuses values that may not stand together, naming the key to change.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.grpc.check()?;
        self.telemetry.check()?;
        self.token.check()?;
        self.audit.check("audit")?;
        self.import.check()?;
        self.watch.check()?;
        config::check_database("database", &self.database)
    }

    /// Whether anything is answered from memory, or from a file.
    #[must_use]
    pub fn remembers(&self) -> bool {
        self.people.remembered > 0 || self.search.folder.is_some()
    }

    /// What the use cases need to know of it.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            limits: ImportLimits {
                deactivated_share: self.import.deactivated_share,
                changed_share: self.import.changed_share,
                alarm_share: self.import.alarm_share,
                malformed_share: self.import.malformed_share,
            },
            longest_silence: self.import.longest_silence.get(),
            held_for: self.import.held_for.get(),
            alarm_age: self.freshness.alarm_age.get(),
            register_alarm_age: self.freshness.register_alarm_age.get(),
            watch: WatchSettings {
                poll: self.watch.poll.get(),
                heartbeat: self.watch.heartbeat.get(),
            },
        }
    }
}

impl WatchConfig {
    fn check(&self) -> Result<(), ConfigError> {
        for (key, wait) in [
            ("watch.poll", self.poll),
            ("watch.heartbeat", self.heartbeat),
        ] {
            if wait.get().is_zero() {
                return refused(key, "must be longer than 0s");
            }
        }
        Ok(())
    }
}

impl ImportConfig {
    fn check(&self) -> Result<(), ConfigError> {
        for (key, share) in [
            ("import.deactivated_share", self.deactivated_share),
            ("import.changed_share", self.changed_share),
            ("import.alarm_share", self.alarm_share),
            ("import.malformed_share", self.malformed_share),
        ] {
            if !(0.0..=1.0).contains(&share) {
                return refused(key, "must be between 0 and 1");
            }
        }
        if self.longest_silence.get().is_zero() {
            return refused("import.longest_silence", "must be longer than 0s");
        }
        if self.held_for.get().is_zero() {
            return refused("import.held_for", "must be longer than 0s");
        }
        Ok(())
    }
}

fn refused(key: &'static str, rule: &str) -> Result<(), ConfigError> {
    Err(ConfigError::Refused {
        key,
        rule: rule.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../config/practitioner-directory.toml");

    fn sample() -> Config {
        config::from_toml(SAMPLE).unwrap()
    }

    #[test]
    fn what_the_cluster_mounts_is_a_configuration() {
        let file = "../../deploy/base/practitioner-directory/service.toml";
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        Config::load(Some(&file)).unwrap();
    }

    #[test]
    fn the_sample_is_a_configuration_with_every_default() {
        let config = sample();
        config.check().unwrap();
        assert_eq!(config.import, ImportConfig::default());
        assert_eq!(config.freshness, FreshnessConfig::default());
        assert_eq!(config.watch, WatchConfig::default());
        assert_eq!(config.people, PeopleConfig::default());
        assert_eq!(config.search, SearchConfig::default());
        assert!(!config.migrate_on_start);
    }

    #[test]
    fn an_unknown_key_is_refused() {
        for table in [
            "[grpc]",
            "[audit]",
            "[import]",
            "[freshness]",
            "[watch]",
            "[people]",
            "[search]",
        ] {
            let wrong = SAMPLE.replace(table, &format!("{table}\nno_such_key = 1"));
            assert!(config::from_toml::<Config>(&wrong).is_err(), "{table}");
        }
    }

    #[test]
    fn a_share_outside_its_range_is_refused() {
        for share in [-0.1, 1.1, f64::NAN] {
            let mut config = sample();
            config.import.changed_share = share;
            assert!(config.check().is_err(), "{share}");
        }
    }

    #[test]
    fn a_listener_in_clear_on_the_network_is_refused() {
        let mut config = sample();
        config.grpc.tls = None;
        config.grpc.insecure_loopback = true;
        assert!(config.check().is_err());
    }
}
