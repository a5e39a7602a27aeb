//! Records and treating doctors.

use aval_database::{Database, DatabaseError, Transaction, outbox};
use aval_domain::id::{PatientId, PractitionerId};
use aval_domain::time::Timestamp;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::alias;
use super::entity::{record, treating_doctor};
use super::once;
use super::row::{Row, version_to_row};
use crate::error::Error;
use crate::record::{Record, TreatingDoctor};
use crate::store::{Rule, Write};

pub(super) async fn find(db: &Database, patient_id: PatientId) -> Result<Option<Record>, Error> {
    db.snapshot("consent.find_record", async |tx| {
        let rows = record::Entity::find()
            .filter(alias::of_patient(&tx, record::Column::PatientId, patient_id).await?)
            .all(&tx)
            .await?;
        of_human(&tx, patient_id, &rows).await
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
            let rows = lock(&tx, patient_id).await?;
            let present = of_human(&tx, patient_id, &rows).await?;
            let Some(change) = rule(&present)? else {
                return present.ok_or(Error::RecordUnavailable);
            };
            let id = patient_id.as_uuid();
            if rows.iter().any(|row| row.patient_id == id) {
                update(&tx, &change.value).await?;
            } else {
                insert(&tx, &change.value).await?;
            }
            let others = rows.iter().filter(|row| row.patient_id != id);
            for row in others {
                lift(&tx, row, &change.value).await?;
            }
            save_doctors(&tx, present.as_ref(), &change.value).await?;
            outbox::append(&tx, &change.event).await?;
            alias::advance(&tx, patient_id).await?;
            Ok(change.value)
        });
        once(&tx, write, work).await
    })
    .await
}

/// Locks the record, so that nothing else of this patient changes until the end of
/// the transaction; [`Error::RecordUnavailable`] if it is not open.
pub(super) async fn lock_open(tx: &Transaction, patient_id: PatientId) -> Result<(), Error> {
    let rows = lock(tx, patient_id).await?;
    if rows.is_empty() || rows.iter().any(|row| row.closed_at.is_some()) {
        return Err(Error::RecordUnavailable);
    }
    Ok(())
}

/// The rows under every identifier of the patient, locked in one order for all.
async fn lock(tx: &Transaction, patient_id: PatientId) -> Result<Vec<record::Model>, Error> {
    let rows = record::Entity::find()
        .filter(alias::of_patient(tx, record::Column::PatientId, patient_id).await?)
        .order_by_asc(record::Column::PatientId)
        .lock_exclusive()
        .all(tx)
        .await?;
    Ok(rows)
}

async fn of_human(
    connection: &impl ConnectionTrait,
    patient_id: PatientId,
    rows: &[record::Model],
) -> Result<Option<Record>, Error> {
    let mut records = Vec::with_capacity(rows.len());
    for row in rows {
        let doctors = treating_doctor::Entity::find()
            .filter(treating_doctor::Column::PatientId.eq(row.patient_id))
            .order_by_asc(treating_doctor::Column::AddedAt)
            .order_by_asc(treating_doctor::Column::PractitionerId)
            .all(connection)
            .await?;
        records.push(read(row, &doctors)?);
    }
    Ok(Record::of_human(patient_id, records))
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
    let row = record::ActiveModel {
        // Since when it exists, of a human of several identifiers, is not this row's alone.
        opened_at: NotSet,
        ..row_of(record)
    };
    record::Entity::update(row).exec(tx).await?;
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

/// What the human no longer wants holds under no other identifier either. What they want
/// is written under theirs alone, and leaves the others as they were.
async fn lift(tx: &Transaction, row: &record::Model, wanted: &Record) -> Result<(), Error> {
    let lifted = record::Model {
        opposes_break_glass: row.opposes_break_glass && wanted.opposes_break_glass,
        opposes_regulation_center: row.opposes_regulation_center
            && wanted.opposes_regulation_center,
        closed_at: row.closed_at.filter(|_| !wanted.is_open()),
        ..row.clone()
    };
    if lifted == *row {
        return Ok(());
    }
    record::Entity::update(record::ActiveModel {
        patient_id: Set(row.patient_id),
        opposes_break_glass: Set(lifted.opposes_break_glass),
        opposes_regulation_center: Set(lifted.opposes_regulation_center),
        closed_at: Set(lifted.closed_at),
        version: Set(row.version + 1),
        ..record::ActiveModel::default()
    })
    .exec(tx)
    .await?;
    Ok(())
}

/// Writes the treating doctors that the change is about. Who is known stays known: they
/// are added, and marked as removed under every identifier of the patient, never deleted.
async fn save_doctors(
    tx: &Transaction,
    present: Option<&Record>,
    wanted: &Record,
) -> Result<(), Error> {
    let known = present.map(|record| record.treating_doctors.as_slice());
    let known = known.unwrap_or_default();
    let changed = wanted.treating_doctors.iter();
    for doctor in changed.filter(|doctor| !known.contains(doctor)) {
        save_doctor(tx, wanted.patient_id, doctor).await?;
        if let Some(at) = doctor.removed_at {
            remove_doctor(tx, wanted.patient_id, doctor, at).await?;
        }
    }
    Ok(())
}

async fn save_doctor(
    tx: &Transaction,
    patient_id: PatientId,
    doctor: &TreatingDoctor,
) -> Result<(), Error> {
    use treating_doctor::Column;
    let mut again = OnConflict::columns([Column::PatientId, Column::PractitionerId]);
    again.update_columns([Column::AddedAt, Column::RemovedAt]);
    treating_doctor::Entity::insert(treating_doctor::ActiveModel {
        patient_id: Set(patient_id.as_uuid()),
        practitioner_id: Set(doctor.practitioner_id.as_uuid()),
        added_at: Set(doctor.added_at.as_micros()),
        removed_at: Set(doctor.removed_at.map(Timestamp::as_micros)),
    })
    .on_conflict(again)
    .exec_without_returning(tx)
    .await?;
    Ok(())
}

async fn remove_doctor(
    tx: &Transaction,
    patient_id: PatientId,
    doctor: &TreatingDoctor,
    at: Timestamp,
) -> Result<(), Error> {
    use treating_doctor::Column;
    treating_doctor::Entity::update_many()
        .col_expr(Column::RemovedAt, at.as_micros().into())
        .filter(alias::of_patient(tx, Column::PatientId, patient_id).await?)
        .filter(Column::PractitionerId.eq(doctor.practitioner_id.as_uuid()))
        .filter(Column::RemovedAt.is_null())
        .exec(tx)
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
