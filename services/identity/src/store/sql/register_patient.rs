//! Registering a patient: once per request, once per matricule.
//!
//! Two at once with one matricule, on PostgreSQL (on SQLite they queue):
//!
//! ```text
//! t0  A: INSERT patient                     takes the unique key of the digest
//! t1  B: INSERT patient ON CONFLICT DO NOTHING   waits for A's end
//! t2  A: COMMIT                             B: no row inserted → reads A's patient, judges
//! t2' A: ROLLBACK                           B: row inserted
//! ```
//!
//! While two digest keys are in use, instances may keep one matricule under different
//! digests, so that no key is taken twice. Then the transactions are serializable: both
//! have asked for every digest before they insert, so one of them is tried again.

use aval_database::requests::{self, Claim, ClaimError};
use aval_database::{Database, DatabaseError, Transaction, outbox};
use aval_domain::id::PatientId;
use sea_orm::ActiveValue::Set;
use sea_orm::{EntityTrait, TryInsertResult};

use super::entity::{identity_issue, patient as table};
use super::patient::{by_id, by_ins, isolation_of, row_of};
use crate::error::Error;
use crate::store::{Judge, NewIssue, Registered, Registration, SealedPatient, Verdict};

/// What stands for [`Registered::MatriculeTaken`] among the answered requests; a
/// patient stands there by identifier.
const MATRICULE_TAKEN: &str = "matricule-taken";

pub(super) async fn register_patient(
    db: &Database,
    registration: &Registration,
    judge: Judge<'_>,
) -> Result<Registered, Error> {
    let isolation = isolation_of(&registration.ins_digests);
    let registered = db.transaction_with("identity.register_patient", isolation, async |tx| {
        let request = &registration.request;
        let now = registration.patient.registered_at;
        if let Claim::Replay { result } = requests::claim(&tx, request, now).await? {
            return replay(&tx, &result).await;
        }
        let registered = register(&tx, registration, judge).await?;
        let result = match &registered {
            Registered::Patient(patient) => patient.patient_id.to_string(),
            Registered::MatriculeTaken => MATRICULE_TAKEN.to_owned(),
        };
        requests::complete(&tx, request, &result).await?;
        Ok::<_, Error>(registered)
    });
    registered.await
}

async fn register(
    tx: &Transaction,
    registration: &Registration,
    judge: Judge<'_>,
) -> Result<Registered, Error> {
    let (patient, digests) = (&registration.patient, &registration.ins_digests);
    // A second turn only if somebody registered them between two statements.
    loop {
        let known = by_ins(tx, digests).await?;
        if known.is_none() && insert(tx, patient).await? {
            outbox::append(tx, &registration.event).await?;
            return Ok(Registered::Patient(patient.clone()));
        }
        let Some(known) = known else {
            continue;
        };
        return match judge(&known)? {
            Verdict::Same => Ok(Registered::Patient(known)),
            Verdict::Other { evidence } => {
                keep_collision(tx, &registration.issue, known.patient_id, None, &evidence).await?;
                Ok(Registered::MatriculeTaken)
            }
        };
    }
}

/// Whether the matricule was free, and is this patient's now.
async fn insert(tx: &Transaction, patient: &SealedPatient) -> Result<bool, DatabaseError> {
    let inserted = table::Entity::insert(row_of(patient))
        .on_conflict_do_nothing_on([table::Column::InsDigest])
        .exec_without_returning(tx)
        .await?;
    Ok(matches!(inserted, TryInsertResult::Inserted(1)))
}

pub(super) async fn keep_collision(
    tx: &Transaction,
    issue: &NewIssue,
    patient_id: PatientId,
    other: Option<PatientId>,
    evidence: &[&str],
) -> Result<(), DatabaseError> {
    let row = identity_issue::ActiveModel {
        issue_id: Set(issue.issue_id),
        kind: Set("collision".to_owned()),
        patient_id: Set(patient_id.as_uuid()),
        other_patient_id: Set(other.map(PatientId::as_uuid)),
        evidence: Set(evidence.join(",")),
        found_at: Set(issue.found_at.as_micros()),
    };
    identity_issue::Entity::insert(row)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

async fn replay(tx: &Transaction, result: &str) -> Result<Registered, Error> {
    if result == MATRICULE_TAKEN {
        return Ok(Registered::MatriculeTaken);
    }
    let corrupt = || DatabaseError::corrupt("requests", "result", &"identity.register_patient");
    let patient_id: PatientId = result.parse().map_err(|_| corrupt())?;
    let patient = by_id(tx, patient_id).await?.ok_or_else(corrupt)?;
    Ok(Registered::Patient(patient))
}

impl From<ClaimError> for Error {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::Reused => Self::RequestIdReused,
            ClaimError::Database(error) => Self::Database(error),
        }
    }
}
