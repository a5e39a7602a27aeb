//! Whoever reads somebody else's traces leaves one.

use std::collections::BTreeMap;

use aval_domain::access::GroundKind;
use aval_domain::event::{Event, EventKind, Outcome, Subject};
use aval_domain::id::PatientId;
use aval_runtime::context::{Actor, RequestContext};

use super::App;
use crate::error::Error;
use crate::oversight::Purpose;
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
    /// traces are read, if they are one patient's; `ground` is on what, where they are not
    /// the reader's own.
    pub(super) async fn trace_reading(
        &self,
        cx: &RequestContext,
        patient_id: Option<PatientId>,
        subject: Option<Subject>,
        ground: Option<GroundKind>,
    ) -> Result<(), Error> {
        if reader(cx) == Reader::Holder {
            return Ok(());
        }
        let mut event: Event = cx.event(EventKind::TrailRead, Outcome::Success);
        event.patient_id = event.patient_id.or(patient_id);
        event.subject = subject;
        event.after = on_ground(ground);
        Ok(self.store.trace(&event).await?)
    }

    /// Keeps a trace of an auditor's call, durably, before anything is answered; in the
    /// patient's history if it was opened. `asked` is what was asked for, by name.
    pub(super) async fn trace_oversight(
        &self,
        cx: &RequestContext,
        purpose: &Purpose,
        patient_id: Option<PatientId>,
        subject: Option<Subject>,
        asked: BTreeMap<String, String>,
    ) -> Result<(), Error> {
        let mut event: Event = cx.event(EventKind::TrailRead, Outcome::Success);
        event.patient_id = patient_id;
        event.subject = subject;
        event.after = asked;
        let words = purpose.as_str().to_owned();
        event.after.insert("purpose".to_owned(), words);
        Ok(self.store.trace(&event).await?)
    }
}

/// What a trace of a reading says of its ground.
pub(super) fn on_ground(ground: Option<GroundKind>) -> BTreeMap<String, String> {
    let ground = ground.map(|ground| ("ground".to_owned(), ground.code().to_owned()));
    ground.into_iter().collect()
}
