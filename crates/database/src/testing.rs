//! Fresh databases for tests: an SQLite file always, a PostgreSQL schema where
//! `AVAL_TEST_POSTGRES_URL` names a server that tests may write to.

mod next_version;
mod roles;
mod statements;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};
use tempfile::TempDir;

use crate::requests::fingerprint;
use crate::{Backend, Database, DatabaseConfig};

pub use next_version::{NextButOne, NextVersion};
pub use roles::Roles;
pub use statements::Statements;

/// The environment variable that names the tests' PostgreSQL server.
pub const POSTGRES_URL_VARIABLE: &str = "AVAL_TEST_POSTGRES_URL";

/// An empty database of one test. Its SQLite file goes with it; its PostgreSQL
/// schema goes when the test of that name runs again, or with the server.
#[derive(Debug)]
pub struct TestDatabase {
    /// The database, without any table.
    pub db: Database,
    config: DatabaseConfig,
    _folder: Option<TempDir>,
}

impl TestDatabase {
    /// A new SQLite file.
    ///
    /// # Panics
    /// When the file cannot be made.
    pub async fn sqlite() -> Self {
        let folder = TempDir::new().expect("tests may write to the temporary folder");
        let file = folder.path().join("test.sqlite");
        let config = DatabaseConfig::for_url(format!("sqlite://{}?mode=rwc", file.display()));
        Self::open(config, Some(folder)).await
    }

    /// A PostgreSQL schema of `name`'s own, emptied, or `None` when no server is
    /// named. Two tests that run at once need two names: a test's full path is one.
    ///
    /// # Panics
    /// When the server that is named does not answer.
    pub async fn postgres(name: &str) -> Option<Self> {
        let url = std::env::var(POSTGRES_URL_VARIABLE).ok()?;
        let schema = schema_of(name);
        let mut session = PgConnection::connect(&url)
            .await
            .expect("the tests' PostgreSQL server answers");
        let renew =
            format!("DROP SCHEMA IF EXISTS \"{schema}\" CASCADE; CREATE SCHEMA \"{schema}\"");
        session
            .execute(AssertSqlSafe(renew))
            .await
            .expect("the tests' PostgreSQL user owns its schemas");
        let config = DatabaseConfig {
            schema: Some(schema),
            ..DatabaseConfig::for_url(url)
        };
        Some(Self::open(config, None).await)
    }

    /// The engine, for messages.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.db.backend()
    }

    /// How to connect to it, for a service that is started on it.
    #[must_use]
    pub fn config(&self) -> &DatabaseConfig {
        &self.config
    }

    /// Another process's view of the same database: connections of its own.
    ///
    /// # Panics
    /// When it cannot connect a second time.
    pub async fn another_process(&self) -> Database {
        Database::connect(&self.config)
            .await
            .expect("what was reached once is reached again")
    }

    async fn open(config: DatabaseConfig, folder: Option<TempDir>) -> Self {
        let db = Database::connect(&config)
            .await
            .expect("a fresh test database opens");
        Self {
            db,
            config,
            _folder: folder,
        }
    }
}

/// A database of each engine there is: SQLite, and PostgreSQL where a server is
/// named. For one test that visits both; [`crate::conformance_suite`] stamps one
/// test for each instead, which shows which of them failed or did not run.
pub async fn test_databases(name: &str) -> Vec<TestDatabase> {
    let mut databases = vec![TestDatabase::sqlite().await];
    databases.extend(TestDatabase::postgres(name).await);
    databases
}

/// A readable beginning, and a digest of the whole name: PostgreSQL would cut a
/// longer one without a word.
fn schema_of(name: &str) -> String {
    let readable: String = name
        .chars()
        .rev()
        .take(40)
        .map(|character| match character.to_ascii_lowercase() {
            plain @ ('a'..='z' | '0'..='9') => plain,
            _ => '_',
        })
        .collect();
    let readable: String = readable.chars().rev().collect();
    let [first, second, third, fourth, ..] = fingerprint([name]);
    format!("test_{first:02x}{second:02x}{third:02x}{fourth:02x}_{readable}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_that_end_alike_get_schemas_of_their_own() {
        let end = "the_end_that_both_names_have_in_common_is_long";
        let (one, other) = (
            schema_of(&format!("a::{end}")),
            schema_of(&format!("b::{end}")),
        );
        assert_ne!(one, other);
        assert!(one.len() <= 63 && other.len() <= 63);
    }

    #[tokio::test]
    async fn a_file_is_seen_by_another_process() {
        let test = TestDatabase::sqlite().await;
        let other = test.another_process().await;
        assert_eq!(other.backend(), Backend::Sqlite);
        other.ping().await.unwrap();
    }
}
