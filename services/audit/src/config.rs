//! The configuration of the service: `config/audit.toml` shows every key.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use aval_database::DatabaseConfig;
use aval_database::outbox::LARGEST_DELIVERY;
use aval_domain::event::EventKind;
use aval_runtime::config::{
    self, ConfigError, GrpcConfig, OpsConfig, TelemetryConfig, TokenConfig,
};
use serde::Deserialize;

use crate::payload::KEPT_FOR_EVER;
use crate::query::kinds_named;
use crate::standing;
use crate::withholding;

mod log;
mod unusual;
mod watch;
mod witnesses;

pub use log::{LogConfig, default_origin};
pub use unusual::UnusualConfig;
pub use watch::WatchConfig;
pub use witnesses::WitnessesConfig;

/// The prefix of the environment variables that win over the file.
pub const ENVIRONMENT_PREFIX: &str = "AVAL_AUDIT";

/// The configuration of the audit service. Unknown keys are errors.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whether to bring the schema up to date at the start. Default: false, and the
    /// service refuses to serve behind its schema.
    #[serde(default)]
    pub migrate_on_start: bool,
    /// Whether to create key files that are missing. Default: false: a key that is
    /// missing in production was lost, and a new one would make another log.
    #[serde(default)]
    pub create_missing_keys: bool,
    /// The gRPC listener.
    pub grpc: GrpcConfig,
    /// The listener for health and metrics.
    pub ops: OpsConfig,
    /// Logs, traces and metrics.
    #[serde(default)]
    pub telemetry: TelemetryConfig,
    /// The database.
    pub database: DatabaseConfig,
    /// Where lists may be read.
    #[serde(default)]
    pub lists: ListsConfig,
    /// Whose tokens are believed.
    pub token: TokenConfig,
    /// The log's identity.
    pub log: LogConfig,
    /// What keeps the events from whoever has the database alone.
    pub encryption: EncryptionConfig,
    /// How long events are kept.
    #[serde(default)]
    pub retention: RetentionConfig,
    /// How pages of lists and cursors are sealed.
    pub page_tokens: PageTokensConfig,
    /// The bounds of `WatchEvents` and `ExportEvents`.
    #[serde(default)]
    pub watch: WatchConfig,
    /// What counts as unusual.
    #[serde(default)]
    pub unusual: UnusualConfig,
    /// Who sees the log's checkpoints besides the log.
    #[serde(default)]
    pub witnesses: WitnessesConfig,
}

/// Where lists may be read. Default: where everything else is.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListsConfig {
    /// A PostgreSQL that follows `database.url`, one server and no name for several, with
    /// the same role, password and schema. A list is read there only while it has
    /// everything that the primary has. Default: none.
    pub standby_url: Option<String>,
}

/// Without the URL, which may carry a password.
impl fmt::Debug for ListsConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_standby = self.standby_url.is_some();
        let mut shown = formatter.debug_struct("ListsConfig");
        shown.field("has_standby", &has_standby).finish()
    }
}

/// What keeps the events from whoever has the database alone: each is encrypted under its
/// patient's key, and the patients' keys under the key in a file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncryptionConfig {
    /// Files with a key, 32 bytes as one line of base64, the same for every instance: the
    /// first wraps, all unwrap. No default.
    pub key_files: Vec<PathBuf>,
}

/// How long events are kept. Default: for ever.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionConfig {
    /// How many years, where nothing else is said; 0: for ever. Default: 0.
    pub default_years: u16,
    /// How many years for some kinds, by code or by a prefix that ends with `.*`; 0: for
    /// ever.
    pub years: BTreeMap<String, u16>,
}

/// How pages of lists are sealed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageTokensConfig {
    /// The file with the key, 64 hexadecimal digits, the same for every instance.
    pub key_file: PathBuf,
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
        if (self.grpc.max_message_bytes as u64) < LARGEST_DELIVERY {
            return Err(ConfigError::Refused {
                key: "grpc.max_message_bytes",
                rule: format!("must be at least {LARGEST_DELIVERY}: producers deliver as much"),
            });
        }
        self.telemetry.check()?;
        self.token.check()?;
        self.watch.check()?;
        self.unusual.check()?;
        self.witnesses.check()?;
        self.encryption.check()?;
        self.retention.check()?;
        self.log.check()?;
        config::check_database("database", &self.database)?;
        let standby = self.standby();
        if standby.as_ref().is_some_and(|it| !it.is_postgres()) || self.follows_no_postgres() {
            return Err(ConfigError::Refused {
                key: "lists.standby_url",
                rule: "is a PostgreSQL that follows the one of database.url".to_owned(),
            });
        }
        standby.map_or(Ok(()), |standby| check_standby(&standby))
    }

    /// How to connect to the standby: as to the database, but for where it is.
    #[must_use]
    pub fn standby(&self) -> Option<DatabaseConfig> {
        let url = self.lists.standby_url.clone()?;
        Some(DatabaseConfig {
            url,
            ..self.database.clone()
        })
    }

    fn follows_no_postgres(&self) -> bool {
        self.lists.standby_url.is_some() && !self.database.is_postgres()
    }
}

/// What is refused of the database is refused of its standby, under that one's own key.
fn check_standby(standby: &DatabaseConfig) -> Result<(), ConfigError> {
    match config::check_database("lists", standby) {
        Err(ConfigError::RefusedIn {
            key: "url", rule, ..
        }) => Err(ConfigError::Refused {
            key: "lists.standby_url",
            rule,
        }),
        checked => checked,
    }
}

