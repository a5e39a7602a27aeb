//! The newest checkpoint that witnesses cosigned.

use aval_database::{Database, DatabaseError, Transaction};
use aval_merkle_log::tree::Frontier;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use super::entity::witnessed::{ActiveModel, Column, Entity, ONLY};
use super::{row, tree};
use crate::checkpoint_key::CheckpointKey;
use crate::examination::{Examination, Fault};

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

/// Holds what witnesses saw against the log of today: whoever wrote that anew, with its key,
/// did not have theirs.
pub(super) async fn examine(
    tx: &Transaction,
    key: &CheckpointKey,
    found: &mut Examination,
) -> Result<(), DatabaseError> {
    let Some(kept) = Entity::find_by_id(ONLY).one(tx).await? else {
        return Ok(());
    };
    let signed = match key.open(&kept.checkpoint) {
        Ok(signed) => signed,
        Err(refused) => {
            found.note(refused);
            return Ok(());
        }
    };
    let size = signed.size;
    let nodes = tree::stored_nodes(tx, &Frontier::needed(size)).await;
    let Some(nodes) = found.readable(nodes) else {
        return Ok(());
    };
    let today = Frontier::from_nodes(&nodes, size).ok();
    let is_continued = today.is_some_and(|today| today.root() == signed.root);
    if !is_continued || kept.size != row::signed(size) {
        found.note(Fault::Witnessed { size });
    }
    Ok(())
}
