//! On PostgreSQL, as it comes.

use aval_database::{Database, DatabaseError};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::{Fact, NAME, Named, corrupt};
use crate::import::facts::{FactKey, Wording};

/// About how many rows a table has: as many as when it was last looked at or indexed.
const ABOUT: &str = "\
    SELECT CAST(GREATEST(reltuples, 0) AS BIGINT) AS number FROM pg_class \
    WHERE oid = to_regclass($1)";

/// Room for rows that came since, as a part of those that were there: without it everything
/// would be held twice for a moment.
const ROOM: usize = 16;

pub(super) async fn keys(
    db: &Database,
    table: &'static str,
) -> Result<Vec<FactKey>, DatabaseError> {
    let keys = Vec::with_capacity(about(db, table).await?);
    let query = format!("SELECT row_key FROM {table}");
    let (_, keys) = db
        .copy_out(NAME, &query, (table, keys), |(table, keys), [key]| {
            keys.push(Named::ByKey.key_of(table, key)?);
            Ok(())
        })
        .await?;
    Ok(keys)
}

pub(super) async fn facts(
    db: &Database,
    table: &'static str,
    named: Named,
) -> Result<Vec<Fact>, DatabaseError> {
    let facts = Vec::with_capacity(about(db, table).await?);
    let query = format!("SELECT {}, wording FROM {table}", named.column());
    let into = (table, named, facts);
    let (_, _, facts) = db
        .copy_out(NAME, &query, into, |(table, named, facts), row| {
            let [name, wording] = row;
            let wording = wording.try_into().map_err(|_| corrupt(table, "wording"))?;
            let key = named.key_of(table, name)?;
            facts.push((key, Wording::from_be_bytes(wording)));
            Ok(())
        })
        .await?;
    Ok(facts)
}

/// How many rows there is to be room for.
async fn about(db: &Database, table: &'static str) -> Result<usize, DatabaseError> {
    let name = table.split(' ').next().unwrap_or(table);
    let about = Statement::from_sql_and_values(DbBackend::Postgres, ABOUT, [name.into()]);
    let row = db.reader().query_one_raw(about).await?;
    let number: i64 = row.map_or(Ok(0), |row| row.try_get("", "number"))?;
    let number = usize::try_from(number).unwrap_or(0);
    Ok(number + number / ROOM)
}
