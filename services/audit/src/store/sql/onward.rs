//! The end of the log, as it grows.

use aval_database::{Database, DatabaseError};
use aval_domain::id::{PatientId, PractitionerId};
use aval_domain::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait as _, JoinType};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use uuid::Uuid;

use super::entity::{alias, event, log_head};
use super::row;
use crate::query::{News, Scope};
use crate::store::MOST_NEWS;
use crate::{erasure, own_trail};

pub(super) async fn size(db: &Database) -> Result<u64, DatabaseError> {
    let head = log_head::Entity::find_by_id(log_head::ONLY)
        .one(db.reader())
        .await?;
    let Some(head) = head else { return Ok(0) };
    row::unsigned(head.size, "log_head", "size", &head.id)
}

/// What this service recorded of its own accord says nothing here, nor does an erased row, whose
/// time is this service's.
pub(super) async fn told_last(db: &Database) -> Result<Option<Timestamp>, DatabaseError> {
    let occurred_at: Option<i64> = event::Entity::find()
        .select_only()
        .column(event::Column::OccurredAt)
        .filter(event::Column::Source.is_not_in([own_trail::SOURCE, erasure::SOURCE]))
        .filter(event::Column::Payload.is_not_null())
        .order_by_desc(event::Column::LogIndex)
        .limit(1)
        .into_tuple()
        .one(db.reader())
        .await?;
    Ok(occurred_at.map(Timestamp::from_micros))
}

/// Whom one entry concerns: its place, its patient, the human who has that patient's
/// history by now, where that is another, and its professional.
type Concerned = (i64, Option<Uuid>, Option<Uuid>, Option<Uuid>);

pub(super) async fn news_from(db: &Database, from: u64) -> Result<News, DatabaseError> {
    let mut entries = event::Entity::find()
        .select_only()
        .column(event::Column::LogIndex)
        .column(event::Column::PatientId)
        .column(alias::Column::HumanId)
        .column(event::Column::PractitionerId)
        .filter(event::Column::LogIndex.gte(row::signed(from)))
        .order_by_asc(event::Column::LogIndex)
        .limit(MOST_NEWS);
    let patient = (event::Entity, event::Column::PatientId);
    let theirs = Expr::col((alias::Entity, alias::Column::PatientId)).equals(patient);
    QueryTrait::query(&mut entries).join(JoinType::LeftJoin, alias::Entity, theirs);
    let rows: Vec<Concerned> = entries.into_tuple().all(db.reader()).await?;
    let mut news = News {
        next: from,
        ..News::default()
    };
    for (index, patient, human, practitioner) in rows {
        news.next = row::unsigned(index, "events", "log_index", &index)? + 1;
        let patients = patient.into_iter().chain(human).map(PatientId::from_uuid);
        news.scopes.extend(patients.map(Scope::Patient));
        let practitioner = practitioner.map(PractitionerId::from_uuid);
        news.scopes.extend(practitioner.map(Scope::Practitioner));
    }
    Ok(news)
}
