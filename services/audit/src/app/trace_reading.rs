//! Whoever reads somebody else's traces leaves one.

use aval_domain::event::{Event, EventKind, Outcome, Subject};
use aval_domain::id::PatientId;
use aval_runtime::context::{Actor, RequestContext};

use super::App;
use crate::error::Error;
use crate::sentence::Reader;

/// For whom the answers of this call are written.
pub(super) fn reader(cx: &RequestContext) -> Reader {
    match cx.actor.as_deref() {
        Some(Actor::Patient(patient)) if patient.representative.is_none() => Reader::Holder,
        _ => Reader::SomebodyElse,
    }
}

impl App {
    /// Keeps a trace of this reading, durably, before anything is answered; of a
    /// patient's reading of their own record it keeps none. `patient_id` is whose
    /// traces are read, if they are one patient's.
    pub(super) async fn trace_reading(
        &self,
        cx: &RequestContext,
        patient_id: Option<PatientId>,
        subject: Option<Subject>,
    ) -> Result<(), Error> {
        if reader(cx) == Reader::Holder {
            return Ok(());
        }
        let mut event: Event = cx.event(EventKind::TrailRead, Outcome::Success);
        event.patient_id = event.patient_id.or(patient_id);
        event.subject = subject;
        Ok(self.store.trace(&event).await?)
    }
}
