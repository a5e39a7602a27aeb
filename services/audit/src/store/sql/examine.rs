//! Reads the whole log, for who examines it.

use std::collections::{BTreeMap, HashMap, HashSet};

use aval_database::{Database, DatabaseError, Transaction};
use aval_domain::event::EventKind;
use aval_domain::id::PatientId;
use aval_merkle_log::Hash;
use aval_merkle_log::map::{MapTile, TileId};
use sea_orm::{
    ColumnTrait, Condition, DerivePartialModel, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::entity::{alias, event, log_head, map_tile, patient_head, producer};
use super::keys::{self, Opening};
use super::row::{self, LeafRow};
use super::{erase, months, witnessed};
use crate::aliases::{KINDS, TELLER};
use crate::batch::PatientHead;
use crate::checkpoint_key::CheckpointKey;
use crate::entry::Entry;
use crate::examination::aliases::{Alias, WhoIsWhom};
use crate::examination::chains::{Chains, Heads, Link};
use crate::examination::entries::{Payload, Row, Tree};
use crate::examination::heads::Map;
use crate::examination::numbers::Numbers;
use crate::examination::{Examination, Fault};
use crate::head_map::key_of;
use crate::patient_keys::PatientKeys;

/// How many rows are read at once.
const ROWS_AT_ONCE: u64 = 1_000;
/// Of how many buckets the heads are read at once.
const BUCKETS_AT_ONCE: u16 = 256;

/// Examines one state of the log: what is written meanwhile is not in it.
pub(super) async fn examine(
    db: &Database,
    keys: &PatientKeys,
    key: &CheckpointKey,
) -> Result<Examination, DatabaseError> {
    db.snapshot("audit.examine", async |tx| {
        let mut found = Examination::default();
        let (tree, who_is_whom, numbers) = entries(&tx, keys, &mut found).await?;
        aliases(&tx, &who_is_whom, &mut found).await?;
        chains(&tx, &mut found).await?;
        let map = heads(&tx, &mut found).await?;
        checkpoint(&tx, key, &tree, &map, &mut found).await?;
        witnessed::examine(&tx, key, &mut found).await?;
        producers(&tx, numbers, &mut found).await?;
        Ok(found)
    })
    .await
}

async fn entries(
    tx: &Transaction,
    keys: &PatientKeys,
    found: &mut Examination,
) -> Result<(Tree, WhoIsWhom, Numbers), DatabaseError> {
    let (mut tree, mut who_is_whom) = (Tree::default(), WhoIsWhom::default());
    let mut numbers = Numbers::default();
    let mut after = -1;
    loop {
        let rows = event::Entity::find()
            .filter(event::Column::LogIndex.gt(after))
            .order_by_asc(event::Column::LogIndex)
            .limit(ROWS_AT_ONCE)
            .all(tx)
            .await?;
        let Some(last) = rows.last() else {
            return Ok((tree, who_is_whom, numbers));
        };
        after = last.log_index;
        let opening = keys::opening_of(tx, keys, &rows).await?;
        let erasures = erase::erasures_of(tx, keys, &rows).await?;
        let erased = rows.iter().filter(|row| row.payload.is_none());
        let left = months::left_of(tx, erased.map(|row| (row.log_index, row.recorded_at)));
        let left = left.await?;
        for row in rows {
            if let Some(row) = found.readable(examined(&row, &opening, &erasures, &left)) {
                numbers.take(row.log_index, row.life.clone(), row.number, found);
                who_is_whom.take(&row, found);
                tree.take(row, found);
            }
        }
    }
}

fn examined(
    row: &event::Model,
    opening: &Opening,
    erasures: &HashMap<i64, Entry>,
    left: &HashSet<i64>,
) -> Result<Row, DatabaseError> {
    let index = row.log_index;
    let nodes = row::hashes(&row.nodes);
    let nodes = nodes.ok_or_else(|| DatabaseError::corrupt("events", "nodes", &index))?;
    let leaf = row::leaf_of(&LeafRow::of(row))?;
    let is_of_patients = KINDS.map(EventKind::code).contains(&row.kind.as_str());
    let tells_who_is_whom = is_of_patients && row.source == TELLER;
    let is_told = row.payload.is_none() && erase::is_told(row, erasures);
    let payload = match row::entry_of(row, opening)? {
        _ if is_half(row) => Payload::Half,
        Some(entry) => Payload::There(Box::new(entry)),
        None if is_told && (!is_bare(row) || left.contains(&index)) => Payload::Half,
        None => Payload::Erased { is_told },
    };
    Ok(Row {
        log_index: row::unsigned(index, "events", "log_index", &index)?,
        leaf,
        nodes,
        payload,
        life: (row.source.clone(), row.epoch),
        number: row.sequence,
        tells_who_is_whom,
    })
}

/// Whether there is a payload without what stands with one, or with what stands in its place.
fn is_half(row: &event::Model) -> bool {
    // A salt of its own stands with what is in clear, a key with what is encrypted.
    let has_other_half = row.salt.is_some() || row.key_id.is_some();
    let has_payload = row.payload.is_some();
    has_payload != has_other_half || has_payload && row.erased_by.is_some()
}

/// Whether nothing that an erasure takes with the payload is left. The kind may be.
fn is_bare(row: &event::Model) -> bool {
    row.practitioner_id.is_none()
        && row.organization_id.is_none()
        && row.outcome.is_empty()
        && !row.is_emergency
        && row.occurred_at == row.recorded_at
}

async fn aliases(
    tx: &Transaction,
    who_is_whom: &WhoIsWhom,
    found: &mut Examination,
) -> Result<(), DatabaseError> {
    let rows = alias::Entity::find().all(tx).await?;
    let table = rows.into_iter().map(|row| {
        let alias = Alias {
            leads_to: row.leads_to.map(PatientId::from_uuid),
            human: PatientId::from_uuid(row.human_id),
        };
        (PatientId::from_uuid(row.patient_id), alias)
    });
    who_is_whom.hold(table.collect(), found);
    Ok(())
}

/// What links an entry to the one before it of the same patient.
#[derive(Debug, DerivePartialModel)]
#[sea_orm(entity = "event::Entity")]
struct LinkRow {
    log_index: i64,
    patient_id: Option<Uuid>,
    patient_sequence: Option<i64>,
    previous_leaf: Option<Vec<u8>>,
    nodes: Vec<u8>,
}

async fn chains(tx: &Transaction, found: &mut Examination) -> Result<(), DatabaseError> {
    let (mut chains, mut heads) = (Chains::default(), Heads::default());
    let mut after: Option<(Uuid, i64)> = None;
    loop {
        let further = after.map(|(patient_id, log_index)| {
            let same = Condition::all()
                .add(event::Column::PatientId.eq(patient_id))
                .add(event::Column::LogIndex.gt(log_index));
            Condition::any()
                .add(event::Column::PatientId.gt(patient_id))
                .add(same)
        });
        let rows = event::Entity::find()
            .filter(event::Column::PatientId.is_not_null())
            .filter(Condition::all().add_option(further))
            .order_by_asc(event::Column::PatientId)
            .order_by_asc(event::Column::LogIndex)
            .limit(ROWS_AT_ONCE)
            .into_partial_model::<LinkRow>()
            .all(tx)
            .await?;
        let last = rows.last();
        after = last.and_then(|last| Some((last.patient_id?, last.log_index)));
        for link in rows.iter().map(link_of) {
            if let Some(link) = found.readable(link) {
                chains.take(link, found);
            }
        }
        if after.is_none() {
            chains.end();
        }
        for last in chains.ended() {
            know_up_to(tx, &mut heads, last.patient_id, found).await?;
            heads.hold(&last, found);
        }
        if after.is_none() {
            break;
        }
    }
    know_all(tx, &mut heads, found).await?;
    heads.end(found);
    Ok(())
}

fn link_of(row: &LinkRow) -> Result<Link, DatabaseError> {
    let corrupt = |column| DatabaseError::corrupt("events", column, &row.log_index);
    let previous = row.previous_leaf.as_deref().map(Hash::try_from);
    Ok(Link {
        patient_id: PatientId::from_uuid(row.patient_id.ok_or_else(|| corrupt("patient_id"))?),
        log_index: row::unsigned(row.log_index, "events", "log_index", &row.log_index)?,
        sequence: row
            .patient_sequence
            .and_then(|sequence| u64::try_from(sequence).ok())
            .ok_or_else(|| corrupt("patient_sequence"))?,
        previous: previous.transpose().map_err(|_| corrupt("previous_leaf"))?,
        leaf: row::node_at(&row.nodes, 0).ok_or_else(|| corrupt("nodes"))?,
    })
}

async fn know_up_to(
    tx: &Transaction,
    heads: &mut Heads,
    patient_id: PatientId,
    found: &mut Examination,
) -> Result<(), DatabaseError> {
    while heads.read_to() < Some(patient_id) && know_more(tx, heads, found).await? {}
    Ok(())
}

async fn know_all(
    tx: &Transaction,
    heads: &mut Heads,
    found: &mut Examination,
) -> Result<(), DatabaseError> {
    while know_more(tx, heads, found).await? {}
    Ok(())
}

/// Reads the next heads, and says whether there were any.
async fn know_more(
    tx: &Transaction,
    heads: &mut Heads,
    found: &mut Examination,
) -> Result<bool, DatabaseError> {
    let after = heads.read_to().map(PatientId::as_uuid);
    let rows = patient_head::Entity::find()
        .filter(Condition::all().add_option(after.map(|id| patient_head::Column::PatientId.gt(id))))
        .order_by_asc(patient_head::Column::PatientId)
        .limit(ROWS_AT_ONCE)
        .all(tx)
        .await?;
    let Some(last) = rows.last() else {
        return Ok(false);
    };
    heads.is_read_to(PatientId::from_uuid(last.patient_id));
    for head in rows.iter().map(head_of) {
        heads.know(found.readable(head));
    }
    Ok(true)
}

fn head_of(row: &patient_head::Model) -> Result<(PatientId, PatientHead), DatabaseError> {
    let corrupt = |column| DatabaseError::corrupt("patient_heads", column, &row.patient_id);
    let head = PatientHead {
        sequence: u64::try_from(row.sequence).map_err(|_| corrupt("sequence"))?,
        leaf: Hash::try_from(row.leaf.as_slice()).map_err(|_| corrupt("leaf"))?,
    };
    Ok((PatientId::from_uuid(row.patient_id), head))
}

async fn heads(tx: &Transaction, found: &mut Examination) -> Result<Map, DatabaseError> {
    let mut tiles = BTreeMap::new();
    for row in map_tile::Entity::find().all(tx).await? {
        tiles.extend(found.readable(tile_of(&row)));
    }
    let map = Map::of(tiles, found);
    for first in (0..=u16::MAX).step_by(BUCKETS_AT_ONCE.into()) {
        let last = first + (BUCKETS_AT_ONCE - 1);
        let rows = patient_head::Entity::find()
            .filter(patient_head::Column::Bucket.between(i32::from(first), i32::from(last)))
            .all(tx)
            .await?;
        let mut buckets: BTreeMap<i32, Vec<_>> = BTreeMap::new();
        for row in rows {
            let head = found.readable(head_of(&row));
            let head = head.map(|(patient_id, head)| (key_of(patient_id), head));
            buckets.entry(row.bucket).or_default().extend(head);
        }
        for bucket in first..=last {
            let heads = buckets.remove(&i32::from(bucket)).unwrap_or_default();
            map.hold(bucket, heads, found);
        }
    }
    Ok(map)
}

fn tile_of(row: &map_tile::Model) -> Result<(TileId, MapTile), DatabaseError> {
    let corrupt = |column| DatabaseError::corrupt("map_tiles", column, &row.position);
    let id = TileId {
        level: u8::try_from(row.level).map_err(|_| corrupt("level"))?,
        position: u16::try_from(row.position).map_err(|_| corrupt("position"))?,
    };
    let tile = MapTile::decode(&row.children).map_err(|_| corrupt("children"))?;
    Ok((id, tile))
}

async fn checkpoint(
    tx: &Transaction,
    key: &CheckpointKey,
    tree: &Tree,
    map: &Map,
    found: &mut Examination,
) -> Result<(), DatabaseError> {
    let head = log_head::Entity::find_by_id(log_head::ONLY).one(tx).await?;
    let said = head.as_ref().map_or(0, |head| head.size);
    let said = row::unsigned(said, "log_head", "size", &log_head::ONLY)?;
    if said != found.entries {
        let found_there = found.entries;
        found.note(Fault::Size {
            said,
            found: found_there,
        });
    }
    let Some(note) = head.and_then(|head| head.checkpoint) else {
        if found.entries > 0 {
            found.note(Fault::Unsigned);
        }
        return Ok(());
    };
    match key.open(&note) {
        Ok(signed) => found.signed = Some(signed.size),
        Err(refused) => {
            found.note(refused);
            return Ok(());
        }
    }
    let (size, root) = tree.root();
    if let Err(refused) = key.require_signed(&note, size, root, map.root()) {
        found.note(refused);
    }
    Ok(())
}

/// No number is beyond what is said to have come.
async fn producers(
    tx: &Transaction,
    numbers: Numbers,
    found: &mut Examination,
) -> Result<(), DatabaseError> {
    let said = producer::Entity::find().all(tx).await?.into_iter();
    let said = said.map(|row| ((row.source, row.epoch), row.last_sequence));
    numbers.hold(&said.collect(), found);
    Ok(())
}
