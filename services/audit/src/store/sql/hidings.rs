//! The few events that say from whom a document is hidden, found by an index of their own.

use aval_database::{Database, DatabaseError};
use aval_domain::id::PatientId;
use sea_orm::sea_query::{Expr, Query, SelectStatement, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Select,
};
#[cfg(test)]
use sea_orm::{DbBackend, QueryTrait, Statement};
use uuid::Uuid;

use super::alias::{self, IS_LED_TO};
use super::entity::event::{Column, Entity};
use super::standing::{entries, is_one_of};
use crate::patient_keys::PatientKeys;
use crate::store::StandingEntry;
use crate::withholding::{Audience, KINDS};

/// Tells whether any stands under the identifier that is asked for.
pub(super) const HAS_HIDINGS: &str = "has_hidings";

pub(super) async fn hidings(
    db: &Database,
    patient_keys: &PatientKeys,
    patient_id: PatientId,
    audience: Audience,
) -> Result<Vec<StandingEntry>, DatabaseError> {
    if !may_have_any(db, patient_id.as_uuid(), audience).await? {
        return Ok(Vec::new());
    }
    let under = |id| under(id, audience);
    entries(db, patient_keys, patient_id, "audit.hidings", under).await
}

/// Whether there may be any, by one statement: nearly no patient has one, and a transaction would
/// be four. Where it finds nothing, there was nothing in the state that it looked at.
async fn may_have_any(db: &Database, id: Uuid, audience: Audience) -> Result<bool, DatabaseError> {
    let mut look = Query::select();
    look.expr_as(Expr::exists(any_of(id, audience)), HAS_HIDINGS);
    look.expr_as(alias::is_led_to(id), IS_LED_TO);
    let Some(row) = db.reader().query_one(&look).await? else {
        return Ok(true);
    };
    let has_hidings: bool = row.try_get("", HAS_HIDINGS)?;
    let is_led_to: bool = row.try_get("", IS_LED_TO)?;
    Ok(has_hidings || is_led_to)
}

/// Whether any stands under this identifier, whomever it hides from, as a part of a statement.
pub(super) fn has_hidings(id: Uuid) -> SimpleExpr {
    Expr::exists(any_of(id, Audience::Representative))
}

fn any_of(id: Uuid, audience: Audience) -> SelectStatement {
    let mut any = Query::select();
    any.expr(Expr::value(1))
        .from(Entity)
        .cond_where(that_hide(id, audience));
    any
}

fn under(id: Uuid, audience: Audience) -> Select<Entity> {
    Entity::find()
        .filter(that_hide(id, audience))
        .order_by_asc(Column::LogIndex)
}

/// What is hidden from the patient a professional hid: the patient's own masks, which may be
/// many, are not read for them. Whose act it was is not known any more of one that was erased.
fn that_hide(id: Uuid, audience: Audience) -> Condition {
    let from_anybody = Condition::all()
        .add(Column::PatientId.eq(id))
        .add(is_hiding());
    match audience {
        Audience::Representative => from_anybody,
        Audience::Holder => from_anybody.add(
            Condition::any()
                .add(Column::PractitionerId.is_not_null())
                .add(Column::ErasedBy.is_not_null()),
        ),
    }
}

/// The statements under one identifier: that looks whether there is any, and that reads them.
/// For the tests that look at their plans.
#[cfg(test)]
pub(crate) fn hidings_statements(
    engine: DbBackend,
    id: PatientId,
    audience: Audience,
) -> [Statement; 2] {
    let id = id.as_uuid();
    let look = engine.build(&any_of(id, audience));
    [look, under(id, audience).build(engine)]
}

/// Word for word the condition of the index, as [`super::standing`] has its own.
pub(super) fn is_hiding() -> SimpleExpr {
    is_one_of(&KINDS)
}
