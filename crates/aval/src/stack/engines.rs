//! What a stack keeps its rows in, and what its caches share.

use clap::Args;
use serde_json::{Value, json};

/// The servers of a stack. Without any it is the embedded default: SQLite, and caches in
/// the process.
#[derive(Debug, Clone, Default, Args)]
pub struct Engines {
    /// A PostgreSQL for the rows, each service in a schema of its own:
    /// `postgres://user@host:port/database`. Without it: SQLite.
    #[arg(long, value_name = "URL")]
    pub postgres: Option<String>,
    /// A Redis in which the consent service keeps what several instances would share:
    /// `redis://host:port`. Without it: the process' memory alone.
    #[arg(long, value_name = "URL", requires = "postgres")]
    pub redis: Option<String>,
}

impl Engines {
    /// How they are called in a sentence.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match (&self.postgres, &self.redis) {
            (None, _) => "SQLite",
            (Some(_), None) => "PostgreSQL",
            (Some(_), Some(_)) => "PostgreSQL, Redis",
        }
    }

    /// The `[database]` of a service whose embedded database would be this file.
    pub(super) fn database(&self, service: &str, file: &std::path::Path) -> Value {
        match &self.postgres {
            None => json!({ "url": format!("sqlite://{}?mode=rwc", file.display()) }),
            Some(url) => json!({
                "url": url,
                "schema": service.replace('-', "_"),
                // A stack is for trying things out, and says so; where the server is this
                // machine there is nothing to say.
                "insecure_network": true,
            }),
        }
    }

    /// The `[cache]` of consent, whose key would be this file.
    pub(super) fn cache(&self, key_file: &std::path::Path) -> Value {
        match &self.redis {
            None => json!({}),
            Some(url) => json!({
                "key_file": key_file,
                "redis": { "urls": [url], "insecure_network": true },
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn each_service_has_a_file_or_a_schema_of_its_own() {
        let embedded = Engines::default();
        let file = Path::new("/data/consent/store.sqlite");
        assert_eq!(
            embedded.database("consent", file),
            json!({ "url": "sqlite:///data/consent/store.sqlite?mode=rwc" })
        );
        let servers = Engines {
            postgres: Some("postgres://aval@127.0.0.1/aval".to_owned()),
            redis: None,
        };
        let schema = servers.database("practitioner-directory", file);
        assert_eq!(schema["schema"], "practitioner_directory");
        assert_eq!(servers.cache(file), json!({}));
    }
}
