//! Rows by the million, by the shortest way of each engine.
//!
//! PostgreSQL copies: a statement with arrays ([`crate::rows`]) is parsed, planned and run
//! like any other, while a copy is a stream of values that the server writes into the table
//! as it comes. On SQLite, which is in this process, the values are listed.

mod copied;

pub use copied::{CopiedRow, CopiedRows};

use sea_orm::{
    ActiveModelTrait, ActiveValue, ConnectionTrait, DbBackend, DbErr, EntityName, EntityTrait,
    IdenStatic, Iterable, QueryTrait, Statement, Value,
};
use sqlx::{AssertSqlSafe, Executor, PgPool};
use tracing::Instrument;

use crate::rows::ROWS_LISTED;
use crate::{Backend, Database, DatabaseError};

/// Rows on their way into tables.
#[derive(Debug)]
pub struct Load(Way);

#[derive(Debug)]
enum Way {
    Copied(Vec<CopiedRows>),
    Listed(Vec<Statement>),
}

impl Load {
    /// No row yet.
    #[must_use]
    pub fn into_database(db: &Database) -> Self {
        Self(match db.backend() {
            Backend::Postgres => Way::Copied(Vec::new()),
            Backend::Sqlite => Way::Listed(Vec::new()),
        })
    }

    /// Adds rows of one table of PostgreSQL.
    pub fn add_copied(&mut self, rows: CopiedRows) -> Result<(), DatabaseError> {
        match &mut self.0 {
            _ if rows.is_empty() => Ok(()),
            Way::Copied(copies) => {
                copies.push(rows);
                Ok(())
            }
            Way::Listed(_) => Err(unfit("only PostgreSQL copies")),
        }
    }

    /// Adds rows of one table, which have every column set.
    pub fn add<A: ActiveModelTrait + Send>(&mut self, rows: Vec<A>) -> Result<(), DatabaseError> {
        if rows.is_empty() {
            return Ok(());
        }
        match &mut self.0 {
            Way::Copied(copies) => copies.push(copied(rows)?),
            Way::Listed(statements) => list(statements, rows),
        }
        Ok(())
    }
}

impl Database {
    /// Puts these rows into their tables, in one transaction that begins with `guard`. If
    /// that changes no row nothing is put there, and the answer is `false`. A row whose key
    /// is there already is an error. It does not tick [`Database::commits`].
    ///
    /// A crash of a PostgreSQL server may lose all of it, for the commit does not wait for
    /// the disk: it is for rows that can be made again. A later commit that waits makes it
    /// last as well.
    pub async fn load(
        &self,
        name: &'static str,
        guard: Statement,
        load: Load,
    ) -> Result<bool, DatabaseError> {
        match load.0 {
            Way::Copied(copies) => self.copy(name, &guard, copies).await,
            Way::Listed(statements) => {
                let (guard, statements) = (&guard, &statements);
                let insert = move |tx: crate::Transaction| async move {
                    if tx.execute_raw(guard.clone()).await?.rows_affected() == 0 {
                        return Ok(false);
                    }
                    for statement in statements {
                        tx.execute_raw(statement.clone()).await?;
                    }
                    Ok(true)
                };
                self.quiet_transaction(name, insert).await
            }
        }
    }

    async fn copy(
        &self,
        name: &'static str,
        guard: &Statement,
        copies: Vec<CopiedRows>,
    ) -> Result<bool, DatabaseError> {
        let pool = self.writer().get_postgres_connection_pool().clone();
        let guard = guard.to_string();
        let span = tracing::info_span!("transaction", otel.name = name, transaction.name = name);
        // A connection that is left in the middle of a copy is of no use to whoever has it
        // next: a task of its own comes to its end whoever stops waiting for it.
        let copying = tokio::spawn(copy(pool, guard, copies).instrument(span));
        copying
            .await
            .map_err(|_| unfit("a copy comes to its end"))?
    }
}

fn list<A: ActiveModelTrait + Send>(statements: &mut Vec<Statement>, rows: Vec<A>) {
    let mut rows = rows.into_iter();
    loop {
        let listed: Vec<A> = rows.by_ref().take(ROWS_LISTED).collect();
        if listed.is_empty() {
            return;
        }
        statements.push(A::Entity::insert_many(listed).build(DbBackend::Sqlite));
    }
}

fn copied<A: ActiveModelTrait>(rows: Vec<A>) -> Result<CopiedRows, DatabaseError> {
    let columns = || <A::Entity as EntityTrait>::Column::iter();
    let names: Vec<&str> = columns().map(|column| column.as_str()).collect();
    let mut copied = CopiedRows::into_table(A::Entity::default().table_name(), &names);
    for mut row in rows {
        let mut into = copied.row();
        for column in columns() {
            let (ActiveValue::Set(value) | ActiveValue::Unchanged(value)) = row.take(column) else {
                return Err(unfit(&format!("{} is set in every row", column.as_str())));
            };
            write_value(&mut into, &value)?;
        }
    }
    Ok(copied)
}

async fn copy(pool: PgPool, guard: String, copies: Vec<CopiedRows>) -> Result<bool, DatabaseError> {
    let mut tx = pool.begin().await?;
    tx.execute("SET LOCAL synchronous_commit = off").await?;
    let guarded = tx.execute(AssertSqlSafe(guard)).await?;
    if guarded.rows_affected() == 0 {
        tx.rollback().await?;
        return Ok(false);
    }
    for copied in copies {
        let (statement, bytes) = copied.into_parts();
        let mut copy = tx.copy_in_raw(&statement).await?;
        copy.send(bytes).await?;
        copy.finish().await?;
    }
    tx.commit().await?;
    Ok(true)
}

fn write_value(row: &mut CopiedRow<'_>, value: &Value) -> Result<(), DatabaseError> {
    match value {
        Value::String(None)
        | Value::Uuid(None)
        | Value::BigInt(None)
        | Value::Bool(None)
        | Value::Bytes(None) => row.null(),
        Value::String(Some(value)) => row.text(value),
        Value::Uuid(Some(value)) => row.uuid(*value),
        Value::BigInt(Some(value)) => row.number(*value),
        Value::Bool(Some(value)) => row.truth(*value),
        Value::Bytes(Some(value)) => row.bytes(value),
        other => {
            let kind = std::mem::discriminant(other);
            return Err(unfit(&format!("no value to copy is made of {kind:?}")));
        }
    };
    Ok(())
}

fn unfit(rule: &str) -> DatabaseError {
    DbErr::Custom(rule.to_owned()).into()
}

#[cfg(test)]
mod tests;
