//! The configuration of the service: `config/consent.toml` shows every key.

mod notifications;

pub use notifications::NotificationsConfig;

use std::path::{Path, PathBuf};

use aval_database::DatabaseConfig;
use aval_runtime::config::{
    self, ConfigError, DurationText, GrpcConfig, OpsConfig, PeerConfig, TelemetryConfig,
    TokenConfig,
};
use aval_runtime::token::AuthenticationStrength;
use serde::Deserialize;

use crate::cache::redis::{RedisConfig, RedisConfigError};

/// The prefix of the environment variables that win over the file.
pub const ENVIRONMENT_PREFIX: &str = "AVAL_CONSENT";

/// The configuration of the consent service. Unknown keys are errors.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Whether to bring the schema up to date at the start. Default: false, and the
    /// service refuses to serve behind its schema.
    #[serde(default)]
    pub migrate_on_start: bool,
    /// Whether to create the key file of page tokens when it is missing. Default: false.
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
    /// Whose tokens are believed.
    pub token: TokenConfig,
    /// The practitioner directory, which knows grantees.
    pub practitioner_directory: PeerConfig,
    /// The identity service, which tells which patients are one human.
    pub identity: PeerConfig,
    /// The audit service, which takes the trail.
    pub audit: PeerConfig,
    /// How pages of lists are sealed.
    pub page_tokens: PageTokensConfig,
    /// What checks are answered from.
    #[serde(default)]
    pub cache: CacheConfig,
    /// What the texts leave to the operator.
    #[serde(default)]
    pub policy: PolicyConfig,
    /// How far the trail may fall behind.
    #[serde(default)]
    pub trail: TrailConfig,
    /// How long requests may be repeated.
    #[serde(default)]
    pub requests: RequestsConfig,
    /// When people are told what.
    #[serde(default)]
    pub notifications: NotificationsConfig,
}

/// How pages of lists are sealed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageTokensConfig {
    /// The file with the key, 64 hexadecimal digits, the same for every instance.
    pub key_file: PathBuf,
}

/// What the texts leave to the operator.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyConfig {
    /// The matrix of access rights. Default: none, and until one is loaded nobody whom a
    /// matrix concerns consults anything.
    pub matrix: Option<PathBuf>,
    /// Whether the example that is built in is used where there is no other matrix, for
    /// development: its cells are made up, and every decision says so. Default: false.
    pub example_matrix: bool,
    /// Whether a block also refuses `bris_de_glace`. Default: true.
    pub block_beats_break_glass: bool,
    /// Whether an emergency shows masked documents. Default: false.
    pub emergency_shows_masked: bool,
    /// How firmly a person must have signed in to open a record further. Default:
    /// `substantial`.
    pub opening_strength: AuthenticationStrength,
}

/// What checks are answered from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CacheConfig {
    /// Which caches there are. Default: `local`.
    pub mode: CacheMode,
    /// About how many bytes of entries this process keeps. Default: 64 MiB.
    pub largest_bytes: u64,
    /// One in so many answers from a cache is compared with the database; 0: none.
    /// Default: 1000.
    pub sample_one_in: u64,
    /// The file with the key under which entries lie in Redis, 64 hexadecimal digits, the
    /// same for every instance.
    pub key_file: Option<PathBuf>,
    /// Where instances share entries. Default: nowhere.
    pub redis: Option<RedisConfig>,
}

/// Which caches there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheMode {
    /// None: every check reads the database.
    None,
    /// This process' memory.
    Local,
}

/// How far the trail may fall behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrailConfig {
    /// How long an event may wait for the trail before ordinary accesses are refused.
    /// Emergencies never are. Default: 15m.
    pub longest_backlog: DurationText,
}

/// How long requests may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RequestsConfig {
    /// How long the answer of a request is kept for its repetition, a day at least.
    /// Default: 48h.
    pub kept_for: DurationText,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            mode: CacheMode::Local,
            largest_bytes: 64 * 1024 * 1024,
            sample_one_in: 1_000,
            key_file: None,
            redis: None,
        }
    }
}

impl Default for PolicyConfig {
    fn default() -> Self {
        Self {
            matrix: None,
            example_matrix: false,
            block_beats_break_glass: true,
            emergency_shows_masked: false,
            opening_strength: AuthenticationStrength::Substantial,
        }
    }
}

impl Default for TrailConfig {
    fn default() -> Self {
        Self {
            longest_backlog: DurationText::from_secs(15 * 60),
        }
    }
}

impl Default for RequestsConfig {
    fn default() -> Self {
        Self {
            kept_for: DurationText::from_secs(48 * 3_600),
        }
    }
}

impl CacheConfig {
    /// Where instances share entries, and the file with the key for it.
    #[must_use]
    pub fn shared(&self) -> Option<(&RedisConfig, &Path)> {
        self.redis.as_ref().zip(self.key_file.as_deref())
    }

