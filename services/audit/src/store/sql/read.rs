//! What is read of the log.

use std::ops::Range;

use aval_database::{Database, DatabaseError};
use aval_domain::id::EventId;
use aval_merkle_log::leaf::LeafContent;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::entity::{event, producer};
use super::erase;
use super::row::{self, LeafRow};
use crate::entry::{Content, StoredEntry};
use crate::patient_keys::PatientKeys;
use crate::plan::Recorded;
use crate::store::Page;

/// How many values one `IN` names.
const VALUES_PER_LIST: usize = 1_000;

/// What the log holds of an event, where that is to be compared.
type Held = (
    Uuid,
    i64,
    i64,
    Option<i64>,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
);

pub(super) async fn recorded(
    db: &Database,
    keys: &PatientKeys,
    events: &[EventId],
) -> Result<Recorded, DatabaseError> {
    let mut recorded = Recorded::new();
    for chunk in events.chunks(VALUES_PER_LIST) {
        let rows: Vec<Held> = event::Entity::find()
            .select_only()
            .column(event::Column::EventId)
            .column(event::Column::LogIndex)
            .column(event::Column::RecordedAt)
            .column(event::Column::KeyId)
            .column(event::Column::Payload)
            .column(event::Column::Salt)
            .filter(event::Column::EventId.is_in(chunk.iter().map(|id| id.as_uuid())))
            .into_tuple()
            .all(db.reader())
            .await?;
        let places = rows
            .iter()
            .map(|(_, index, recorded_at, key_id, payload, _)| {
                (*key_id, (*index, *recorded_at, payload.as_deref()))
            });
        let places: Vec<_> = places.collect();
        let opening = super::keys::opening(db.reader(), keys, &places).await?;
        for (id, index, _, key_id, payload, salt) in &rows {
            let payload = opening.payload(*index, payload.as_deref());
            let content = row::content(*id, *key_id, payload, salt.as_deref(), &opening);
            let canonical = match content {
                None => None,
                Some(Content::Told { canonical, .. }) => Some(canonical),
                Some(Content::Unreadable(what)) => {
                    return Err(DatabaseError::corrupt("events", what, id));
                }
            };
            recorded.insert(EventId::from_uuid(*id), canonical);
        }
    }
    Ok(recorded)
}

pub(super) async fn last_sequence(
    db: &Database,
    source: &str,
    epoch: u64,
) -> Result<u64, DatabaseError> {
    let last = producer::Entity::find_by_id((source.to_owned(), row::signed(epoch)))
        .select_only()
        .column(producer::Column::LastSequence)
        .into_tuple::<i64>()
        .one(db.reader())
        .await?;
    let last = last.map(|last| row::unsigned(last, "producers", "last_sequence", &source));
    Ok(last.transpose()?.unwrap_or_default())
}

pub(super) async fn leaves(
    db: &Database,
    range: Range<u64>,
) -> Result<Vec<LeafContent>, DatabaseError> {
    let rows = event::Entity::find()
        .filter(event::Column::LogIndex.gte(row::signed(range.start)))
        .filter(event::Column::LogIndex.lt(row::signed(range.end)))
        .order_by_asc(event::Column::LogIndex)
        .into_partial_model::<LeafRow>()
        .all(db.reader())
        .await?;
    rows.iter().map(row::leaf_of).collect()
}

pub(super) async fn entries_at(
    connection: &impl ConnectionTrait,
    keys: &PatientKeys,
    indexes: &[u64],
) -> Result<Vec<StoredEntry>, DatabaseError> {
    let mut entries = Vec::new();
    for chunk in indexes.chunks(VALUES_PER_LIST) {
        let chunk = chunk.iter().copied().map(row::signed);
        let rows = event::Entity::find()
            .filter(event::Column::LogIndex.is_in(chunk))
            .all(connection)
            .await?;
        entries.extend(row::entries_of(connection, keys, &rows).await?);
    }
    Ok(entries)
}

/// Those of these events that this producer delivered.
pub(super) async fn delivered(
    db: &Database,
    keys: &PatientKeys,
    source: &str,
    events: &[EventId],
) -> Result<Page, DatabaseError> {
    let ids = || events.iter().map(|id| id.as_uuid());
    // One state: nobody erases a row between it and its key.
    db.snapshot("audit.delivered", async |tx| {
        let rows = event::Entity::find()
            .filter(event::Column::EventId.is_in(ids()))
            .filter(event::Column::Source.eq(source))
            .all(&tx)
            .await?;
        let entries = row::entries_of(&tx, keys, &rows).await?;
        let erased = if entries.len() < rows.len() {
            erase::erased_of_source(&tx, source, ids()).await?
        } else {
            Vec::new()
        };
        Ok(Page {
            entries,
            erased,
            ..Page::default()
        })
    })
    .await
}

pub(super) async fn event(
    db: &Database,
    keys: &PatientKeys,
    id: EventId,
) -> Result<Option<StoredEntry>, DatabaseError> {
    let found = event::Entity::find()
        .filter(event::Column::EventId.eq(id.as_uuid()))
        .one(db.reader())
        .await?;
    let rows: Vec<_> = found.into_iter().collect();
    let mut entries = row::entries_of(db.reader(), keys, &rows).await?;
    Ok(entries.pop())
}
