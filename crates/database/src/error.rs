//! What a database failure means to its caller.

use std::error::Error;
use std::fmt::Display;

use sea_orm::{DbErr, RuntimeErr};
use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

/// A failure of the database, classified by what a caller can do about it.
///
/// `Display` is a fixed sentence without any value. The engine's own words stay
/// in the source, for the one log line at the edge; they never go to a client.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DatabaseError {
    /// A row with this key is there already. Ask [`Self::violates_unique`] which.
    #[error("a unique constraint is violated")]
    UniqueViolation {
        /// PostgreSQL: the constraint's name. SQLite: its columns, as
        /// `table.column, table.column`.
        constraint: Option<String>,
        /// The engine's words.
        source: DbErr,
    },
    /// A row refers to one that does not exist, or is still referred to.
    #[error("a foreign key constraint is violated")]
    ForeignKey {
        /// The engine's words.
        source: DbErr,
    },
    /// Concurrent transactions got in each other's way: nothing was changed, and
    /// trying again may succeed. [`crate::Database::transaction`] already did.
    #[error("concurrent transactions could not be serialised")]
    Serialization {
        /// The engine's words.
        source: DbErr,
    },
    /// No answer: no connection, a timeout, a full disk, a server that stops.
    /// If it came from a commit, the change may or may not be there.
    #[error("the database is unavailable")]
    Unavailable {
        /// The engine's words.
        source: DbErr,
    },
    /// A stored row breaks a rule that held when it was written.
    #[error("a stored row cannot be read: {table}.{column}")]
    Corrupt {
        /// The table it stands in.
        table: &'static str,
        /// The column whose value is bad.
        column: &'static str,
        /// The row's primary key, for the operator.
        row: String,
    },
    /// The configuration of the database says something impossible.
    #[error("the database's configuration is invalid: {key} {rule}")]
    Configuration {
        /// The key to change, below the section of the database.
        key: &'static str,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// Anything else: a defect of this program or of its schema.
    #[error("the database failed")]
    Other {
        /// The engine's words.
        source: DbErr,
    },
}

impl DatabaseError {
    /// The row of `table` whose primary key is `row` has a bad value in `column`.
    #[must_use]
    pub fn corrupt(table: &'static str, column: &'static str, row: &dyn Display) -> Self {
        Self::Corrupt {
            table,
            column,
            row: row.to_string(),
        }
    }

    /// Whether the unique constraint `name` on `columns` of `table` was violated.
    ///
    /// PostgreSQL reports the constraint's name and SQLite its columns in the
    /// order of the index: both are needed to recognise one on either engine.
    /// A primary key's name is `<table>_pkey` unless the migration says otherwise.
    #[must_use]
    pub fn violates_unique(&self, name: &str, table: &str, columns: &[&str]) -> bool {
        let Self::UniqueViolation {
            constraint: Some(reported),
            ..
        } = self
        else {
            return false;
        };
        let qualified = columns.iter().map(|column| format!("{table}.{column}"));
        reported == name || *reported == qualified.collect::<Vec<_>>().join(", ")
    }

    /// Whether nothing was changed and the same transaction may succeed if repeated.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Serialization { .. })
    }

    /// The engine's error code, without any value: an SQLSTATE on PostgreSQL, an
    /// extended result code on SQLite.
    #[must_use]
    pub fn engine_code(&self) -> Option<String> {
        match self {
            Self::UniqueViolation { source, .. }
            | Self::ForeignKey { source }
            | Self::Serialization { source }
            | Self::Unavailable { source }
            | Self::Other { source } => engine_code(source),
            Self::Corrupt { .. } | Self::Configuration { .. } => None,
        }
    }

    /// Whether `error` is, or was caused by, one that is worth a retry.
    ///
    /// A service's error wraps a `DatabaseError` and keeps it as its source (or is
    /// transparent to it), so that the chain of causes always leads to it.
    pub(crate) fn calls_for_retry(error: &(dyn Error + 'static)) -> bool {
        let mut next = Some(error);
        while let Some(cause) = next {
            let known = cause.downcast_ref::<Self>().map(Self::is_retryable);
            let raw = cause.downcast_ref::<DbErr>();
            let raw = raw.map(|raw| matches!(class_of(raw), Class::Serialization));
            if known.or(raw) == Some(true) {
                return true;
            }
            next = cause.source();
        }
        false
    }
}

