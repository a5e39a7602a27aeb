//! Many rows of one table in one statement.
//!
//! On PostgreSQL they travel as one array a column. The statement's text is then the same
//! for one row as for a hundred: it is prepared once, and not parsed and planned again for
//! every number of rows that ever came together. SQLite has no arrays; there the values
//! are listed.

use sea_orm::sea_query::ArrayType;
use sea_orm::{
    ActiveModelTrait, ActiveValue, ConnectionTrait, DbErr, EntityName, EntityTrait, IdenStatic,
    Iterable, Statement, TryInsertResult, Value,
};

use crate::{DatabaseError, Transaction};

/// How many rows one statement lists on SQLite, which takes 32,766 parameters.
pub(crate) const ROWS_LISTED: usize = 1_000;

/// Inserts these rows and says how many there were. With columns in `skipping_known`, a
/// row that has the same values there as another one is left out; without, it is an error.
///
/// All rows have the same columns set, and none of them to null: leave such a column out.
pub async fn insert<A>(
    tx: &Transaction,
    rows: Vec<A>,
    skipping_known: &[<A::Entity as EntityTrait>::Column],
) -> Result<u64, DatabaseError>
where
    A: ActiveModelTrait + Send,
{
    if rows.is_empty() {
        return Ok(0);
    }
    match tx.get_database_backend() {
        sea_orm::DbBackend::Postgres => insert_arrays(tx, &rows, skipping_known).await,
        _ => insert_listed(tx, rows, skipping_known).await,
    }
}

async fn insert_arrays<A: ActiveModelTrait>(
    tx: &Transaction,
    rows: &[A],
    skipping_known: &[<A::Entity as EntityTrait>::Column],
) -> Result<u64, DatabaseError> {
    let mut names = Vec::new();
    let mut parameters = Vec::new();
    let mut arrays = Vec::new();
    for column in <A::Entity as EntityTrait>::Column::iter() {
        let values: Vec<Value> = rows
            .iter()
            .filter_map(|row| match row.get(column) {
                ActiveValue::Set(value) | ActiveValue::Unchanged(value) => Some(value),
                ActiveValue::NotSet => None,
            })
            .collect();
        let Some(first) = values.first() else {
            continue;
        };
        let (kind, name) = kind_of(first)?;
        if values.len() < rows.len() || values.iter().any(is_null) {
            let rule = format!("{} is set in every row, or in none", column.as_str());
            return Err(DbErr::Custom(rule).into());
        }
        names.push(column.as_str());
        arrays.push(Value::Array(kind, Some(Box::new(values))));
        parameters.push(format!("${}::{name}[]", arrays.len()));
    }
    let skipped: Vec<_> = skipping_known.iter().map(IdenStatic::as_str).collect();
    let on_conflict = match skipped.as_slice() {
        [] => String::new(),
        skipped => format!(" ON CONFLICT ({}) DO NOTHING", skipped.join(", ")),
    };
    let sql = format!(
        "INSERT INTO {} ({}) SELECT * FROM unnest({}){on_conflict}",
        A::Entity::default().table_name(),
        names.join(", "),
        parameters.join(", "),
    );
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, arrays);
    Ok(tx.execute_raw(statement).await?.rows_affected())
}

/// How PostgreSQL names the type of a column of such values.
fn kind_of(value: &Value) -> Result<(ArrayType, &'static str), DatabaseError> {
    match value {
        Value::String(_) => Ok((ArrayType::String, "text")),
        Value::Uuid(_) => Ok((ArrayType::Uuid, "uuid")),
        Value::Bytes(_) => Ok((ArrayType::Bytes, "bytea")),
        Value::BigInt(_) => Ok((ArrayType::BigInt, "bigint")),
        other => {
            let rule = format!("no array is made of {:?}", std::mem::discriminant(other));
            Err(DbErr::Custom(rule).into())
        }
    }
}

fn is_null(value: &Value) -> bool {
    matches!(
        value,
        Value::String(None) | Value::Uuid(None) | Value::Bytes(None) | Value::BigInt(None)
    )
}

async fn insert_listed<A: ActiveModelTrait + Send>(
    tx: &Transaction,
    rows: Vec<A>,
    skipping_known: &[<A::Entity as EntityTrait>::Column],
) -> Result<u64, DatabaseError> {
    let mut inserted = 0;
    let mut rows = rows.into_iter();
    loop {
        let listed: Vec<A> = rows.by_ref().take(ROWS_LISTED).collect();
        if listed.is_empty() {
            return Ok(inserted);
        }
        let all = listed.len();
        let insert = A::Entity::insert_many(listed);
        inserted += if skipping_known.is_empty() {
            insert.exec_without_returning(tx).await?;
            all as u64
        } else {
            let insert = insert.on_conflict_do_nothing_on(skipping_known.iter().copied());
            match insert.exec_without_returning(tx).await? {
                TryInsertResult::Inserted(count) => count,
                TryInsertResult::Empty | TryInsertResult::Conflicted => 0,
            }
        };
    }
}

#[cfg(test)]
mod tests;
