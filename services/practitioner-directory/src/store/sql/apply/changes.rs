//! How much an import changed, counted inside its transaction.

use aval_database::{DatabaseError, Transaction};
use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, Statement};

use super::super::count as counted;
use super::super::entity::{activity, organization, practitioner};
use super::steps::Done;
use crate::import::Changes;

/// Of those who were touched: how many are active now, and how many were and are not any
/// more.
const TOUCHED: &str = "\
    SELECT COUNT(CASE WHEN p.active THEN 1 END) AS changed, \
        COUNT(CASE WHEN t.was_active AND NOT p.active THEN 1 END) AS deactivated \
    FROM touched_practitioners t \
    JOIN practitioners p ON p.practitioner_id = t.practitioner_id WHERE t.import_id = $1";

pub(super) async fn count(
    tx: &Transaction,
    import_id: Uuid,
    practitioners_before: u64,
    done: Done,
) -> Result<Changes, DatabaseError> {
    let (changed, deactivated) = touched(tx, import_id).await?;
    Ok(Changes {
        practitioners_before,
        practitioners_added: done.practitioners_added,
        overrides_retired: done.overrides_retired,
        // This file is what people are known from.
        practitioners_unknown: 0,
        practitioners_deactivated: deactivated,
        practitioners_changed: changed,
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

async fn touched(tx: &Transaction, import_id: Uuid) -> Result<(u64, u64), DatabaseError> {
    let backend = ConnectionTrait::get_database_backend(tx);
    let statement = Statement::from_sql_and_values(backend, TOUCHED, [import_id.into()]);
    let row = tx.query_one_raw(statement).await?;
    let number = |name: &'static str| {
        let number = row.as_ref().map_or(Ok(0), |row| row.try_get("", name))?;
        counted("touched_practitioners", name, number)
    };
    Ok((number("changed")?, number("deactivated")?))
}
