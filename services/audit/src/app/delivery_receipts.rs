//! Receipts of what a producer has just delivered.

use std::collections::HashMap;

use aval_domain::id::EventId;
use futures::future::try_join_all;
use uuid::Uuid;

use super::get_checkpoint::SignedCheckpoint;
use super::{App, Listed};
use crate::error::Error;
use crate::submission::SealedEvent;

/// The most events of a delivery whose receipts are asked for. Each is a proof of its own, of
/// some kilobytes with the checkpoint.
pub const MOST_RECEIPTS: usize = 100;

/// How long such events may be together in canonical form: the answer brings them back, and
/// with their receipts it stays below what clients take, 4 MiB.
const LONGEST_TOGETHER: usize = 2 * 1024 * 1024;

/// What proves of a delivered event that it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryReceipt {
    /// The event.
    pub event_id: EventId,
    /// The receipt's text; none: another producer delivered this event before.
    pub receipt: Option<String>,
    /// The canonical bytes as they were recorded; none where they were erased, or where there
    /// is no receipt.
    pub canonical: Option<Vec<u8>>,
}

/// Whether these events may be answered with their receipts. Known before anything is
/// recorded.
pub(super) fn may_be_answered(events: &[(u64, SealedEvent)]) -> Result<(), Error> {
    let field = "events";
    if events.len() > MOST_RECEIPTS {
        let rule = "must be at most 100 where receipts are wanted";
        return Err(Error::TooMuch { field, rule });
    }
    let lengths = events.iter().map(|(_, sealed)| sealed.canonical.len());
    if lengths.sum::<usize>() > LONGEST_TOGETHER {
        let rule = "must be at most 2 MiB together in canonical form where receipts are wanted";
        return Err(Error::TooMuch { field, rule });
    }
    Ok(())
}

impl App {
    /// The receipts of these events of this producer, in their order, against the newest
    /// checkpoint. They were recorded before this is called, each perhaps long before.
    ///
    /// They are read back: the salt of an event that is delivered again is not the one to
    /// which the log committed.
    pub(super) async fn delivery_receipts(
        &self,
        source: &str,
        events: &[EventId],
    ) -> Result<Vec<DeliveryReceipt>, Error> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let held = self.held(source, events).await?;
        // After they were found: it covers them.
        let newest = self.newest_checkpoint().await?;
        let receipts = events
            .iter()
            .map(|id| self.delivery_receipt(*id, held.get(id), &newest));
        // All at once: what they need of the tree is read together.
        try_join_all(receipts.collect::<Vec<_>>()).await
    }

    async fn delivery_receipt(
        &self,
        event_id: EventId,
        held: Option<&Listed>,
        newest: &SignedCheckpoint,
    ) -> Result<DeliveryReceipt, Error> {
        let receipt = match held {
            None => None,
            Some(event) => Some(self.receipt(event, newest).await?),
        };
        let canonical = match held {
            Some(Listed::Told(entry)) => Some(entry.canonical.clone()),
            Some(Listed::Erased(_) | Listed::Withheld(_)) | None => None,
        };
        Ok(DeliveryReceipt {
            event_id,
            receipt,
            canonical,
        })
    }

    /// What the log holds of these events as this producer's own.
    async fn held(
        &self,
        source: &str,
        events: &[EventId],
    ) -> Result<HashMap<EventId, Listed>, Error> {
        let found = self.store.delivered(source, events).await?;
        let mut held = HashMap::with_capacity(events.len());
        for left in self.explained(found.erased).await? {
            let event = Listed::Erased(Box::new(left));
            held.insert(event_id_of(&event), event);
        }
        // What was told before it was erased is told.
        for stored in found.entries {
            let event = Listed::Told(Box::new(stored.open()?));
            held.insert(event_id_of(&event), event);
        }
        Ok(held)
    }
}

fn event_id_of(event: &Listed) -> EventId {
    EventId::from_uuid(Uuid::from_bytes(event.leaf().event_id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn sealed(count: usize, note: usize) -> Vec<(u64, SealedEvent)> {
        let sample = sample::Events::new(1);
        let events = std::iter::repeat_with(|| {
            let mut event = sample.access(None);
            event.after.insert("note".to_owned(), "x".repeat(note));
            sample.sealed(event)
        });
        (1..).zip(events.take(count)).collect()
    }

    #[test]
    fn so_many_events_are_answered_with_their_receipts_as_fit_into_an_answer() {
        assert!(may_be_answered(&sealed(MOST_RECEIPTS, 0)).is_ok());
        assert!(may_be_answered(&sealed(8, 250_000)).is_ok());
        for (count, note) in [(MOST_RECEIPTS + 1, 0), (9, 250_000)] {
            let refused = may_be_answered(&sealed(count, note)).unwrap_err();
            assert!(
                matches!(
                    refused,
                    Error::TooMuch {
                        field: "events",
                        ..
                    }
                ),
                "{refused:?}"
            );
        }
    }
}
