//! Opening the connections of each engine, with nothing of a statement in logs or spans.

mod postgres;
mod sqlite;

use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};

pub(crate) use postgres::Session;

use crate::{DatabaseConfig, DatabaseError};

/// The connections of one database.
pub(crate) struct Connections {
    /// Where transactions that write begin.
    pub(crate) writer: DatabaseConnection,
    /// Where everything else is read; on PostgreSQL the same pool.
    pub(crate) reader: DatabaseConnection,
    /// What sessions are told; nothing on SQLite.
    pub(crate) session: Option<Session>,
}

/// How long a statement may take on PostgreSQL. SQLite has no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Statements {
    /// As long as is configured: somebody waits.
    Bounded,
    /// As long as it takes: an operator's command.
    AsLongAsTheyTake,
}

pub(crate) async fn open(
    config: &DatabaseConfig,
    statements: Statements,
) -> Result<Connections, DatabaseError> {
    config.validate()?;
    if config.is_postgres() {
        postgres::open(config, statements).await
    } else {
        sqlite::open(config).await
    }
}

/// The driver's future is large: it lives on the heap, not in each of its callers.
async fn pool(options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    Box::pin(Database::connect(options)).await
}

/// What both engines have in common. `scheme` stands in for the URL, so that the
/// driver never sees (and never traces) one that may carry a password; the real
/// options are put in its place by the caller.
fn quiet_options(scheme: &str, config: &DatabaseConfig) -> ConnectOptions {
    let mut options = ConnectOptions::new(scheme);
    options
        .sqlx_logging(false)
        .record_stmt_in_spans(false)
        .acquire_timeout(config.acquire_timeout())
        .test_before_acquire_if_idle_for(Duration::from_secs(15));
    options
}

#[cfg(test)]
mod tests;
