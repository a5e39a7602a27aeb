//! Lists of events, and what they are narrowed by.

use std::collections::BTreeSet;

use aval_domain::event::{Event, EventKind, Outcome};
use aval_domain::time::Timestamp;
use aval_merkle_log::leaf::LeafContent;
use aval_proto::audit::v1 as proto;
use aval_runtime::convert::event::{event_to_proto, outcome_from_proto};
use aval_runtime::convert::{optional_timestamp_from_proto, timestamp_to_proto};
use aval_runtime::page;
use aval_runtime::status::{FieldErrors, Refusal};
use uuid::Uuid;

use crate::app::{
    FoundEvent, HistoryPage, Listed, ReceiptAsked, WatchItem, WatchNews, WithheldEntry,
};
use crate::erasure::ErasedEntry;
use crate::export::Format;
use crate::query::{ExportEvents, Filter, ListEvents, WatchEvents, WatchStart, kinds_named};
use crate::sentence::{Reader, Sentences};

/// Which receipt a caller wants.
pub(in crate::grpc) const fn receipt_asked(request: &proto::GetEventRequest) -> ReceiptAsked {
    match (request.witnessed, request.include_receipt) {
        (true, _) => ReceiptAsked::Witnessed,
        (false, true) => ReceiptAsked::Newest,
        (false, false) => ReceiptAsked::None,
    }
}

pub(in crate::grpc) fn list_events(
    request: &proto::ListEventsRequest,
) -> Result<ListEvents, Refusal> {
    let page_size = page::parse_size(request.page_size)?;
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse_optional("patient_id", &request.patient_id);
    let filter = wanted(&mut fields, request.filter.as_ref());
    let page_token = Some(request.page_token.clone()).filter(|token| !token.is_empty());
    fields.build(|| {
        Some(ListEvents {
            patient_id: patient_id?,
            filter: filter?,
            page_size,
            page_token,
        })
    })
}

pub(in crate::grpc) fn watch_events(
    request: &proto::WatchEventsRequest,
) -> Result<WatchEvents, Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse_optional("patient_id", &request.patient_id);
    let filter = wanted(&mut fields, request.filter.as_ref());
    let start = match request.cursor.as_str() {
        "" => WatchStart::Now,
        "start" => WatchStart::Oldest,
        cursor => WatchStart::After(cursor.to_owned()),
    };
    fields.build(|| {
        Some(WatchEvents {
            patient_id: patient_id?,
            filter: filter?,
            start,
        })
    })
}

pub(in crate::grpc) fn export_events(
    request: &proto::ExportEventsRequest,
) -> Result<ExportEvents, Refusal> {
    let mut fields = FieldErrors::new();
    let patient_id = fields.parse_optional("patient_id", &request.patient_id);
    let filter = wanted(&mut fields, request.filter.as_ref());
    let format = format(request.format);
    if format.is_none() {
        fields.add("format", "must be one of the forms of the contract");
    }
    fields.build(|| {
        Some(ExportEvents {
            patient_id: patient_id?,
            filter: filter?,
            format: format?,
        })
    })
}

fn format(value: i32) -> Option<Format> {
    use proto::ExportFormat as Proto;
    match Proto::try_from(value).ok()? {
        Proto::Unspecified => None,
        Proto::FhirBalpNdjson => Some(Format::BalpNdjson),
        Proto::FhirBalpBundle => Some(Format::BalpBundle),
        Proto::FhirTdeNdjson => Some(Format::TdeNdjson),
        Proto::FhirTdeBundle => Some(Format::TdeBundle),
        Proto::Csv => Some(Format::Csv),
        Proto::Receipts => Some(Format::Receipts),
    }
}

/// The filter of a request; an absent one leaves everything.
pub(super) fn wanted(
    fields: &mut FieldErrors,
    value: Option<&proto::EventFilter>,
) -> Option<Filter> {
    let nothing = proto::EventFilter::default();
    let value = value.unwrap_or(&nothing);
    fields.within("filter", |fields| filter(fields, value))
}

fn filter(fields: &mut FieldErrors, value: &proto::EventFilter) -> Option<Filter> {
    let from_at = optional_timestamp_from_proto(fields, "from_at", value.from_at.as_ref());
    let until_at = optional_timestamp_from_proto(fields, "until_at", value.until_at.as_ref());
    if let (Some(Some(from)), Some(Some(until))) = (from_at, until_at)
        && until <= from
    {
        fields.add("until_at", "must be later than from_at");
    }
    let practitioner_id = fields.parse_optional("practitioner_id", &value.practitioner_id);
    let organization_id = fields.parse_optional("organization_id", &value.organization_id);
    let kinds = fields.each("kinds", &value.kinds, |fields, name| kinds(fields, name));
    let outcome = outcome(fields, value.outcome);
    Some(Filter {
        from_at: from_at?,
        until_at: until_at?,
        practitioner_id: practitioner_id?,
        organization_id: organization_id?,
        kinds: kinds?.into_iter().flatten().collect::<BTreeSet<_>>(),
        outcome: outcome?,
        emergency_only: value.emergency_only,
        first_access_only: value.first_seen_only,
    })
}

