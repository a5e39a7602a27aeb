//! Records and treating doctors.

use aval_database::{Database, DatabaseError, Transaction, outbox};
use aval_domain::id::{PatientId, PractitionerId};
use aval_domain::time::Timestamp;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::change_clock;
use super::entity::{record, treating_doctor};
use super::once;
use super::row::{Row, version_to_row};
use crate::error::Error;
use crate::record::{Record, TreatingDoctor};
use crate::store::{Rule, Write};

pub(super) async fn find(db: &Database, patient_id: PatientId) -> Result<Option<Record>, Error> {
    db.snapshot("consent.find_record", async |tx| {
        let row = record::Entity::find_by_id(patient_id.as_uuid())
            .one(&tx)
            .await?;
        match row {
            Some(row) => Ok(Some(with_doctors(&tx, row).await?)),
            None => Ok(None),
        }
    })
    .await
}

pub(super) async fn change(
    db: &Database,
    write: &Write,
    patient_id: PatientId,
    rule: &Rule<'_, Option<Record>, Record>,
) -> Result<Record, Error> {
    db.transaction("consent.change_record", async |tx| {
        let work = Box::pin(async {
            let present = lock(&tx, patient_id).await?;
            let Some(change) = rule(&present)? else {
                return present.ok_or(Error::RecordUnavailable);
            };
            match present {
                Some(_) => update(&tx, &change.value).await?,
                None => insert(&tx, &change.value).await?,
            }
            save_doctors(&tx, &change.value).await?;
            outbox::append(&tx, &change.event).await?;
            change_clock::advance(&tx, patient_id);
            Ok(change.value)
        });
        once(&tx, write, work).await
    })
    .await
}

/// Locks the record, so that nothing else of this patient changes until the end of
/// the transaction; [`Error::RecordUnavailable`] if it is not open.
pub(super) async fn lock_open(tx: &Transaction, patient_id: PatientId) -> Result<(), Error> {
    let row = locked_row(tx, patient_id).await?;
    match row {
        Some(row) if row.closed_at.is_none() => Ok(()),
        _ => Err(Error::RecordUnavailable),
    }
}

async fn lock(tx: &Transaction, patient_id: PatientId) -> Result<Option<Record>, Error> {
    match locked_row(tx, patient_id).await? {
        Some(row) => Ok(Some(with_doctors(tx, row).await?)),
        None => Ok(None),
    }
}

async fn locked_row(
    tx: &Transaction,
    patient_id: PatientId,
) -> Result<Option<record::Model>, Error> {
    let row = record::Entity::find_by_id(patient_id.as_uuid())
        .lock_exclusive()
        .one(tx)
        .await?;
    Ok(row)
}

async fn with_doctors(
    connection: &impl ConnectionTrait,
    row: record::Model,
) -> Result<Record, Error> {
    let doctors = treating_doctor::Entity::find()
        .filter(treating_doctor::Column::PatientId.eq(row.patient_id))
        .order_by_asc(treating_doctor::Column::AddedAt)
        .order_by_asc(treating_doctor::Column::PractitionerId)
        .all(connection)
        .await?;
    Ok(read(&row, &doctors)?)
}

/// Stores a record that was not there to be locked. Somebody else may have stored it
/// meanwhile: then the transaction begins again, and finds theirs.
async fn insert(tx: &Transaction, record: &Record) -> Result<(), Error> {
    let inserted = record::Entity::insert(row_of(record))
        .exec_without_returning(tx)
        .await;
    match inserted.map_err(DatabaseError::from) {
        Ok(_) => Ok(()),
        Err(DatabaseError::UniqueViolation { source, .. }) => {
            Err(DatabaseError::Serialization { source }.into())
        }
        Err(error) => Err(error.into()),
    }
}

async fn update(tx: &Transaction, record: &Record) -> Result<(), Error> {
    record::Entity::update(row_of(record)).exec(tx).await?;
    Ok(())
}

fn row_of(record: &Record) -> record::ActiveModel {
    record::ActiveModel {
        patient_id: Set(record.patient_id.as_uuid()),
        opposes_break_glass: Set(record.opposes_break_glass),
        opposes_regulation_center: Set(record.opposes_regulation_center),
        opened_at: Set(record.opened_at.as_micros()),
        closed_at: Set(record.closed_at.map(Timestamp::as_micros)),
        version: Set(version_to_row(record.version)),
    }
}

/// Writes the treating doctors. Who is known stays known: they are added and marked as
/// removed, never deleted.
async fn save_doctors(tx: &Transaction, record: &Record) -> Result<(), Error> {
    if record.treating_doctors.is_empty() {
        return Ok(());
    }
    let mut changed = OnConflict::columns([
        treating_doctor::Column::PatientId,
        treating_doctor::Column::PractitionerId,
    ]);
    changed.update_columns([
        treating_doctor::Column::AddedAt,
        treating_doctor::Column::RemovedAt,
    ]);
    let rows = record
        .treating_doctors
        .iter()
        .map(|doctor| treating_doctor::ActiveModel {
            patient_id: Set(record.patient_id.as_uuid()),
            practitioner_id: Set(doctor.practitioner_id.as_uuid()),
            added_at: Set(doctor.added_at.as_micros()),
            removed_at: Set(doctor.removed_at.map(Timestamp::as_micros)),
        });
    treating_doctor::Entity::insert_many(rows)
        .on_conflict(changed)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

fn read(row: &record::Model, doctors: &[treating_doctor::Model]) -> Result<Record, DatabaseError> {
    let named = Row {
        table: "records",
        id: row.patient_id,
    };
    Ok(Record {
        patient_id: PatientId::from_uuid(row.patient_id),
        opposes_break_glass: row.opposes_break_glass,
        opposes_regulation_center: row.opposes_regulation_center,
        treating_doctors: doctors.iter().map(read_doctor).collect::<Result<_, _>>()?,
        opened_at: named.instant("opened_at", row.opened_at)?,
        closed_at: named.optional_instant("closed_at", row.closed_at)?,
        version: named.version(row.version)?,
    })
}

fn read_doctor(row: &treating_doctor::Model) -> Result<TreatingDoctor, DatabaseError> {
    let named = Row {
        table: "treating_doctors",
        id: row.patient_id,
    };
    Ok(TreatingDoctor {
        practitioner_id: PractitionerId::from_uuid(row.practitioner_id),
        added_at: named.instant("added_at", row.added_at)?,
        removed_at: named.optional_instant("removed_at", row.removed_at)?,
    })
}
