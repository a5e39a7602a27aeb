//! Forgetting what nobody repeats any more.

use aval_database::{Database, requests};
use aval_domain::time::Timestamp;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::entity::decision;
use crate::error::Error;

pub(super) async fn forget_before(db: &Database, horizon: Timestamp) -> Result<u64, Error> {
    db.transaction("consent.forget_requests", async |tx| {
        let requests = requests::forget_before(&tx, horizon).await?;
        let decisions = decision::Entity::delete_many()
            .filter(decision::Column::DecidedAt.lt(horizon.as_micros()))
            .exec(&tx)
            .await?;
        Ok(requests + decisions.rows_affected)
    })
    .await
}
