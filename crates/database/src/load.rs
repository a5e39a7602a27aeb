//! Rows by the million, by the shortest way of each engine.
//!
//! PostgreSQL copies: a statement with arrays ([`crate::rows`]) is parsed, planned and run
//! like any other, while a copy is a stream of text that the server writes into the table
//! as it comes. On SQLite, which is in this process, the values are listed.

use std::fmt::Write;

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
    Copied(Vec<Copied>),
    Listed(Vec<Statement>),
}

/// Rows of one table, as the text format of `COPY` has them.
#[derive(Debug)]
struct Copied {
    statement: String,
    text: String,
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
        copies: Vec<Copied>,
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

fn copied<A: ActiveModelTrait>(rows: Vec<A>) -> Result<Copied, DatabaseError> {
    let columns = || <A::Entity as EntityTrait>::Column::iter();
    let names: Vec<&str> = columns().map(|column| column.as_str()).collect();
    let statement = format!(
        "COPY {} ({}) FROM STDIN",
        A::Entity::default().table_name(),
        names.join(", ")
    );
    let mut text = String::new();
    for mut row in rows {
        for column in columns() {
            let (ActiveValue::Set(value) | ActiveValue::Unchanged(value)) = row.take(column) else {
                return Err(unfit(&format!("{} is set in every row", column.as_str())));
            };
            write_value(&mut text, &value)?;
            text.push('\t');
        }
        text.pop();
        text.push('\n');
    }
    Ok(Copied { statement, text })
}

async fn copy(pool: PgPool, guard: String, copies: Vec<Copied>) -> Result<bool, DatabaseError> {
    let mut tx = pool.begin().await?;
    tx.execute("SET LOCAL synchronous_commit = off").await?;
    let guarded = tx.execute(AssertSqlSafe(guard)).await?;
    if guarded.rows_affected() == 0 {
        tx.rollback().await?;
        return Ok(false);
    }
    for copied in copies {
        let mut copy = tx.copy_in_raw(&copied.statement).await?;
        copy.send(copied.text.as_bytes()).await?;
        copy.finish().await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// As the text format of `COPY` has it: a tab between values, a line for each row.
fn write_value(text: &mut String, value: &Value) -> Result<(), DatabaseError> {
    match value {
        Value::String(None)
        | Value::Uuid(None)
        | Value::BigInt(None)
        | Value::Bool(None)
        | Value::Bytes(None) => {
            text.push_str("\\N");
        }
        Value::String(Some(value)) => write_text(text, value),
        Value::Uuid(Some(value)) => {
            let mut buffer = [0; 32];
            text.push_str(value.as_simple().encode_lower(&mut buffer));
        }
        Value::BigInt(Some(value)) => {
            write!(text, "{value}").map_err(|_| unfit("text grows"))?;
        }
        Value::Bool(Some(value)) => text.push(if *value { 't' } else { 'f' }),
        Value::Bytes(Some(value)) => {
            const DIGITS: [char; 16] = [
                '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
            ];
            text.push_str("\\\\x");
            let halves = value.iter().flat_map(|byte| [byte >> 4, byte & 15]);
            text.extend(halves.map(|half| DIGITS[usize::from(half)]));
        }
        other => {
            let kind = std::mem::discriminant(other);
            return Err(unfit(&format!("no text is made of {kind:?}")));
        }
    }
    Ok(())
}

fn write_text(text: &mut String, value: &str) {
    let is_plain = |byte: u8| !matches!(byte, b'\\' | b'\t' | b'\n' | b'\r');
    if value.bytes().all(is_plain) {
        text.push_str(value);
        return;
    }
    for character in value.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            plain => text.push(plain),
        }
    }
}

fn unfit(rule: &str) -> DatabaseError {
    DbErr::Custom(rule.to_owned()).into()
}

#[cfg(test)]
mod tests;
