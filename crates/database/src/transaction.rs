//! Named transactions that begin the right way on each engine and try again when
//! concurrent ones got in their way.

mod begin;
mod handle;

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sea_orm::{
    AccessMode, DatabaseConnection, DbErr, IsolationLevel, SqliteTransactionMode,
    TransactionOptions,
};
use tracing::Instrument;

use crate::parameters::Encoded;
use crate::{Backend, Database, DatabaseError};
use handle::LastStatements;
pub use handle::Transaction;

/// How often a transaction is tried before its failure is its caller's.
const MAX_ATTEMPTS: u32 = 8;

/// How far PostgreSQL keeps concurrent transactions apart. SQLite has one writer:
/// its transactions are serial whatever is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// Each statement sees what was committed before it began. Rules that span
    /// rows rest on constraints and on rows locked by the first `UPDATE`; that is
    /// how the stores are written, so it is the default.
    #[default]
    ReadCommitted,
    /// All statements see one snapshot; changing a row that another transaction
    /// changed since fails and is retried.
    RepeatableRead,
    /// As if one after the other: for a rule that no constraint and no row lock
    /// can carry.
    Serializable,
}

impl Database {
    /// Runs `work` in a transaction, and commits when it returns `Ok`.
    ///
    /// `name` is `<service>.<use case>`: the span and the metrics carry it.
    /// SQLite begins `IMMEDIATE`; PostgreSQL is at [`Isolation::ReadCommitted`].
    ///
    /// `work` may run several times: after a serialization failure, a deadlock or
    /// a busy SQLite everything it did is undone and it is run again, a bounded
    /// number of times with growing pauses. So it must do nothing that a rollback
    /// does not undo. The failure is recognised through `E`'s chain of sources:
    /// `E` must keep the [`DatabaseError`] (or sea-orm's error) as its source.
    ///
    /// If this returns [`DatabaseError::Unavailable`] the commit may have been
    /// done nevertheless; [`crate::requests`] make the client's retry harmless.
    /// Dropping the future rolls back.
    pub async fn transaction<T, E, Work>(
        &self,
        name: &'static str,
        work: impl Fn(Transaction) -> Work,
    ) -> Result<T, E>
    where
        E: From<DatabaseError> + Error + 'static,
        Work: Future<Output = Result<T, E>> + Send,
    {
        self.transaction_with(name, Isolation::default(), work)
            .await
    }

    /// The same with another isolation level on PostgreSQL.
    pub async fn transaction_with<T, E, Work>(
        &self,
        name: &'static str,
        isolation: Isolation,
        work: impl Fn(Transaction) -> Work,
    ) -> Result<T, E>
    where
        E: From<DatabaseError> + Error + 'static,
        Work: Future<Output = Result<T, E>> + Send,
    {
        let options = self.writing(isolation);
        let outcome = run(name, self.writer(), options, work).await;
        if outcome.is_ok() {
            self.announce_commit();
        }
        outcome
    }

    /// Runs a change that is one statement, with no transaction around it, which on PostgreSQL
    /// is one round trip instead of three. `name` is as in [`Database::transaction`]; what is
    /// answered is how many rows the statement returns, once it is committed. `text` is planned
    /// once for each connection.
    ///
    /// It is tried once: for changes that nothing concurrent can get in the way of. After
    /// [`DatabaseError::Unavailable`] it may have been done nevertheless.
    ///
    /// # Panics
    ///
    /// On another engine, which has no use for it.
    pub async fn change(
        &self,
        name: &'static str,
        text: &'static str,
        parameters: Encoded,
    ) -> Result<usize, DatabaseError> {
        let query = sqlx::query_with(text, parameters.0);
        let pool = self.writer().get_postgres_connection_pool();
        // All of its rows, even if there is one: only behind the last is what became of the
        // commit.
        let rows = query.fetch_all(pool).instrument(span(name)).await?.len();
        self.announce_commit();
        Ok(rows)
    }

    /// Runs several reads that see one and the same state: `REPEATABLE READ READ
    /// ONLY` on PostgreSQL, a deferred transaction of a reader on SQLite. The
    /// state is that of the first read.
    pub async fn snapshot<T, E, Work>(
        &self,
        name: &'static str,
        work: impl Fn(Transaction) -> Work,
    ) -> Result<T, E>
    where
        E: From<DatabaseError> + Error + 'static,
        Work: Future<Output = Result<T, E>> + Send,
    {
        run(name, self.reader(), self.reading(), work).await
    }

