//! Whether a table may be emptied in one step, as only PostgreSQL does.

use aval_database::{DatabaseError, Transaction};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// It may not where it serves under a role that owns no table, as `docs/postgresql.md` asks
/// for: there rows go one by one. What belongs together has one owner: one table says it.
pub(super) async fn may_empty(tx: &Transaction, table: &str) -> Result<bool, DatabaseError> {
    if ConnectionTrait::get_database_backend(tx) != DbBackend::Postgres {
        return Ok(false);
    }
    let ask = "SELECT has_table_privilege($1, 'TRUNCATE') AS may";
    let ask = Statement::from_sql_and_values(DbBackend::Postgres, ask, [table.into()]);
    let row = tx.query_one_raw(ask).await?;
    Ok(row.map_or(Ok(false), |row| row.try_get("", "may"))?)
}
