//! Patients: their rows, and how they are found.

use aval_database::{DatabaseError, Isolation};
use aval_domain::etag::Version;
use aval_domain::id::PatientId;
use aval_domain::ins::InsStatus;
use aval_domain::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use super::entity::former_matricule;
use super::entity::patient::{ActiveModel, Column, Entity, Model};
use crate::error::Error;
use crate::patient_keys::{KeyedDigest, SealedIdentity};
use crate::store::SealedPatient;

const TABLE: &str = "patients";

pub(super) async fn by_id(
    db: &impl ConnectionTrait,
    patient_id: PatientId,
) -> Result<Option<SealedPatient>, Error> {
    let row = Entity::find_by_id(patient_id.as_uuid()).one(db).await;
    read(row.map_err(DatabaseError::from)?)
}

pub(super) async fn by_ins(
    db: &impl ConnectionTrait,
    digests: &[KeyedDigest],
) -> Result<Option<SealedPatient>, Error> {
    let found = Entity::find().filter(Column::InsDigest.is_in(bytes(digests)));
    if let Some(row) = found.one(db).await.map_err(DatabaseError::from)? {
        return read(Some(row));
    }
    by_former_ins(db, digests).await
}

/// The patient whose waiting number this was.
pub(super) async fn by_former_ins(
    db: &impl ConnectionTrait,
    digests: &[KeyedDigest],
) -> Result<Option<SealedPatient>, Error> {
    let former = former_matricule::Entity::find()
        .filter(former_matricule::Column::InsDigest.is_in(bytes(digests)));
    match former.one(db).await.map_err(DatabaseError::from)? {
        Some(former) => by_id(db, PatientId::from_uuid(former.patient_id)).await,
        None => Ok(None),
    }
}

pub(super) async fn by_traits(
    db: &impl ConnectionTrait,
    digests: &[KeyedDigest],
) -> Result<Vec<SealedPatient>, Error> {
    let found = Entity::find()
        .filter(Column::TraitsDigest.is_in(bytes(digests)))
        .filter(Column::MergedInto.is_null());
    let rows = found.limit(2).all(db).await.map_err(DatabaseError::from)?;
    Ok(rows.into_iter().map(patient_of).collect::<Result<_, _>>()?)
}

/// Under one digest key, constraints keep two who come at once with one matricule apart.
/// Under several they may keep it under different digests: then only their order can.
pub(super) const fn isolation_of(digests: &[KeyedDigest]) -> Isolation {
    if digests.len() > 1 {
        Isolation::Serializable
    } else {
        Isolation::ReadCommitted
    }
}

pub(super) fn bytes(digests: &[KeyedDigest]) -> impl Iterator<Item = Vec<u8>> {
    digests.iter().map(|digest| digest.0.to_vec())
}

pub(super) fn row_of(patient: &SealedPatient) -> ActiveModel {
    ActiveModel {
        patient_id: Set(patient.patient_id.as_uuid()),
        ins_digest: Set(patient.ins_digest.0.to_vec()),
        traits_digest: Set(patient.traits_digest.0.to_vec()),
        digest_key_id: Set(patient.digest_key_id.clone()),
        key_id: Set(patient.sealed.key_id.clone()),
        sealed_identity: Set(patient.sealed.bytes.clone()),
        status: Set(patient.status.code().to_owned()),
        registered_at: Set(patient.registered_at.as_micros()),
        updated_at: Set(patient.updated_at.as_micros()),
        // A row is not written 2^63 times.
        version: Set(i64::try_from(patient.version.0).unwrap_or(i64::MAX)),
        merged_into: Set(patient.merged_into.map(PatientId::as_uuid)),
        likeness_digest: Set(patient.likeness.map(|likeness| likeness.0.to_vec())),
        likeness_of: Set(patient.likeness.map(|_| patient.traits_digest.0.to_vec())),
    }
}

pub(super) fn read(row: Option<Model>) -> Result<Option<SealedPatient>, Error> {
    Ok(row.map(patient_of).transpose()?)
}

pub(super) fn patient_of(row: Model) -> Result<SealedPatient, DatabaseError> {
    let corrupt = |column| DatabaseError::corrupt(TABLE, column, &row.patient_id);
    let digest = |bytes: &[u8], column| {
        let bytes = bytes.try_into().map_err(|_| corrupt(column))?;
        Ok::<_, DatabaseError>(KeyedDigest(bytes))
    };
    let is_known = row.likeness_of.as_ref() == Some(&row.traits_digest);
    let likeness = row.likeness_digest.as_deref().filter(|_| is_known);
    let likeness = likeness.map(|bytes| digest(bytes, "likeness_digest"));
    Ok(SealedPatient {
        patient_id: PatientId::from_uuid(row.patient_id),
        ins_digest: digest(&row.ins_digest, "ins_digest")?,
        traits_digest: digest(&row.traits_digest, "traits_digest")?,
        likeness: likeness.transpose()?,
        digest_key_id: row.digest_key_id,
        status: InsStatus::from_code(&row.status).ok_or_else(|| corrupt("status"))?,
        registered_at: Timestamp::from_micros(row.registered_at),
        updated_at: Timestamp::from_micros(row.updated_at),
        merged_into: row.merged_into.map(PatientId::from_uuid),
        version: Version(u64::try_from(row.version).map_err(|_| corrupt("version"))?),
        sealed: SealedIdentity {
            key_id: row.key_id,
            bytes: row.sealed_identity,
        },
    })
}
