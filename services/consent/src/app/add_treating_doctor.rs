//! The patient declares a treating doctor.

use aval_domain::event::EventKind;
use aval_domain::id::{PatientId, PractitionerId, RequestId};
use aval_runtime::context::RequestContext;
use serde::Serialize;

use super::App;
use super::open_record::record_change;
use crate::directory::KnownPractitioner;
use crate::error::Error;
use crate::grantee::GranteeName;
use crate::record::Record;
use crate::store::Write;

/// What the patient asks for.
#[derive(Debug, Clone, Serialize)]
pub struct AddTreatingDoctor {
    /// Whose record.
    pub patient_id: PatientId,
    /// Which doctor.
    pub practitioner_id: PractitionerId,
    /// The client's name for this write.
    #[serde(skip)]
    pub request_id: RequestId,
}

impl App {
    /// Declares a doctor who practises now. One who is declared stays so.
    #[tracing::instrument(name = "consent.add_treating_doctor", skip_all)]
    pub async fn add_treating_doctor(
        &self,
        cx: &RequestContext,
        command: AddTreatingDoctor,
    ) -> Result<Record, Error> {
        cx.patient_owning(command.patient_id)?;
        self.may_open(cx)?;
        let operation = "consent.add_treating_doctor";
        let write = Write::new(cx, operation, command.request_id, &command);
        let doctor = match self.active_doctor(command.practitioner_id).await {
            Ok(doctor) => doctor,
            Err(refusal) => return self.as_before(&write, refusal).await,
        };
        let add = |present: &Option<Record>| {
            let record = present
                .clone()
                .ok_or(Error::RecordUnavailable)?
                .require_open()?;
            let added = record.add_treating_doctor(doctor.practitioner_id, cx.now);
            let kind = EventKind::TreatingDoctorAdded;
            Ok(added.map(|added| {
                let mut change = record_change(cx, kind, Some(&record), added);
                GranteeName::write_trail_field(doctor.name.as_ref(), &mut change.event.after);
                change
            }))
        };
        self.store
            .change_record(&write, command.patient_id, &add)
            .await
    }

    async fn active_doctor(&self, id: PractitionerId) -> Result<KnownPractitioner, Error> {
        let known = self.directory.practitioner(id).await?;
        let doctor = known.filter(KnownPractitioner::is_active_doctor);
        doctor.ok_or(Error::GranteeUnknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::Fixture;

    #[tokio::test]
    async fn only_a_doctor_who_practises_becomes_a_treating_doctor() {
        let fixture = Fixture::new().await;
        let cx = fixture.as_patient();
        let add = |practitioner_id| AddTreatingDoctor {
            patient_id: fixture.patient,
            practitioner_id,
            request_id: fixture.request_id(),
        };
        for nobody in [fixture.nurse(), fixture.unknown()] {
            let refused = fixture.app.add_treating_doctor(&cx, add(nobody)).await;
            assert!(matches!(refused, Err(Error::GranteeUnknown)));
        }
        let record = fixture
            .app
            .add_treating_doctor(&cx, add(fixture.doctor()))
            .await
            .unwrap();
        assert_eq!(
            record.current_treating_doctors().collect::<Vec<_>>(),
            [fixture.doctor()]
        );
        let again = fixture
            .app
            .add_treating_doctor(&cx, add(fixture.doctor()))
            .await
            .unwrap();
        assert_eq!(again, record);
        assert_eq!(fixture.events_of(EventKind::TreatingDoctorAdded).await, 1);
    }
}
