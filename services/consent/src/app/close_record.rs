//! The patient shuts the record to everybody.

use aval_domain::event::EventKind;
use aval_domain::id::{PatientId, RequestId};
use aval_runtime::context::RequestContext;
use serde::Serialize;

use super::App;
use super::open_record::record_change;
use crate::error::Error;
use crate::record::Record;
use crate::store::Write;

/// What the patient asks for.
#[derive(Debug, Clone, Serialize)]
pub struct CloseRecord {
    /// Whose record.
    pub patient_id: PatientId,
    /// The client's name for this write.
    #[serde(skip)]
    pub request_id: RequestId,
}

impl App {
    /// Closes the patient's own record. A closed one stays as it is.
    #[tracing::instrument(name = "consent.close_record", skip_all)]
    pub async fn close_record(
        &self,
        cx: &RequestContext,
        command: CloseRecord,
    ) -> Result<Record, Error> {
        cx.patient_owning(command.patient_id)?;
        let write = Write::new(cx, "consent.close_record", command.request_id, &command);
        let close = |present: &Option<Record>| {
            let closed = present.as_ref().and_then(|record| record.close(cx.now));
            Ok(closed
                .map(|closed| record_change(cx, EventKind::RecordClosed, present.as_ref(), closed)))
        };
        self.store
            .change_record(&write, command.patient_id, &close)
            .await
    }
}
