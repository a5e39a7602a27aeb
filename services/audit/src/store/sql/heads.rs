//! The map of patients' heads, and the leaves behind them.

use aval_database::{Database, DatabaseError};
use aval_domain::id::PatientId;
use aval_merkle_log::Hash;
use aval_merkle_log::leaf::LeafContent;
use aval_merkle_log::map::{Descent, MapKey, MapTile, TileId};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::entity::{event, log_head, map_tile, patient_head};
use super::row::{self, LeafRow};
use crate::batch::{PatientHead, PatientHeads};
use crate::head_map::key_of;
use crate::store::{HeadProof, MapTiles};

/// How many values one `IN` names.
const VALUES_PER_LIST: usize = 1_000;

pub(super) async fn heads_in(
    connection: &impl ConnectionTrait,
    buckets: &[u16],
) -> Result<PatientHeads, DatabaseError> {
    let mut heads = PatientHeads::new();
    for chunk in buckets.chunks(VALUES_PER_LIST) {
        let buckets = chunk.iter().map(|bucket| i32::from(*bucket));
        let rows = patient_head::Entity::find()
            .filter(patient_head::Column::Bucket.is_in(buckets))
            .all(connection)
            .await?;
        for head in rows {
            let corrupt =
                |column| DatabaseError::corrupt("patient_heads", column, &head.patient_id);
            let leaf = Hash::try_from(head.leaf.as_slice()).map_err(|_| corrupt("leaf"))?;
            let sequence = u64::try_from(head.sequence).map_err(|_| corrupt("sequence"))?;
            let patient_id = PatientId::from_uuid(head.patient_id);
            heads.insert(patient_id, PatientHead { sequence, leaf });
        }
    }
    Ok(heads)
}

pub(super) async fn map_tiles(
    connection: &impl ConnectionTrait,
    tiles: &[TileId],
) -> Result<MapTiles, DatabaseError> {
    let mut found = MapTiles::new();
    for level in 0..=u8::MAX {
        let positions: Vec<i32> = tiles
            .iter()
            .filter(|id| id.level == level)
            .map(|id| i32::from(id.position))
            .collect();
        for chunk in positions.chunks(VALUES_PER_LIST) {
            let rows = map_tile::Entity::find()
                .filter(map_tile::Column::Level.eq(i32::from(level)))
                .filter(map_tile::Column::Position.is_in(chunk.iter().copied()))
                .all(connection)
                .await?;
            for row in rows {
                let corrupt = |column| DatabaseError::corrupt("map_tiles", column, &row.position);
                let position = u16::try_from(row.position).map_err(|_| corrupt("position"))?;
                let tile = MapTile::decode(&row.children).map_err(|_| corrupt("children"))?;
                found.insert(TileId { level, position }, tile);
            }
        }
    }
    Ok(found)
}

pub(super) async fn head_proof(
    db: &Database,
    patient_id: PatientId,
) -> Result<Option<HeadProof>, DatabaseError> {
    db.snapshot::<_, DatabaseError, _>("audit.head_proof", async |tx| {
        let head = log_head::Entity::find_by_id(log_head::ONLY)
            .one(&tx)
            .await?;
        let Some(checkpoint) = head.and_then(|head| head.checkpoint) else {
            return Ok(None);
        };
        let mut descent = Descent::new(key_of(patient_id));
        while let Some(id) = descent.tile() {
            let tiles = map_tiles(&tx, &[id]).await?;
            descent.through(&tiles.get(&id).copied().unwrap_or_default());
        }
        let bucket: Vec<u16> = descent.bucket().into_iter().collect();
        let heads = heads_in(&tx, &bucket).await?;
        let mut entries: Vec<(MapKey, PatientHead)> = heads
            .into_iter()
            .map(|(patient_id, head)| (key_of(patient_id), head))
            .collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        Ok(Some(HeadProof {
            checkpoint,
            proof: descent.finish(&entries),
            last_log_index: last_log_index(&tx, patient_id).await?,
        }))
    })
    .await
}

async fn last_log_index(
    connection: &impl ConnectionTrait,
    patient_id: PatientId,
) -> Result<Option<u64>, DatabaseError> {
    let last: Option<i64> = event::Entity::find()
        .select_only()
        .column(event::Column::LogIndex)
        .filter(event::Column::PatientId.eq(patient_id.as_uuid()))
        .order_by_desc(event::Column::LogIndex)
        .into_tuple()
        .one(connection)
        .await?;
    last.map(|index| row::unsigned(index, "events", "log_index", &index))
        .transpose()
}

pub(super) async fn patient_leaves(
    db: &Database,
    patient_id: PatientId,
    from_sequence: u64,
    limit: u64,
) -> Result<Vec<LeafContent>, DatabaseError> {
    let rows = event::Entity::find()
        .filter(
            Condition::all()
                .add(event::Column::PatientId.eq(patient_id.as_uuid()))
                .add(event::Column::PatientSequence.gte(row::signed(from_sequence))),
        )
        .order_by_asc(event::Column::LogIndex)
        .limit(limit)
        .into_partial_model::<LeafRow>()
        .all(db.reader())
        .await?;
    rows.iter().map(row::leaf_of).collect()
}