impl EncryptionConfig {
    fn check(&self) -> Result<(), ConfigError> {
        if self.key_files.is_empty() {
            return Err(ConfigError::Refused {
                key: "encryption.key_files",
                rule: "must name at least one file".to_owned(),
            });
        }
        Ok(())
    }
}

impl RetentionConfig {
    /// How many years each kind is kept that may be erased at all; 0: for ever. A code wins
    /// over a prefix.
    pub fn by_kind(&self) -> impl Iterator<Item = (EventKind, u16)> + '_ {
        let kinds = EventKind::ALL.iter().copied();
        kinds
            .filter(|kind| has_a_period(*kind))
            .map(|kind| (kind, self.years_of(kind)))
    }

    fn years_of(&self, kind: EventKind) -> u16 {
        let named = self
            .years
            .iter()
            .filter(|(name, _)| kinds_named(name).contains(&kind));
        let nearest = named.max_by_key(|(name, _)| (!name.ends_with('*'), name.len()));
        nearest.map_or(self.default_years, |(_, years)| *years)
    }

    fn check(&self) -> Result<(), ConfigError> {
        for name in self.years.keys() {
            let kinds = kinds_named(name);
            let may_go = kinds.iter().any(|kind| has_a_period(*kind));
            if !may_go {
                return Err(ConfigError::Refused {
                    key: "retention.years",
                    rule: format!("{name:?} is no kind of event that may be erased"),
                });
            }
        }
        Ok(())
    }
}

/// Whether events of this kind may be erased because they are old. Not so what says how
/// people stand to a patient today, or from whom a document is hidden: a block that nobody
/// remembers would let somebody read.
fn has_a_period(kind: EventKind) -> bool {
    let kept: [&[EventKind]; 3] = [&KEPT_FOR_EVER, &standing::KINDS, &withholding::KINDS];
    !kept.concat().contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../config/audit.toml");

    #[test]
    fn what_the_cluster_mounts_is_a_configuration() {
        let file = "../../deploy/base/audit/service.toml";
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        Config::load(Some(&file)).unwrap();
    }

    #[test]
    fn the_sample_is_a_configuration_with_every_default() {
        let config: Config = config::from_toml(SAMPLE).unwrap();
        config.check().unwrap();
        assert_eq!(config.log.origin, default_origin());
        assert!(!config.migrate_on_start && !config.create_missing_keys);
        assert!(config.log.former_keys.is_empty());
        assert_eq!(config.watch, WatchConfig::default());
        assert_eq!(config.unusual, UnusualConfig::default());
        assert_eq!(config.witnesses, WitnessesConfig::default());
        assert_eq!(config.retention, RetentionConfig::default());
        assert_eq!(config.lists, ListsConfig::default());
    }

    #[test]
    fn a_standby_is_reached_as_the_database_is_and_follows_a_postgres() {
        let mut config: Config = config::from_toml(SAMPLE).unwrap();
        let url = "postgres://audit@standby/audit?sslmode=verify-full";
        config.lists.standby_url = Some(url.to_owned());
        config.check().unwrap();
        let standby = config.standby().unwrap();
        assert_eq!(standby.url, url);
        assert_eq!(standby.password_file, config.database.password_file);
        for (database, standby) in [
            ("sqlite::memory:", url),
            ("postgres://audit@localhost/audit", "sqlite::memory:"),
            (
                "postgres://audit@localhost/audit",
                "postgres://audit@standby/audit",
            ),
        ] {
            config.database = DatabaseConfig::for_url(database);
            config.lists.standby_url = Some(standby.to_owned());
            let refused = config.check().unwrap_err().to_string();
            assert!(refused.contains("lists.standby_url"), "{refused}");
        }
    }

    #[test]
    fn an_unknown_key_is_refused() {
        for table in [
            "[grpc]",
            "[log]",
            "[encryption]",
            "[retention]",
            "[page_tokens]",
            "[watch]",
            "[unusual]",
            "[witnesses]",
        ] {
            let wrong = SAMPLE.replace(table, &format!("{table}\nno_such_key = 1"));
            let refused = config::from_toml::<Config>(&wrong);
            assert!(refused.is_err(), "{table}");
        }
    }

    #[test]
    fn a_configuration_without_a_key_is_refused_by_its_name() {
        let without = SAMPLE.replace("key_files = [", "key_files = [] # [");
        let config: Config = config::from_toml(&without).unwrap();
        let refused = config.check().unwrap_err().to_string();
        assert!(refused.contains("encryption.key_files"), "{refused}");
        let without = SAMPLE.replace("[encryption]\nkey_files", "#");
        let refused = config::from_toml::<Config>(&without).unwrap_err();
        assert!(refused.to_string().contains("encryption"), "{refused}");
    }

    #[test]
    fn a_period_of_no_kind_or_of_one_that_is_kept_is_refused() {
        for name in ["no.such", "patients.merged", "trail.pruned", "*"] {
            let mut config: Config = config::from_toml(SAMPLE).unwrap();
            config.retention.years.insert(name.to_owned(), 1);
            let refused = config.check().unwrap_err().to_string();
            assert!(refused.contains("retention.years"), "{refused}");
        }
    }

    #[test]
    fn a_message_that_is_shorter_than_a_delivery_is_refused() {
        let mut config: Config = config::from_toml(SAMPLE).unwrap();
        config.grpc.max_message_bytes = 1024 * 1024;
        let refused = config.check().unwrap_err().to_string();
        assert!(refused.contains("grpc.max_message_bytes"), "{refused}");
    }

    #[test]
    fn a_listener_in_clear_on_the_network_is_refused() {
        let mut config: Config = config::from_toml(SAMPLE).unwrap();
        config.grpc.tls = None;
        config.grpc.insecure_loopback = true;
        assert!(config.check().is_err());
    }
}
