//! How much an import changed, counted inside its transaction.

use aval_database::{DatabaseError, Transaction};
use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, Statement};

use super::super::count as counted;
use super::super::entity::{activity, organization, practitioner};
use super::steps::Done;
use crate::import::Changes;

/// Of those who were touched: how many were active and are not any more.
const DEACTIVATED: &str = "\
    SELECT COUNT(*) AS number FROM touched_practitioners t \
    JOIN practitioners p ON p.practitioner_id = t.practitioner_id \
    WHERE t.import_id = $1 AND t.was_active AND NOT p.active";

/// Of those who were touched: how many are active now.
const CHANGED: &str = "\
    SELECT COUNT(*) AS number FROM touched_practitioners t \
    JOIN practitioners p ON p.practitioner_id = t.practitioner_id \
    WHERE t.import_id = $1 AND p.active";

pub(super) async fn count(
    tx: &Transaction,
    import_id: Uuid,
    practitioners_before: u64,
    done: Done,
) -> Result<Changes, DatabaseError> {
    Ok(Changes {
        practitioners_before,
        practitioners_added: done.practitioners_added,
        overrides_retired: done.overrides_retired,
        // This file is what people are known from.
        practitioners_unknown: 0,
        practitioners_deactivated: number(tx, DEACTIVATED, import_id).await?,
        practitioners_changed: number(tx, CHANGED, import_id).await?,
        practitioner_count: practitioner::Entity::find()
            .filter(practitioner::Column::Active.eq(true))
            .count(tx)
            .await?,
        activity_count: activity::Entity::find()
            .filter(activity::Column::Active.eq(true))
            .count(tx)
            .await?,
        organization_count: organization::Entity::find()
            .filter(organization::Column::Active.eq(true))
            .count(tx)
            .await?,
    })
}

async fn number(tx: &Transaction, sql: &str, import_id: Uuid) -> Result<u64, DatabaseError> {
    let backend = ConnectionTrait::get_database_backend(tx);
    let statement = Statement::from_sql_and_values(backend, sql, [import_id.into()]);
    let row = tx.query_one_raw(statement).await?;
    let number = row.map_or(Ok(0), |row| row.try_get("", "number"))?;
    counted("touched_practitioners", "count", number)
}
