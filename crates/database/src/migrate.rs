//! The schema's steps: applied by the `migrate` subcommand, checked at start.
//!
//! A service's migrations are a module of that service, an implementation of [`Steps`]
//! whose list may contain this crate's
//! [`CreateRequests`](crate::requests::CreateRequests) and
//! [`CreateOutbox`](crate::outbox::CreateOutbox).
//!
//! On PostgreSQL no statement timeout holds, and each step is a transaction of its own. A step
//! that does not get a lock within two seconds is undone and tried again a little later, some
//! ten minutes long: a statement that waits for a whole table has everybody else wait behind
//! it. One that says `use_transaction() -> Some(false)` and creates an index concurrently has to
//! say `SET lock_timeout = 0` first, and to drop what a failed attempt left. On SQLite
//! all pending steps are one transaction: after a crash none of them is half
//! done. A step that rebuilds a table there says `PRAGMA defer_foreign_keys`,
//! since `PRAGMA foreign_keys` does nothing inside a transaction.
//!
//! # The program of before on the schema of after
//!
//! While a version is rolled out, and after it was rolled back, programs run on a schema with
//! steps that they do not know. Each step says whether they may ([`Steps::for_older`]), and
//! [`migrate()`] writes it into the database, where a program of before reads it. A step that
//! says nothing is not for them. What is renamed, moved or taken away is so in three versions:
//!
//! 1. **Expand.** A step [adds](Older::Adds) what is to be; the program writes both, and reads
//!    what was. The one of before goes on as if nothing had happened.
//! 2. **Move.** A step fills what is new from what was; the program reads what is new, and
//!    still writes both. The one of 1 serves on that too.
//! 3. **Contract.** The program no longer knows what was, and brings a step, an empty one if
//!    there is nothing to do. The version after *that* takes it away, by a step that
//!    [names it](Older::TakesAwayUnusedSince): programs that know the one serve on the other.
//!
//! Whether a step only adds is checked ([`crate::migration_suite!`]). Whether the program of
//! before is also right about what it then does not know, which is more than not failing, is
//! the author's to judge: a new table that must be kept in step with an old one adds, and is
//! not for whoever writes the old one alone.

mod older;

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, SqlxPostgresConnector, Statement};
pub use sea_orm_migration::MigratorTrait;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

pub use older::{Older, Steps};

use crate::{Backend, Database, DatabaseError, ExclusiveLock};

/// Between two attempts of a step that did not get its locks.
const LETS_OTHERS_PASS: Duration = Duration::from_secs(3);
/// Five seconds each: some ten minutes.
const ATTEMPTS: u32 = 120;

/// Why a service does not serve on this schema.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// Steps are missing: run the service's `migrate` first.
    #[error("the schema is behind this program by {pending} migrations")]
    Behind {
        /// How many are not applied.
        pending: usize,
    },
    /// The database has seen a newer program, one of whose steps is not for this one.
    #[error(
        "the schema is ahead of this program: its step {step} is not for programs that do not \
         know it. Run the version that brought it, or a later one"
    )]
    Ahead {
        /// The step.
        step: String,
    },
    /// The question could not be answered.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Applies every pending step of `M`, alone: a second process waits and then finds
/// nothing left to do. On PostgreSQL the schema is created if it is missing. On a schema that
/// is ahead, and fit to be served all the same, there is nothing to do.
pub async fn migrate<M: Steps>(db: &Database) -> Result<(), SchemaError> {
    let lock = ExclusiveLock::acquire(db, "aval_database.migrate").await?;
    create_missing_schema(db).await?;
    // Before anything is changed: an older program must not add to a newer schema.
    let standing = older::standing::<M>(db).await?;
    if standing.unknown.is_empty() {
        older::write::<M>(db).await?;
    } else {
        older::require_served::<M>(db, &standing.unknown).await?;
    }
    match (standing.pending, standing.unknown.first()) {
        (0, _) => {}
        // Neither is the older one: they have gone different ways.
        (_, Some(step)) => return Err(SchemaError::Ahead { step: step.clone() }),
        (pending, None) => {
            apply::<M>(db, Direction::Up, None).await?;
            tracing::info!(schema.steps = pending, "the schema was brought up to date");
        }
    }
    lock.release().await?;
    Ok(())
}

/// Undoes every applied step of `M`. For tests: production goes forward only.
pub async fn revert<M: Steps>(db: &Database) -> Result<(), SchemaError> {
    let lock = ExclusiveLock::acquire(db, "aval_database.migrate").await?;
    apply::<M>(db, Direction::Down, None).await?;
    older::forget(db).await?;
    lock.release().await?;
    Ok(())
}

/// Refuses a schema that is behind `M`, or ahead of it by a step that is not for programs
/// that do not know it; says by how many steps it is ahead. Changes nothing, and needs no
/// right to change anything.
pub async fn require_fit<M: Steps>(db: &Database) -> Result<usize, SchemaError> {
    let standing = older::standing::<M>(db).await?;
    older::require_served::<M>(db, &standing.unknown).await?;
    if standing.pending > 0 {
        return Err(SchemaError::Behind {
            pending: standing.pending,
        });
    }
    Ok(standing.unknown.len())
}

/// Which way the steps are gone.
#[derive(Clone, Copy)]
pub(crate) enum Direction {
    Up,
    Down,
}

/// All steps, or this many.
pub(crate) async fn apply<M: MigratorTrait>(
    db: &Database,
    direction: Direction,
    steps: Option<u32>,
) -> Result<(), DatabaseError> {
    match db.backend() {
        Backend::Postgres => {
            let patient = patient_connection(db).await?;
            match direction {
                Direction::Up => up_between_the_others::<M>(&patient, steps).await?,
                Direction::Down => M::down(&patient, steps).await?,
            }
            patient.close().await?;
        }
        Backend::Sqlite => {
            db.quiet_transaction("database.migrate", async |tx| {
                match direction {
                    Direction::Up => M::up(tx.as_sea_orm(), steps).await?,
                    Direction::Down => M::down(tx.as_sea_orm(), steps).await?,
                }
                Ok::<_, DatabaseError>(())
            })
            .await?;
        }
    }
    Ok(())
}

/// Tries again whatever did not get its locks: those who waited behind it pass meanwhile. What
/// was applied before stays so, and is not applied again.
async fn up_between_the_others<M: MigratorTrait>(
    patient: &DatabaseConnection,
    steps: Option<u32>,
) -> Result<(), DatabaseError> {
    let mut attempt = 1;
    loop {
        let tried = M::up(patient, steps).await.map_err(DatabaseError::from);
        match tried {
            Err(DatabaseError::Serialization { .. }) if attempt < ATTEMPTS => {
                tracing::warn!(
                    attempt,
                    "a step of the schema did not get its locks; it is tried again"
                );
                attempt += 1;
                tokio::time::sleep(LETS_OTHERS_PASS).await;
            }
            done => return done,
        }
    }
}

/// A connection without the statement timeout: an index over a large table takes as
/// long as it takes.
async fn patient_connection(db: &Database) -> Result<DatabaseConnection, DatabaseError> {
    let options = db.writer().get_postgres_connection_pool().connect_options();
    let mut pool = PgPoolOptions::new().max_connections(1);
    if let Some(session) = db.session() {
        pool = session.of_migration().told_to(pool);
    }
    let pool = pool.connect_with(PgConnectOptions::clone(&options)).await?;
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
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
mod lock_tests;
#[cfg(test)]
mod tests;
