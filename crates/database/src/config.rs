//! Where the database is and how hard it may be used.

mod network;

pub use network::is_this_machine;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::DatabaseError;

/// The `[database]` table of a service's configuration. Unknown keys are errors.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite://path/to/file?mode=rwc` (created when missing), `sqlite::memory:`
    /// (gone with the process), or `postgres://user@host:port/database`, with
    /// `?sslmode=verify-full&sslrootcert=…` and without a password wherever the server is not
    /// this machine.
    pub url: String,
    /// A file that holds the PostgreSQL password and nothing else. It wins over
    /// one in the URL.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Speak in clear with a PostgreSQL on another machine, or under a password in the URL.
    /// For development; said aloud whenever it connects. Default: false.
    #[serde(default)]
    pub insecure_network: bool,
    /// The PostgreSQL schema that holds the tables: lower-case letters, digits and
    /// underscores, at most 63. Absent: `public`. [`crate::migrate::migrate`]
    /// creates it when it is missing; nothing else does.
    #[serde(default)]
    pub schema: Option<String>,
    /// The most connections held open, 2 to 1,000. On SQLite these are readers;
    /// there is one writer beside them.
    #[serde(default = "default_max_connections")]
    pub max_connections: u32,
    /// How long a caller waits for a free connection, in milliseconds. On SQLite
    /// it is also how long a writer waits for another process's lock.
    #[serde(default = "default_acquire_timeout_ms")]
    pub acquire_timeout_ms: u64,
    /// PostgreSQL stops a statement that takes longer, in milliseconds.
    #[serde(default = "default_statement_timeout_ms")]
    pub statement_timeout_ms: u64,
}

impl DatabaseConfig {
    /// The database at `url`, everything else as it is by default.
    #[must_use]
    pub fn for_url(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            password_file: None,
            insecure_network: false,
            schema: None,
            max_connections: default_max_connections(),
            acquire_timeout_ms: default_acquire_timeout_ms(),
            statement_timeout_ms: default_statement_timeout_ms(),
        }
    }

    /// Whether every value is within its range, as far as that can be known
    /// without connecting, and nothing is exposed that need not be.
    pub fn validate(&self) -> Result<(), DatabaseError> {
        let is_postgres = self.is_postgres();
        let schema = self.schema.as_deref();
        let rules = [
            (
                is_postgres || self.url.starts_with("sqlite:"),
                "url",
                "begins with `sqlite:` or `postgres://`",
            ),
            (
                (2..=1_000).contains(&self.max_connections),
                "max_connections",
                "is 2 to 1,000",
            ),
            (
                self.acquire_timeout_ms > 0,
                "acquire_timeout_ms",
                "is at least one millisecond",
            ),
            (
                self.statement_timeout_ms > 0,
                "statement_timeout_ms",
                "is at least one millisecond",
            ),
            (
                schema.is_none_or(is_plain_identifier),
                "schema",
                "is 1 to 63 lower-case letters, digits and underscores",
            ),
            (
                schema.is_none() || is_postgres,
                "schema",
                "is for PostgreSQL only",
            ),
            (
                self.password_file.is_none() || is_postgres,
                "password_file",
                "is for PostgreSQL only",
            ),
        ];
        if let Some((_, key, rule)) = rules.into_iter().find(|(holds, ..)| !holds) {
            return Err(DatabaseError::Configuration { key, rule });
        }
        match self.exposed()? {
            Some(exposed) if !self.insecure_network => Err(DatabaseError::Configuration {
                key: "url",
                rule: exposed.rule(),
            }),
            _ => Ok(()),
        }
    }

    /// Whether the URL is of a PostgreSQL server.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| self.url.starts_with(scheme))
    }

    pub(crate) fn is_in_memory(&self) -> bool {
        self.url.contains(":memory:") || self.url.contains("mode=memory")
    }

    pub(crate) const fn acquire_timeout(&self) -> Duration {
        Duration::from_millis(self.acquire_timeout_ms)
    }

    pub(crate) const fn statement_timeout(&self) -> Duration {
        Duration::from_millis(self.statement_timeout_ms)
    }
}

/// Without the URL, which may carry a password.
impl fmt::Debug for DatabaseConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let engine = self.url.split(':').next().unwrap_or_default();
        formatter
            .debug_struct("DatabaseConfig")
            .field("engine", &engine)
            .field("schema", &self.schema)
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}

fn is_plain_identifier(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

const fn default_max_connections() -> u32 {
    10
}

const fn default_acquire_timeout_ms() -> u64 {
    5_000
}

const fn default_statement_timeout_ms() -> u64 {
    10_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<DatabaseConfig, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn a_url_is_enough_and_gives_the_documented_defaults() {
        let config = parse(r#"{"url": "sqlite::memory:"}"#).unwrap();
        assert_eq!(config, DatabaseConfig::for_url("sqlite::memory:"));
        assert!(config.validate().is_ok());
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        assert!(parse(r#"{"url": "sqlite::memory:", "max_connection": 5}"#).is_err());
    }

    #[test]
    fn values_out_of_range_are_refused_with_the_rule() {
        let postgres = DatabaseConfig::for_url("postgres://aval@localhost/aval");
        let sqlite = DatabaseConfig::for_url("sqlite://aval.db");
        let schema = |name: &str| Some(name.to_owned());
        let refused = [
            DatabaseConfig::for_url("mysql://db/aval"),
            DatabaseConfig {
                max_connections: 1,
                ..postgres.clone()
            },
            DatabaseConfig {
                acquire_timeout_ms: 0,
                ..postgres.clone()
            },
            DatabaseConfig {
                schema: schema("a\"; DROP"),
                ..postgres.clone()
            },
            DatabaseConfig {
                schema: schema("1st"),
                ..postgres.clone()
            },
            DatabaseConfig {
                schema: schema("consent"),
                ..sqlite
            },
        ];
        for config in refused {
            let failure = config.validate().unwrap_err();
            assert!(matches!(failure, DatabaseError::Configuration { .. }));
        }
        assert!(
            DatabaseConfig {
                schema: schema("consent"),
                ..postgres
            }
            .validate()
            .is_ok()
        );
    }

    #[test]
    fn what_is_exposed_is_refused_unless_it_is_said_that_it_may_be() {
        for url in [
            "postgres://aval@db/aval",
            "postgres://aval:s3cret@db/aval?sslmode=verify-full",
        ] {
            let mut config = DatabaseConfig::for_url(url);
            let refused = config.validate().unwrap_err();
            assert!(matches!(
                refused,
                DatabaseError::Configuration { key: "url", .. }
            ));
            let said = refused.to_string();
            assert!(said.contains("insecure_network") && !said.contains("s3cret"));
            config.insecure_network = true;
            config.validate().unwrap();
        }
    }

    #[test]
    fn debug_does_not_show_the_password() {
        let config = DatabaseConfig::for_url("postgres://aval:s3cret@db/aval");
        assert!(!format!("{config:?}").contains("s3cret"));
    }
}
