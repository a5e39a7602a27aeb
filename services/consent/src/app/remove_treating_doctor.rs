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