fn kinds(fields: &mut FieldErrors, name: &str) -> Option<Vec<EventKind>> {
    let kinds = kinds_named(name);
    if kinds.is_empty() {
        fields.add(
            "",
            "must be a kind of event, or the prefix of one ending with .*",
        );
        return None;
    }
    Some(kinds)
}

#[expect(
    clippy::option_option,
    reason = "the outer option says whether the field is valid, the inner one whether it is there"
)]
fn outcome(fields: &mut FieldErrors, value: i32) -> Option<Option<Outcome>> {
    if value == proto::EventOutcome::Unspecified as i32 {
        return Some(None);
    }
    outcome_from_proto(fields, "outcome", value).map(Some)
}

pub(in crate::grpc) fn history_page(page: &HistoryPage) -> proto::ListEventsResponse {
    let events = page.entries.iter();
    proto::ListEventsResponse {
        events: events.map(|event| listed(event, page.reader)).collect(),
        next_page_token: page.next_page_token.clone().unwrap_or_default(),
    }
}

pub(in crate::grpc) fn found_event(found: FoundEvent) -> proto::GetEventResponse {
    proto::GetEventResponse {
        event: Some(listed(&found.event, found.reader)),
        receipt: found.receipt.unwrap_or_default(),
        canonical_event: match found.event {
            Listed::Told(entry) => entry.canonical,
            Listed::Erased(_) | Listed::Withheld(_) => Vec::new(),
        },
    }
}

pub(in crate::grpc) fn watched(item: WatchItem, reader: Reader) -> proto::WatchEventsResponse {
    use proto::watch_events_response::Item;
    let news = match item.news {
        WatchNews::Event(event) => Item::Event(listed(&event, reader)),
        WatchNews::Heartbeat { at, checkpoint } => Item::Heartbeat(proto::Heartbeat {
            at: Some(timestamp_to_proto(at)),
            checkpoint,
        }),
    };
    proto::WatchEventsResponse {
        item: Some(news),
        cursor: item.cursor,
    }
}

pub(super) fn listed(event: &Listed, reader: Reader) -> proto::RecordedEvent {
    match event {
        Listed::Told(entry) => told(&entry.event, entry.log_index, &entry.leaf, reader),
        Listed::Erased(erased) => left_of(erased),
        Listed::Withheld(withheld) => told_of(withheld, reader),
    }
}

/// What of an event is told to whom something of it is kept from.
fn told_of(withheld: &WithheldEntry, reader: Reader) -> proto::RecordedEvent {
    use proto::Withheld as Proto;
    let leaf = &withheld.leaf;
    match &withheld.part {
        Some(event) => proto::RecordedEvent {
            withheld: Proto::Documents.into(),
            ..told(event, withheld.log_index, leaf, reader)
        },
        None => proto::RecordedEvent {
            withheld: Proto::Event.into(),
            ..bare(withheld.log_index, leaf, Sentences::of_withheld())
        },
    }
}

/// What is left of an event that was erased.
fn left_of(erased: &ErasedEntry) -> proto::RecordedEvent {
    let stored = &erased.stored;
    proto::RecordedEvent {
        erasure: Some(proto::EventErasure {
            erasure_event_id: erased.erasure_event_id.to_string(),
            erased_at: Some(timestamp_to_proto(erased.erased_at)),
            ground: erased.ground.clone(),
        }),
        ..bare(stored.log_index, &stored.leaf, Sentences::of_erased(erased))
    }
}

/// What the leaf alone tells.
fn bare(log_index: u64, leaf: &LeafContent, sentences: Sentences) -> proto::RecordedEvent {
    let id = |bytes| Uuid::from_bytes(bytes).to_string();
    let event = proto::Event {
        event_id: id(leaf.event_id),
        patient_id: leaf.patient_id().map(id).unwrap_or_default(),
        ..proto::Event::default()
    };
    in_its_place(event, log_index, leaf, sentences)
}

fn told(event: &Event, log_index: u64, leaf: &LeafContent, reader: Reader) -> proto::RecordedEvent {
    let sentences = Sentences::of(event, reader);
    in_its_place(event_to_proto(event), log_index, leaf, sentences)
}

fn in_its_place(
    event: proto::Event,
    log_index: u64,
    leaf: &LeafContent,
    sentences: Sentences,
) -> proto::RecordedEvent {
    let recorded_at = Timestamp::from_micros(leaf.recorded_at_micros);
    proto::RecordedEvent {
        event: Some(event),
        recorded_at: Some(timestamp_to_proto(recorded_at)),
        log_index,
        patient_sequence: leaf.patient_sequence(),
        sentence_fr: sentences.french,
        sentence_en: sentences.english,
        erasure: None,
        withheld: proto::Withheld::Unspecified.into(),
    }
}