impl From<DbErr> for DatabaseError {
    fn from(source: DbErr) -> Self {
        match class_of(&source) {
            Class::Unique(constraint) => Self::UniqueViolation { constraint, source },
            Class::ForeignKey => Self::ForeignKey { source },
            Class::Serialization => Self::Serialization { source },
            Class::Unavailable => Self::Unavailable { source },
            Class::Other => Self::Other { source },
        }
    }
}

impl From<sqlx::Error> for DatabaseError {
    fn from(source: sqlx::Error) -> Self {
        Self::from(DbErr::Query(RuntimeErr::SqlxError(source.into())))
    }
}

enum Class {
    Unique(Option<String>),
    ForeignKey,
    Serialization,
    Unavailable,
    Other,
}

fn class_of(error: &DbErr) -> Class {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => class_of_driver_error(cause),
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => Class::Unavailable,
        _ => Class::Other,
    }
}

fn class_of_driver_error(error: &sqlx::Error) -> Class {
    use sqlx::Error as Driver;
    match error {
        Driver::Database(reported) => {
            if let Some(postgres) = reported.try_downcast_ref::<PgDatabaseError>() {
                class_of_sqlstate(postgres)
            } else if reported.try_downcast_ref::<SqliteError>().is_some() {
                class_of_sqlite_code(&reported.code().unwrap_or_default(), reported.message())
            } else {
                Class::Other
            }
        }
        // The connection was still answering somebody who is gone; by the next time it has.
        Driver::BeginFailed => Class::Serialization,
        Driver::Io(_)
        | Driver::Tls(_)
        | Driver::Protocol(_)
        | Driver::PoolTimedOut
        | Driver::PoolClosed
        | Driver::WorkerCrashed => Class::Unavailable,
        _ => Class::Other,
    }
}

fn class_of_sqlstate(error: &PgDatabaseError) -> Class {
    match error.code() {
        "23505" => Class::Unique(error.constraint().map(str::to_owned)),
        "23503" => Class::ForeignKey,
        // Serialization failure, deadlock, lock not available; a transaction that finds another
        // one open, which whoever was dropped while it began left behind: undoing the one ends
        // both.
        "40001" | "40P01" | "55P03" | "25001" => Class::Serialization,
        // Statement timeout; a primary that has become a standby.
        "57014" | "25006" => Class::Unavailable,
        // Connection, authorisation to connect, missing database, resources, operator
        // intervention, I/O.
        code if ["08", "28", "3D", "53", "57", "58"]
            .iter()
            .any(|class| code.starts_with(class)) =>
        {
            Class::Unavailable
        }
        _ => Class::Other,
    }
}

fn class_of_sqlite_code(code: &str, message: &str) -> Class {
    const UNIQUE: [i32; 3] = [1555, 2067, 2579]; // primary key, unique, rowid
    const FOREIGN_KEY: i32 = 787;
    const BUSY_OR_LOCKED: [i32; 2] = [5, 6];
    const IO_FULL_OR_CANNOT_OPEN: [i32; 3] = [10, 13, 14];

    let Ok(extended) = code.parse::<i32>() else {
        return Class::Other;
    };
    let primary = extended & 0xff;
    if UNIQUE.contains(&extended) {
        let columns = message.strip_prefix("UNIQUE constraint failed: ");
        Class::Unique(columns.map(str::to_owned))
    } else if extended == FOREIGN_KEY {
        Class::ForeignKey
    } else if BUSY_OR_LOCKED.contains(&primary) {
        Class::Serialization
    } else if IO_FULL_OR_CANNOT_OPEN.contains(&primary) {
        Class::Unavailable
    } else {
        Class::Other
    }
}

fn engine_code(error: &DbErr) -> Option<String> {
    let (DbErr::Conn(RuntimeErr::SqlxError(cause))
    | DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
    else {
        return None;
    };
    Some(cause.as_database_error()?.code()?.into_owned())
}

#[cfg(test)]
mod tests;
