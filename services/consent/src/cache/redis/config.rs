//! Where Redis is, and how much patience there is with it.

use std::path::PathBuf;

use aval_runtime::config::DurationText;
use serde::Deserialize;

/// The configuration of the tier in Redis. Unknown keys are errors.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedisConfig {
    /// The server, or some of the cluster's: `rediss://host:port`, over TLS; or
    /// `redis://host:port`, on this machine. A user's name may stand in it, a password may not.
    pub urls: Vec<String>,
    /// Speak in clear with a Redis on another machine, or take whatever certificate it shows
    /// (`rediss://…/#insecure`). For development; said aloud at every start. Default: false.
    pub insecure_network: bool,
    /// Whether they are of a cluster. Default: false.
    pub cluster: bool,
    /// The file with the password. Default: none.
    pub password_file: Option<PathBuf>,
    /// The authority of the servers' certificates. Default: those that the machine trusts.
    pub ca_file: Option<PathBuf>,
    /// How long an answer is waited for. Default: 10ms.
    pub answer_timeout: DurationText,
    /// How long a connection may take. Default: 1s.
    pub connect_timeout: DurationText,
    /// How many entries may be on their way to Redis at once; more are not stored.
    /// Default: 256.
    pub most_puts: usize,
    /// How long an entry is kept at most. Default: 1h.
    pub longest_expiry: DurationText,
    /// After how many failures in a row it is no longer asked. Default: 5.
    pub failures_to_open: u32,
    /// After how long it is tried again. Default: 1s.
    pub retry_after: DurationText,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            urls: Vec::new(),
            insecure_network: false,
            cluster: false,
            password_file: None,
            ca_file: None,
            answer_timeout: DurationText::from_millis(10),
            connect_timeout: DurationText::from_secs(1),
            most_puts: 256,
            longest_expiry: DurationText::from_secs(3_600),
            failures_to_open: 5,
            retry_after: DurationText::from_secs(1),
        }
    }
}

/// Why there can be no tier in Redis. What is named is never a secret.
#[derive(Debug, thiserror::Error)]
pub enum RedisConfigError {
    /// A value may not be so.
    #[error("{key} {rule}")]
    Refused {
        /// The key, below the section of Redis.
        key: &'static str,
        /// What it must be.
        rule: &'static str,
    },
    /// A file cannot be read.
    #[error("{} cannot be read", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The driver does not take the addresses, or the certificates.
    #[error("redis cannot be asked at these urls")]
    Driver(#[source] redis::RedisError),
}

impl RedisConfig {
    /// Refuses values that may not stand so, naming the key to change. Files are not read.
    pub fn check(&self) -> Result<(), RedisConfigError> {
        let rules = [
            (!self.urls.is_empty(), "urls", "must name a server"),
            (
                self.cluster || self.urls.len() <= 1,
                "urls",
                "must name one server, unless `cluster` is set",
            ),
            (
                self.urls.iter().all(|url| is_without_password(url)),
                "urls",
                "must be redis:// or rediss://, without a password: it goes into password_file",
            ),
            (
                self.insecure_network || !self.is_exposed(),
                "urls",
                "must be rediss://, where the server is not this machine; for development only, \
                 set cache.redis.insecure_network = true",
            ),
            (
                !self.answer_timeout.get().is_zero(),
                "answer_timeout",
                "must not be zero",
            ),
            (
                !self.connect_timeout.get().is_zero(),
                "connect_timeout",
                "must not be zero",
            ),
            (
                !self.retry_after.get().is_zero(),
                "retry_after",
                "must not be zero",
            ),
            (
                self.failures_to_open > 0,
                "failures_to_open",
                "must be at least 1",
            ),
            (
                (1..=65_536).contains(&self.most_puts),
                "most_puts",
                "must be between 1 and 65536",
            ),
        ];
        match rules.into_iter().find(|(holds, ..)| !holds) {
            Some((_, key, rule)) => Err(RedisConfigError::Refused { key, rule }),
            None => Ok(()),
        }
    }

    /// Whether what is said to some server can be read, or answered by others, on the way.
    pub(super) fn is_exposed(&self) -> bool {
        self.urls.iter().any(|url| is_exposed(url))
    }
}

/// Over TLS a fragment may ask for no certificate to be looked at. Of a cluster this is asked
/// of the nodes that are named: those that they name in turn are spoken to in the same way.
fn is_exposed(url: &str) -> bool {
    redis::parse_redis_url(url).is_some_and(|url| {
        let host = url.host_str().unwrap_or_default();
        let is_protected = url.scheme() == "rediss" && url.fragment().is_none();
        !is_protected && !aval_database::is_this_machine(host)
    })
}

fn is_without_password(url: &str) -> bool {
    redis::parse_redis_url(url).is_some_and(|url| {
        matches!(url.scheme(), "redis" | "rediss") && url.has_host() && url.password().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> RedisConfig {
        toml::from_str(text).expect("this is a section")
    }

    fn refused(config: &RedisConfig) -> &'static str {
        match config.check() {
            Err(RedisConfigError::Refused { key, .. }) => key,
            other => panic!("it is refused, not {other:?}"),
        }
    }

    #[test]
    fn an_address_is_all_that_must_be_said() {
        let config = of(r#"urls = ["rediss://cache@redis:6379"]"#);
        config.check().unwrap();
        assert_eq!(config.answer_timeout, DurationText::from_millis(10));
        assert!(toml::from_str::<RedisConfig>("url = 'redis://redis'").is_err());
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_repeated() {
        let config = of(r#"urls = ["redis://:hunter2@redis:6379"]"#);
        assert_eq!(refused(&config), "urls");
        let error = config.check().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn a_redis_in_clear_is_on_this_machine_unless_it_is_said_that_it_may_be_elsewhere() {
        for url in [
            "redis://redis:6379",
            "redis://10.0.0.1",
            "redis://[2001:db8::1]",
            "rediss://redis:6379/#insecure",
        ] {
            let mut config = of(&format!("urls = ['{url}']"));
            assert_eq!(refused(&config), "urls", "{url}");
            config.insecure_network = true;
            config.check().unwrap();
        }
        // One of several is enough.
        let mixed = of("urls = ['rediss://a', 'redis://b']\ncluster = true");
        assert_eq!(refused(&mixed), "urls");
        for url in ["redis://127.0.0.1:1", "redis://[::1]", "redis://localhost"] {
            of(&format!("urls = ['{url}']")).check().unwrap();
        }
    }

    #[test]
    fn values_that_cannot_work_are_refused() {
        assert_eq!(refused(&RedisConfig::default()), "urls");
        assert_eq!(refused(&of(r#"urls = ["http://redis"]"#)), "urls");
        assert_eq!(
            refused(&of(r#"urls = ["rediss://a", "rediss://b"]"#)),
            "urls"
        );
        of("urls = ['rediss://a', 'rediss://b']\ncluster = true")
            .check()
            .unwrap();
        for (key, value) in [
            ("answer_timeout", "'0s'"),
            ("connect_timeout", "'0s'"),
            ("retry_after", "'0s'"),
            ("failures_to_open", "0"),
            ("most_puts", "0"),
        ] {
            let config = of(&format!("urls = ['rediss://a']\n{key} = {value}"));
            assert_eq!(refused(&config), key);
        }
    }
}
