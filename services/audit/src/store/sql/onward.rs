//! The log read forwards, as it grows.

use aval_database::{Database, DatabaseError};
use aval_domain::id::{PatientId, PractitionerId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::entity::{event, log_head};
use super::{filter, row};
use crate::entry::StoredEntry;
use crate::query::{News, Onward, Scope};
use crate::store::MOST_NEWS;

pub(super) async fn events_from(
    db: &Database,
    onward: &Onward,
) -> Result<Vec<StoredEntry>, DatabaseError> {
    let rows = event::Entity::find()
        .filter(filter::condition(onward.scope, &onward.filter))
        .filter(event::Column::LogIndex.gte(row::signed(onward.from)))
        .order_by_asc(event::Column::LogIndex)
        .limit(onward.limit)
        .all(db.reader())
        .await?;
    rows.into_iter()
        .filter_map(|row| row::entry_of(row).transpose())
        .collect()
}

pub(super) async fn size(db: &Database) -> Result<u64, DatabaseError> {
    let head = log_head::Entity::find_by_id(log_head::ONLY)
        .one(db.reader())
        .await?;
    let Some(head) = head else { return Ok(0) };
    row::unsigned(head.size, "log_head", "size", &head.id)
}

pub(super) async fn news_from(db: &Database, from: u64) -> Result<News, DatabaseError> {
    let rows: Vec<(i64, Option<Uuid>, Option<Uuid>)> = event::Entity::find()
        .select_only()
        .column(event::Column::LogIndex)
        .column(event::Column::PatientId)
        .column(event::Column::PractitionerId)
        .filter(event::Column::LogIndex.gte(row::signed(from)))
        .order_by_asc(event::Column::LogIndex)
        .limit(MOST_NEWS)
        .into_tuple()
        .all(db.reader())
        .await?;
    let mut news = News {
        next: from,
        ..News::default()
    };
    for (index, patient, practitioner) in rows {
        news.next = row::unsigned(index, "events", "log_index", &index)? + 1;
        let patient = patient.map(|id| Scope::Patient(PatientId::from_uuid(id)));
        let practitioner = practitioner.map(PractitionerId::from_uuid);
        news.scopes.extend(patient);
        news.scopes.extend(practitioner.map(Scope::Practitioner));
    }
    Ok(news)
}
