//! The newest checkpoint that witnesses cosigned.

use aval_database::{Database, DatabaseError};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use super::entity::witnessed::{ActiveModel, Column, Entity, ONLY};
use super::row;

pub(super) async fn witnessed(db: &Database) -> Result<Option<String>, DatabaseError> {
    let kept = Entity::find_by_id(ONLY).one(db.reader()).await?;
    Ok(kept.map(|kept| kept.checkpoint))
}

pub(super) async fn keep(db: &Database, size: u64, note: &str) -> Result<(), DatabaseError> {
    let size = row::signed(size);
    db.transaction("audit.keep_witnessed", async |tx| {
        let first = ActiveModel {
            id: Set(ONLY),
            size: Set(size),
            checkpoint: Set(note.to_owned()),
        };
        Entity::insert(first)
            .on_conflict_do_nothing_on([Column::Id])
            .exec_without_returning(&tx)
            .await?;
        // Whoever wrote the log before may be late with what it gathered.
        Entity::update_many()
            .col_expr(Column::Size, Expr::value(size))
            .col_expr(Column::Checkpoint, Expr::value(note))
            .filter(Column::Id.eq(ONLY))
            .filter(Column::Size.lte(size))
            .exec(&tx)
            .await?;
        Ok(())
    })
    .await
}
