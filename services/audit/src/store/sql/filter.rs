//! A query as a condition on rows.

use aval_domain::event::{EventKind, Outcome};
use aval_domain::id::PractitionerId;
use aval_domain::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait as _, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use uuid::Uuid;

use super::entity::event::{Column, Entity};
use super::list::Asked;
use crate::query::Filter;
use crate::store::Humans;

/// The acts under one identifier of a professional that a filter leaves, wherever in the log
/// they stand; `all` are all of the human's, to whom each record is one.
pub(super) fn of_practitioner(
    id: PractitionerId,
    all: &[PractitionerId],
    filter: &Filter,
    named: &[PractitionerId],
) -> Condition {
    let own = Column::PractitionerId.eq(id.as_uuid());
    let theirs = is_one_of(all);
    let record = Expr::col(Column::PatientId);
    left(own, theirs, record, narrowing(filter, named), filter)
}

/// The entries under one identifier of a human that a filter leaves; `all` are all of the
/// human's, whose record is one.
pub(super) fn of_patient(id: Uuid, all: &[Uuid], filter: &Filter, asked: &Asked) -> Condition {
    let theirs = Column::PatientId.is_in(all.iter().copied());
    let own = Column::PatientId.eq(id);
    let human = human(&asked.merged);
    left(own, theirs, human, narrowing(filter, &asked.named), filter)
}

/// By which human an entry is, where these are known under another identifier.
fn human(merged: &Humans) -> SimpleExpr {
    let id = || Expr::col(Column::PractitionerId);
    let mut merged = merged.iter();
    let Some((first, human)) = merged.next() else {
        return id();
    };
    let mut case = Expr::case(id().eq(first.as_uuid()), human.as_uuid());
    for (other, human) in merged {
        case = case.case(id().eq(other.as_uuid()), human.as_uuid());
    }
    case.finally(id()).into()
}

/// Of these entries those that a filter leaves; `first_among` and `first_of_each` say of
/// which accesses one is the first.
fn left(
    these: SimpleExpr,
    first_among: SimpleExpr,
    first_of_each: SimpleExpr,
    narrowing: Condition,
    filter: &Filter,
) -> Condition {
    let mut condition = Condition::all()
        .add(these)
        .add(Column::Payload.is_not_null());
    if filter.first_access_only {
        condition = condition.add(is_first_access(first_among, first_of_each));
    }
    condition.add(narrowing)
}

/// Whether somebody acted under one of these identifiers.
fn is_one_of(professionals: &[PractitionerId]) -> SimpleExpr {
    match professionals {
        [one] => Column::PractitionerId.eq(one.as_uuid()),
        several => Column::PractitionerId.is_in(several.iter().map(|id| id.as_uuid())),
    }
}

/// The conditions of a filter that look at one entry alone; `named` are all identifiers of
/// the professional whom it names.
pub(super) fn narrowing(filter: &Filter, named: &[PractitionerId]) -> Condition {
    let instant = Timestamp::as_micros;
    let kinds = filter.kinds.iter().map(|kind| kind.code());
    Condition::all()
        .add_option(
            filter
                .from_at
                .map(|from| Column::OccurredAt.gte(instant(from))),
        )
        .add_option(
            filter
                .until_at
                .map(|until| Column::OccurredAt.lt(instant(until))),
        )
        .add_option(filter.practitioner_id.map(|_| is_one_of(named)))
        .add_option(
            filter
                .organization_id
                .map(|id| Column::OrganizationId.eq(id.as_uuid())),
        )
        .add_option((!filter.kinds.is_empty()).then(|| Column::Kind.is_in(kinds)))
        .add_option(
            filter
                .outcome
                .map(|outcome| Column::Outcome.eq(outcome.code())),
        )
        .add_option(filter.emergency_only.then(|| Column::IsEmergency.eq(true)))
}

/// The first permitted access of each professional to each record, among all of these: a
/// later one is not the first because the filter leaves the first out.
fn is_first_access(among: SimpleExpr, of_each: SimpleExpr) -> SimpleExpr {
    let first = Entity::find()
        .select_only()
        .column_as(Column::LogIndex.min(), "first")
        .filter(permitted_accesses(among))
        .group_by(of_each);
    Column::LogIndex.in_subquery(first.into_query())
}

/// Of these entries the accesses of professionals that were permitted.
pub(super) fn permitted_accesses(among: SimpleExpr) -> Condition {
    Condition::all()
        .add(among)
        .add(Column::PractitionerId.is_not_null())
        .add(Column::Kind.eq(EventKind::AccessDecided.code()))
        .add(Column::Outcome.eq(Outcome::Success.code()))
}
