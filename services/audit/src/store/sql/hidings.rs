//! The few events that say from whom a document is hidden, found by an index of their own.

use aval_database::{Database, DatabaseError};
use aval_domain::id::PatientId;
use sea_orm::sea_query::SimpleExpr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, Select};
#[cfg(test)]
use sea_orm::{DbBackend, QueryTrait, Statement};
use uuid::Uuid;

use super::entity::event::{Column, Entity};
use super::standing::{entries, is_one_of};
use crate::patient_keys::PatientKeys;
use crate::store::StandingEntry;
use crate::withholding::{Audience, KINDS};

pub(super) async fn hidings(
    db: &Database,
    patient_keys: &PatientKeys,
    patient_id: PatientId,
    audience: Audience,
) -> Result<Vec<StandingEntry>, DatabaseError> {
    let under = |id| under(id, audience);
    entries(db, patient_keys, patient_id, "audit.hidings", under).await
}

/// What is hidden from the patient a professional hid: the patient's own masks, which may be
/// many, are not read for them. Whose act it was is not known any more of one that was erased.
fn under(id: Uuid, audience: Audience) -> Select<Entity> {
    let statement = Entity::find()
        .filter(Column::PatientId.eq(id))
        .filter(is_hiding())
        .order_by_asc(Column::LogIndex);
    match audience {
        Audience::Representative => statement,
        Audience::Holder => statement.filter(
            Condition::any()
                .add(Column::PractitionerId.is_not_null())
                .add(Column::ErasedBy.is_not_null()),
        ),
    }
}

/// The statement under one identifier. For the tests that look at its plan.
#[cfg(test)]
pub(crate) fn hidings_statement(engine: DbBackend, id: PatientId, audience: Audience) -> Statement {
    under(id.as_uuid(), audience).build(engine)
}

/// Word for word the condition of the index, as [`super::standing`] has its own.
pub(super) fn is_hiding() -> SimpleExpr {
    is_one_of(&KINDS)
}
