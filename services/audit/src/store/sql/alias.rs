//! Which patients are one human.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use aval_database::DatabaseError;
use aval_domain::event::{Event, EventKind};
use aval_domain::id::PatientId;
use sea_orm::sea_query::{Expr, Query, SelectStatement, SimpleExpr};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, Select,
};
use uuid::Uuid;

use super::entity::alias::{ActiveModel, Column, Entity, Model};
use super::entity::event;
use super::{keys, row};
use crate::aliases::{self, Aliases, KINDS, PatientChange, TELLER};
use crate::entry::Content;
use crate::patient_keys::PatientKeys;

/// So many rows are read or written at once.
const ROWS_AT_ONCE: usize = 500;

/// Every identifier under which this patient's history stands, theirs among them. Others
/// lead to them; of whoever leads elsewhere it is their own alone, so that a token from
/// before a merge sees no more than it did.
pub(super) async fn ids_of(
    connection: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Vec<Uuid>, DbErr> {
    let found: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::PatientId)
        .filter(Column::HumanId.eq(id))
        .into_tuple()
        .all(connection)
        .await?;
    let ids: BTreeSet<Uuid> = found.into_iter().chain([id]).collect();
    Ok(ids.into_iter().collect())
}

/// The identifier that the human with this one has by now.
pub(super) async fn present_of(connection: &impl ConnectionTrait, id: Uuid) -> Result<Uuid, DbErr> {
    let alias = Entity::find_by_id(id).one(connection).await?;
    Ok(alias.map_or(id, |alias| alias.human_id))
}

/// Tells whether others lead to the patient who is asked for.
pub(super) const IS_LED_TO: &str = "is_led_to";

/// Whether others lead to this patient, as a part of a statement.
pub(super) fn is_led_to(id: Uuid) -> SimpleExpr {
    let mut others: SelectStatement = Query::select();
    others
        .expr(Expr::value(1))
        .from(Entity)
        .and_where(Column::HumanId.eq(id));
    Expr::exists(others)
}

/// What an entry tells, as it stands there.
type Told = (
    i64,
    Uuid,
    i64,
    Option<i64>,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
);

/// Takes in what the entries of this range tell.
pub(super) async fn catch_up(
    connection: &impl ConnectionTrait,
    keys: &PatientKeys,
    range: Range<i64>,
) -> Result<(), DatabaseError> {
    let mut from = range.start;
    loop {
        let rows: Vec<Told> = telling(from..range.end)
            .column(event::Column::EventId)
            .column(event::Column::RecordedAt)
            .column(event::Column::KeyId)
            .column(event::Column::Payload)
            .column(event::Column::Salt)
            .into_tuple()
            .all(connection)
            .await?;
        let Some((last, ..)) = rows.last() else {
            return Ok(());
        };
        from = last + 1;
        let places = rows
            .iter()
            .map(|(index, _, recorded_at, key_id, payload, _)| {
                (*key_id, (*index, *recorded_at, payload.as_deref()))
            });
        let places: Vec<_> = places.collect();
        let opening = keys::opening(connection, keys, &places).await?;
        let contents = rows
            .iter()
            .filter_map(|(index, id, _, key_id, payload, salt)| {
                let payload = opening.payload(*index, payload.as_deref());
                row::content(*id, *key_id, payload, salt.as_deref(), &opening)
            });
        let payloads = contents.filter_map(|content| match content {
            Content::Told { canonical, .. } => Some(canonical),
            Content::Unreadable(_) => None,
        });
        take(connection, &told(payloads)).await?;
    }
}

/// The same where all is in clear: of a schema from before there were keys.
pub(super) async fn catch_up_in_clear(
    connection: &impl ConnectionTrait,
    range: Range<i64>,
) -> Result<(), DbErr> {
    let mut from = range.start;
    loop {
        let rows: Vec<(i64, Option<Vec<u8>>)> = telling(from..range.end)
            .column(event::Column::Payload)
            .into_tuple()
            .all(connection)
            .await?;
        let Some((last, _)) = rows.last() else {
            return Ok(());
        };
        from = last + 1;
        let payloads = rows.into_iter().filter_map(|(_, payload)| payload);
        take(connection, &told(payloads)).await?;
    }
}

