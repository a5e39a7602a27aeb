//! Erasing rows, and reading what is left of them.
//!
//! What is left is what proofs need: the leaf, its hashes, the patient's chain; and which
//! entry says why. The columns that lists are narrowed by told who did what, and go too; but for
//! the kind of those that said how people stand to the patient, or from whom a document is hidden:
//! who reads it must know that there was one which nobody can read any more.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use aval_database::{Database, DatabaseError, Transaction};
use aval_domain::event::{EventKind, Outcome};
use aval_domain::id::PatientId;
use aval_domain::time::Timestamp;
use sea_orm::sea_query::{Expr, Query, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, Order, QueryFilter, QueryOrder,
    QuerySelect, Select,
};
use uuid::Uuid;

use super::entity::event::{Column, Entity, Model};
use super::entity::patient_key;
use super::hidings::is_hiding;
use super::row::{self, LeafRow};
use super::standing::is_of_standing;
use super::{alias, months, onward};
use crate::entry::{Entry, StoredErased};
use crate::erasure::{
    self, Erasable, ErasableRow, ErasedEntry, Erasure, Limit, MOST_AT_ONCE, Target,
};
use crate::patient_keys::PatientKeys;
use crate::payload::KEPT_FOR_EVER;
use crate::store::Sequence;

/// How many entries one step looks at, whatever of them is to be erased.
const ROWS_PER_LOOK: u64 = 5_000;

/// A row: its place, its patient, its place among theirs, when it was recorded.
type Found = (i64, Option<Uuid>, Option<i64>, i64);

pub(super) async fn erasable(db: &Database, target: &Target) -> Result<Erasable, DatabaseError> {
    match target {
        Target::Patient(id) => of_patient(db, *id).await,
        Target::Outdated { from, limits } => outdated(db, *from, limits).await,
    }
}

async fn of_patient(db: &Database, id: PatientId) -> Result<Erasable, DatabaseError> {
    let theirs = Condition::all().add(Column::PatientId.eq(id.as_uuid()));
    let rows = look(db, theirs).await?;
    let key = patient_key::Entity::find()
        .filter(patient_key::Column::PatientId.eq(id.as_uuid()))
        .one(db.reader())
        .await?;
    Ok(Erasable {
        next: next_after_full(&rows),
        rows,
        has_key: key.is_some(),
    })
}

async fn outdated(db: &Database, from: u64, limits: &[Limit]) -> Result<Erasable, DatabaseError> {
    let size = onward::size(db).await?;
    let to = from.saturating_add(ROWS_PER_LOOK).min(size);
    let mut outdated = Condition::any();
    for limit in limits {
        let kinds = limit.kinds.iter().map(|kind| kind.code());
        let old = Condition::all()
            .add(Column::RecordedAt.lt(limit.before.as_micros()))
            .add(Column::Kind.is_in(kinds));
        outdated = outdated.add(old);
    }
    let here = Condition::all()
        .add(Column::LogIndex.gte(row::signed(from)))
        .add(Column::LogIndex.lt(row::signed(to)))
        .add(outdated);
    let rows = look(db, here).await?;
    let next = match next_after_full(&rows) {
        Some(next) => Some(next),
        None if to < size && is_before_any(db, to, limits).await? => Some(to),
        None => None,
    };
    Ok(Erasable {
        rows,
        next,
        has_key: false,
    })
}

/// Whether the entry at this place is older than any limit: those after it are not older.
async fn is_before_any(db: &Database, index: u64, limits: &[Limit]) -> Result<bool, DatabaseError> {
    let recorded_at: Option<i64> = Entity::find()
        .select_only()
        .column(Column::RecordedAt)
        .filter(Column::LogIndex.eq(row::signed(index)))
        .into_tuple()
        .one(db.reader())
        .await?;
    let recorded_at = recorded_at.map(Timestamp::from_micros);
    Ok(recorded_at.is_some_and(|at| limits.iter().any(|limit| at < limit.before)))
}

