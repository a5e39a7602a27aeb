//! What events tell, on PostgreSQL: in a table of its own, in parts of a month each.
//!
//! A row of `events` is small and stays for ever: proofs need it, and every index of the lists
//! is over the whole log, so that a page is one walk however old what it shows. What it tells
//! is more than half of it, is encrypted, and is erased one day: it stands in `payloads`, by
//! when it was recorded. `payload` in `events` is then empty, and absent once it is erased, so
//! that whoever asks which events tell something need not look there. Rows from before there
//! were months have it in `events`, where SQLite has all.

use std::collections::{HashMap, HashSet};

use aval_database::{DatabaseError, Transaction};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

/// For how many months there is to be a part, the running one among them. Whatever is beyond
/// goes into a part of its own, so that no event is ever refused for want of one.
const MONTHS_AHEAD: i32 = 12;

/// With both columns PostgreSQL looks into the parts of these months alone.
const OF_ROWS: &str = "\
    SELECT told.log_index, told.payload \
    FROM unnest($1::bigint[], $2::bigint[]) AS wanted (log_index, recorded_at) \
    JOIN payloads AS told ON told.log_index = wanted.log_index \
        AND told.recorded_at = wanted.recorded_at";

const ERASE: &str = "\
    DELETE FROM payloads AS told USING events AS entry \
    WHERE entry.log_index = ANY ($1::bigint[]) AND told.log_index = entry.log_index \
        AND told.recorded_at = entry.recorded_at";

/// Of rows whose payload was not found, those that have none any more.
const ERASED: &str = "SELECT log_index FROM events \
    WHERE log_index = ANY ($1::bigint[]) AND payload IS NULL";

const LEFT: &str = "\
    SELECT told.log_index \
    FROM unnest($1::bigint[], $2::bigint[]) AS wanted (log_index, recorded_at) \
    JOIN payloads AS told ON told.log_index = wanted.log_index \
        AND told.recorded_at = wanted.recorded_at";

/// A row of `events`: its place, when it was recorded, and what stands in its `payload`.
pub(super) type Place<'a> = (i64, i64, Option<&'a [u8]>);

/// What rows tell, by their place; nothing, of those that were erased after they were read.
pub(super) type Payloads = HashMap<i64, Option<Vec<u8>>>;

/// What those of these rows tell whose payload stands elsewhere.
pub(super) async fn of_rows(
    connection: &impl ConnectionTrait,
    rows: impl IntoIterator<Item = Place<'_>>,
) -> Result<Payloads, DatabaseError> {
    let elsewhere = |payload: Option<&[u8]>| payload.is_some_and(<[u8]>::is_empty);
    let wanted = rows.into_iter().filter(|row| elsewhere(row.2));
    let (indexes, recorded): (Vec<i64>, Vec<i64>) = wanted.map(|row| (row.0, row.1)).unzip();
    let mut told = Payloads::with_capacity(indexes.len());
    if indexes.is_empty() || connection.get_database_backend() != DbBackend::Postgres {
        return Ok(told);
    }
    let asked = statement(indexes.clone(), recorded);
    for row in connection.query_all_raw(asked).await? {
        let index: i64 = row.try_get("", "log_index")?;
        told.insert(index, Some(row.try_get("", "payload")?));
    }
    let missing = indexes.into_iter().filter(|it| !told.contains_key(it));
    let missing: Vec<i64> = missing.collect();
    if !missing.is_empty() {
        let asked = Statement::from_sql_and_values(DbBackend::Postgres, ERASED, [missing.into()]);
        for row in connection.query_all_raw(asked).await? {
            told.insert(row.try_get("", "log_index")?, None);
        }
    }
    Ok(told)
}

/// The statement of [`of_rows`], which the tests look at.
pub(crate) fn statement(indexes: Vec<i64>, recorded: Vec<i64>) -> Statement {
    let values = [indexes.into(), recorded.into()];
    Statement::from_sql_and_values(DbBackend::Postgres, OF_ROWS, values)
}

/// Of rows without a payload, each with when it was recorded, those of which what they told
/// stands here nevertheless.
pub(super) async fn left_of(
    connection: &impl ConnectionTrait,
    rows: impl Iterator<Item = (i64, i64)>,
) -> Result<HashSet<i64>, DatabaseError> {
    let (indexes, recorded): (Vec<i64>, Vec<i64>) = rows.unzip();
    if indexes.is_empty() || connection.get_database_backend() != DbBackend::Postgres {
        return Ok(HashSet::new());
    }
    let values = [indexes.into(), recorded.into()];
    let asked = Statement::from_sql_and_values(DbBackend::Postgres, LEFT, values);
    let rows = connection.query_all_raw(asked).await?.into_iter();
    let left = rows.map(|row| Ok(row.try_get("", "log_index")?));
    left.collect()
}

/// Removes what these entries told.
pub(super) async fn erase(tx: &Transaction, indexes: Vec<i64>) -> Result<(), DatabaseError> {
    if tx.get_database_backend() == DbBackend::Postgres {
        let erase = Statement::from_sql_and_values(DbBackend::Postgres, ERASE, [indexes.into()]);
        tx.execute_raw(erase).await?;
    }
    Ok(())
}

/// Makes the parts of the months to come. The function is the schema owner's, who alone may,
/// and makes nothing else.
pub(super) async fn make(connection: &impl ConnectionTrait) -> Result<(), DatabaseError> {
    if connection.get_database_backend() == DbBackend::Postgres {
        let make = "SELECT make_payload_months($1)";
        let make = Statement::from_sql_and_values(DbBackend::Postgres, make, [MONTHS_AHEAD.into()]);
        connection.query_one_raw(make).await?;
    }
    Ok(())
}
