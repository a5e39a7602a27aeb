//! Changes behind the store's back, for the tests.

use std::time::Duration;

use aval_database::{Database, DatabaseError};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryFilter,
    Statement, TransactionTrait,
};

use super::entity::event;
use super::{SqlStore, months, row};
use crate::entry::Content;

/// Runs this statement; it must be the same on every engine.
pub(crate) async fn execute(db: &Database, sql: &str) {
    db.transaction::<_, DatabaseError, _>("test.damage", async |tx| {
        Ok(tx.execute_unprepared(sql).await?)
    })
    .await
    .unwrap();
}

/// The row of the log's head, which nobody else changes until it is let go.
pub(crate) struct HeldHead(DatabaseTransaction);

impl HeldHead {
    pub(crate) async fn let_go(self) {
        self.0.rollback().await.unwrap();
    }
}

/// Holds the head of the log, on PostgreSQL.
pub(crate) async fn hold_the_head(db: &Database) -> HeldHead {
    let transaction = db.reader().begin().await.unwrap();
    let locked = transaction.execute_unprepared("SELECT id FROM log_head FOR UPDATE");
    locked.await.unwrap();
    HeldHead(transaction)
}

/// What events tell, on PostgreSQL, which nobody reads until it is let go.
pub(crate) struct HeldPayloads(DatabaseTransaction);

/// Holds what events tell, on PostgreSQL.
pub(crate) async fn hold_the_payloads(db: &Database) -> HeldPayloads {
    let transaction = db.reader().begin().await.unwrap();
    let lock = "LOCK TABLE payloads IN ACCESS EXCLUSIVE MODE";
    transaction.execute_unprepared(lock).await.unwrap();
    HeldPayloads(transaction)
}

impl HeldPayloads {
    /// Waits until somebody wants to read it.
    pub(crate) async fn until_somebody_waits(&self) {
        const WAITING: &str = "SELECT 1 FROM pg_locks \
            WHERE relation = 'payloads'::regclass AND NOT granted";
        let waiting = || Statement::from_string(DbBackend::Postgres, WAITING);
        while self.0.query_one_raw(waiting()).await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Erases what these told, and lets go.
    pub(crate) async fn erase(self, log_indexes: [u64; 2]) {
        let [one, two] = log_indexes;
        for statement in ["DELETE FROM payloads", "UPDATE events SET payload = NULL"] {
            let erase = format!("{statement} WHERE log_index IN ({one}, {two})");
            self.0.execute_unprepared(&erase).await.unwrap();
        }
        self.0.commit().await.unwrap();
    }
}

/// Lays everything in clear, as programs did that knew no keys.
pub(crate) async fn lay_in_clear(store: &SqlStore) {
    let db = &store.db;
    let rows = event::Entity::find().all(db.reader()).await.unwrap();
    let entries = row::entries_of(db.reader(), &store.keys, &rows).await;
    for entry in entries.unwrap() {
        let Content::Told { canonical, salt } = entry.content else {
            panic!("the entry {} is not readable", entry.log_index);
        };
        db.transaction::<_, DatabaseError, _>("test.lay_in_clear", async |tx| {
            event::Entity::update_many()
                .col_expr(event::Column::Payload, Expr::value(canonical.clone()))
                .col_expr(event::Column::Salt, Expr::value(salt.0.to_vec()))
                .col_expr(event::Column::KeyId, Expr::value(None::<i64>))
                .filter(event::Column::LogIndex.eq(row::signed(entry.log_index)))
                .exec(&tx)
                .await?;
            Ok(())
        })
        .await
        .unwrap();
    }
    execute(db, "DELETE FROM patient_keys").await;
}

/// What stands in every row's payload, wherever.
pub(crate) async fn payloads(db: &Database) -> Vec<Vec<u8>> {
    let rows = event::Entity::find().all(db.reader()).await.unwrap();
    let places: Vec<_> = rows
        .iter()
        .map(|row| (row.log_index, row.recorded_at, row.payload.as_deref()))
        .collect();
    let mut elsewhere = months::of_rows(db.reader(), places).await.unwrap();
    let told = rows.into_iter().filter_map(|row| {
        let there = elsewhere.remove(&row.log_index);
        row.payload
            .map(|payload| there.flatten().unwrap_or(payload))
    });
    told.collect()
}
