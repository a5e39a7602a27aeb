//! SQLite: one writer, and readers beside it that never wait for it (WAL).

use sea_orm::ConnectOptions;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::{Connections, pool, quiet_options};
use crate::{DatabaseConfig, DatabaseError};

pub(super) async fn open(config: &DatabaseConfig) -> Result<Connections, DatabaseError> {
    let connect = connect_options(config)?;
    // The writer comes first: it makes the file and turns it to WAL.
    let writer = pool(pool_of(1, connect.clone(), config)).await?;
    if config.is_in_memory() {
        // A second connection would see another, empty database.
        let reader = writer.clone();
        return Ok(Connections {
            writer,
            reader,
            session: None,
        });
    }
    let read_only = connect.pragma("query_only", "ON");
    let reader = pool(pool_of(config.max_connections, read_only, config)).await?;
    Ok(Connections {
        writer,
        reader,
        session: None,
    })
}

fn connect_options(config: &DatabaseConfig) -> Result<SqliteConnectOptions, DatabaseError> {
    let connect: SqliteConnectOptions =
        config
            .url
            .parse()
            .map_err(|_| DatabaseError::Configuration {
                key: "url",
                rule: "is an SQLite connection URL",
            })?;
    Ok(connect
        .journal_mode(SqliteJournalMode::Wal)
        // A commit that was answered is on the disk.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(config.acquire_timeout())
        .disable_statement_logging())
}

/// Connections are kept for ever: a database in memory lives as long as they do.
fn pool_of(
    connections: u32,
    connect: SqliteConnectOptions,
    config: &DatabaseConfig,
) -> ConnectOptions {
    let mut options = quiet_options("sqlite://configured", config);
    options
        .max_connections(connections)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .map_sqlx_sqlite_opts(move |_| connect.clone());
    options
}
