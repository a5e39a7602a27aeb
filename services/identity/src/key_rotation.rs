//! Changing the keys of the patients' identities while the service is used.
//!
//! Each step is on every instance before the next begins: the new key is known; it makes
//! what is kept from now on; everything is put under it, here; the last one goes. So two
//! instances always share a key, and whoever reads has the key of what was written.

mod report;

pub use report::{KeyFile, KeyKind, Report};

use aval_database::DatabaseError;
use aval_domain::id::PatientId;

use crate::error::Error;
use crate::likeness::Likeness;
use crate::patient_keys::{PatientKeys, SealBroken};
use crate::store::{FormerMatricule, KeyCounts, OtherKeys, Rekeyed, SealedPatient, Store};

/// So many rows change in one transaction.
const BATCH: u64 = 500;
/// What was written under the last keys meanwhile is found by another pass; while some
/// instance still writes under them there is no end.
const PASSES: usize = 3;

/// What was put under the current keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rotated {
    /// Patients.
    pub patients: u64,
    /// Former matricules.
    pub former: u64,
    /// Patients left as they were: somebody else has their matricule.
    pub collided: Vec<PatientId>,
    /// Patients of whom something was altered in the database, and cannot be read.
    pub unreadable: Vec<PatientId>,
    /// What is under each key now.
    pub counts: KeyCounts,
}

/// A key was taken away that is still needed.
#[derive(Debug, thiserror::Error)]
pub enum KeyGone {
    /// Identities are encrypted under it.
    #[error(
        "identities are encrypted under the key {key_id}, which no configured file holds: \
         it belongs into patient_keys.other_encryption_key_files"
    )]
    Encryption {
        /// Its name.
        key_id: String,
    },
    /// Patients are found through it.
    #[error(
        "patients are found through the digest key {key_id}, which no configured file holds: \
         it belongs into patient_keys.other_digest_key_files"
    )]
    Digest {
        /// Its name.
        key_id: String,
    },
    /// Patients are found through it, and it is from before keys had names.
    #[error(
        "patients are found through a digest key that no configured file holds: \
         it belongs into patient_keys.other_digest_key_files"
    )]
    UnnamedDigest,
    /// It could not be asked.
    #[error("what the keys are needed for could not be read")]
    Store(#[from] Error),
}

/// Refuses keys without which something that is kept cannot be read, or not be found.
pub async fn require_keys(store: &dyn Store, keys: &PatientKeys) -> Result<(), KeyGone> {
    let in_use = store.keys_in_use().await?;
    for key_id in in_use.encryption {
        if !keys.encryption_key_ids().any(|known| known == key_id) {
            return Err(KeyGone::Encryption { key_id });
        }
    }
    for key_id in in_use.digest {
        if key_id.is_empty() {
            require_unnamed(store, keys).await?;
        } else if !keys.digest_key_ids().any(|known| known == key_id) {
            return Err(KeyGone::Digest { key_id });
        }
    }
    Ok(())
}

/// A key from before keys had names is known by what it made.
async fn require_unnamed(store: &dyn Store, keys: &PatientKeys) -> Result<(), KeyGone> {
    let Some(patient) = store.patient_under_digest_key("").await? else {
        return Ok(());
    };
    let identity = keys.open(patient.patient_id, &patient.sealed);
    let digests = keys.digests_of_ins(&identity.map_err(Error::from)?.ins);
    if digests.contains(&patient.ins_digest) {
        return Ok(());
    }
    Err(KeyGone::UnnamedDigest)
}

/// Puts everything under the current keys, in batches, whoever serves meanwhile, and says
/// how much was done to `progress`. It can be broken off and begun again at any time, and
/// several may do it at once.
pub async fn rotate(
    store: &dyn Store,
    keys: &PatientKeys,
    mut progress: impl FnMut(u64),
) -> Result<Rotated, Error> {
    let mut rotated = Rotated::default();
    for _ in 0..PASSES {
        rotated.collided.clear();
        rotated.unreadable.clear();
        let found = patients(store, keys, &mut rotated, &mut progress).await?
            + former(store, keys, &mut rotated).await?;
        if found == 0 {
            break;
        }
    }
    rotated.counts = store.count_by_key().await?;
    Ok(rotated)
}