fn next_after_full(rows: &[ErasableRow]) -> Option<u64> {
    let is_full = rows.len() as u64 >= MOST_AT_ONCE;
    let last = rows.last().filter(|_| is_full);
    last.map(|last| last.log_index + 1)
}

async fn look(db: &Database, whose: Condition) -> Result<Vec<ErasableRow>, DatabaseError> {
    let rows: Vec<Found> = Entity::find()
        .select_only()
        .column(Column::LogIndex)
        .column(Column::PatientId)
        .column(Column::PatientSequence)
        .column(Column::RecordedAt)
        .filter(whose)
        .filter(Column::Payload.is_not_null())
        .filter(Column::Kind.is_not_in(KEPT_FOR_EVER.map(EventKind::code)))
        .order_by_asc(Column::LogIndex)
        .limit(MOST_AT_ONCE)
        .into_tuple()
        .all(db.reader())
        .await?;
    let found = rows.into_iter().map(|(index, patient, sequence, at)| {
        let number = |number, column| row::unsigned(number, "events", column, &index);
        let sequence = sequence.map(|sequence| number(sequence, "patient_sequence"));
        let patient = patient.map(PatientId::from_uuid).zip(sequence.transpose()?);
        Ok(ErasableRow {
            log_index: number(index, "log_index")?,
            patient,
            recorded_at: Timestamp::from_micros(at),
        })
    });
    found.collect()
}

/// Erases what a batch says that it erases.
pub(super) async fn erase(tx: &Transaction, erasures: &[Erasure]) -> Result<(), DatabaseError> {
    for erasure in erasures {
        let indexes = erasure.log_indexes.iter().copied().map(row::signed);
        months::erase(tx, indexes.clone().collect()).await?;
        let erased = Entity::update_many()
            .col_expr(Column::Payload, Expr::value(None::<Vec<u8>>))
            .col_expr(Column::Salt, Expr::value(None::<Vec<u8>>))
            .col_expr(Column::KeyId, Expr::value(None::<i64>))
            .col_expr(Column::PractitionerId, Expr::value(None::<Uuid>))
            .col_expr(Column::OrganizationId, Expr::value(None::<Uuid>))
            .col_expr(Column::Kind, kind_that_stays())
            .col_expr(Column::Outcome, Expr::value(""))
            .col_expr(Column::IsEmergency, Expr::value(false))
            .col_expr(Column::OccurredAt, Expr::col(Column::RecordedAt))
            .col_expr(
                Column::ErasedBy,
                Expr::value(row::signed(erasure.erased_by)),
            )
            .filter(Column::LogIndex.is_in(indexes))
            .filter(Column::Payload.is_not_null())
            .exec(tx)
            .await?;
        // What the event says must be what was done.
        if erased.rows_affected != erasure.log_indexes.len() as u64 {
            let index = erasure.erased_by;
            return Err(DatabaseError::corrupt("events", "payload", &index));
        }
    }
    Ok(())
}

/// The kind of an event that had an effect on how people stand to its patient, or on who sees a
/// document; nothing of any other.
fn kind_that_stays() -> SimpleExpr {
    let had_effect = Condition::all()
        .add(Condition::any().add(is_of_standing()).add(is_hiding()))
        .add(Column::Outcome.eq(Outcome::Success.code()));
    let stays = Expr::case(had_effect, Expr::col(Column::Kind));
    stays.finally("").into()
}

/// Erases a patient's key.
pub(super) async fn erase_key(tx: &Transaction, id: PatientId) -> Result<(), DatabaseError> {
    patient_key::Entity::delete_many()
        .filter(patient_key::Column::PatientId.eq(id.as_uuid()))
        .exec(tx)
        .await?;
    Ok(())
}