/// The next entries in which identity tells who is whom: their places.
fn telling(range: Range<i64>) -> Select<event::Entity> {
    event::Entity::find()
        .select_only()
        .column(event::Column::LogIndex)
        .filter(event::Column::LogIndex.gte(range.start))
        .filter(event::Column::LogIndex.lt(range.end))
        .filter(event::Column::Source.eq(TELLER))
        .filter(event::Column::Kind.is_in(KINDS.map(EventKind::code)))
        .order_by_asc(event::Column::LogIndex)
        .limit(ROWS_AT_ONCE as u64)
}

/// What was erased, or is no event, tells nothing; whoever examines the log says so.
fn told(payloads: impl Iterator<Item = Vec<u8>>) -> Vec<PatientChange> {
    payloads
        .filter_map(|payload| serde_json::from_slice::<Event>(&payload).ok())
        .filter_map(|event| aliases::in_event(&event))
        .collect()
}

/// Writes anew who is whom among all humans whom these changes may touch.
pub(super) async fn take(
    connection: &impl ConnectionTrait,
    changes: &[PatientChange],
) -> Result<(), DbErr> {
    if changes.is_empty() {
        return Ok(());
    }
    let named = changes.iter().flat_map(|change| change.entries());
    let named: BTreeSet<Uuid> = named.map(PatientId::as_uuid).collect();
    let before = all_with(connection, &named).await?;
    let links = before.iter().filter_map(|row| {
        let led_to = PatientId::from_uuid(row.leads_to?);
        Some((PatientId::from_uuid(row.patient_id), led_to))
    });
    let known = Aliases::known(links);
    let mut aliases = known.clone();
    for change in changes {
        aliases.take(*change);
    }
    if aliases == known {
        return Ok(());
    }
    let humans = aliases.humans();
    // Those who are somebody else from now on, and those who were.
    let was = before.iter().map(|row| row.patient_id);
    let ids: BTreeSet<Uuid> = was.chain(humans.keys().map(|id| id.as_uuid())).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    for some in ids.chunks(ROWS_AT_ONCE) {
        Entity::delete_many()
            .filter(Column::PatientId.is_in(some.iter().copied()))
            .exec(connection)
            .await?;
    }
    let rows = humans.iter().map(|(id, human)| ActiveModel {
        patient_id: Set(id.as_uuid()),
        leads_to: Set(aliases.leads_to(*id).map(PatientId::as_uuid)),
        human_id: Set(human.as_uuid()),
    });
    let rows: Vec<_> = rows.collect();
    for some in rows.chunks(ROWS_AT_ONCE) {
        Entity::insert_many(some.to_vec())
            .exec_without_returning(connection)
            .await?;
    }
    Ok(())
}

/// The identifiers of every human who has one of these.
async fn all_with(
    connection: &impl ConnectionTrait,
    ids: &BTreeSet<Uuid>,
) -> Result<Vec<Model>, DbErr> {
    let ids: Vec<Uuid> = ids.iter().copied().collect();
    let mut found: BTreeMap<Uuid, Model> = BTreeMap::new();
    for some in ids.chunks(ROWS_AT_ONCE) {
        let mut humans = Query::select();
        humans
            .column(Column::HumanId)
            .from(Entity)
            .and_where(Column::PatientId.is_in(some.iter().copied()));
        let rows = Entity::find()
            .filter(Column::HumanId.in_subquery(humans))
            .all(connection)
            .await?;
        found.extend(rows.into_iter().map(|row| (row.patient_id, row)));
    }
    Ok(found.into_values().collect())
}
