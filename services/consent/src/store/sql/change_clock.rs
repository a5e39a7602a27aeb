//! The clocks of changes: moved by each change, read by each poll.

use std::fmt::Write as _;

use aval_database::{Backend, Database, DatabaseError, Transaction};
use aval_domain::id::PatientId;
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};
use uuid::Uuid;

use crate::cache::{Change, Dependency, News, Position, Shard};
use crate::error::Error;

/// So many changes of a shard are kept at least. An instance that was away for longer
/// begins again with an empty cache.
const KEPT: i64 = 100_000;
/// So many changes of a shard are read by one poll at most.
const MOST_READ: i64 = 10_000;

const ADVANCE: &str = "UPDATE change_clock SET position = position + 1 WHERE shard = $1";
const NOTE: &str = "INSERT INTO changes (shard, position, kind, dependency_id) \
    SELECT shard, position, CAST($2 AS SMALLINT), $3 FROM change_clock WHERE shard = $1";
const FORGET: &str = "DELETE FROM changes WHERE position <= \
    (SELECT position FROM change_clock WHERE change_clock.shard = changes.shard) - $1";

/// Has the transaction tell, as the last thing before its commit, that this patient's
/// authorisations changed. To be called wherever what a decision rests on is written.
pub(super) fn advance(tx: &Transaction, patient_id: PatientId) {
    note(tx, Dependency::Patient(patient_id));
}

/// The same for anything that decisions rest on.
pub(super) fn note(tx: &Transaction, dependency: Dependency) {
    let engine = tx.get_database_backend();
    let shard = i16::from(dependency.shard().number());
    let (kind, id) = dependency.to_row();
    // Shards in the order of their numbers, which is the order in which they are locked.
    let mut key = vec![dependency.shard().number()];
    key.extend(kind.to_be_bytes());
    key.extend(id.as_bytes());
    let advance = Statement::from_sql_and_values(engine, ADVANCE, [shard.into()]);
    let noted = [Value::from(shard), kind.into(), id.into()];
    tx.run_last(
        key,
        [advance, Statement::from_sql_and_values(engine, NOTE, noted)],
    );
}

/// Forgets the changes that no poll asks for any more.
pub(super) async fn forget(db: &Database) -> Result<(), Error> {
    db.transaction("consent.forget_changes", async |tx| {
        let engine = tx.get_database_backend();
        let statement = Statement::from_sql_and_values(engine, FORGET, [KEPT.into()]);
        tx.execute_raw(statement).await?;
        Ok(())
    })
    .await
}

/// How far each shard is, and what changed beyond `known`.
pub(super) async fn changes_since(
    db: &Database,
    known: &[Position; Shard::COUNT],
) -> Result<News, Error> {
    let positions = known.iter().map(|known| to_row(*known).into());
    let values: Vec<Value> = positions.collect();
    let engine = db.reader().get_database_backend();
    let text = poll(db.backend());
    let rows = db
        .reader()
        .query_all_raw(Statement::from_sql_and_values(engine, text, values))
        .await?;
    Ok(news(&rows)?)
}

/// One statement: one state of the database. Which life of a database this is, its
/// timeline says; the function that tells it fails on a standby, which must not be asked.
fn poll(backend: Backend) -> String {
    let history = match backend {
        Backend::Sqlite => "'sqlite'",
        Backend::Postgres => {
            "(SELECT system_identifier FROM pg_control_system())::text \
             || '.' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"
        }
    };
    let mut known = String::new();
    for shard in Shard::all() {
        let (comma, place) = (if shard.index() > 0 { ", " } else { "" }, shard.index() + 1);
        let _ = write!(
            known,
            "{comma}({}, CAST(${place} AS BIGINT))",
            shard.number()
        );
    }
    format!(
        "WITH known (shard, position) AS (VALUES {known}) \
         SELECT change_clock.shard AS shard, change_clock.position AS head, \
            changes.position AS position, changes.kind AS kind, \
            changes.dependency_id AS dependency_id, {history} AS history \
         FROM change_clock \
         JOIN known ON known.shard = change_clock.shard \
         LEFT JOIN changes ON changes.shard = change_clock.shard \
            AND changes.position > known.position \
            AND changes.position > change_clock.position - {MOST_READ} \
         ORDER BY change_clock.shard, changes.position"
    )
}

fn news(rows: &[QueryResult]) -> Result<News, DatabaseError> {
    let mut heads = [None; Shard::COUNT];
    let mut changes = Vec::new();
    let mut history = String::new();
    for row in rows {
        let number: i16 = row.try_get("", "shard")?;
        let shard = Shard::from_number(i64::from(number))
            .ok_or_else(|| DatabaseError::corrupt("change_clock", "shard", &number))?;
        heads[shard.index()] = Some(position("change_clock", row.try_get("", "head")?)?);
        history = row.try_get("", "history")?;
        changes.extend(change(shard, row)?);
    }
    let missing = || DatabaseError::corrupt("change_clock", "shard", &"a row is missing");
    let heads = heads.into_iter().collect::<Option<Vec<_>>>();
    Ok(News {
        history,
        heads: heads
            .and_then(|heads| heads.try_into().ok())
            .ok_or_else(missing)?,
        changes,
    })
}

fn change(shard: Shard, row: &QueryResult) -> Result<Option<Change>, DatabaseError> {
    let Some(at) = row.try_get::<Option<i64>>("", "position")? else {
        return Ok(None);
    };
    let (kind, id): (i16, Uuid) = (row.try_get("", "kind")?, row.try_get("", "dependency_id")?);
    Ok(Some(Change {
        shard,
        position: position("changes", at)?,
        dependency: Dependency::from_row(kind, id),
    }))
}

pub(super) fn position(table: &'static str, stored: i64) -> Result<Position, DatabaseError> {
    let position = u64::try_from(stored).map(Position);
    position.map_err(|_| DatabaseError::corrupt(table, "position", &stored))
}

fn to_row(position: Position) -> i64 {
    i64::try_from(position.0).unwrap_or(i64::MAX)
}
