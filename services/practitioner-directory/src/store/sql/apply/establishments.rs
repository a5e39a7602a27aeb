//! The statements that apply the FINESS register.
//!
//! An establishment is known by its FINESS, whether a structure has that number or not:
//! one that nobody practises in yet waits. One that the file no longer names stays, and is
//! no longer listed.

use aval_database::{DatabaseError, Transaction};
use aval_domain::time::Timestamp;
use sea_orm::prelude::Uuid;
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use super::super::count;
use super::lending::{To, lend};
use super::steps::execute;
use crate::import::Changes;

/// What the import is about, and whether the register named it before.
const TOUCH: &str = "\
    INSERT INTO touched_holders (import_id, holder, was_told_of) \
    SELECT $1, x.finess, EXISTS ( \
        SELECT 1 FROM establishments known WHERE known.finess = x.finess AND known.active) \
    FROM (SELECT s.finess FROM staged_establishments s WHERE s.import_id = $1 \
        UNION SELECT e.finess FROM staged_ends d \
            JOIN establishments e ON e.row_key = d.row_key WHERE d.import_id = $1) x";

/// `$2` is the time and `$3` the revision.
const TELL: &str = "\
    UPDATE organizations SET updated_at = $2, revision = $3 \
    WHERE finess IN (SELECT t.holder FROM touched_holders t WHERE t.import_id = $1)";

const END: &str = "\
    UPDATE establishments SET active = FALSE \
    WHERE row_key IN (SELECT d.row_key FROM staged_ends d WHERE d.import_id = $1)";

const PUT: &str = "\
    INSERT INTO establishments (row_key, finess, name, sort_name, words, address_line, \
        postal_code, town, town_key, town_code, department_code, category_code, \
        category_label, opened_on, wording, active) \
    SELECT row_key, finess, name, sort_name, words, address_line, postal_code, town, town_key, \
        town_code, department_code, category_code, category_label, opened_on, wording, TRUE \
    FROM staged_establishments WHERE import_id = $1 \
    ON CONFLICT (row_key) DO UPDATE SET name = excluded.name, \
        sort_name = excluded.sort_name, words = excluded.words, \
        address_line = excluded.address_line, postal_code = excluded.postal_code, \
        town = excluded.town, town_key = excluded.town_key, town_code = excluded.town_code, \
        department_code = excluded.department_code, \
        category_code = excluded.category_code, category_label = excluded.category_label, \
        opened_on = excluded.opened_on, wording = excluded.wording, active = TRUE";

const ADDED: &str = "\
    SELECT COUNT(*) AS number FROM touched_holders t \
    WHERE t.import_id = $1 AND NOT t.was_told_of";

const CHANGED: &str = "\
    SELECT COUNT(*) AS number FROM touched_holders t \
    JOIN establishments e ON e.finess = t.holder \
    WHERE t.import_id = $1 AND t.was_told_of AND e.active";

const LEFT: &str = "\
    SELECT COUNT(*) AS number FROM touched_holders t \
    JOIN establishments e ON e.finess = t.holder \
    WHERE t.import_id = $1 AND NOT e.active";

const LISTED: &str = "SELECT COUNT(*) AS number FROM establishments WHERE active";

const UNKNOWN: &str = "\
    SELECT COUNT(*) AS number FROM establishments e WHERE e.active \
        AND NOT EXISTS (SELECT 1 FROM organizations o WHERE o.finess = e.finess)";

/// Applies what is staged, and counts what that changed.
pub(super) async fn apply(
    tx: &Transaction,
    import_id: Uuid,
    now: Timestamp,
    revision: i64,
    listed_before: u64,
) -> Result<Changes, DatabaseError> {
    if ConnectionTrait::get_database_backend(tx) == DbBackend::Postgres {
        tx.execute_unprepared("SET LOCAL statement_timeout = 0")
            .await?;
        tx.execute_unprepared("ANALYZE staged_establishments, staged_ends")
            .await?;
    }
    let import = || vec![import_id.into()];
    execute(tx, TOUCH, import()).await?;
    let dated = vec![import_id.into(), now.as_micros().into(), revision.into()];
    execute(tx, TELL, dated).await?;
    execute(tx, END, import()).await?;
    execute(tx, PUT, import()).await?;
    lend(tx, import_id, To::Registered).await?;
    let changes = Changes {
        practitioners_before: listed_before,
        practitioners_added: number(tx, ADDED, Some(import_id)).await?,
        practitioners_changed: number(tx, CHANGED, Some(import_id)).await?,
        practitioners_deactivated: number(tx, LEFT, Some(import_id)).await?,
        practitioner_count: number(tx, LISTED, None).await?,
        practitioners_unknown: number(tx, UNKNOWN, None).await?,
        ..Changes::default()
    };
    let forget = "DELETE FROM touched_holders WHERE import_id = $1";
    execute(tx, forget, import()).await?;
    Ok(changes)
}

async fn number(
    tx: &Transaction,
    sql: &str,
    import_id: Option<Uuid>,
) -> Result<u64, DatabaseError> {
    let backend = ConnectionTrait::get_database_backend(tx);
    let values = import_id.map(Value::from);
    let row = tx
        .query_one_raw(Statement::from_sql_and_values(backend, sql, values))
        .await?;
    let number = row.map_or(Ok(0), |row| row.try_get("", "number"))?;
    count("establishments", "count", number)
}
