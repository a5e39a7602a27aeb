//! What only one process may do at a time.

use std::io::ErrorKind;
use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::PgConnection;

use crate::{Backend, Database, DatabaseError};

/// How long to wait before asking again for a lock that somebody else holds.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// A session that says nothing for so long is lost: a cut network never says so.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// The right to do something alone, among all processes that use this database.
///
/// PostgreSQL: a session's advisory lock on a connection of its own, outside the
/// pool; the server gives it back when the connection ends, however it ends. (So a
/// connection pooler between here and there must pool sessions, not transactions.)
/// An SQLite database belongs to one process, which is alone already; two tasks of
/// that process are not kept apart.
///
/// A process that is cut off learns of its loss only at the next [`Self::verify`]:
/// what it writes must be fenced in the database as well, by a compare-and-swap
/// or a row lock in the same transaction.
#[derive(Debug)]
pub struct ExclusiveLock {
    session: Option<PgConnection>,
}

impl ExclusiveLock {
    /// Waits until `name` is ours, however long somebody else has it; fails where the
    /// database says nothing. Names are apart in each database and schema.
    pub async fn acquire(db: &Database, name: &str) -> Result<Self, DatabaseError> {
        if db.backend() == Backend::Sqlite {
            return Ok(Self { session: None });
        }
        let options = db.writer().get_postgres_connection_pool().connect_options();
        let mut session = in_time(PgConnection::connect_with(&options)).await?;
        let scoped = format!("{}:{name}", db.schema().unwrap_or("public"));
        // `pg_advisory_lock` would wait inside a statement, whose snapshot blocks
        // `CREATE INDEX CONCURRENTLY` of the very migration that holds the lock.
        while !try_lock(&mut session, &scoped).await? {
            tokio::time::sleep(ASK_AGAIN_AFTER).await;
        }
        Ok(Self {
            session: Some(session),
        })
    }

    /// Fails if the lock may have passed to somebody else.
    pub async fn verify(&mut self) -> Result<(), DatabaseError> {
        match &mut self.session {
            Some(session) => Ok(in_time(session.ping()).await?),
            None => Ok(()),
        }
    }

    /// Gives the lock back at once; dropping does it as soon as the server notices.
    pub async fn release(self) -> Result<(), DatabaseError> {
        match self.session {
            Some(session) => Ok(session.close().await?),
            None => Ok(()),
        }
    }
}

async fn in_time<T>(asking: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    let answer = tokio::time::timeout(ANSWERS_WITHIN, asking).await;
    answer.unwrap_or_else(|_| Err(std::io::Error::from(ErrorKind::TimedOut).into()))
}

async fn try_lock(session: &mut PgConnection, name: &str) -> Result<bool, DatabaseError> {
    let taken = sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended($1, 0))")
        .bind(name)
        .fetch_one(session);
    Ok(in_time(taken).await?)
}
