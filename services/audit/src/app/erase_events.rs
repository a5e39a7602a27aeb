//! An operator has a patient's events erased.

use std::sync::Arc;

use aval_domain::event::{EventKind, Outcome};
use aval_domain::id::PatientId;
use aval_runtime::context::RequestContext;

use super::{App, may_erase};
use crate::erasure::{Order, Target};
use crate::error::Error;

/// What the operator asks for.
#[derive(Debug, Clone)]
pub struct EraseEvents {
    /// Whose events.
    pub patient_id: PatientId,
    /// Why, in words that the patient reads.
    pub ground: String,
}

impl App {
    /// Erases everything that is told under this identifier of a patient, then the key under
    /// which it was kept, and says how many events that was. What is erased and the event
    /// that says so are one transaction, of some hundred events at a time: whoever is broken
    /// off asks again, and what is erased already stays so.
    #[tracing::instrument(name = "audit.erase_events", skip_all)]
    pub async fn erase_events(
        &self,
        cx: &RequestContext,
        command: EraseEvents,
    ) -> Result<u64, Error> {
        may_erase(cx)?;
        let order = Order {
            target: Target::Patient(command.patient_id),
            template: cx.event(EventKind::TrailErased, Outcome::Success),
            ground: command.ground,
            random: Arc::clone(&cx.random),
        };
        let mut count = 0;
        loop {
            let erased = self.writer.erase(order.clone()).await?;
            count += erased.count;
            if erased.next.is_none() {
                return Ok(count);
            }
        }
    }
}
