//! What auditors ask for, and what they are shown.

use aval_proto::audit::v1 as proto;
use aval_proto::audit::v1::event_actor::Actor;
use aval_runtime::convert::event::event_to_proto;
use aval_runtime::convert::{optional_timestamp_from_proto, timestamp_to_proto};
use aval_runtime::page;
use aval_runtime::status::{FieldErrors, Refusal};
use prost_types::Timestamp;

use super::history::{listed, wanted};
use crate::app::{OpenedHistory, SearchPage, UnusualPage};
use crate::entry::Entry;
use crate::oversight::{ListHistory, ListUnusualAccesses, Purpose, RecordedPeriod, SearchEvents};
use crate::sentence::{Reader, Sentences};
use crate::unusual::{Rules, Unusual, UnusualKind};

/// How many events of one finding are named.
const MOST_EVENT_IDS: usize = 100;

pub(in crate::grpc) fn search_events(
    request: &proto::SearchEventsRequest,
) -> Result<SearchEvents, Refusal> {
    let page_size = page::parse_size(request.page_size)?;
    let mut fields = FieldErrors::new();
    let purpose = fields.check("purpose", Purpose::parse(&request.purpose));
    let recorded = period(
        &mut fields,
        request.recorded_from_at.as_ref(),
        request.recorded_until_at.as_ref(),
    );
    let filter = wanted(&mut fields, request.filter.as_ref());
    if filter
        .as_ref()
        .is_some_and(|filter| filter.first_access_only)
    {
        fields.add("filter.first_seen_only", "must not be set in a search");
    }
    fields.build(|| {
        Some(SearchEvents {
            purpose: purpose?,
            recorded: recorded?,
            filter: filter?,
            page_size,
            page_token: token(&request.page_token),
        })
    })
}

pub(in crate::grpc) fn list_history(
    request: &proto::ListHistoryRequest,
) -> Result<ListHistory, Refusal> {
    let page_size = page::parse_size(request.page_size)?;
    let mut fields = FieldErrors::new();
    let purpose = fields.check("purpose", Purpose::parse(&request.purpose));
    let event_id = fields.parse("event_id", &request.event_id);
    fields.build(|| {
        Some(ListHistory {
            purpose: purpose?,
            event_id: event_id?,
            page_size,
            page_token: token(&request.page_token),
        })
    })
}

pub(in crate::grpc) fn list_unusual_accesses(
    request: &proto::ListUnusualAccessesRequest,
) -> Result<ListUnusualAccesses, Refusal> {
    let page_size = page::parse_size(request.page_size)?;
    let mut fields = FieldErrors::new();
    let purpose = fields.check("purpose", Purpose::parse(&request.purpose));
    let recorded = period(
        &mut fields,
        request.recorded_from_at.as_ref(),
        request.recorded_until_at.as_ref(),
    );
    let kinds = fields.each("kinds", &request.kinds, |fields, kind| {
        let kind = kind_from_proto(*kind);
        if kind.is_none() {
            fields.add("", "must be one of the kinds of the contract");
        }
        kind
    });
    let practitioner_id = fields.parse_optional("practitioner_id", &request.practitioner_id);
    fields.build(|| {
        Some(ListUnusualAccesses {
            purpose: purpose?,
            recorded: recorded?,
            kinds: kinds?,
            practitioner_id: practitioner_id?,
            page_size,
            page_token: token(&request.page_token),
        })
    })
}

fn token(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn period(
    fields: &mut FieldErrors,
    from: Option<&Timestamp>,
    until: Option<&Timestamp>,
) -> Option<RecordedPeriod> {
    let from_at = optional_timestamp_from_proto(fields, "recorded_from_at", from);
    let until_at = optional_timestamp_from_proto(fields, "recorded_until_at", until);
    let (from_at, until_at) = (from_at?, until_at?);
    if let (Some(from), Some(until)) = (from_at, until_at)
        && until <= from
    {
        fields.add("recorded_until_at", "must be later than recorded_from_at");
    }
    Some(RecordedPeriod { from_at, until_at })
}

pub(in crate::grpc) fn search_page(page: &SearchPage) -> proto::SearchEventsResponse {
    proto::SearchEventsResponse {
        events: page.entries.iter().map(searched).collect(),
        next_page_token: page.next_page_token.clone().unwrap_or_default(),
    }
}

/// What of an event names no patient.
fn searched(entry: &Entry) -> proto::SearchedEvent {
    let event = event_to_proto(&entry.event);
    let practitioner = match event.actor.and_then(|actor| actor.actor) {
        Some(Actor::Practitioner(practitioner)) => Some(practitioner),
        _ => None,
    };
    let decision = event.decision.unwrap_or_default();
    let sentences = Sentences::of(&entry.event, Reader::SomebodyElse);
    proto::SearchedEvent {
        event_id: event.event_id,
        occurred_at: event.occurred_at,
        recorded_at: Some(timestamp_to_proto(entry.recorded_at)),
        log_index: entry.log_index,
        kind: event.kind,
        outcome: event.outcome,
        practitioner,
        software: event.software,
        mode: decision.mode,
        ground: decision.ground.unwrap_or_default().kind,
        denial_reason: decision.denial_reason,
        concerns_patient: entry.event.patient_id.is_some(),
        sentence_fr: sentences.french,
        sentence_en: sentences.english,
    }
}

pub(in crate::grpc) fn opened_history(page: &OpenedHistory) -> proto::ListHistoryResponse {
    let events = page.entries.iter();
    proto::ListHistoryResponse {
        patient_id: page.patient_id.to_string(),
        events: events
            .map(|event| listed(event, Reader::SomebodyElse))
            .collect(),
        next_page_token: page.next_page_token.clone().unwrap_or_default(),
    }
}

pub(in crate::grpc) fn unusual_page(page: &UnusualPage) -> proto::ListUnusualAccessesResponse {
    let found = page.unusual.iter();
    proto::ListUnusualAccessesResponse {
        accesses: found.map(|found| unusual(found, &page.rules)).collect(),
        next_page_token: page.next_page_token.clone().unwrap_or_default(),
    }
}

fn unusual(found: &Unusual, rules: &Rules) -> proto::UnusualAccess {
    let sentences = found.sentences(rules);
    let events = found.events.iter().take(MOST_EVENT_IDS);
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    proto::UnusualAccess {
        unusual_id: found.id.to_string(),
        kind: kind_to_proto(found.kind).into(),
        practitioner_id: found.practitioner_id.to_string(),
        first_at: Some(timestamp_to_proto(found.first_at)),
        event_ids: events.map(ToString::to_string).collect(),
        event_count: count(found.events.len()),
        patient_count: count(found.patients),
        sentence_fr: sentences.french,
        sentence_en: sentences.english,
    }
}

pub(super) const fn kind_to_proto(kind: UnusualKind) -> proto::UnusualKind {
    match kind {
        UnusualKind::FirstAccessWithoutRelation => proto::UnusualKind::FirstAccessWithoutRelation,
        UnusualKind::Volume => proto::UnusualKind::Volume,
        UnusualKind::OffHours => proto::UnusualKind::OffHours,
        UnusualKind::EmergencyWithoutFollowUp => proto::UnusualKind::EmergencyWithoutFollowUp,
    }
}

fn kind_from_proto(kind: i32) -> Option<UnusualKind> {
    let mut all = UnusualKind::ALL.into_iter();
    all.find(|known| kind_to_proto(*known) as i32 == kind)
}
