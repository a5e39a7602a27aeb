//! What an engine does at the least: the floor that durable writes are measured
//! against.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use sea_orm::{ConnectionTrait, Statement};

use crate::{Backend, Database, DatabaseError};

/// Inserts of one row each, each in a durable transaction of its own, into a table
/// made for nothing else. Clones share the table.
#[derive(Debug, Clone)]
pub struct SingleRowInserts {
    db: Database,
    next_id: Arc<AtomicI64>,
}

const CREATE_TABLE: &str =
    "CREATE TABLE baseline (id BIGINT NOT NULL PRIMARY KEY, payload TEXT NOT NULL)";

impl SingleRowInserts {
    /// Makes the table; the database must not have it yet.
    pub async fn prepare(db: &Database) -> Result<Self, DatabaseError> {
        db.quiet_transaction("baseline.prepare", async |tx| {
            tx.execute_unprepared(CREATE_TABLE).await?;
            Ok::<_, DatabaseError>(())
        })
        .await?;
        Ok(Self {
            db: db.clone(),
            next_id: Arc::new(AtomicI64::new(1)),
        })
    }

    /// Inserts one row with this text; it is on the disk when this returns.
    pub async fn insert(&self, payload: &str) -> Result<(), DatabaseError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        self.db
            .transaction("baseline.insert", async |tx| {
                let insert = Statement::from_sql_and_values(
                    tx.get_database_backend(),
                    "INSERT INTO baseline (id, payload) VALUES ($1, $2)",
                    [id.into(), payload.into()],
                );
                tx.execute_raw(insert).await?;
                Ok::<_, DatabaseError>(())
            })
            .await
    }
}

/// How many bytes the tables of this database take, with their indexes: on PostgreSQL those
/// of its schema.
pub async fn bytes_stored(db: &Database) -> Result<u64, DatabaseError> {
    const OF_POSTGRES: &str = "SELECT CAST(sum(pg_total_relation_size(c.oid)) AS bigint) AS bytes \
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE n.nspname = current_schema() AND c.relkind = 'r'";
    const OF_SQLITE: &str = "SELECT page_count * page_size AS bytes \
        FROM pragma_page_count(), pragma_page_size()";
    let text = match db.backend() {
        Backend::Postgres => OF_POSTGRES,
        Backend::Sqlite => OF_SQLITE,
    };
    let reader = db.reader();
    let asked = Statement::from_string(reader.get_database_backend(), text);
    let row = reader.query_one_raw(asked).await?;
    let bytes: Option<i64> = match row {
        Some(row) => row.try_get("", "bytes")?,
        None => None,
    };
    Ok(bytes.and_then(|bytes| bytes.try_into().ok()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use sea_orm::Statement;

    use super::*;
    use crate::testing::test_databases;

    #[tokio::test]
    async fn every_insert_is_a_row() {
        let name = concat!(module_path!(), "::every_insert_is_a_row");
        for test in test_databases(name).await {
            let inserts = SingleRowInserts::prepare(&test.db).await.unwrap();
            for payload in ["a", "b", "b"] {
                inserts.clone().insert(payload).await.unwrap();
            }
            let reader = test.db.reader();
            let count = Statement::from_string(
                reader.get_database_backend(),
                "SELECT COUNT(*) AS rows_there FROM baseline",
            );
            let row = reader.query_one_raw(count).await.unwrap().unwrap();
            assert_eq!(row.try_get::<i64>("", "rows_there").unwrap(), 3);
            let before = bytes_stored(&test.db).await.unwrap();
            for _ in 0..20 {
                inserts.insert(&"y".repeat(1_000)).await.unwrap();
            }
            let after = bytes_stored(&test.db).await.unwrap();
            assert!(before > 0 && after >= before + 20_000, "{before} {after}");
        }
    }
}
