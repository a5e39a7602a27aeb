//! How a batch becomes rows.

mod postgres;
mod sqlite;

use aval_database::parameters::Encoded;
use aval_database::{Backend, Database, DatabaseError, outbox};
use aval_domain::event::Event;
use sea_orm::DbErr;

use super::{alias, erase, keys};
use crate::aliases;
use crate::batch::{Batch, Origin};
use crate::patient_keys::PatientKeys;
use crate::payload;
use crate::store::CommitError;
use crate::submission::SealedEvent;

/// A batch that is one statement, as it is sent.
#[derive(Debug)]
pub struct ReadyBatch(Encoded);

pub(super) async fn commit(
    db: &Database,
    patient_keys: &PatientKeys,
    batch: &Batch<'_>,
    positions: &[(&str, u64, u64)],
) -> Result<(), CommitError> {
    if let Some(ready) = ready(db, patient_keys, batch, positions) {
        return commit_ready(db, ready?).await;
    }
    let used = db
        .transaction("audit.append", async |tx| {
            let sealed = keys::seal(&tx, patient_keys, batch).await?;
            let payloads = sealed.payloads;
            let stored = match db.backend() {
                Backend::Sqlite => sqlite::store(&tx, batch, payloads, positions).await,
                Backend::Postgres => postgres::store(&tx, batch, &payloads, positions).await,
            };
            stored.map_err(already_recorded)?;
            alias::take(&tx, &batch.who_is_whom).await?;
            erase::erase(&tx, &batch.erasures).await?;
            if let Some(patient_id) = batch.erased_key {
                erase::erase_key(&tx, patient_id).await?;
            }
            Ok::<_, CommitError>(sealed.keys)
        })
        .await?;
    // Only now: a key of a transaction that came to nothing is nobody's.
    patient_keys.remember_owners(used);
    if let Some(patient_id) = batch.erased_key {
        patient_keys.forget(patient_id.as_uuid());
    }
    Ok(())
}

/// Keeps an event of this service's own until the log takes it.
pub(super) async fn trace(db: &Database, event: &Event) -> Result<(), DatabaseError> {
    db.transaction::<_, DatabaseError, _>("audit.trace", async |tx| {
        outbox::append(&tx, event).await
    })
    .await
}

/// Whether [`ready`] makes anything of these.
pub(super) fn makes_ready(
    db: &Database,
    patient_keys: &PatientKeys,
    events: &[(Origin<'_>, &SealedEvent)],
) -> bool {
    let is_plain = |(origin, sealed): &(Origin<'_>, &SealedEvent)| {
        aliases::told_by(origin.source, &sealed.event).is_none()
            && patient_keys
                .known_of(payload::owner(&sealed.event))
                .is_some()
    };
    db.backend() == Backend::Postgres && events.iter().all(is_plain)
}

/// A batch that is one statement on PostgreSQL, as nearly every one is: it changes nothing but
/// what entries do, and their keys are known. Everything is encrypted and encoded here.
pub(super) fn ready(
    db: &Database,
    patient_keys: &PatientKeys,
    batch: &Batch<'_>,
    positions: &[(&str, u64, u64)],
) -> Option<Result<ReadyBatch, DatabaseError>> {
    let is_alone = batch.who_is_whom.is_empty()
        && batch.erasures.is_empty()
        && batch.erased_key.is_none()
        && db.backend() == Backend::Postgres;
    let known = is_alone.then(|| keys::known(patient_keys, batch))??;
    let payloads = keys::seal_under(&known, batch);
    let encoded = payloads.and_then(|payloads| postgres::encode(batch, &payloads, positions));
    Some(encoded.map(ReadyBatch))
}

/// The statement is the whole transaction.
pub(super) async fn commit_ready(db: &Database, batch: ReadyBatch) -> Result<(), CommitError> {
    let stored = postgres::store_alone(db, batch.0).await;
    stored.map_err(already_recorded)
}

fn already_recorded(error: CommitError) -> CommitError {
    match error {
        CommitError::Database(error)
            if error.violates_unique("events_event_id_key", "events", &["event_id"]) =>
        {
            CommitError::AlreadyRecorded
        }
        other => other,
    }
}

impl From<DbErr> for CommitError {
    fn from(error: DbErr) -> Self {
        Self::Database(DatabaseError::from(error))
    }
}
