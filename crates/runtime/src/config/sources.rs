//! The two sources of a configuration, and where a problem with it came from.

use std::ffi::OsString;

use figment::error::Kind;
use figment::providers::{Data, Format, Toml};
use figment::value::{Dict, Map};
use figment::{Error, Metadata, Profile, Provider, Source};

use super::ConfigError;

/// A TOML text that errors attribute to the file it came from.
pub(super) struct TomlText {
    toml: Data<Toml>,
    origin: String,
}

impl TomlText {
    pub(super) fn new(text: &str, origin: &str) -> Self {
        Self {
            toml: Toml::string(text),
            origin: origin.to_owned(),
        }
    }
}

impl Provider for TomlText {
    fn metadata(&self) -> Metadata {
        Metadata::from("TOML", Source::Custom(self.origin.clone()))
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        self.toml.data()
    }
}

/// The environment variables of one prefix, as nested keys.
pub(super) struct Variables(Dict);

const ENVIRONMENT: &str = "environment";

impl Variables {
    pub(super) fn new(prefix: &str, variables: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let mut keys = Dict::new();
        for (name, value) in variables {
            let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else {
                continue;
            };
            let Some(key) = name
                .strip_prefix(prefix)
                .and_then(|rest| rest.strip_prefix("__"))
            else {
                continue;
            };
            let value = value
                .parse()
                .unwrap_or_else(|never: std::convert::Infallible| match never {});
            let key = key.to_ascii_lowercase().replace("__", ".");
            let nested = figment::util::nest(&key, value);
            for (section, value) in nested.into_dict().unwrap_or_default() {
                merge(&mut keys, section, value);
            }
        }
        Self(keys)
    }
}

fn merge(keys: &mut Dict, key: String, value: figment::value::Value) {
    use figment::value::Value::Dict as Section;
    match (keys.get_mut(&key), value) {
        (Some(Section(_, known)), Section(_, added)) => {
            for (key, value) in added {
                merge(known, key, value);
            }
        }
        (_, value) => {
            keys.insert(key, value);
        }
    }
}

impl Provider for Variables {
    fn metadata(&self) -> Metadata {
        Metadata::named(ENVIRONMENT)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Profile::Default.collect(self.0.clone()))
    }
}

/// The first of the problems, with its key and its origin.
pub(super) fn first_problem(error: Error, env_prefix: &str) -> ConfigError {
    let error = error
        .into_iter()
        .next()
        .expect("a figment error holds at least one problem");
    let mut key = error.path.clone();
    let problem = match &error.kind {
        Kind::UnknownField(field, known) => {
            // The path ends with it already.
            key.extend((key.last() != Some(field)).then(|| field.clone()));
            format!("there is no such key; known here: {}", known.join(", "))
        }
        Kind::MissingField(field) => {
            key.push(field.to_string());
            "this key is required".to_owned()
        }
        other => other.to_string(),
    };
    let origin = match &error.metadata {
        Some(metadata) if metadata.name == ENVIRONMENT => {
            format!(
                "the environment variable {env_prefix}__{}",
                key.join("__").to_ascii_uppercase()
            )
        }
        Some(Metadata {
            source: Some(Source::Custom(origin)),
            ..
        }) => origin.clone(),
        _ => "the configuration".to_owned(),
    };
    ConfigError::Invalid {
        key: if key.is_empty() {
            "(whole)".to_owned()
        } else {
            key.join(".")
        },
        problem,
        origin,
    }
}
