//! The patient refuses access in an emergency, or no longer does.

use aval_domain::etag::Etag;
use aval_domain::event::EventKind;
use aval_domain::id::{PatientId, RequestId};
use aval_runtime::context::RequestContext;
use serde::Serialize;

use super::App;
use super::open_record::record_change;
use crate::error::Error;
use crate::record::{Oppositions, Record};
use crate::store::Write;

/// What the patient asks for.
#[derive(Debug, Clone, Serialize)]
pub struct SetEmergencyOppositions {
    /// Whose record.
    pub patient_id: PatientId,
    /// What they say.
    pub oppositions: Oppositions,
    /// The etag that the patient saw.
    pub etag: Etag,
    /// The client's name for this write.
    #[serde(skip)]
    pub request_id: RequestId,
}

impl App {
    /// Sets the oppositions of the patient's own open record.
    #[tracing::instrument(name = "consent.set_emergency_oppositions", skip_all)]
    pub async fn set_emergency_oppositions(
        &self,
        cx: &RequestContext,
        command: SetEmergencyOppositions,
    ) -> Result<Record, Error> {
        cx.patient_owning(command.patient_id)?;
        let operation = "consent.set_emergency_oppositions";
        let write = Write::new(cx, operation, command.request_id, &command);
        let oppose = |present: &Option<Record>| {
            let record = present
                .clone()
                .ok_or(Error::RecordUnavailable)?
                .require_open()?;
            let opposing = record.oppose(command.oppositions, command.etag)?;
            if opposing
                .as_ref()
                .is_some_and(|opposing| opposing.opposes_less_than(&record))
            {
                self.may_open(cx)?;
            }
            let kind = EventKind::RecordEmergencySettingsChanged;
            Ok(opposing.map(|opposing| record_change(cx, kind, Some(&record), opposing)))
        };
        self.store
            .change_record(&write, command.patient_id, &oppose)
            .await
    }
}