    fn check(&self, database: &DatabaseConfig) -> Result<(), ConfigError> {
        let Some(redis) = &self.redis else {
            return Ok(());
        };
        let rules = [
            (
                self.mode == CacheMode::Local,
                "cache.mode",
                "must be local with cache.redis",
            ),
            (
                self.key_file.is_some(),
                "cache.key_file",
                "must be set with cache.redis",
            ),
            (
                database.is_postgres(),
                "cache.redis",
                "is for several instances on one PostgreSQL",
            ),
        ];
        if let Some((_, key, rule)) = rules.into_iter().find(|(holds, ..)| !holds) {
            return Err(ConfigError::Refused {
                key,
                rule: rule.to_owned(),
            });
        }
        redis.check().map_err(|error| match error {
            RedisConfigError::Refused { key, rule } => ConfigError::RefusedIn {
                section: "cache.redis",
                key,
                rule: rule.to_owned(),
            },
            other => ConfigError::Refused {
                key: "cache.redis",
                rule: other.to_string(),
            },
        })
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
        self.practitioner_directory
            .check("practitioner_directory")?;
        self.identity.check("identity")?;
        self.audit.check("audit")?;
        if self.requests.kept_for < DurationText::from_secs(24 * 3_600) {
            return Err(ConfigError::Refused {
                key: "requests.kept_for",
                rule: "must be at least 24h".to_owned(),
            });
        }
        if self.policy.example_matrix && self.policy.matrix.is_some() {
            return Err(ConfigError::Refused {
                key: "policy.example_matrix",
                rule: "is for where there is no policy.matrix".to_owned(),
            });
        }
        self.notifications.check()?;
        self.cache.check(&self.database)?;
        config::check_database("database", &self.database)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../config/consent.toml");

    #[test]
    fn what_the_cluster_mounts_is_a_configuration() {
        let file = "../../deploy/base/consent/service.toml";
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        Config::load(Some(&file)).unwrap();
    }

    #[test]
    fn the_sample_is_a_configuration_with_every_default() {
        let config: Config = config::from_toml(SAMPLE).unwrap();
        config.check().unwrap();
        assert!(!config.migrate_on_start && !config.create_missing_keys);
        assert_eq!(
            PolicyConfig {
                matrix: None,
                ..config.policy.clone()
            },
            PolicyConfig::default()
        );
        assert_eq!(config.cache, CacheConfig::default());
        assert_eq!(config.trail, TrailConfig::default());
        assert_eq!(config.requests, RequestsConfig::default());
        assert_eq!(config.notifications, NotificationsConfig::default());
    }

    #[test]
    fn an_unknown_key_is_refused() {
        for table in [
            "[grpc]",
            "[cache]",
            "[policy]",
            "[page_tokens]",
            "[trail]",
            "[requests]",
            "[notifications]",
        ] {
            assert!(SAMPLE.contains(table), "{table}");
            let wrong = SAMPLE.replace(table, &format!("{table}\nno_such_key = 1"));
            assert!(config::from_toml::<Config>(&wrong).is_err(), "{table}");
        }
    }

    #[test]
    fn redis_needs_a_key_a_cache_and_a_postgresql() {
        let shared = SAMPLE
            .replace("# key_file", "key_file")
            .replace("# [cache.redis]", "[cache.redis]")
            .replace("# urls", "urls");
        let sound: Config = config::from_toml(&shared).unwrap();
        sound.check().unwrap();
        assert!(sound.cache.shared().is_some());
        let refused = |spoil: &dyn Fn(&mut Config)| {
            let mut config = sound.clone();
            spoil(&mut config);
            match config.check() {
                Err(ConfigError::Refused { key, .. }) => key.to_owned(),
                Err(ConfigError::RefusedIn { section, key, .. }) => format!("{section}.{key}"),
                other => panic!("refused, not {other:?}"),
            }
        };
        assert_eq!(
            refused(&|config| config.cache.mode = CacheMode::None),
            "cache.mode"
        );
        assert_eq!(
            refused(&|config| config.cache.key_file = None),
            "cache.key_file"
        );
        let sqlite = "sqlite://consent.sqlite";
        let embedded = |config: &mut Config| config.database.url = sqlite.to_owned();
        assert_eq!(refused(&embedded), "cache.redis");
        let nowhere = |config: &mut Config| config.cache.redis = Some(RedisConfig::default());
        assert_eq!(refused(&nowhere), "cache.redis.urls");
    }

    #[test]
    fn the_example_stands_beside_no_matrix() {
        let asked = SAMPLE.replace("example_matrix = false", "example_matrix = true");
        let mut config: Config = config::from_toml(&asked).unwrap();
        assert!(matches!(
            config.check(),
            Err(ConfigError::Refused {
                key: "policy.example_matrix",
                ..
            })
        ));
        config.policy.matrix = None;
        config.check().unwrap();
    }

    #[test]
    fn requests_are_kept_for_a_day_at_least() {
        let wrong = SAMPLE.replace("kept_for = \"48h\"", "kept_for = \"1h\"");
        let config: Config = config::from_toml(&wrong).unwrap();
        assert!(matches!(
            config.check(),
            Err(ConfigError::Refused {
                key: "requests.kept_for",
                ..
            })
        ));
    }
}
