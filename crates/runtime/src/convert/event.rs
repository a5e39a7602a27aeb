//! The trail's events.
//!
//! An event that is read must be whole: a kind, a code or a number that is not
//! known is a violation, because leaving it out would change what is proved.

use aval_domain::event::{Event, EventDocument, EventKind, Outcome, Subject};
use aval_domain::id::{DocumentId, PatientId};
use aval_proto::audit::v1 as proto;

use super::{NOT_A_VALUE, timestamp_to_proto};
use super::{document_class_from_proto, document_class_to_proto, timestamp_from_proto};
use crate::status::FieldErrors;

mod actor;
mod decision;

/// Writes an event.
#[must_use]
pub fn event_to_proto(event: &Event) -> proto::Event {
    proto::Event {
        event_id: event.event_id.to_string(),
        occurred_at: Some(timestamp_to_proto(event.occurred_at)),
        patient_id: event
            .patient_id
            .map(|id| id.to_string())
            .unwrap_or_default(),
        kind: event.kind.code().to_owned(),
        outcome: outcome_to_proto(event.outcome) as i32,
        actor: Some(actor::to_proto(&event.actor)),
        representative: event
            .representative
            .as_ref()
            .map(actor::representative_to_proto),
        software: event.software.clone(),
        subject: event.subject.as_ref().map(|subject| proto::EventSubject {
            kind: subject.kind.clone(),
            id: subject.id.clone(),
        }),
        documents: event.documents.iter().map(document_to_proto).collect(),
        decision: event.decision.as_ref().map(decision::to_proto),
        before: event.before.clone().into_iter().collect(),
        after: event.after.clone().into_iter().collect(),
        trace_id: event.trace_id.clone().unwrap_or_default(),
        late: event.late,
    }
}

/// Reads an event; violations are noted under its own fields.
pub fn event_from_proto(fields: &mut FieldErrors, value: &proto::Event) -> Option<Event> {
    let event_id = fields.parse("event_id", &value.event_id);
    let occurred_at = timestamp_from_proto(fields, "occurred_at", value.occurred_at.as_ref());
    let patient_id = fields.parse_optional::<PatientId>("patient_id", &value.patient_id);
    let kind = fields.parse::<EventKind>("kind", &value.kind);
    let outcome = outcome_from_proto(fields, "outcome", value.outcome);
    let actor = fields.required("actor", value.actor.as_ref());
    let actor =
        actor.and_then(|actor| fields.within("actor", |fields| actor::from_proto(fields, actor)));
    let representative = optional(
        fields,
        "representative",
        value.representative.as_ref(),
        actor::representative_from_proto,
    );
    let software = fields
        .required_text("software", &value.software)
        .map(str::to_owned);
    let subject = optional(
        fields,
        "subject",
        value.subject.as_ref(),
        subject_from_proto,
    );
    let documents = fields.each("documents", &value.documents, document_from_proto);
    let decision = optional(
        fields,
        "decision",
        value.decision.as_ref(),
        decision::from_proto,
    );
    let trace_id = trace_id_from_proto(fields, &value.trace_id);
    Some(Event {
        event_id: event_id?,
        occurred_at: occurred_at?,
        patient_id: patient_id?,
        kind: kind?,
        outcome: outcome?,
        actor: actor?,
        representative: representative?,
        software: software?,
        subject: subject?,
        documents: documents?,
        decision: decision?,
        before: value.before.clone().into_iter().collect(),
        after: value.after.clone().into_iter().collect(),
        trace_id: trace_id?,
        late: value.late,
    })
}

/// Reads an outcome; absent or unknown is a violation.
pub fn outcome_from_proto(fields: &mut FieldErrors, field: &str, value: i32) -> Option<Outcome> {
    match proto::EventOutcome::try_from(value) {
        Ok(proto::EventOutcome::Success) => Some(Outcome::Success),
        Ok(proto::EventOutcome::Refused) => Some(Outcome::Refused),
        Ok(proto::EventOutcome::Failure) => Some(Outcome::Failure),
        Ok(proto::EventOutcome::Unspecified) | Err(_) => {
            fields.add(field, NOT_A_VALUE);
            None
        }
    }
}

/// Writes an outcome.
#[must_use]
pub const fn outcome_to_proto(outcome: Outcome) -> proto::EventOutcome {
    match outcome {
        Outcome::Success => proto::EventOutcome::Success,
        Outcome::Refused => proto::EventOutcome::Refused,
        Outcome::Failure => proto::EventOutcome::Failure,
    }
}

fn document_to_proto(document: &EventDocument) -> proto::EventDocument {
    let document_type = document.document_type.as_ref();
    proto::EventDocument {
        document_id: document.id.as_str().to_owned(),
        document_class: document_class_to_proto(document.class) as i32,
        document_type: document_type
            .map(|code| code.code().to_owned())
            .unwrap_or_default(),
        permitted: document.permitted,
    }
}

fn document_from_proto(
    fields: &mut FieldErrors,
    value: &proto::EventDocument,
) -> Option<EventDocument> {
    let id = fields.check("document_id", DocumentId::parse(&value.document_id));
    let class = document_class_from_proto(fields, "document_class", value.document_class);
    let document_type = fields.parse_optional("document_type", &value.document_type);
    Some(EventDocument {
        id: id?,
        class: class?,
        document_type: document_type?,
        permitted: value.permitted,
    })
}

fn subject_from_proto(fields: &mut FieldErrors, value: &proto::EventSubject) -> Option<Subject> {
    let kind = fields.required_text("kind", &value.kind);
    let id = fields.required_text("id", &value.id);
    Some(Subject {
        kind: kind?.to_owned(),
        id: id?.to_owned(),
    })
}

#[expect(
    clippy::option_option,
    reason = "the outer option says whether the field is valid, the inner one whether it is there"
)]
fn trace_id_from_proto(fields: &mut FieldErrors, text: &str) -> Option<Option<String>> {
    if text.is_empty() {
        return Some(None);
    }
    let is_hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() != 32 || !text.bytes().all(is_hexadecimal) {
        fields.add("trace_id", "must be 32 lower-case hexadecimal digits");
        return None;
    }
    Some(Some(text.to_owned()))
}

/// Reads a message that may be absent: `Some(None)` when it is.
#[expect(
    clippy::option_option,
    reason = "the outer option says whether the field is valid, the inner one whether it is there"
)]
fn optional<M, T>(
    fields: &mut FieldErrors,
    field: &'static str,
    value: Option<&M>,
    read: impl FnOnce(&mut FieldErrors, &M) -> Option<T>,
) -> Option<Option<T>> {
    let Some(value) = value else {
        return Some(None);
    };
    fields.within(field, |fields| read(fields, value)).map(Some)
}

#[cfg(test)]
mod tests;
