//! A producer hands its events over.

use std::collections::HashSet;
use std::sync::{MutexGuard, PoisonError};

use aval_domain::event::{Event, EventKind, Outcome, Subject};
use aval_domain::id::EventId;
use aval_runtime::context::RequestContext;

use super::delivery_receipts::may_be_answered;
use super::{App, DeliveryReceipt, may_append};
use crate::error::Error;
use crate::plan::Refused;
use crate::submission::{SealedEvent, Submission, Unrecordable};

/// What the log itself tells of, and nobody else: each is recorded together with what it
/// erases.
const ERASURES: [EventKind; 2] = [EventKind::TrailPruned, EventKind::TrailErased];

/// What an alert is about: source, epoch, sequence.
type Alert = (String, u64, u64);

/// How many alerts are remembered, so that none is raised twice.
const MOST_ALERTS: usize = 1_000;

/// Events of one producer, in its order.
#[derive(Debug, Clone)]
pub struct AppendEvents {
    /// The producer.
    pub source: String,
    /// Which life of its outbox.
    pub epoch: u64,
    /// The events, each after its sequence.
    pub events: Vec<(u64, Event)>,
    /// Whether a receipt of each is wanted.
    pub include_receipts: bool,
}

/// What the log holds after a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The highest sequence recorded of its source and epoch.
    pub acknowledged_sequence: u64,
    /// Where they were asked for, one for each event, in their order.
    pub receipts: Vec<DeliveryReceipt>,
}

impl App {
    /// Records what is new of these events, durably and in order, then says the highest
    /// sequence recorded of this source and epoch.
    ///
    /// A delivery before which events are missing, or that contradicts what was
    /// recorded, is refused whole, and raises an alert: the trail is not complete.
    ///
    /// Receipts cost nothing where they are not asked for. They are made of what is recorded
    /// by then: if that fails the delivery is recorded nevertheless, and making it again
    /// answers them.
    pub async fn append_events(
        &self,
        cx: &RequestContext,
        command: AppendEvents,
    ) -> Result<Appended, Error> {
        may_append(cx, &command.source)?;
        self.hearing.heard(&command.source);
        let mut sealed = Vec::with_capacity(command.events.len());
        for (position, (sequence, event)) in command.events.into_iter().enumerate() {
            if ERASURES.contains(&event.kind) {
                let rule = Unrecordable::Erasure;
                return Err(Error::Unrecordable { position, rule });
            }
            let event = SealedEvent::seal(event, cx.random.as_ref())
                .map_err(|rule| Error::Unrecordable { position, rule })?;
            sealed.push((sequence, event));
        }
        let wanted: Vec<EventId> = if command.include_receipts {
            may_be_answered(&sealed)?;
            let events = sealed.iter();
            events.map(|(_, sealed)| sealed.event.event_id).collect()
        } else {
            Vec::new()
        };
        let submission = Submission::new(command.source.as_str(), command.epoch, sealed)?;
        let recorded = self.writer.record(submission).await.map_err(Error::from);
        if let Err(Error::Refused(refused)) = &recorded {
            let sequence = match *refused {
                Refused::Hole { expected } => expected,
                Refused::Differs { sequence } => sequence,
            };
            let (source, problem) = (command.source.as_str(), refused.to_string());
            self.alert(cx, source, command.epoch, sequence, &problem)
                .await;
        }
        if recorded.is_ok() {
            self.hearing.recorded(&command.source);
        }
        Ok(Appended {
            acknowledged_sequence: recorded?,
            receipts: self.delivery_receipts(&command.source, &wanted).await?,
        })
    }

    /// Raises the alert, unless it was raised before. It must not replace the refusal, so a
    /// failure to record it is only logged: whoever is refused comes again, and with them the
    /// alert.
    pub(super) async fn alert(
        &self,
        cx: &RequestContext,
        source: &str,
        epoch: u64,
        sequence: u64,
        problem: &str,
    ) {
        tracing::error!(
            outbox.source = source,
            outbox.epoch = epoch,
            outbox.sequence = sequence,
            error = problem,
            "a producer's events do not follow on"
        );
        let alert = (source.to_owned(), epoch, sequence);
        if self.alerts().contains(&alert) {
            return;
        }
        let mut event = cx.event(EventKind::TrailAlert, Outcome::Failure);
        event.subject = Some(Subject::new("outbox", &source));
        event.after = [
            ("epoch", epoch.to_string()),
            ("sequence", sequence.to_string()),
            ("problem", problem.to_owned()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        if let Err(error) = self.store.trace(&event).await {
            tracing::error!(%error, "the alert was not recorded");
            return;
        }
        let mut raised = self.alerts();
        if raised.len() >= MOST_ALERTS {
            raised.clear();
        }
        raised.insert(alert);
    }

    fn alerts(&self) -> MutexGuard<'_, HashSet<Alert>> {
        self.alerts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
