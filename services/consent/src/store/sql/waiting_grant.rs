//! Grants for professionals whom the directory did not know.

use aval_database::{Database, DatabaseError, Transaction, outbox};
use aval_domain::rpps::Rpps;
use aval_domain::time::Timestamp;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::entity::grant::{Column, Entity};
use super::grant::{apply, row, to};
use super::inbox::tell::tell;
use super::{block, change_clock};
use crate::error::Error;
use crate::grant::{Grant, GrantStatus};
use crate::notification::{self, News};
use crate::store::{Change, Rule};

pub(super) async fn numbers(
    db: &Database,
    now: Timestamp,
    after: Option<Rpps>,
    limit: u64,
) -> Result<Vec<Rpps>, Error> {
    let running = Column::UntilAt
        .is_null()
        .or(Column::UntilAt.gt(now.as_micros()));
    let above = after.map(|after| Column::Rpps.gt(after.as_str()));
    let numbers: Vec<String> = Entity::find()
        .select_only()
        .column(Column::Rpps)
        .distinct()
        .filter(row::has(GrantStatus::Given))
        .filter(Column::Rpps.is_not_null())
        .filter(Condition::all().add(running).add_option(above))
        .order_by_asc(Column::Rpps)
        .limit(limit)
        .into_tuple()
        .all(db.reader())
        .await?;
    let parsed = numbers.iter().map(|number| {
        Rpps::parse(number).map_err(|_| DatabaseError::corrupt("grants", "rpps", number))
    });
    Ok(parsed.collect::<Result<_, _>>()?)
}

pub(super) async fn settle(
    db: &Database,
    rpps: Rpps,
    give: &Rule<'_, Grant, Grant>,
    end: &Rule<'_, Grant, Grant>,
) -> Result<u32, Error> {
    db.transaction("consent.settle_waiting_grants", async |tx| {
        let waiting = Entity::find()
            .filter(row::has(GrantStatus::Given))
            .filter(Column::Rpps.eq(rpps.as_str()))
            .order_by_asc(Column::GrantId)
            .lock_exclusive()
            .all(&tx)
            .await?;
        let (mut settled, mut told) = (0, Vec::new());
        for found in waiting {
            let present = row::read(&found)?;
            let Some(change) = give(&present)? else {
                continue;
            };
            told.extend(settle_one(&tx, &present, change, end).await?);
            settled += 1;
        }
        block::leave_out_blocked(&tx, &mut told).await?;
        tell(&tx, told).await?;
        Ok(settled)
    })
    .await
}

/// Gives the grant to the professional, or ends it where another one to them stays. Says
/// who has to be told.
async fn settle_one(
    tx: &Transaction,
    present: &Grant,
    change: Change<Grant>,
    end: &Rule<'_, Grant, Grant>,
) -> Result<Vec<News>, Error> {
    let Change {
        value: given,
        event,
    } = change;
    let now = given.updated_at;
    let others = Entity::find()
        .filter(to(tx, given.patient_id, given.grantee).await?)
        .order_by_asc(Column::GrantId)
        .lock_exclusive()
        .all(tx)
        .await?;
    let others: Vec<Grant> = others.iter().map(row::read).collect::<Result<_, _>>()?;
    let mut live = others.iter().filter(|other| other.is_live(now));
    if live.any(|other| other.outweighs(&given)) {
        let ended = apply(tx, present, end).await?;
        return Ok(ended.map(|(_, news)| news).unwrap_or_default());
    }
    let mut told = Vec::new();
    for other in &others {
        if other.is_live(now) {
            let ended = apply(tx, other, end).await?;
            told.extend(ended.into_iter().flat_map(|(_, news)| news));
        } else {
            // It is over already: as where a new grant takes its place.
            let over = Grant {
                status: GrantStatus::Lapsed,
                ..other.clone()
            };
            Entity::update(row::write(&over)).exec(tx).await?;
        }
    }
    Entity::update(row::write(&given)).exec(tx).await?;
    outbox::append(tx, &event).await?;
    change_clock::advance(tx, given.patient_id);
    told.extend(notification::of_grant(Some(present), &given, &event));
    Ok(told)
}
