//! The patients' keys in the database.
//!
//! A key is stored by the transaction that first uses it. Of two that make one for the same
//! patient at once the first one's stays, and both use it.

use std::collections::{BTreeSet, HashMap};

use aval_database::{DatabaseError, Transaction};
use aval_runtime::sealing::{Sealed, SealingKey};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult as _,
    QueryFilter, Statement,
};
use uuid::Uuid;

use super::entity::{event, patient_key};
use super::months::{self, Payloads, Place};
use crate::batch::Batch;
use crate::patient_keys::{PatientKey, PatientKeys, WrappedKey};
use crate::payload;

/// How many values one `IN` names.
const VALUES_PER_LIST: usize = 1_000;

/// One array whatever the number of patients, so that the statement is planned once.
const OF_OWNERS: &str = "SELECT key_id, patient_id, wrapping_key_id, wrapped \
    FROM patient_keys WHERE patient_id = ANY($1::uuid[])";

/// What opens rows: keys by name, and payloads that stand elsewhere by the rows' places.
#[derive(Debug, Default)]
pub(super) struct Opening {
    keys: HashMap<i64, SealingKey>,
    payloads: Payloads,
}

/// What of an entry is encrypted.
#[derive(Debug)]
pub(super) struct SealedPayload {
    pub(super) key_id: i64,
    pub(super) bytes: Vec<u8>,
}

/// The payloads of a batch, in its order, and the keys under which they are.
pub(super) struct SealedBatch {
    pub(super) payloads: Vec<SealedPayload>,
    pub(super) keys: Vec<PatientKey>,
}

impl Opening {
    pub(super) fn get(&self, key_id: i64) -> Option<&SealingKey> {
        self.keys.get(&key_id)
    }

    /// The payload of the row at this place, in which this stands; none: it was erased.
    pub(super) fn payload<'a>(
        &'a self,
        log_index: i64,
        there: Option<&'a [u8]>,
    ) -> Option<&'a [u8]> {
        match self.payloads.get(&log_index) {
            Some(elsewhere) => elsewhere.as_deref(),
            None => there,
        }
    }
}

/// Encrypts what a batch tells, under keys that are made where there is none.
pub(super) async fn seal(
    tx: &Transaction,
    keys: &PatientKeys,
    batch: &Batch<'_>,
) -> Result<SealedBatch, DatabaseError> {
    let keys = of_owners(tx, keys, &owners(batch)).await?;
    let payloads = seal_under(&keys, batch)?;
    Ok(SealedBatch { payloads, keys })
}

/// The keys of a batch, if all are in memory.
pub(super) fn known(keys: &PatientKeys, batch: &Batch<'_>) -> Option<Vec<PatientKey>> {
    let owners = owners(batch).into_iter();
    owners.map(|owner| keys.known_of(owner)).collect()
}

fn owners(batch: &Batch<'_>) -> BTreeSet<Uuid> {
    let events = batch.entries.iter().map(|entry| &entry.sealed.event);
    events.map(payload::owner).collect()
}

/// Encrypts what a batch tells under these keys. This is the one place that does.
pub(super) fn seal_under(
    keys: &[PatientKey],
    batch: &Batch<'_>,
) -> Result<Vec<SealedPayload>, DatabaseError> {
    let sealing: HashMap<Uuid, (i64, SealingKey)> = keys
        .iter()
        .map(|key| (key.owner, (key.id, key.sealing())))
        .collect();
    let mut payloads = Vec::with_capacity(batch.entries.len());
    for entry in &batch.entries {
        let event = &entry.sealed.event;
        let owner = payload::owner(event);
        let (key_id, key) = sealing
            .get(&owner)
            .ok_or_else(|| DatabaseError::corrupt("patient_keys", "patient_id", &owner))?;
        let id = event.event_id.as_uuid();
        let bytes = payload::seal(key, id, &entry.sealed.salt, &entry.sealed.canonical);
        payloads.push(SealedPayload {
            key_id: *key_id,
            bytes,
        });
    }
    Ok(payloads)
}

/// The keys of all of these, made where there is none.
pub(super) async fn of_owners(
    tx: &Transaction,
    keys: &PatientKeys,
    owners: &BTreeSet<Uuid>,
) -> Result<Vec<PatientKey>, DatabaseError> {
    let mut found = Vec::with_capacity(owners.len());
    let mut unknown = BTreeSet::new();
    for owner in owners {
        match keys.known_of(*owner) {
            Some(key) => found.push(key),
            None => {
                unknown.insert(*owner);
            }
        }
    }
    if unknown.is_empty() {
        return Ok(found);
    }
    take(tx, keys, &mut unknown, &mut found).await?;
    if unknown.is_empty() {
        return Ok(found);
    }
    let made: Vec<PatientKey> = unknown.iter().map(|owner| keys.make(*owner)).collect();
    if insert(tx, keys, &made).await? == made.len() as u64 {
        found.extend(made);
        return Ok(found);
    }
    // Somebody else made some of them meanwhile: those are what is used.
    take(tx, keys, &mut unknown, &mut found).await?;
    Ok(found)
}

