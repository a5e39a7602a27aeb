//! The order in which merges came to hold.

use aval_database::{Database, DatabaseError, Transaction};
use aval_domain::id::PatientId;
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use uuid::Uuid;

use crate::error::Error;
use crate::merge::{MergeChange, MergeCursor};

/// The lock of the clock's row makes the order of positions that of the commits.
const ADVANCE: &str = "UPDATE merge_clock SET position = position + 1 WHERE id = 1";
const NOTE: &str = "INSERT INTO merges (position, source_id, target_id) \
    SELECT position, $1, $2 FROM merge_clock WHERE id = 1";

/// One statement: one state. There is a row without a change where nothing came.
const AFTER: &str = "\
    SELECT merge_clock.position AS head, merges.position AS position, \
        merges.source_id AS source_id, merges.target_id AS target_id \
    FROM merge_clock LEFT JOIN merges ON merges.position > $1 \
    WHERE merge_clock.id = 1 ORDER BY merges.position LIMIT $2";

/// Has the transaction number this merge, or its end, as the last thing before its commit.
pub(super) fn note(tx: &Transaction, source: PatientId, target: Option<PatientId>) {
    let engine = tx.get_database_backend();
    let advance = Statement::from_string(engine, ADVANCE);
    let values = [
        Value::from(source.as_uuid()),
        target.map(PatientId::as_uuid).into(),
    ];
    let note = Statement::from_sql_and_values(engine, NOTE, values);
    tx.run_last(b"merge_clock".to_vec(), [advance, note]);
}

/// What came after this place, at most `limit`; `None` if nothing ever stood there.
pub(super) async fn after(
    db: &Database,
    cursor: MergeCursor,
    limit: u64,
) -> Result<Option<Vec<MergeChange>>, Error> {
    let reader = db.reader();
    let place = i64::try_from(cursor.0).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [Value::from(place), limit.into()];
    let statement = Statement::from_sql_and_values(reader.get_database_backend(), AFTER, values);
    let rows = reader.query_all_raw(statement).await;
    let rows = rows.map_err(DatabaseError::from)?;
    let missing = || DatabaseError::corrupt("merge_clock", "id", &1);
    let first = rows.first().ok_or_else(missing)?;
    let head: i64 = first.try_get("", "head").map_err(DatabaseError::from)?;
    if place > head {
        return Ok(None);
    }
    let numbered = rows.iter().filter_map(|row| numbered(row).transpose());
    Ok(Some(numbered.collect::<Result<_, _>>()?))
}

fn numbered(row: &QueryResult) -> Result<Option<MergeChange>, DatabaseError> {
    let Some(position) = row.try_get::<Option<i64>>("", "position")? else {
        return Ok(None);
    };
    let corrupt = |_| DatabaseError::corrupt("merges", "position", &position);
    let cursor = MergeCursor(u64::try_from(position).map_err(corrupt)?);
    let source: Uuid = row.try_get("", "source_id")?;
    let target: Option<Uuid> = row.try_get("", "target_id")?;
    Ok(Some(MergeChange {
        source: PatientId::from_uuid(source),
        target: target.map(PatientId::from_uuid),
        cursor,
    }))
}
