//! Rights to act for a patient.
//!
//! Whoever adds one locks the patient's row first, so that of two who add the same
//! right at once the second one sees the first.

use aval_database::requests::{self, Claim};
use aval_database::{Database, DatabaseError, Transaction, outbox};
use aval_domain::id::{PatientId, RepresentationId};
use aval_domain::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::close_session::close_every;
use super::entity::representation::{ActiveModel, Column, Entity, Model};
use super::entity::{patient, session};
use crate::error::Error;
use crate::representation::{Representation, kind_code, kind_from_code};
use crate::store::{Added, NewRepresentation, Removal, Removed, RepresentationQuery, Represents};

const TABLE: &str = "representations";
/// What stands for [`Added::Exists`] among the answered requests.
const EXISTS: &str = "exists";

pub(super) async fn add(db: &Database, new: &NewRepresentation) -> Result<Added, Error> {
    let added = db.transaction("identity.add_representative", async |tx| {
        let (request, now) = (&new.request, new.representation.started_at);
        if let Claim::Replay { result } = requests::claim(&tx, request, now).await? {
            return replay(&tx, &result).await;
        }
        let added = add_once(&tx, new).await?;
        let result = match &added {
            Added::Representation(added) => added.representation_id.to_string(),
            Added::Exists => EXISTS.to_owned(),
        };
        requests::complete(&tx, request, &result).await?;
        Ok::<_, Error>(added)
    });
    added.await
}

async fn add_once(tx: &Transaction, new: &NewRepresentation) -> Result<Added, Error> {
    let representation = &new.representation;
    lock_patient(tx, representation.patient_id).await?;
    let (patient_id, representative) = (
        representation.patient_id,
        representation.representative_patient_id,
    );
    let now = representation.started_at;
    if between(tx, patient_id, representative, now)
        .await?
        .is_some()
    {
        return Ok(Added::Exists);
    }
    Entity::insert(row_of(representation))
        .exec_without_returning(tx)
        .await
        .map_err(DatabaseError::from)?;
    outbox::append(tx, &new.event).await?;
    Ok(Added::Representation(representation.clone()))
}

async fn lock_patient(tx: &Transaction, patient_id: PatientId) -> Result<(), DatabaseError> {
    use patient::Column;
    patient::Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version))
        .filter(Column::PatientId.eq(patient_id.as_uuid()))
        .exec(tx)
        .await?;
    Ok(())
}

async fn replay(tx: &Transaction, result: &str) -> Result<Added, Error> {
    if result == EXISTS {
        return Ok(Added::Exists);
    }
    let corrupt = || DatabaseError::corrupt("requests", "result", &"identity.add_representative");
    let id: RepresentationId = result.parse().map_err(|_| corrupt())?;
    let added = by_id(tx, id).await?.ok_or_else(corrupt)?;
    Ok(Added::Representation(added))
}

pub(super) async fn remove(db: &Database, removal: &Removal<'_>) -> Result<Option<Removed>, Error> {
    let removed = db.transaction("identity.remove_representative", async |tx| {
        let id = removal.representation_id.as_uuid();
        let at = removal.closed.at;
        let changed = Entity::update_many()
            .col_expr(Column::RemovedAt, Expr::value(at.as_micros()))
            .filter(Column::RepresentationId.eq(id))
            .filter(Column::RemovedAt.is_null())
            .exec(&tx)
            .await
            .map_err(DatabaseError::from)?;
        let Some(representation) = by_id(&tx, removal.representation_id).await? else {
            return Ok(None);
        };
        let mut sessions = Vec::new();
        if changed.rows_affected == 1 {
            outbox::append(&tx, &removal.event).await?;
            let theirs = session::Column::RepresentationId.eq(id);
            sessions = close_every(&tx, theirs, removal.closed, removal.trace).await?;
        }
        Ok::<_, Error>(Some(Removed {
            representation,
            sessions,
        }))
    });
    removed.await
}

pub(super) async fn by_id(
    db: &impl ConnectionTrait,
    representation_id: RepresentationId,
) -> Result<Option<Representation>, DatabaseError> {
    let row = Entity::find_by_id(representation_id.as_uuid())
        .one(db)
        .await?;
    row.as_ref().map(representation_of).transpose()
}

pub(super) async fn between(
    db: &impl ConnectionTrait,
    patient_id: PatientId,
    representative: PatientId,
    now: Timestamp,
) -> Result<Option<Representation>, DatabaseError> {
    let found = Entity::find()
        .filter(Column::PatientId.eq(patient_id.as_uuid()))
        .filter(Column::RepresentativePatientId.eq(representative.as_uuid()))
        .filter(holds_at(now))
        .order_by_desc(Column::RepresentationId);
    let row = found.one(db).await?;
    row.as_ref().map(representation_of).transpose()
}

pub(super) async fn list(
    db: &Database,
    query: &RepresentationQuery,
) -> Result<Vec<Representation>, Error> {
    let mut found = Entity::find().filter(match query.of {
        Represents::Patient(patient_id) => Column::PatientId.eq(patient_id.as_uuid()),
        Represents::Representative(patient_id) => {
            Column::RepresentativePatientId.eq(patient_id.as_uuid())
        }
    });
    if let Some(before) = query.before {
        found = found.filter(Column::RepresentationId.lt(before.as_uuid()));
    }
    let newest_first = found
        .filter(holds_at(query.now))
        .order_by_desc(Column::RepresentationId)
        .limit(query.limit);
    let rows = newest_first
        .all(db.reader())
        .await
        .map_err(DatabaseError::from)?;
    let listed = rows.iter().map(representation_of);
    Ok(listed.collect::<Result<_, _>>()?)
}

fn holds_at(now: Timestamp) -> Condition {
    let not_over = Condition::any()
        .add(Column::EndAt.is_null())
        .add(Column::EndAt.gt(now.as_micros()));
    Condition::all()
        .add(Column::RemovedAt.is_null())
        .add(not_over)
}

fn row_of(representation: &Representation) -> ActiveModel {
    ActiveModel {
        representation_id: Set(representation.representation_id.as_uuid()),
        patient_id: Set(representation.patient_id.as_uuid()),
        representative_patient_id: Set(representation.representative_patient_id.as_uuid()),
        kind: Set(kind_code(representation.kind).to_owned()),
        started_at: Set(representation.started_at.as_micros()),
        end_at: Set(representation.end_at.map(Timestamp::as_micros)),
        removed_at: Set(representation.removed_at.map(Timestamp::as_micros)),
    }
}

fn representation_of(row: &Model) -> Result<Representation, DatabaseError> {
    let corrupt = || DatabaseError::corrupt(TABLE, "kind", &row.representation_id);
    Ok(Representation {
        representation_id: RepresentationId::from_uuid(row.representation_id),
        patient_id: PatientId::from_uuid(row.patient_id),
        representative_patient_id: PatientId::from_uuid(row.representative_patient_id),
        kind: kind_from_code(&row.kind).ok_or_else(corrupt)?,
        started_at: Timestamp::from_micros(row.started_at),
        end_at: row.end_at.map(Timestamp::from_micros),
        removed_at: row.removed_at.map(Timestamp::from_micros),
    })
}