/// What is left of the erased events of a patient, under whatever identifier, in this part
/// of the log.
pub(super) async fn erased_in(
    db: &Database,
    patient_id: PatientId,
    range: &Range<u64>,
    order: Sequence,
    limit: u64,
) -> Result<Vec<StoredErased>, DatabaseError> {
    let ids = alias::ids_of(db.reader(), patient_id.as_uuid()).await?;
    let order = match order {
        Sequence::NewestFirst => Order::Desc,
        Sequence::OldestFirst => Order::Asc,
    };
    let rows = there(Column::PatientId.is_in(ids))
        .filter(Column::LogIndex.gte(row::signed(range.start)))
        .filter(Column::LogIndex.lt(row::signed(range.end)))
        .order_by(Column::LogIndex, order)
        .limit(limit)
        .all(db.reader())
        .await?;
    rows.iter().map(erased_of).collect()
}

/// Whether anything of this patient's own was erased, as a part of a statement.
pub(super) fn has_erased(id: Uuid) -> SimpleExpr {
    let mut erased = Query::select();
    erased
        .expr(Expr::value(1))
        .from(Entity)
        .and_where(Column::PatientId.eq(id))
        .and_where(Column::ErasedBy.is_not_null());
    Expr::exists(erased)
}

/// What is left of an event, if it was erased.
pub(super) async fn erased(
    db: &Database,
    event_id: Uuid,
) -> Result<Option<StoredErased>, DatabaseError> {
    let row = there(Column::EventId.eq(event_id)).one(db.reader()).await?;
    row.as_ref().map(erased_of).transpose()
}

/// What is left of those of these events that this producer delivered and that were erased.
pub(super) async fn erased_of_source(
    connection: &impl ConnectionTrait,
    source: &str,
    event_ids: impl Iterator<Item = Uuid>,
) -> Result<Vec<StoredErased>, DatabaseError> {
    let rows = there(Column::EventId.is_in(event_ids))
        .filter(Column::Source.eq(source))
        .all(connection)
        .await?;
    rows.iter().map(erased_of).collect()
}

fn there(whose: SimpleExpr) -> Select<Entity> {
    Entity::find()
        .filter(whose)
        .filter(Column::ErasedBy.is_not_null())
}

pub(super) fn erased_of(row: &Model) -> Result<StoredErased, DatabaseError> {
    let index = row.log_index;
    let corrupt = |column| DatabaseError::corrupt("events", column, &index);
    let erased_by = row.erased_by.ok_or_else(|| corrupt("erased_by"))?;
    Ok(StoredErased {
        log_index: row::unsigned(index, "events", "log_index", &index)?,
        leaf: row::leaf_of(&LeafRow::of(row))?,
        leaf_hash: row::node_at(&row.nodes, 0).ok_or_else(|| corrupt("nodes"))?,
        erased_by: row::unsigned(erased_by, "events", "erased_by", &index)?,
    })
}

/// The entries that are said to have erased these rows, as far as the log itself recorded
/// them.
pub(super) async fn erasures_of(
    tx: &Transaction,
    keys: &PatientKeys,
    rows: &[Model],
) -> Result<HashMap<i64, Entry>, DatabaseError> {
    let named: BTreeSet<i64> = rows.iter().filter_map(|row| row.erased_by).collect();
    let mut erasures = HashMap::new();
    if named.is_empty() {
        return Ok(erasures);
    }
    let named = Entity::find()
        .filter(Column::LogIndex.is_in(named))
        .filter(Column::Source.eq(erasure::SOURCE))
        .all(tx)
        .await?;
    for stored in row::entries_of(tx, keys, &named).await? {
        let index = row::signed(stored.log_index);
        // One that was altered says nothing, and is told where it stands.
        erasures.extend(stored.open().ok().map(|entry| (index, entry)));
    }
    Ok(erasures)
}

/// Whether the entry that is said to have erased this row says so.
pub(super) fn is_told(row: &Model, erasures: &HashMap<i64, Entry>) -> bool {
    let by = row.erased_by.and_then(|by| erasures.get(&by));
    let erased = erased_of(row);
    erased.is_ok_and(|erased| ErasedEntry::of(erased, by).is_ok())
}
