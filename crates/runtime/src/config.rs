//! Configuration: a TOML file, overridden by the environment, read into types that
//! refuse what they do not know.
//!
//! Every service's configuration is a struct of its own made of the building
//! blocks here, with `#[serde(deny_unknown_fields)]`. Secrets are file paths,
//! never values. A service that speaks without TLS does so on the loopback only.

mod duration;
mod grpc;
mod peer;
mod sources;
mod telemetry;
mod token;

pub use duration::{DurationText, InvalidDuration};
pub use grpc::{GrpcConfig, OpsConfig, TlsFiles};
pub use peer::PeerConfig;
pub(crate) use peer::{host, is_https};
pub use telemetry::{LogFormat, TelemetryConfig};
pub use token::TokenConfig;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use aval_database::{DatabaseConfig, DatabaseError};
use figment::Figment;
use serde::de::DeserializeOwned;

use sources::{TomlText, Variables};

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that was named is not there or cannot be read.
    #[error("the configuration file {} cannot be read", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A key is unknown, missing, or has a value of the wrong form. The message names
    /// the key and where it was read.
    #[error("{key}: {problem} (in {origin})")]
    Invalid {
        /// The key, dotted: `grpc.listen`.
        key: String,
        /// What is wrong with it.
        problem: String,
        /// The file or the environment variable it was read from.
        origin: String,
    },
    /// The values are well-formed and may not stand together.
    #[error("{key}: {rule}")]
    Refused {
        /// The key to change, dotted.
        key: &'static str,
        /// The rule, and what would be accepted.
        rule: String,
    },
    /// The same of a key in a section of a kind that there may be several of.
    #[error("{section}.{key}: {rule}")]
    RefusedIn {
        /// The section, dotted: `practitioner_directory`.
        section: &'static str,
        /// The key to change, below the section.
        key: &'static str,
        /// The rule, and what would be accepted.
        rule: String,
    },
}

impl ConfigError {
    /// The same refusal, of a section that is called like this.
    #[must_use]
    fn within(self, section: &'static str) -> Self {
        match self {
            Self::Refused { key, rule } => Self::RefusedIn { section, key, rule },
            other => other,
        }
    }
}

/// Refuses what [`DatabaseConfig::validate`] does, naming the key to change below this
/// section.
pub fn check_database(section: &'static str, database: &DatabaseConfig) -> Result<(), ConfigError> {
    database.validate().map_err(|error| match error {
        DatabaseError::Configuration { key, rule } => ConfigError::RefusedIn {
            section,
            key,
            rule: rule.to_owned(),
        },
        other => ConfigError::Refused {
            key: section,
            rule: other.to_string(),
        },
    })
}

/// Reads a configuration: the file, if one is named, then the environment
/// variables `<PREFIX>__<SECTION>__<KEY>`, which win.
///
/// With the prefix `AVAL_CONSENT`, the variable `AVAL_CONSENT__GRPC__LISTEN` sets
/// `grpc.listen`. A file that is named must exist. Unknown keys are refused, in
/// the file and in the environment.
pub fn load<T: DeserializeOwned>(file: Option<&Path>, env_prefix: &str) -> Result<T, ConfigError> {
    load_with(file, env_prefix, std::env::vars_os())
}

/// Reads a configuration from the text of a file, without the environment. For
/// tests of the sample files.
pub fn from_toml<T: DeserializeOwned>(text: &str) -> Result<T, ConfigError> {
    extract(&Figment::from(TomlText::new(text, "the text")), "")
}

fn load_with<T: DeserializeOwned>(
    file: Option<&Path>,
    env_prefix: &str,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<T, ConfigError> {
    let mut figment = Figment::new();
    if let Some(path) = file {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        figment = figment.merge(TomlText::new(&text, &path.display().to_string()));
    }
    extract(
        &figment.merge(Variables::new(env_prefix, variables)),
        env_prefix,
    )
}

fn extract<T: DeserializeOwned>(figment: &Figment, env_prefix: &str) -> Result<T, ConfigError> {
    figment
        .extract()
        .map_err(|error| sources::first_problem(error, env_prefix))
}

/// Refuses an address that others than this machine can reach, where nothing but
/// the network would protect what is spoken there.
pub(crate) fn require_loopback(key: &'static str, address: SocketAddr) -> Result<(), ConfigError> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    Err(ConfigError::Refused {
        key,
        rule: format!("{address} is not a loopback address, and nothing is encrypted there"),
    })
}

#[cfg(test)]
mod tests;
