//! A doctor is no longer a treating doctor.

use aval_domain::event::EventKind;
use aval_domain::id::{PatientId, PractitionerId, RequestId};
use aval_runtime::context::RequestContext;
use serde::Serialize;

use super::App;
use super::open_record::record_change;
use crate::error::Error;
use crate::record::Record;
use crate::store::Write;

/// What the patient asks for.
#[derive(Debug, Clone, Serialize)]
pub struct RemoveTreatingDoctor {
    /// Whose record.
    pub patient_id: PatientId,
    /// Which doctor.
    pub practitioner_id: PractitionerId,
    /// The client's name for this write.
    #[serde(skip)]
    pub request_id: RequestId,
}

impl App {
    /// Ends the quality at once. The directory is not asked: whoever left it can be
    /// removed too.
    #[tracing::instrument(name = "consent.remove_treating_doctor", skip_all)]
    pub async fn remove_treating_doctor(
        &self,
        cx: &RequestContext,
        command: RemoveTreatingDoctor,
    ) -> Result<Record, Error> {
        cx.patient_owning(command.patient_id)?;
        let operation = "consent.remove_treating_doctor";
        let write = Write::new(cx, operation, command.request_id, &command);
        let doctor = self.store.identifiers(command.practitioner_id).await?;
        let remove = |present: &Option<Record>| {
            let record = present
                .clone()
                .ok_or(Error::RecordUnavailable)?
                .require_open()?;
            let removed = record.remove_treating_doctor(&doctor, cx.now)?;
            let kind = EventKind::TreatingDoctorRemoved;
            Ok(removed.map(|removed| record_change(cx, kind, Some(&record), removed)))
        };
        self.store
            .change_record(&write, command.patient_id, &remove)
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::AddTreatingDoctor;
    use crate::app::testing::Fixture;

    #[tokio::test]
    async fn whoever_is_removed_is_removed_under_every_identifier() {
        let fixture = Fixture::new().await;
        let patient = fixture.as_patient();
        let add = AddTreatingDoctor {
            patient_id: fixture.patient,
            practitioner_id: fixture.doctor(),
            request_id: fixture.request_id(),
        };
        fixture
            .app
            .add_treating_doctor(&patient, add)
            .await
            .unwrap();
        let remove = || RemoveTreatingDoctor {
            patient_id: fixture.patient,
            practitioner_id: fixture.nurse(),
            request_id: fixture.request_id(),
        };
        let removed = fixture.app.remove_treating_doctor(&patient, remove()).await;
        assert!(matches!(removed, Err(Error::NotFound)));
        fixture.doctor_and_nurse_are_one().await;
        let removed = fixture.app.remove_treating_doctor(&patient, remove()).await;
        assert_eq!(removed.unwrap().current_treating_doctors().count(), 0);
        let doctor = fixture.as_doctor();
        let check = fixture.app.check(&doctor, fixture.question()).await;
        assert!(!check.unwrap().is_permit());
    }
}
