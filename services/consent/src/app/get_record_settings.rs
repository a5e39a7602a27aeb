//! How the patient's record is set.

use aval_domain::id::PatientId;
use aval_runtime::context::RequestContext;

use super::App;
use crate::error::Error;
use crate::record::Record;

impl App {
    /// The patient's own record, open or closed.
    #[tracing::instrument(name = "consent.get_record_settings", skip_all)]
    pub async fn get_record_settings(
        &self,
        cx: &RequestContext,
        patient_id: PatientId,
    ) -> Result<Record, Error> {
        cx.patient_owning(patient_id)?;
        let record = self.store.record(patient_id).await?;
        record.ok_or(Error::RecordUnavailable)
    }
}
