//! Changes behind the store's back, for the tests.

use aval_database::{Database, DatabaseError};
use sea_orm::ConnectionTrait;

/// Runs this statement; it must be the same on every engine.
pub(crate) async fn execute(db: &Database, sql: &str) {
    db.transaction::<_, DatabaseError, _>("test.damage", async |tx| {
        Ok(tx.execute_unprepared(sql).await?)
    })
    .await
    .unwrap();
}
