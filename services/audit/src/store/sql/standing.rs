//! The few events that say how people stand to a patient, found by an index of their own.

use aval_database::{Database, DatabaseError};
use aval_domain::event::EventKind;
use aval_domain::id::PatientId;
use aval_domain::time::Timestamp;
use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, Select};
#[cfg(test)]
use sea_orm::{DbBackend, QueryTrait, Statement};
use uuid::Uuid;

use super::entity::event::{Column, Entity, Model};
use super::keys::{self, Opening};
use super::{alias, row};
use crate::patient_keys::PatientKeys;
use crate::standing::KINDS;
use crate::store::StandingEntry;

pub(super) async fn standing(
    db: &Database,
    patient_keys: &PatientKeys,
    patient_id: PatientId,
) -> Result<Vec<StandingEntry>, DatabaseError> {
    entries(db, patient_keys, patient_id, "audit.standing", under).await
}

/// What stands `under` each identifier of the patient, in the order of the log, of one state.
pub(super) async fn entries(
    db: &Database,
    patient_keys: &PatientKeys,
    patient_id: PatientId,
    operation: &'static str,
    under: impl Fn(Uuid) -> Select<Entity> + Send + Sync,
) -> Result<Vec<StandingEntry>, DatabaseError> {
    let (mut rows, opening) = db
        .snapshot(operation, async |tx| {
            let mut rows = Vec::new();
            for id in alias::ids_of(&tx, patient_id.as_uuid()).await? {
                rows.extend(under(id).all(&tx).await?);
            }
            let opening = keys::opening_of(&tx, patient_keys, &rows).await?;
            Ok::<_, DatabaseError>((rows, opening))
        })
        .await?;
    rows.sort_unstable_by_key(|row| row.log_index);
    rows.iter()
        .filter_map(|row| entry(row, &opening).transpose())
        .collect()
}

fn under(id: Uuid) -> Select<Entity> {
    Entity::find()
        .filter(Column::PatientId.eq(id))
        .filter(is_of_standing())
        .order_by_asc(Column::LogIndex)
}

/// The statement under one identifier. For the tests that look at its plan.
#[cfg(test)]
pub(crate) fn standing_statement(engine: DbBackend, id: PatientId) -> Statement {
    under(id.as_uuid()).build(engine)
}

/// Word for word the condition of the index, without parameters: SQLite uses the index for
/// nothing else.
pub(super) fn is_of_standing() -> SimpleExpr {
    is_one_of(&KINDS)
}

/// Whether an event is of one of these kinds, without parameters.
pub(super) fn is_one_of(kinds: &[EventKind]) -> SimpleExpr {
    let codes = kinds.iter().map(|kind| format!("'{}'", kind.code()));
    let codes: Vec<String> = codes.collect();
    Expr::cust(format!("kind IN ({})", codes.join(", ")))
}

fn entry(row: &Model, opening: &Opening) -> Result<Option<StandingEntry>, DatabaseError> {
    let corrupt = |column| DatabaseError::corrupt("events", column, &row.log_index);
    let Some(under) = row.patient_id else {
        return Ok(None);
    };
    Ok(Some(StandingEntry {
        source: row.source.clone(),
        under: PatientId::from_uuid(under),
        kind: EventKind::from_code(&row.kind).ok_or_else(|| corrupt("kind"))?,
        recorded_at: Timestamp::from_micros(row.recorded_at),
        entry: row::entry_of(row, opening)?,
    }))
}
