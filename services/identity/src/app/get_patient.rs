//! Answers one patient.

use aval_domain::id::PatientId;
use aval_runtime::context::RequestContext;

use super::App;
use super::permission::read_patient;
use crate::error::Error;
use crate::patient::Patient;

impl App {
    /// What is known of a patient: to themselves, to who acts for them, and to the
    /// platform's own services. A merged identifier answers
    /// the patient whom it leads to. Permission is checked before existence.
    pub async fn get_patient(
        &self,
        cx: &RequestContext,
        patient_id: PatientId,
    ) -> Result<Patient, Error> {
        read_patient(cx, patient_id)?;
        let row = self.store.patient(patient_id).await?;
        let row = self.survivor(row.ok_or(Error::PatientNotFound)?).await?;
        self.opened(&row)
    }
}
