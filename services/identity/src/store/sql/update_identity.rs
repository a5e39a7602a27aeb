//! Changing identities, merging and unmerging them.
//!
//! Whoever changes a patient's row does it under its version, or with the row locked;
//! of two patients, that with the lesser identifier is locked first, so that two merges
//! wait for each other in no circle.

use aval_database::requests::{self, Claim};
use aval_database::{Database, DatabaseError, Transaction, outbox};
use aval_domain::id::{PatientId, SessionId};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter};

use super::close_session::close_every;
use super::entity::{former_matricule, patient, session};
use super::merges;
use super::patient::{by_id, by_ins, isolation_of, row_of};
use super::register_patient::keep_collision;
use crate::error::Error;
use crate::store::{
    IdentityUpdate, Joined, Joining, SealedPatient, SessionsOf, Updated, UpdatedIdentity,
};

/// What stands for [`Updated::MatriculeTaken`] among the answered requests.
const MATRICULE_TAKEN: &str = "matricule-taken";

pub(super) async fn update(db: &Database, update: &IdentityUpdate<'_>) -> Result<Updated, Error> {
    let first = update_once(db, update).await;
    match first {
        // Somebody registered the matricule between the question and the change: now it
        // is there to be seen.
        Err(Error::Database(DatabaseError::UniqueViolation { .. })) => {
            update_once(db, update).await
        }
        answered => answered,
    }
}

async fn update_once(db: &Database, update: &IdentityUpdate<'_>) -> Result<Updated, Error> {
    let isolation = isolation_of(&update.ins_digests);
    let updated = db.transaction_with("identity.update_identity", isolation, async |tx| {
        let (next, request) = (&update.next, &update.request);
        if let Claim::Replay { result } = requests::claim(&tx, request, next.updated_at).await? {
            if result == MATRICULE_TAKEN {
                return Ok(Updated::MatriculeTaken);
            }
            let patient = known(&tx, next.patient_id).await?;
            return Ok(Updated::Identity(Box::new(UpdatedIdentity {
                patient,
                sessions: Vec::new(),
            })));
        }
        if let Some(other) = by_ins(&tx, &update.ins_digests).await?
            && other.patient_id != next.patient_id
        {
            let (issue, evidence) = (&update.issue, &["ins"]);
            keep_collision(
                &tx,
                issue,
                other.patient_id,
                Some(next.patient_id),
                evidence,
            )
            .await?;
            requests::complete(&tx, request, MATRICULE_TAKEN).await?;
            return Ok(Updated::MatriculeTaken);
        }
        if !write(&tx, update).await? {
            return Err(Error::EtagMismatch);
        }
        outbox::append(&tx, &update.event).await?;
        let sessions = match &update.close {
            Some(close) => close_of_record(&tx, next.patient_id, close).await?,
            None => Vec::new(),
        };
        requests::complete(&tx, request, "updated").await?;
        Ok::<_, Error>(Updated::Identity(Box::new(UpdatedIdentity {
            patient: next.clone(),
            sessions,
        })))
    });
    updated.await
}

/// Whether the row was as it was read, and is as it is to be now.
async fn write(tx: &Transaction, update: &IdentityUpdate<'_>) -> Result<bool, Error> {
    use patient::Column;
    let next = &update.next;
    let read = i64::try_from(update.read.0).unwrap_or(i64::MAX);
    let changed = patient::Entity::update_many()
        .set(row_of(next))
        .filter(Column::PatientId.eq(next.patient_id.as_uuid()))
        .filter(Column::Version.eq(read))
        .exec(tx)
        .await
        .map_err(DatabaseError::from)?;
    if changed.rows_affected != 1 {
        return Ok(false);
    }
    if let Some(waiting) = &update.replaced_waiting {
        let former = former_matricule::ActiveModel {
            ins_digest: Set(waiting.ins_digest.0.to_vec()),
            patient_id: Set(waiting.patient_id.as_uuid()),
            replaced_at: Set(next.updated_at.as_micros()),
            digest_key_id: Set(waiting.digest_key_id.clone()),
            sealed_ins: Set(Some(waiting.sealed.bytes.clone())),
            key_id: Set(Some(waiting.sealed.key_id.clone())),
        };
        former_matricule::Entity::insert(former)
            .on_conflict_do_nothing_on([former_matricule::Column::InsDigest])
            .exec_without_returning(tx)
            .await
            .map_err(DatabaseError::from)?;
    }
    Ok(true)
}

