//! Gives a likeness to whoever was kept without one: by a program that did not know it.
//!
//! After an upgrade that is everybody, and while it is rolled out whoever the older program
//! registers or changes. So it never ends, and costs one look at an empty index while there
//! is nobody. Several instances may do it at once: each row is written once.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::error::Error;
use crate::patient_keys::{PatientKeys, SealBroken};
use crate::store::{Likened, SealedPatient, Store};

/// So many rows change in one transaction.
const BATCH: u64 = 500;
/// How often it is looked whether there is anybody. Until then a search looks at them itself.
const LOOKED_EVERY: Duration = Duration::from_secs(15);

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filled {
    /// Patients who have a likeness now.
    pub patients: u64,
    /// Patients of whom something was altered in the database, and cannot be read.
    pub unreadable: u64,
}

/// Goes through everybody who has no likeness, in batches, whoever serves meanwhile.
pub async fn fill(store: &dyn Store, keys: &PatientKeys) -> Result<Filled, Error> {
    let (mut filled, mut after) = (Filled::default(), None);
    loop {
        let rows = store.patients_without_likeness(after, BATCH).await?;
        let Some(last) = rows.last() else {
            return Ok(filled);
        };
        after = Some(last.patient_id);
        let mut likened = Vec::with_capacity(rows.len());
        for row in &rows {
            match of(keys, row) {
                Ok(row) => likened.push(row),
                Err(SealBroken::Altered) => filled.unreadable += 1,
                Err(gone @ SealBroken::KeyGone { .. }) => return Err(gone.into()),
            }
        }
        filled.patients += store.keep_likenesses(&likened).await?;
    }
}

/// Does so until `shutdown`.
pub async fn keep_filling(app: Arc<App>, shutdown: CancellationToken) {
    let for_ever = async {
        let mut unreadable = 0;
        loop {
            match fill(app.store.as_ref(), &app.patient_keys).await {
                Ok(filled) => {
                    let patients = filled.patients;
                    if patients > 0 {
                        tracing::info!(patients, "patients can be searched for from now on");
                    }
                    if filled.unreadable != unreadable {
                        unreadable = filled.unreadable;
                        tracing::warn!(
                            patients = unreadable,
                            "patients who were altered in the database are not found by search"
                        );
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the likenesses of patients were not completed");
                }
            }
            tokio::time::sleep(LOOKED_EVERY).await;
        }
    };
    shutdown.run_until_cancelled(for_ever).await;
}

/// Under the key that the row's other digests are under, whichever instance wrote it.
fn of(keys: &PatientKeys, row: &SealedPatient) -> Result<Likened, SealBroken> {
    let traits = keys.open(row.patient_id, &row.sealed)?.traits;
    let likeness = keys.likeness_beside(&row.traits_digest, &traits);
    Ok(Likened {
        patient_id: row.patient_id,
        traits_digest: row.traits_digest,
        likeness: likeness.ok_or(SealBroken::Altered)?,
    })
}
