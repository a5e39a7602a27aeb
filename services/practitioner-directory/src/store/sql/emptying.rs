//! Tables of imports on their way, emptied in one step, as only PostgreSQL does.

use aval_database::{DatabaseError, Transaction};
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};

/// Tables that are emptied together.
pub(super) struct Together {
    /// The one of them, or beside them, that names every import which has something there.
    pub(super) names_imports: &'static str,
    /// The lock on it under which no other import begins to have something there.
    pub(super) lock: &'static str,
    /// All of them.
    pub(super) tables: &'static str,
}

impl Together {
    /// Empties them, if it is all of this import and if the service may. It may not where it
    /// serves under a role that owns no table, as `docs/postgresql.md` asks for: there rows go
    /// one by one.
    pub(super) async fn empty(
        &self,
        tx: &Transaction,
        import_id: Uuid,
    ) -> Result<(), DatabaseError> {
        let named = self.names_imports;
        if ConnectionTrait::get_database_backend(tx) != DbBackend::Postgres {
            return Ok(());
        }
        // What belongs together has one owner: one table says it.
        let may = format!("SELECT has_table_privilege('{named}', 'TRUNCATE') AS so");
        if !is_so(tx, Statement::from_string(DbBackend::Postgres, may)).await? {
            return Ok(());
        }
        let lock = format!("LOCK TABLE {named} IN {} MODE", self.lock);
        tx.execute_unprepared(&lock).await?;
        let others = format!("SELECT EXISTS (SELECT 1 FROM {named} WHERE import_id <> $1) AS so");
        let others =
            Statement::from_sql_and_values(DbBackend::Postgres, others, [import_id.into()]);
        if !is_so(tx, others).await? {
            let empty = format!("TRUNCATE {}", self.tables);
            tx.execute_unprepared(&empty).await?;
        }
        Ok(())
    }
}

async fn is_so(tx: &Transaction, question: Statement) -> Result<bool, DatabaseError> {
    let row = tx.query_one_raw(question).await?;
    let so = |row: QueryResult| row.try_get("", "so");
    Ok(row.map_or(Ok(false), so)?)
}