    /// A change that nobody waits for: it does not tick [`Database::commits`].
    pub(crate) async fn quiet_transaction<T, E, Work>(
        &self,
        name: &'static str,
        work: impl Fn(Transaction) -> Work,
    ) -> Result<T, E>
    where
        E: From<DatabaseError> + Error + 'static,
        Work: Future<Output = Result<T, E>> + Send,
    {
        let options = self.writing(Isolation::default());
        run(name, self.writer(), options, work).await
    }

    fn writing(&self, isolation: Isolation) -> TransactionOptions {
        match self.backend() {
            Backend::Sqlite => TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            },
            Backend::Postgres => TransactionOptions {
                isolation_level: match isolation {
                    Isolation::ReadCommitted => None, // the server's default, without asking
                    Isolation::RepeatableRead => Some(IsolationLevel::RepeatableRead),
                    Isolation::Serializable => Some(IsolationLevel::Serializable),
                },
                ..TransactionOptions::default()
            },
        }
    }

    fn reading(&self) -> TransactionOptions {
        match self.backend() {
            Backend::Sqlite => TransactionOptions::default(),
            Backend::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
        }
    }
}

fn span(name: &'static str) -> tracing::Span {
    tracing::info_span!("transaction", otel.name = name, transaction.name = name)
}

async fn run<T, E, Work>(
    name: &'static str,
    pool: &DatabaseConnection,
    options: TransactionOptions,
    work: impl Fn(Transaction) -> Work,
) -> Result<T, E>
where
    E: From<DatabaseError> + Error + 'static,
    Work: Future<Output = Result<T, E>> + Send,
{
    async {
        let started = Instant::now();
        let mut attempt = 1;
        let outcome = loop {
            let outcome = attempt_once(pool, options, &work).await;
            match outcome {
                Err(error) if attempt < MAX_ATTEMPTS && DatabaseError::calls_for_retry(&error) => {
                    tokio::time::sleep(pause_after(attempt)).await;
                    attempt += 1;
                }
                outcome => break outcome,
            }
        };
        tracing::debug!(
            transaction.name = name,
            transaction.attempts = attempt,
            transaction.committed = outcome.is_ok(),
            duration_ms = started.elapsed().as_secs_f64() * 1_000.0,
            "transaction ended"
        );
        outcome
    }
    .instrument(span(name))
    .await
}

async fn attempt_once<T, E, Work>(
    pool: &DatabaseConnection,
    options: TransactionOptions,
    work: &impl Fn(Transaction) -> Work,
) -> Result<T, E>
where
    E: From<DatabaseError>,
    Work: Future<Output = Result<T, E>> + Send,
{
    let open = begin::begin(pool, options).await;
    let open = Arc::new(open.map_err(DatabaseError::from)?);
    let last = Arc::new(LastStatements::default());
    let lent = Transaction {
        open: open.clone(),
        last: Arc::clone(&last),
    };
    let outcome = match work(lent).await {
        Ok(value) => last.run(&open).await.map(|()| value).map_err(E::from),
        refused => refused,
    };
    // The closure had the only other handle, which cannot be cloned. One that was
    // smuggled out keeps the transaction open: it is not committed behind its back.
    let Some(open) = Arc::into_inner(open) else {
        let kept = "a transaction was used beyond its closure";
        return Err(DatabaseError::from(DbErr::Custom(kept.to_owned())).into());
    };
    match outcome {
        Ok(value) => {
            open.commit().await.map_err(DatabaseError::from)?;
            Ok(value)
        }
        Err(error) => {
            if let Err(failure) = open.rollback().await {
                // The connection is gone, and the transaction with it.
                let failure = DatabaseError::from(failure);
                tracing::debug!(error = %failure, "rollback was not answered");
            }
            Err(error)
        }
    }
}

/// 4 ms after the first attempt, doubling to 256 ms, plus up to as much again.
/// Losers of the same conflict draw consecutive tickets, which lie far apart on
/// the golden ratio's circle: they come back apart without any randomness.
fn pause_after(attempt: u32) -> Duration {
    static TICKET: AtomicU32 = AtomicU32::new(0);
    const GOLDEN_RATIO: u32 = 0x9E37_79B9;

    let ticket = TICKET.fetch_add(1, Ordering::Relaxed);
    let base = Duration::from_millis(4 << attempt.saturating_sub(1).min(6));
    let fraction = f64::from(ticket.wrapping_mul(GOLDEN_RATIO)) / f64::from(u32::MAX);
    base + base.mul_f64(fraction)
}

#[cfg(test)]
mod tests;
