//! What PostgreSQL is told before the statements of an import, so that it plans them for what
//! there is: of tables that are filled and emptied again and again it has no idea.

use aval_database::{DatabaseError, Transaction};
use sea_orm::{ConnectionTrait, DbBackend};

/// Lets the statements take as long as they need, and know how much is staged.
pub(super) async fn prepare(tx: &Transaction) -> Result<(), DatabaseError> {
    on_postgres(tx, "SET LOCAL statement_timeout = 0").await?;
    let staged = "staged_practitioners, staged_organizations, staged_rows, staged_ends";
    on_postgres(tx, &format!("ANALYZE {staged}")).await
}

/// Lets them know how much is touched: they would read whole tables for it otherwise.
pub(super) async fn look_at_touched(tx: &Transaction) -> Result<(), DatabaseError> {
    let touched = "touched_practitioners, touched_activities, touched_organizations";
    on_postgres(tx, &format!("ANALYZE {touched}")).await
}

async fn on_postgres(tx: &Transaction, sql: &str) -> Result<(), DatabaseError> {
    if ConnectionTrait::get_database_backend(tx) == DbBackend::Postgres {
        tx.execute_unprepared(sql).await?;
    }
    Ok(())
}