/// How many were found under other keys.
async fn patients(
    store: &dyn Store,
    keys: &PatientKeys,
    rotated: &mut Rotated,
    progress: &mut impl FnMut(u64),
) -> Result<usize, Error> {
    let (mut after, mut found) = (None, 0);
    loop {
        let rows = store
            .patients_under_other_keys(&others(keys, after))
            .await?;
        let Some(last) = rows.last() else {
            return Ok(found);
        };
        after = Some(last.patient_id);
        found += rows.len();
        let rekeyed = rekeyed_of(rows, &mut rotated.unreadable, |read| patient(keys, read))?;
        rotated.patients += match store.rekey_patients(&rekeyed).await {
            Err(Error::Database(DatabaseError::UniqueViolation { .. })) => {
                one_by_one(store, &rekeyed, &mut rotated.collided).await?
            }
            done => done?,
        };
        progress(rotated.patients);
    }
}

/// Finds those who have a matricule together: that happens only where a digest key was
/// changed without letting every instance know it before.
async fn one_by_one(
    store: &dyn Store,
    rekeyed: &[Rekeyed<SealedPatient>],
    collided: &mut Vec<PatientId>,
) -> Result<u64, Error> {
    let mut done = 0;
    for row in rekeyed {
        match store.rekey_patients(std::slice::from_ref(row)).await {
            Err(Error::Database(DatabaseError::UniqueViolation { .. })) => {
                collided.push(row.read.patient_id);
            }
            answered => done += answered?,
        }
    }
    Ok(done)
}

/// These rows under the current keys. One that was altered keeps nobody else from it.
fn rekeyed_of<Row: Clone>(
    rows: Vec<Row>,
    unreadable: &mut Vec<PatientId>,
    rekeyed: impl Fn(&Row) -> (PatientId, Result<Row, SealBroken>),
) -> Result<Vec<Rekeyed<Row>>, Error> {
    let mut readable = Vec::with_capacity(rows.len());
    for read in rows {
        match rekeyed(&read) {
            (_, Ok(next)) => readable.push(Rekeyed { read, next }),
            (patient_id, Err(SealBroken::Altered)) => unreadable.push(patient_id),
            (_, Err(gone @ SealBroken::KeyGone { .. })) => return Err(gone.into()),
        }
    }
    Ok(readable)
}

fn patient(
    keys: &PatientKeys,
    read: &SealedPatient,
) -> (PatientId, Result<SealedPatient, SealBroken>) {
    let identity = keys.open(read.patient_id, &read.sealed);
    let next = identity.map(|identity| SealedPatient {
        ins_digest: keys.digest_of_ins(&identity.ins),
        traits_digest: keys.digest_of_traits(&identity.traits),
        likeness: Some(keys.digest_of_likeness(&Likeness::of(&identity.traits))),
        digest_key_id: keys.digest_key_id().to_owned(),
        sealed: keys.seal(read.patient_id, &identity),
        ..read.clone()
    });
    (read.patient_id, next)
}

/// How many were found under other keys.
async fn former(
    store: &dyn Store,
    keys: &PatientKeys,
    rotated: &mut Rotated,
) -> Result<usize, Error> {
    let (mut after, mut found) = (None, 0);
    loop {
        let rows = store.former_under_other_keys(&others(keys, after)).await?;
        let Some(last) = rows.last() else {
            return Ok(found);
        };
        after = Some(last.ins_digest);
        found += rows.len();
        let rekeyed = rekeyed_of(rows, &mut rotated.unreadable, |read| {
            let ins = keys.open_former(read.patient_id, &read.sealed);
            let next = ins.map(|ins| FormerMatricule {
                patient_id: read.patient_id,
                ins_digest: keys.digest_of_ins(&ins),
                digest_key_id: keys.digest_key_id().to_owned(),
                sealed: keys.seal_former(read.patient_id, &ins),
            });
            (read.patient_id, next)
        })?;
        rotated.former += store.rekey_former(&rekeyed).await?;
    }
}

fn others<Position>(keys: &PatientKeys, after: Option<Position>) -> OtherKeys<'_, Position> {
    OtherKeys {
        encryption: keys.encryption_key_id(),
        digest: keys.digest_key_id(),
        after,
        limit: BATCH,
    }
}
