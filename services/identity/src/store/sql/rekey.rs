//! Puts what is kept under other keys, while it is used.
//!
//! Whoever changes an identity writes the whole row under a new version. So a row is put
//! under other keys only if its version and keys are those that were read:
//!
//! ```text
//! t0  A: reads the row to rekey it, version 3
//! t1  B: UPDATE … WHERE version = 3         writes version 4 under the keys that B uses
//! t2  A: UPDATE … WHERE version = 3 AND …   no row: it comes again if B's keys are others
//! t2' B: reads version 3 before t2, UPDATE after it: version 3 still, B's row is whole
//! ```
//!
//! The version does not change: the patient is whom they were, and a client's etag holds.

use aval_database::{Database, DatabaseError, Transaction};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, TryInsertResult};

use super::entity::{former_matricule, patient};
use crate::error::Error;
use crate::store::{FormerMatricule, Rekeyed, SealedPatient};

pub(super) async fn patients(
    db: &Database,
    rekeyed: &[Rekeyed<SealedPatient>],
) -> Result<u64, Error> {
    let done = db.transaction("identity.rekey_patients", async |tx| {
        let mut done = 0;
        for row in rekeyed {
            done += one_patient(&tx, row).await?;
        }
        Ok::<_, DatabaseError>(done)
    });
    Ok(done.await?)
}

async fn one_patient(
    tx: &Transaction,
    Rekeyed { read, next }: &Rekeyed<SealedPatient>,
) -> Result<u64, DatabaseError> {
    use patient::{ActiveModel, Column, Entity};
    let row = ActiveModel {
        ins_digest: Set(next.ins_digest.0.to_vec()),
        traits_digest: Set(next.traits_digest.0.to_vec()),
        likeness_digest: Set(next.likeness.map(|likeness| likeness.0.to_vec())),
        likeness_of: Set(next.likeness.map(|_| next.traits_digest.0.to_vec())),
        digest_key_id: Set(next.digest_key_id.clone()),
        key_id: Set(next.sealed.key_id.clone()),
        sealed_identity: Set(next.sealed.bytes.clone()),
        ..Default::default()
    };
    // A row is not written 2^63 times.
    let version = i64::try_from(read.version.0).unwrap_or(i64::MAX);
    let changed = Entity::update_many()
        .set(row)
        .filter(Column::PatientId.eq(read.patient_id.as_uuid()))
        .filter(Column::Version.eq(version))
        .filter(Column::KeyId.eq(read.sealed.key_id.as_str()))
        .filter(Column::DigestKeyId.eq(read.digest_key_id.as_str()))
        .exec(tx)
        .await?;
    Ok(changed.rows_affected)
}

pub(super) async fn former(
    db: &Database,
    rekeyed: &[Rekeyed<FormerMatricule>],
) -> Result<u64, Error> {
    let done = db.transaction("identity.rekey_former", async |tx| {
        let mut done = 0;
        for row in rekeyed {
            done += one_former(&tx, row).await?;
        }
        Ok::<_, DatabaseError>(done)
    });
    Ok(done.await?)
}

/// A number that was replaced again meanwhile stands there under the new digest already.
async fn one_former(
    tx: &Transaction,
    Rekeyed { read, next }: &Rekeyed<FormerMatricule>,
) -> Result<u64, DatabaseError> {
    use former_matricule::{ActiveModel, Column, Entity};
    let known = Entity::find_by_id(read.ins_digest.0.to_vec())
        .one(tx)
        .await?;
    let Some(known) = known else {
        return Ok(0);
    };
    if known.digest_key_id != read.digest_key_id
        || known.key_id.as_deref() != Some(&read.sealed.key_id)
    {
        return Ok(0);
    }
    Entity::delete_many()
        .filter(Column::InsDigest.eq(read.ins_digest.0.to_vec()))
        .exec(tx)
        .await?;
    let row = ActiveModel {
        ins_digest: Set(next.ins_digest.0.to_vec()),
        patient_id: Set(known.patient_id),
        replaced_at: Set(known.replaced_at),
        digest_key_id: Set(next.digest_key_id.clone()),
        sealed_ins: Set(Some(next.sealed.bytes.clone())),
        key_id: Set(Some(next.sealed.key_id.clone())),
    };
    let inserted = Entity::insert(row)
        .on_conflict_do_nothing_on([Column::InsDigest])
        .exec_without_returning(tx)
        .await?;
    Ok(u64::from(matches!(inserted, TryInsertResult::Inserted(1))))
}
