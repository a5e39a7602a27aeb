//! The schema's steps: applied by the `migrate` subcommand, checked at start.
//!
//! A service's migrations are a module of that service, an implementation of
//! [`MigratorTrait`] whose list may contain this crate's
//! [`CreateRequests`](crate::requests::CreateRequests) and
//! [`CreateOutbox`](crate::outbox::CreateOutbox).
//!
//! On PostgreSQL no statement timeout holds, and each step is a transaction of its own, so that one may say
//! `use_transaction() -> Some(false)` and create an index concurrently. On SQLite
//! all pending steps are one transaction: after a crash none of them is half
//! done. A step that rebuilds a table there says `PRAGMA defer_foreign_keys`,
//! since `PRAGMA foreign_keys` does nothing inside a transaction.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, SqlxPostgresConnector, Statement};
pub use sea_orm_migration::MigratorTrait;
use sea_orm_migration::{Migration, MigrationStatus};

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::{Backend, Database, DatabaseError, ExclusiveLock};

/// Why a service does not serve on this schema.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// Steps are missing: run the service's `migrate` first.
    #[error("the schema is behind this program by {pending} migrations")]
    Behind {
        /// How many are not applied.
        pending: usize,
    },
    /// The database has seen a newer program, whose steps this one does not know.
    #[error("the schema is ahead of this program")]
    Ahead,
    /// The question could not be answered.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Applies every pending step of `M`, alone: a second process waits and then finds
/// nothing left to do. On PostgreSQL the schema is created if it is missing.
pub async fn migrate<M: MigratorTrait>(db: &Database) -> Result<(), SchemaError> {
    let lock = ExclusiveLock::acquire(db, "aval_database.migrate").await?;
    create_missing_schema(db).await?;
    // Before anything is changed: an older program must not add to a newer schema.
    let pending = pending::<M>(db).await?;
    apply::<M>(db, Direction::Up).await?;
    lock.release().await?;
    if pending > 0 {
        tracing::info!(schema.steps = pending, "the schema was brought up to date");
    }
    Ok(())
}

/// Undoes every applied step of `M`. For tests: production goes forward only.
pub async fn revert<M: MigratorTrait>(db: &Database) -> Result<(), SchemaError> {
    let lock = ExclusiveLock::acquire(db, "aval_database.migrate").await?;
    apply::<M>(db, Direction::Down).await?;
    lock.release().await?;
    Ok(())
}

/// Refuses a schema that is behind `M` or ahead of it. Changes nothing, and needs
/// no right to change anything.
pub async fn require_current<M: MigratorTrait>(db: &Database) -> Result<(), SchemaError> {
    let pending = pending::<M>(db).await?;
    if pending > 0 {
        return Err(SchemaError::Behind { pending });
    }
    Ok(())
}

/// How many steps are to be applied.
async fn pending<M: MigratorTrait>(db: &Database) -> Result<usize, SchemaError> {
    let statuses = statuses::<M>(db).await?;
    let is_pending = |status: &&MigrationStatus| **status == MigrationStatus::Pending;
    Ok(statuses.iter().filter(is_pending).count())
}

enum Direction {
    Up,
    Down,
}

async fn apply<M: MigratorTrait>(db: &Database, direction: Direction) -> Result<(), DatabaseError> {
    match db.backend() {
        Backend::Postgres => {
            let patient = patient_connection(db).await?;
            match direction {
                Direction::Up => M::up(&patient, None).await?,
                Direction::Down => M::down(&patient, None).await?,
            }
            patient.close().await?;
        }
        Backend::Sqlite => {
            db.quiet_transaction("database.migrate", async |tx| {
                match direction {
                    Direction::Up => M::up(tx.as_sea_orm(), None).await?,
                    Direction::Down => M::down(tx.as_sea_orm(), None).await?,
                }
                Ok::<_, DatabaseError>(())
            })
            .await?;
        }
    }
    Ok(())
}

/// A connection without the statement timeout: an index over a large table takes as
/// long as it takes.
async fn patient_connection(db: &Database) -> Result<DatabaseConnection, DatabaseError> {
    let options = db.writer().get_postgres_connection_pool().connect_options();
    let options = PgConnectOptions::clone(&options).options([("statement_timeout", "0")]);
    let pool = PgPoolOptions::new().max_connections(1);
    let pool = pool.connect_with(options).await?;
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
}

async fn statuses<M: MigratorTrait>(db: &Database) -> Result<Vec<MigrationStatus>, SchemaError> {
    match M::get_migration_with_status_read_only(db.reader()).await {
        Ok(migrations) => Ok(migrations.iter().map(Migration::status).collect()),
        // The only thing it says in words of its own: an applied step is unknown.
        Err(DbErr::Custom(_)) => Err(SchemaError::Ahead),
        Err(error) => Err(DatabaseError::from(error).into()),
    }
}

/// Asks before it creates, because `CREATE SCHEMA IF NOT EXISTS` wants the right to
/// create even where there is nothing to do.
async fn create_missing_schema(db: &Database) -> Result<(), DatabaseError> {
    let (Backend::Postgres, Some(schema)) = (db.backend(), db.schema()) else {
        return Ok(());
    };
    let connection = db.writer();
    let known = Statement::from_sql_and_values(
        connection.get_database_backend(),
        "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1",
        [schema.into()],
    );
    if connection.query_one_raw(known).await?.is_none() {
        // The name was checked to be a plain identifier when the configuration was.
        connection
            .execute_unprepared(&format!("CREATE SCHEMA \"{schema}\""))
            .await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
