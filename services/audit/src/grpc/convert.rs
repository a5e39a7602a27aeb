//! Requests to commands, results to responses.

mod finding;
mod history;
mod oversight;
mod proofs;

pub(super) use finding::{finding_cursor, watched_finding};
pub(super) use history::{
    export_events, found_event, history_page, list_events, receipt_asked, watch_events, watched,
};
pub(super) use oversight::{
    list_history, list_unusual_accesses, opened_history, search_events, search_page, unusual_page,
};
pub(super) use proofs::{consistency, inclusion, patient_proof, size};

use aval_database::outbox::Report;
use aval_domain::id::{EventId, PatientId};
use aval_proto::audit::v1::{
    AppendEventsRequest, AppendEventsResponse, EraseEventsRequest, EventReceipt,
    ReportOutboxRequest, SequencedEvent,
};
use aval_runtime::convert::event::event_from_proto;
use aval_runtime::convert::optional_timestamp_from_proto;
use aval_runtime::status::{FieldErrors, Refusal};

use crate::app::{AppendEvents, Appended, DeliveryReceipt, EraseEvents, MOST_RECEIPTS};
use crate::erasure::LONGEST_GROUND;
use crate::submission::{self, LARGEST_NUMBER, MOST_EVENTS, NotASubmission};

/// Reads a delivery. Too many events are refused before they are looked at.
pub(super) fn append_events(request: &AppendEventsRequest) -> Result<AppendEvents, Refusal> {
    if !(1..=MOST_EVENTS).contains(&request.events.len()) {
        return Err(Refusal::field("events", "must be 1 to 1000 events"));
    }
    if request.include_receipts && request.events.len() > MOST_RECEIPTS {
        let rule = "must be at most 100 where receipts are wanted";
        return Err(Refusal::field("events", rule));
    }
    let mut fields = FieldErrors::new();
    let events = fields.each("events", &request.events, sequenced_event);
    fields.build(|| {
        Some(AppendEvents {
            source: request.source.clone(),
            epoch: request.epoch,
            events: events?,
            include_receipts: request.include_receipts,
        })
    })
}

/// What a delivery is answered.
pub(super) fn appended(appended: Appended) -> AppendEventsResponse {
    let receipts = appended.receipts.into_iter();
    AppendEventsResponse {
        acknowledged_sequence: appended.acknowledged_sequence,
        receipts: receipts.map(event_receipt).collect(),
    }
}

fn event_receipt(receipt: DeliveryReceipt) -> EventReceipt {
    EventReceipt {
        event_id: receipt.event_id.to_string(),
        receipt: receipt.receipt.unwrap_or_default(),
        canonical_event: receipt.canonical.unwrap_or_default(),
    }
}

/// How a producer's outbox stands.
pub(super) fn report_outbox(request: &ReportOutboxRequest) -> Result<Report, Refusal> {
    let mut fields = FieldErrors::new();
    if !submission::fits(request.epoch) {
        fields.add("epoch", NotASubmission::Epoch.to_string());
    }
    // 0: none was given yet.
    if request.newest_sequence > LARGEST_NUMBER {
        let rule = format!("must be at most {LARGEST_NUMBER}");
        fields.add("newest_sequence", rule);
    }
    let oldest = request.oldest_waiting_at.as_ref();
    let oldest = optional_timestamp_from_proto(&mut fields, "oldest_waiting_at", oldest);
    fields.build(|| {
        Some(Report {
            source: request.source.clone(),
            epoch: request.epoch,
            newest_sequence: request.newest_sequence,
            oldest_waiting_at: oldest?,
        })
    })
}

/// Whose events are to be erased, and why.
pub(super) fn erase_events(request: &EraseEventsRequest) -> Result<EraseEvents, Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse("patient_id", &request.patient_id);
    let ground = request.ground.trim();
    let length = ground.chars().count();
    if !(1..=LONGEST_GROUND).contains(&length) || ground.chars().any(char::is_control) {
        fields.add("ground", "must be 1 to 500 characters on one line");
    }
    fields.build(|| {
        Some(EraseEvents {
            patient_id: patient_id?,
            ground: ground.to_owned(),
        })
    })
}

fn sequenced_event(
    fields: &mut FieldErrors,
    value: &SequencedEvent,
) -> Option<(u64, aval_domain::event::Event)> {
    let event = fields.required("event", value.event.as_ref())?;
    let event = fields.within("event", |fields| event_from_proto(fields, event))?;
    Some((value.sequence, event))
}

pub(super) fn event_id(text: &str) -> Result<EventId, Refusal> {
    let mut fields = FieldErrors::new();
    let event_id = fields.parse("event_id", text);
    fields.build(|| event_id)
}

pub(super) fn optional_patient_id(text: &str) -> Result<Option<PatientId>, Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse_optional("patient_id", text);
    fields.build(|| patient_id)
}