pub(super) async fn join(db: &Database, joining: &Joining<'_>) -> Result<Joined, Error> {
    let name = match joining.target {
        Some(_) => "identity.merge_patients",
        None => "identity.unmerge_patients",
    };
    let joined = db.transaction(name, async |tx| {
        let request = &joining.request;
        match requests::claim(&tx, request, joining.at).await? {
            Claim::Fresh => {
                let joined = join_once(&tx, joining).await?;
                let target = joined.target.patient_id.to_string();
                requests::complete(&tx, request, &target).await?;
                Ok::<_, Error>(joined)
            }
            Claim::Replay { result } => {
                let corrupt = |_| DatabaseError::corrupt("requests", "result", &request.operation);
                let target: PatientId = result.parse().map_err(corrupt)?;
                Ok(Joined {
                    source: known(&tx, joining.source).await?,
                    target: known(&tx, target).await?,
                    sessions: Vec::new(),
                })
            }
        }
    });
    joined.await
}

async fn join_once(tx: &Transaction, joining: &Joining<'_>) -> Result<Joined, Error> {
    let source_id = joining.source;
    let led_to = known(tx, source_id).await?.merged_into;
    let target_id = joining.target.or(led_to).ok_or(Error::MergeConflict)?;
    for patient_id in [source_id.min(target_id), source_id.max(target_id)] {
        lock(tx, patient_id).await?;
    }
    let (mut source, target) = (known(tx, source_id).await?, known(tx, target_id).await?);
    let may = match joining.target {
        Some(_) => source.merged_into.is_none() && target.merged_into.is_none(),
        None => source.merged_into == Some(target_id),
    };
    if !may {
        return Err(Error::MergeConflict);
    }
    source.merged_into = joining.target;
    source.updated_at = joining.at;
    source.version = source.version.next();
    lead(tx, &source).await?;
    merges::note(tx, source_id, joining.target);
    for event in (joining.events)(target_id) {
        outbox::append(tx, &event).await?;
    }
    // Of a merge those of the record that nobody sees any more; of one taken back those
    // that may rest on the source's matricule.
    let record = joining.target.map_or(target_id, |_| source_id);
    Ok(Joined {
        sessions: close_of_record(tx, record, &joining.close).await?,
        source,
        target,
    })
}

async fn lead(tx: &Transaction, source: &SealedPatient) -> Result<(), DatabaseError> {
    patient::Entity::update_many()
        .set(row_of(source))
        .filter(patient::Column::PatientId.eq(source.patient_id.as_uuid()))
        .exec(tx)
        .await?;
    Ok(())
}

async fn lock(tx: &Transaction, patient_id: PatientId) -> Result<(), DatabaseError> {
    use patient::Column;
    patient::Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version))
        .filter(Column::PatientId.eq(patient_id.as_uuid()))
        .exec(tx)
        .await?;
    Ok(())
}

/// A patient whom the use case has seen: rows never go away.
async fn known(tx: &Transaction, patient_id: PatientId) -> Result<SealedPatient, Error> {
    by_id(tx, patient_id).await?.ok_or(Error::PatientNotFound)
}

/// Closes every session about this patient's record, and every one of theirs.
async fn close_of_record(
    tx: &Transaction,
    patient_id: PatientId,
    close: &SessionsOf<'_>,
) -> Result<Vec<SessionId>, Error> {
    use session::Column;
    let id = patient_id.as_uuid();
    let theirs: SimpleExpr = Column::PersonId.eq(id).or(Column::PatientId.eq(id));
    close_every(tx, theirs, close.closed, close.trace).await
}
