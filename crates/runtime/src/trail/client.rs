//! Calls the audit service.

use std::time::Duration;

use aval_domain::event::Event;
use aval_domain::time::Timestamp;
use aval_proto::audit::v1::trail_service_client::TrailServiceClient;
use aval_proto::audit::v1::{AppendEventsRequest, ReportOutboxRequest, SequencedEvent};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::channel::Channel;
use crate::convert::event::event_to_proto;
use crate::convert::timestamp_to_proto;

/// Delivers events to the audit service, and says how the outbox stands. An outbox relay
/// calls it with what it read; repeating a delivery is harmless.
#[derive(Debug, Clone)]
pub struct TrailClient {
    client: TrailServiceClient<Channel>,
}

/// Why events were not taken.
#[derive(Debug, thiserror::Error)]
pub enum TrailError {
    /// The trail does not answer, or not now: deliver the same again later.
    #[error("the trail does not take events at the moment")]
    Unavailable {
        /// After how long to try again, if the trail says.
        retry_after: Option<Duration>,
    },
    /// Events are missing before these: deliver again from the one the trail expects.
    #[error("the trail expects the event {expected_sequence} first")]
    Hole {
        /// The sequence of the first event to deliver.
        expected_sequence: u64,
    },
    /// The trail refuses these events, or a report: repeating would change nothing, a person
    /// must look.
    #[error("the trail refuses what it is told: {}", .0.message())]
    Refused(#[source] Box<Status>),
}

impl TrailClient {
    /// Delivers over this channel.
    #[must_use]
    pub fn new(channel: Channel) -> Self {
        Self {
            client: TrailServiceClient::new(channel),
        }
    }

    /// Delivers events in order, each with its sequence in the outbox of `source`, and
    /// answers the highest sequence that the trail has recorded. 1 to 1,000 events.
    pub async fn append(
        &self,
        source: &str,
        epoch: u64,
        events: Vec<(u64, Event)>,
    ) -> Result<u64, TrailError> {
        let request = AppendEventsRequest {
            source: source.to_owned(),
            epoch,
            events: events
                .iter()
                .map(|(sequence, event)| SequencedEvent {
                    sequence: *sequence,
                    event: Some(event_to_proto(event)),
                })
                .collect(),
            include_receipts: false,
        };
        let answer = self.client.clone().append_events(request).await;
        Ok(answer?.into_inner().acknowledged_sequence)
    }

    /// Says how the outbox of `source` stands: the highest sequence that was given in this
    /// epoch, and when the oldest event occurred that waits. An older trail that knows no
    /// reports is as good as told.
    pub async fn report(
        &self,
        source: &str,
        epoch: u64,
        newest_sequence: u64,
        oldest_waiting_at: Option<Timestamp>,
    ) -> Result<(), TrailError> {
        let request = ReportOutboxRequest {
            source: source.to_owned(),
            epoch,
            newest_sequence,
            oldest_waiting_at: oldest_waiting_at.map(timestamp_to_proto),
        };
        match self.client.clone().report_outbox(request).await {
            Err(status) if status.code() == Code::Unimplemented => Ok(()),
            answered => Ok(answered.map(drop)?),
        }
    }
}

impl From<Status> for TrailError {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::Unavailable
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Cancelled
            | Code::Aborted
            | Code::Internal
            | Code::Unknown => Self::Unavailable {
                retry_after: status
                    .get_details_retry_info()
                    .and_then(|info| info.retry_delay),
            },
            _ => match expected_sequence(&status) {
                Some(expected_sequence) => Self::Hole { expected_sequence },
                None => Self::Refused(Box::new(status)),
            },
        }
    }
}

fn expected_sequence(status: &Status) -> Option<u64> {
    let info = status.get_details_error_info()?;
    info.metadata.get("expected_sequence")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use aval_proto::common::v1::ErrorReason;

    use super::*;
    use crate::status::Refusal;

    #[test]
    fn a_hole_names_the_sequence_that_comes_first() {
        let refusal =
            Refusal::new(ErrorReason::StateConflict, "a hole").metadata("expected_sequence", "42");
        let error = TrailError::from(Status::from(refusal));
        assert!(matches!(
            error,
            TrailError::Hole {
                expected_sequence: 42
            }
        ));
    }

    #[test]
    fn what_may_pass_is_tried_again_and_what_cannot_is_shown_to_a_person() {
        let busy =
            Refusal::new(ErrorReason::Overloaded, "busy").retry_after(Duration::from_secs(3));
        let error = TrailError::from(Status::from(busy));
        let expected = Some(Duration::from_secs(3));
        assert!(
            matches!(error, TrailError::Unavailable { retry_after } if retry_after == expected)
        );
        for refused in [ErrorReason::FieldInvalid, ErrorReason::CallerNotAllowed] {
            let error = TrailError::from(Status::from(Refusal::new(refused, "no")));
            assert!(matches!(error, TrailError::Refused(_)));
        }
    }
}
