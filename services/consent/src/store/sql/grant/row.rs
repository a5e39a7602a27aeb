//! A grant as a row, and back.

use aval_database::DatabaseError;
use aval_domain::document::DocumentClasses;
use aval_domain::id::{GrantId, OrganizationId, PatientId, PractitionerId};
use aval_domain::rpps::Rpps;
use aval_domain::time::Timestamp;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{ColumnTrait, ExprTrait};

use crate::grant::{Grant, GrantOrigin, GrantRequest, GrantStatus, Purpose};
use crate::grantee::{Grantee, GranteeName};
use crate::store::sql::entity::grant::{ActiveModel, Column, Model};
use crate::store::sql::row::{Row, version_to_row};

/// Rows of this status. It stands in the statement's text, where partial indexes are
/// looked for: bound to it, SQLite prepares the statement anew each time, and
/// PostgreSQL's lasting plan has no use for the index.
pub(in crate::store::sql) fn has(status: GrantStatus) -> SimpleExpr {
    let status = Expr::cust(format!("'{}'", status.code()));
    Expr::col(Column::Status.as_column_ref()).eq(status)
}

pub(in crate::store::sql) fn write(grant: &Grant) -> ActiveModel {
    let request = grant.request.as_ref();
    ActiveModel {
        grant_id: Set(grant.grant_id.as_uuid()),
        patient_id: Set(grant.patient_id.as_uuid()),
        practitioner_id: Set(grant.grantee.practitioner_id().map(PractitionerId::as_uuid)),
        organization_id: Set(grant.grantee.organization_id().map(OrganizationId::as_uuid)),
        rpps: Set(grant.grantee.rpps().map(|rpps| rpps.as_str().to_owned())),
        classes: Set(grant.classes.bits().into()),
        from_at: Set(grant.period.from().as_micros()),
        until_at: Set(grant.period.until().map(Timestamp::as_micros)),
        origin: Set(grant.origin.code().to_owned()),
        status: Set(grant.status.code().to_owned()),
        grantee_name: Set(grant
            .grantee_name
            .as_ref()
            .map(|name| name.as_str().to_owned())),
        purpose: Set(request.map(|request| request.purpose.as_str().to_owned())),
        answer_by_at: Set(request.map(|request| request.answer_by.as_micros())),
        begun_when_answered: NotSet,
        created_by: Set(grant.created_by.map(PractitionerId::as_uuid)),
        created_at: Set(grant.created_at.as_micros()),
        updated_at: Set(grant.updated_at.as_micros()),
        ended_at: Set(grant.ended_at.map(Timestamp::as_micros)),
        version: Set(version_to_row(grant.version)),
    }
}

/// A request that the patient made a grant of. That its period had begun by then is said once
/// for all: a change of later says nothing of it.
pub(in crate::store::sql) fn write_approved(grant: &Grant) -> ActiveModel {
    ActiveModel {
        begun_when_answered: Set(Some(grant.period.from() <= grant.updated_at)),
        ..write(grant)
    }
}

pub(in crate::store::sql) fn read(row: &Model) -> Result<Grant, DatabaseError> {
    let named = Row {
        table: "grants",
        id: row.grant_id,
    };
    let grantee = grantee(row);
    let classes = u16::try_from(row.classes)
        .ok()
        .and_then(DocumentClasses::from_bits);
    Ok(Grant {
        grant_id: GrantId::from_uuid(row.grant_id),
        patient_id: PatientId::from_uuid(row.patient_id),
        grantee: named.require("practitioner_id", grantee)?,
        classes: named.require("classes", classes)?,
        period: named.period(row.from_at, row.until_at)?,
        origin: named.require("origin", GrantOrigin::from_code(&row.origin))?,
        status: named.require("status", GrantStatus::from_code(&row.status))?,
        grantee_name: row.grantee_name.as_deref().and_then(GranteeName::parse),
        request: named.require("answer_by_at", request(row))?,
        created_by: row.created_by.map(PractitionerId::from_uuid),
        created_at: named.instant("created_at", row.created_at)?,
        updated_at: named.instant("updated_at", row.updated_at)?,
        ended_at: named.optional_instant("ended_at", row.ended_at)?,
        version: named.version(row.version)?,
    })
}

/// What the professional said, `Some(None)` where nobody asked; `None` when the row is
/// bad: both columns are there or neither is.
#[expect(
    clippy::option_option,
    reason = "the inner option is the request, the outer one validity"
)]
fn request(row: &Model) -> Option<Option<GrantRequest>> {
    match (row.purpose.as_deref(), row.answer_by_at) {
        (None, None) => Some(None),
        (Some(purpose), Some(answer_by)) => Some(Some(GrantRequest {
            purpose: Purpose::parse(purpose)?,
            answer_by: Timestamp::try_from(answer_by).ok()?,
        })),
        _ => None,
    }
}

fn grantee(row: &Model) -> Option<Grantee> {
    match (
        row.practitioner_id,
        row.organization_id,
        row.rpps.as_deref(),
    ) {
        (Some(id), None, None) => Some(Grantee::Practitioner(PractitionerId::from_uuid(id))),
        (None, Some(id), None) => Some(Grantee::Organization(OrganizationId::from_uuid(id))),
        (None, None, Some(rpps)) => Rpps::parse(rpps).ok().map(Grantee::Rpps),
        _ => None,
    }
}