/// Moves those of `unknown` who have a key to `found`.
async fn take(
    tx: &Transaction,
    keys: &PatientKeys,
    unknown: &mut BTreeSet<Uuid>,
    found: &mut Vec<PatientKey>,
) -> Result<(), DatabaseError> {
    for row in stored(tx, unknown).await? {
        unknown.remove(&row.patient_id);
        found.push(unwrapped(keys, row)?);
    }
    Ok(())
}

async fn stored(
    tx: &Transaction,
    owners: &BTreeSet<Uuid>,
) -> Result<Vec<patient_key::Model>, DatabaseError> {
    if tx.get_database_backend() == DbBackend::Postgres {
        let owners: Vec<Uuid> = owners.iter().copied().collect();
        let of_owners = [owners.into()];
        let asked = Statement::from_sql_and_values(DbBackend::Postgres, OF_OWNERS, of_owners);
        let rows = tx.query_all_raw(asked).await?;
        let rows = rows
            .iter()
            .map(|row| patient_key::Model::from_query_result(row, ""));
        return Ok(rows.collect::<Result<_, _>>()?);
    }
    let owners: Vec<Uuid> = owners.iter().copied().collect();
    let mut rows = Vec::new();
    for some in owners.chunks(VALUES_PER_LIST) {
        let of_some = patient_key::Column::PatientId.is_in(some.iter().copied());
        rows.extend(patient_key::Entity::find().filter(of_some).all(tx).await?);
    }
    Ok(rows)
}

/// How many of them were not there yet.
async fn insert(
    tx: &Transaction,
    keys: &PatientKeys,
    made: &[PatientKey],
) -> Result<u64, DatabaseError> {
    let mut inserted = 0;
    for some in made.chunks(VALUES_PER_LIST) {
        let rows = some.iter().map(|key| row_of(keys.wrap(key)));
        let mut taken = OnConflict::column(patient_key::Column::PatientId);
        taken.do_nothing();
        inserted += patient_key::Entity::insert_many(rows)
            .on_conflict(taken)
            .exec_without_returning(tx)
            .await?;
    }
    Ok(inserted)
}

pub(super) fn row_of(wrapped: WrappedKey) -> patient_key::ActiveModel {
    patient_key::ActiveModel {
        key_id: Set(wrapped.id),
        patient_id: Set(wrapped.owner),
        wrapping_key_id: Set(wrapped.sealed.key_id),
        wrapped: Set(wrapped.sealed.bytes),
    }
}

pub(super) fn wrapped_of(row: patient_key::Model) -> WrappedKey {
    WrappedKey {
        id: row.key_id,
        owner: row.patient_id,
        sealed: Sealed {
            key_id: row.wrapping_key_id,
            bytes: row.wrapped,
        },
    }
}

fn unwrapped(keys: &PatientKeys, row: patient_key::Model) -> Result<PatientKey, DatabaseError> {
    let id = row.key_id;
    keys.unwrap(&wrapped_of(row))
        .map_err(|_| DatabaseError::corrupt("patient_keys", "wrapped", &id))
}

/// What opens these rows, of each the name of its key and its place, as far as there is: a
/// row whose key is not among it cannot be read.
pub(super) async fn opening(
    connection: &impl ConnectionTrait,
    keys: &PatientKeys,
    rows: &[(Option<i64>, Place<'_>)],
) -> Result<Opening, DatabaseError> {
    let wanted: BTreeSet<i64> = rows.iter().filter_map(|row| row.0).collect();
    let places = rows.iter().map(|row| row.1);
    // In this order: whoever erases removes both at once, so that a payload that is still there
    // has its key here. The other way round it would seem to have been altered.
    let keys = named(connection, keys, wanted).await?;
    let payloads = months::of_rows(connection, places).await?;
    Ok(Opening { keys, payloads })
}

/// The keys of these names that there are.
async fn named(
    connection: &impl ConnectionTrait,
    keys: &PatientKeys,
    wanted: BTreeSet<i64>,
) -> Result<HashMap<i64, SealingKey>, DatabaseError> {
    let mut found = HashMap::new();
    let mut unknown = Vec::new();
    for key_id in wanted {
        match keys.known(key_id) {
            Some(key) => {
                found.insert(key_id, key.sealing());
            }
            None => unknown.push(key_id),
        }
    }
    for some in unknown.chunks(VALUES_PER_LIST) {
        let rows = patient_key::Entity::find()
            .filter(patient_key::Column::KeyId.is_in(some.iter().copied()))
            .all(connection)
            .await?;
        for row in rows {
            // One that was altered opens nothing.
            if let Ok(key) = unwrapped(keys, row) {
                found.insert(key.id, key.sealing());
                keys.remember(key);
            }
        }
    }
    Ok(found)
}

/// The keys that open these events.
pub(super) async fn opening_of(
    connection: &impl ConnectionTrait,
    keys: &PatientKeys,
    rows: &[event::Model],
) -> Result<Opening, DatabaseError> {
    let rows = rows.iter().map(|row| {
        let place = (row.log_index, row.recorded_at, row.payload.as_deref());
        (row.key_id, place)
    });
    opening(connection, keys, &rows.collect::<Vec<_>>()).await
}
