//! Comma-separated values after RFC 4180: every field quoted where it must be, lines
//! end in CR LF.
//!
//! A spreadsheet takes a text that begins with one of `= + - @`, a tab or a line end for
//! a formula. Names and reasons are other people's texts, so such a beginning gets an
//! apostrophe before it, which a spreadsheet does not show.

use std::fmt::Write as _;

use aval_domain::event::{Actor, Event};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::Exported;
use crate::sentence::Sentences;

const COLUMNS: [&str; 29] = [
    "event_id",
    "occurred_at",
    "recorded_at",
    "log_index",
    "patient_sequence",
    "patient_id",
    "kind",
    "outcome",
    "actor_kind",
    "actor_id",
    "actor_name",
    "profession",
    "organization_id",
    "organization_name",
    "representative_patient_id",
    "software",
    "subject_kind",
    "subject_id",
    "effect",
    "denial_reason",
    "ground",
    "mode",
    "action",
    "documents_permitted",
    "documents_refused",
    "sentence_fr",
    "sentence_en",
    "canonical_event_base64",
    "receipt_base64",
];

pub(super) fn header() -> String {
    line(&COLUMNS.map(str::to_owned))
}

pub(super) fn record(exported: Exported<'_>) -> String {
    let entry = exported.entry;
    let event = &entry.event;
    let actor = actor(&event.actor);
    let [effect, reason, ground, mode, action] = decision(event);
    let documents = |permitted| {
        let documents = event.documents.iter();
        let count = documents.filter(|document| document.permitted == permitted);
        count.count().to_string()
    };
    let sentences = Sentences::of(&without_free_text(event), exported.reader);
    let [
        actor_kind,
        actor_id,
        actor_name,
        profession,
        organization_id,
        organization_name,
    ] = actor;
    line(&[
        event.event_id.to_string(),
        event.occurred_at.to_string(),
        entry.recorded_at.to_string(),
        entry.log_index.to_string(),
        entry.leaf.patient_sequence().to_string(),
        text_of(event.patient_id.as_ref()),
        event.kind.code().to_owned(),
        event.outcome.code().to_owned(),
        actor_kind,
        actor_id,
        actor_name,
        profession,
        organization_id,
        organization_name,
        text_of(event.representative.as_ref().map(|one| &one.patient_id)),
        event.software.clone(),
        event
            .subject
            .as_ref()
            .map(|one| one.kind.clone())
            .unwrap_or_default(),
        event
            .subject
            .as_ref()
            .map(|one| one.id.clone())
            .unwrap_or_default(),
        effect,
        reason,
        ground,
        mode,
        action,
        documents(true),
        documents(false),
        sentences.french,
        sentences.english,
        STANDARD.encode(&entry.canonical),
        STANDARD.encode(exported.receipt.format()),
    ])
}

/// The event without what people wrote about the patient, for the sentences: a table goes
/// from hand to hand. The canonical bytes have it.
fn without_free_text(event: &Event) -> Event {
    let mut told = event.clone();
    if let Some(decision) = &mut told.decision {
        (decision.purpose, decision.emergency_reason) = (None, None);
    }
    told.before.remove("purpose");
    told.after.remove("purpose");
    told
}

/// Kind, identifier, name, profession, and the organization's identifier and name.
fn actor(actor: &Actor) -> [String; 6] {
    let none = String::new;
    let kind = actor.kind().to_owned();
    match actor {
        Actor::Patient { patient_id } => {
            [kind, patient_id.to_string(), none(), none(), none(), none()]
        }
        Actor::Practitioner {
            practitioner_id,
            profession,
            organization_id,
            organization_name,
            display_name,
            ..
        } => [
            kind,
            practitioner_id.to_string(),
            display_name.clone(),
            profession.code().to_owned(),
            text_of(organization_id.as_ref()),
            organization_name.clone().unwrap_or_default(),
        ],
        Actor::Service { name } => [kind, none(), name.clone(), none(), none(), none()],
    }
}

/// Effect, reason of a denial, ground, mode and action.
fn decision(event: &Event) -> [String; 5] {
    let Some(decision) = &event.decision else {
        return Default::default();
    };
    [
        decision.effect.code().to_owned(),
        decision
            .reason
            .map(|reason| reason.code().to_owned())
            .unwrap_or_default(),
        decision
            .ground
            .map(|ground| ground.kind().code().to_owned())
            .unwrap_or_default(),
        decision.mode.code().to_owned(),
        decision.action.code().to_owned(),
    ]
}

fn text_of<T: ToString>(value: Option<&T>) -> String {
    value.map(T::to_string).unwrap_or_default()
}

fn line(fields: &[String; COLUMNS.len()]) -> String {
    let mut line = String::new();
    for (position, field) in fields.iter().enumerate() {
        let comma = if position == 0 { "" } else { "," };
        let harmless = harmless(field);
        if harmless.contains(['"', ',', '\r', '\n']) {
            let quoted = harmless.replace('"', "\"\"");
            write!(line, "{comma}\"{quoted}\"").expect("a String takes everything");
        } else {
            line.push_str(comma);
            line.push_str(&harmless);
        }
    }
    line.push_str("\r\n");
    line
}

/// How long the record is with which the text begins, line end included; none: it is not whole.
pub(super) fn record_length(text: &str) -> Option<usize> {
    let mut is_quoted = false;
    let mut before = 0;
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'\n' if !is_quoted && before == b'\r' => return Some(place + 1),
            _ => {}
        }
        before = byte;
    }
    None
}

/// The fields of a record, as they are written in it but for their quotes; none: they are not
/// one for each column.
pub(super) fn fields(record: &str) -> Option<Vec<String>> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    let mut letters = record.strip_suffix("\r\n")?.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                letters.next();
                fields.last_mut()?.push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            other => fields.last_mut()?.push(other),
        }
    }
    (fields.len() == COLUMNS.len()).then_some(fields)
}

/// The first column in which a record differs from both others.
pub(super) fn differing(record: &str, one: &str, other: &str) -> Option<&'static str> {
    let (found, one, other) = (fields(record)?, fields(one)?, fields(other)?);
    let differs = |place: &usize| found[*place] != one[*place] && found[*place] != other[*place];
    let place = (0..COLUMNS.len()).find(differs)?;
    Some(COLUMNS[place])
}

/// The text, if a spreadsheet takes it for text; else with an apostrophe before it.
fn harmless(field: &str) -> std::borrow::Cow<'_, str> {
    // Some spreadsheets look behind blanks, and take the wide forms for the usual ones.
    let first = field.trim_start_matches(' ').chars().next();
    let is_formula = matches!(
        first,
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠')
    );
    if is_formula {
        format!("'{field}").into()
    } else {
        field.into()
    }
}
