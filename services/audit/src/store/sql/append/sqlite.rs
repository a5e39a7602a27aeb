//! On SQLite: statements of many rows, by the one writer of the file.

use aval_database::Transaction;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};

use crate::batch::{Batch, PatientHeads};
use crate::head_map::{MapChange, key_of};
use crate::store::CommitError;
use crate::store::sql::entity::{event, log_head, map_tile, patient_head, producer};
use crate::store::sql::keys::SealedPayload;
use crate::store::sql::row;

/// How many rows one statement inserts: 21 parameters each, of the 32,766 that
/// SQLite takes.
const ROWS_PER_INSERT: usize = 512;

pub(super) async fn store(
    tx: &Transaction,
    batch: &Batch<'_>,
    payloads: Vec<SealedPayload>,
    positions: &[(&str, u64, u64)],
) -> Result<(), CommitError> {
    move_head(tx, batch).await?;
    let mut payloads = payloads.into_iter();
    for chunk in batch.entries.chunks(ROWS_PER_INSERT) {
        let rows = chunk.iter().zip(payloads.by_ref());
        event::Entity::insert_many(rows.map(|(entry, payload)| row::of_entry(entry, payload)))
            .exec_without_returning(tx)
            .await?;
    }
    store_patient_heads(tx, &batch.patient_heads).await?;
    store_map_tiles(tx, &batch.map).await?;
    store_positions(tx, positions).await
}

async fn move_head(tx: &Transaction, batch: &Batch<'_>) -> Result<(), CommitError> {
    let checkpoint = batch.checkpoint.as_str();
    let moved = log_head::Entity::update_many()
        .col_expr(
            log_head::Column::Size,
            Expr::value(row::signed(batch.new_size)),
        )
        .col_expr(
            log_head::Column::AliasesTo,
            Expr::value(row::signed(batch.new_size)),
        )
        .col_expr(
            log_head::Column::RecordedAt,
            Expr::value(batch.recorded_at.as_micros()),
        )
        .col_expr(log_head::Column::Checkpoint, Expr::value(checkpoint))
        .filter(log_head::Column::Fence.eq(row::signed(batch.fence)))
        .filter(log_head::Column::Size.eq(row::signed(batch.old_size)))
        .exec(tx)
        .await?;
    if moved.rows_affected == 1 {
        Ok(())
    } else {
        Err(CommitError::Fenced)
    }
}

async fn store_patient_heads(tx: &Transaction, heads: &PatientHeads) -> Result<(), CommitError> {
    let rows = heads
        .iter()
        .map(|(patient_id, head)| patient_head::ActiveModel {
            patient_id: Set(patient_id.as_uuid()),
            bucket: Set(key_of(*patient_id).bucket().into()),
            sequence: Set(row::signed(head.sequence)),
            leaf: Set(head.leaf.as_bytes().to_vec()),
        });
    let rows: Vec<_> = rows.collect();
    for chunk in rows.chunks(ROWS_PER_INSERT) {
        let mut moved = OnConflict::column(patient_head::Column::PatientId);
        moved.update_columns([patient_head::Column::Sequence, patient_head::Column::Leaf]);
        patient_head::Entity::insert_many(chunk.to_vec())
            .on_conflict(moved)
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

async fn store_map_tiles(tx: &Transaction, change: &MapChange) -> Result<(), CommitError> {
    let rows = change.tiles.iter().map(|(id, tile)| map_tile::ActiveModel {
        level: Set(id.level.into()),
        position: Set(id.position.into()),
        children: Set(tile.encode()),
    });
    let rows: Vec<_> = rows.collect();
    for chunk in rows.chunks(ROWS_PER_INSERT) {
        let mut moved = OnConflict::columns([map_tile::Column::Level, map_tile::Column::Position]);
        moved.update_column(map_tile::Column::Children);
        map_tile::Entity::insert_many(chunk.to_vec())
            .on_conflict(moved)
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}

async fn store_positions(
    tx: &Transaction,
    positions: &[(&str, u64, u64)],
) -> Result<(), CommitError> {
    for chunk in positions.chunks(ROWS_PER_INSERT) {
        let rows = chunk
            .iter()
            .map(|(source, epoch, last)| producer::ActiveModel {
                source: Set((*source).to_owned()),
                epoch: Set(row::signed(*epoch)),
                last_sequence: Set(row::signed(*last)),
            });
        let mut moved = OnConflict::columns([producer::Column::Source, producer::Column::Epoch]);
        moved.update_column(producer::Column::LastSequence);
        producer::Entity::insert_many(rows)
            .on_conflict(moved)
            .exec_without_returning(tx)
            .await?;
    }
    Ok(())
}
