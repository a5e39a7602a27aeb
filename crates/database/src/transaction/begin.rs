//! Beginning, which nobody interrupts by leaving.
//!
//! The driver counts a transaction of PostgreSQL as begun once `BEGIN` is answered (sqlx 0.9). Who
//! leaves in between, a call that is cancelled or out of time, gives a connection back on which the
//! server has begun one, and which nobody rolls back: what others then change on it, each by a
//! statement that commits by itself as they believe, is confirmed, is seen by nobody else, and is
//! lost with the connection. So whoever waits for a beginning waits for a task of its own, which
//! comes to its end without them; what nobody waits for any more is dropped begun, and rolled back.

use std::panic::resume_unwind;

use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbErr, TransactionOptions, TransactionTrait,
};
use tracing::Instrument;

pub(super) async fn begin(
    pool: &DatabaseConnection,
    options: TransactionOptions,
) -> Result<DatabaseTransaction, DbErr> {
    let pool = pool.clone();
    let beginning = async move { pool.begin_with_options(options).await };
    match tokio::spawn(beginning.in_current_span()).await {
        Ok(begun) => begun,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The run time ends, and whoever waits here with it.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests;
