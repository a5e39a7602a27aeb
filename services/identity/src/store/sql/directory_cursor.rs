//! Up to where the directory's changes were done.

use aval_database::{Database, DatabaseError};
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;
use sea_orm::sea_query::OnConflict;

use super::entity::directory_cursor::{ActiveModel, Column, Entity};
use crate::error::Error;

/// The one row.
const ONLY: i32 = 1;

pub(super) async fn read(db: &Database) -> Result<Option<String>, Error> {
    let row = Entity::find_by_id(ONLY).one(db.reader()).await;
    let row = row.map_err(DatabaseError::from)?;
    Ok(row.map(|row| row.followed_to))
}

pub(super) async fn keep(db: &Database, cursor: Option<&str>) -> Result<(), Error> {
    let kept = db.transaction("identity.keep_directory_cursor", async |tx| {
        let Some(cursor) = cursor else {
            Entity::delete_by_id(ONLY).exec(&tx).await?;
            return Ok::<_, DatabaseError>(());
        };
        let row = ActiveModel {
            only: Set(ONLY),
            followed_to: Set(cursor.to_owned()),
        };
        let mut same = OnConflict::column(Column::Only);
        same.update_column(Column::FollowedTo);
        Entity::insert(row)
            .on_conflict(same)
            .exec_without_returning(&tx)
            .await?;
        Ok(())
    });
    Ok(kept.await?)
}
