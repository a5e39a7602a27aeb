//! A right that nobody has: given and taken back to see how soon that is known.
//!
//! It is of a patient who cannot exist (their identifier is all zeros), so no person is
//! concerned, nothing goes to the trail, and every cache treats it like any other.

use aval_database::Database;
use aval_domain::id::{PatientId, PractitionerId};
use aval_domain::time::Timestamp;
use sea_orm::{ActiveValue::Set, EntityTrait};
use uuid::Uuid;

use super::change_clock;
use super::entity::treating_doctor::{ActiveModel, Entity};
use crate::error::Error;

/// Whose record the canary is about.
pub(crate) const PATIENT: PatientId = PatientId::from_uuid(Uuid::nil());

pub(super) async fn give(
    db: &Database,
    practitioner_id: PractitionerId,
    now: Timestamp,
) -> Result<(), Error> {
    db.transaction("consent.give_canary", async |tx| {
        let row = ActiveModel {
            patient_id: Set(PATIENT.as_uuid()),
            practitioner_id: Set(practitioner_id.as_uuid()),
            added_at: Set(now.as_micros()),
            removed_at: Set(None),
        };
        Entity::insert(row).exec_without_returning(&tx).await?;
        change_clock::advance(&tx, PATIENT);
        Ok(())
    })
    .await
}

pub(super) async fn take_back(db: &Database, practitioner_id: PractitionerId) -> Result<(), Error> {
    db.transaction("consent.take_canary_back", async |tx| {
        let row = (PATIENT.as_uuid(), practitioner_id.as_uuid());
        Entity::delete_by_id(row).exec(&tx).await?;
        change_clock::advance(&tx, PATIENT);
        Ok(())
    })
    .await
}
