//! On SQLite, a table as one row: its keys beside each other, and what they say. As rows of
//! their own they would cost ten times as much, most of it on their way.

use aval_database::{Database, DatabaseError};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};

use super::{Fact, NAME, Named, aside, corrupt};
use crate::error::Error;
use crate::import::facts::FactKey;

/// Facts by their names, which hold no space.
const FACTS: &str = "\
    SELECT string_agg({name}, ' ') AS names, \
        string_agg(CAST(wording AS TEXT), ' ') AS wordings FROM {table}";

/// Facts by their keys, of 16 bytes each.
const KEYS: &str = "SELECT unhex(string_agg(hex(row_key), '')) AS keys FROM {table}";

pub(super) async fn keys(
    db: &Database,
    table: &'static str,
) -> Result<Vec<FactKey>, DatabaseError> {
    let Some(row) = read(db, KEYS.replace("{table}", table)).await? else {
        return Ok(Vec::new());
    };
    let keys: Option<Vec<u8>> = row.try_get("", "keys")?;
    let keys = keys.unwrap_or_default();
    let (keys, _) = keys.as_chunks();
    Ok(keys.iter().copied().map(FactKey).collect())
}

pub(super) async fn facts(
    db: &Database,
    table: &'static str,
    by: Named,
) -> Result<Vec<Fact>, Error> {
    let name = match by {
        Named::Person | Named::Structure => by.column(),
        Named::ByKey => "hex(row_key)",
    };
    let sql = FACTS.replace("{name}", name).replace("{table}", table);
    let Some(row) = read(db, sql).await? else {
        return Ok(Vec::new());
    };
    let text = |name| row.try_get::<Option<String>>("", name);
    let names = text("names").map_err(DatabaseError::from)?;
    let wordings = text("wordings").map_err(DatabaseError::from)?;
    let worded = move || {
        let (names, wordings) = (names.unwrap_or_default(), wordings.unwrap_or_default());
        let names = names.split_terminator(' ');
        let facts = names.zip(wordings.split_terminator(' '));
        facts
            .map(|(name, wording)| {
                let wording: Result<i64, _> = wording.parse();
                let wording = wording.map_err(|_| corrupt(table, "wording"))?;
                Ok((key_of(table, by, name)?, wording.cast_unsigned()))
            })
            .collect()
    };
    let facts: Result<_, DatabaseError> = aside(worded).await?;
    Ok(facts?)
}

fn key_of(table: &'static str, by: Named, name: &str) -> Result<FactKey, DatabaseError> {
    match by {
        Named::Person | Named::Structure => by.key_of(table, name.as_bytes()),
        Named::ByKey => {
            let key = hex::decode(name).map_err(|_| corrupt(table, by.column()))?;
            by.key_of(table, &key)
        }
    }
}

async fn read(db: &Database, sql: String) -> Result<Option<QueryResult>, DatabaseError> {
    let sql = sql.as_str();
    db.snapshot(NAME, move |tx| async move {
        let statement = Statement::from_string(DbBackend::Sqlite, sql);
        Ok(tx.query_one_raw(statement).await?)
    })
    .await
}
