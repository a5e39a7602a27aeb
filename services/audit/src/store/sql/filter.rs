//! A query as a condition on rows.

use aval_domain::event::{EventKind, Outcome};
use aval_domain::time::Timestamp;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait};

use super::entity::event::{Column, Entity};
use crate::query::{Filter, Scope};

/// The entries of a list that a filter leaves, wherever in the log they stand.
pub(super) fn condition(whose: Scope, filter: &Filter) -> Condition {
    let scope = scope(whose);
    let mut condition = scope.clone().add(Column::Payload.is_not_null());
    if filter.first_access_only {
        condition = condition.add(is_first_access(scope));
    }
    condition.add(narrowing(filter))
}

fn scope(scope: Scope) -> Condition {
    Condition::all().add(match scope {
        Scope::Patient(id) => Column::PatientId.eq(id.as_uuid()),
        Scope::Practitioner(id) => Column::PractitionerId.eq(id.as_uuid()),
    })
}

fn narrowing(filter: &Filter) -> Condition {
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
        .add_option(
            filter
                .practitioner_id
                .map(|id| Column::PractitionerId.eq(id.as_uuid())),
        )
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

/// The first permitted access of each professional to each record, among all that the
/// scope holds: a later one is not the first because the filter leaves the first out.
fn is_first_access(scope: Condition) -> sea_orm::sea_query::SimpleExpr {
    let first = Entity::find()
        .select_only()
        .column_as(Column::LogIndex.min(), "first")
        .filter(scope)
        .filter(Column::PractitionerId.is_not_null())
        .filter(Column::Kind.eq(EventKind::AccessDecided.code()))
        .filter(Column::Outcome.eq(Outcome::Success.code()))
        .group_by(Column::PatientId)
        .group_by(Column::PractitionerId)
        .into_query();
    Column::LogIndex.in_subquery(first)
}
