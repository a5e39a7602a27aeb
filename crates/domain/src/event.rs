//! The trail's event: who did what to whose record, on what ground, with what outcome.
//!
//! Plain data. As JSON it has strings, integers, booleans, arrays and objects
//! only: no floats, and absent fields are left out rather than null, so that
//! one event has one canonical form. A reader that does not know a field
//! refuses the event: dropping a field would silently change what is proved.
//! It never holds clinical content, an INS or a token.

mod actor;
mod kind;

pub use actor::{Actor, Representative};
pub use kind::{EventKind, Outcome};

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::access::{AccessMode, Action, DenialReason, Effect, Ground, GroundTerms};
use crate::document::{DocumentClass, DocumentType};
use crate::id::{DocumentId, EventId, PatientId};
use crate::time::Timestamp;

/// Something that happened and must be remembered (art. R.1111-43 CSP: every
/// action is traced with its date, its time and who did it). It never changes
/// once recorded. `Debug` leaves out what people wrote and what changed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Makes repeated delivery harmless.
    pub event_id: EventId,
    /// When it happened, by the clock of the service where it did.
    pub occurred_at: Timestamp,
    /// Whose record it concerns; absent for what concerns no record, such as a
    /// directory import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patient_id: Option<PatientId>,
    /// What happened.
    pub kind: EventKind,
    /// How it ended.
    pub outcome: Outcome,
    /// Who did it.
    pub actor: Actor,
    /// Who acted in the patient's place, where somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub representative: Option<Representative>,
    /// The calling software: its SPIFFE name.
    pub software: String,
    /// What it was done to, where that is a thing of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// The documents that were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<EventDocument>,
    /// What was decided, for an access.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionSummary>,
    /// For a change of rights: the fields that changed, as they were.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub before: BTreeMap<String, String>,
    /// For a change of rights: the fields that changed, as they are now.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub after: BTreeMap<String, String>,
    /// The distributed trace in which it happened (W3C trace id, 32 hex digits).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// Whether it was delivered later than the trail promises.
    pub late: bool,
}

/// What an event is about, when that is neither a record nor a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The kind of thing: `grant`, `block`, `session`…
    pub kind: String,
    /// Its identifier.
    pub id: String,
}

/// A document that an access asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventDocument {
    /// The document registry's name for it.
    pub id: DocumentId,
    /// Its category.
    pub class: DocumentClass,
    /// Its type, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_type: Option<DocumentType>,
    /// Whether the decision permitted it.
    pub permitted: bool,
}

/// A decision, as the trail keeps it. `Debug` leaves out what people wrote.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionSummary {
    /// Permitted or denied.
    pub effect: Effect,
    /// Why it was denied; absent when permitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<DenialReason>,
    /// What it rests on; absent when denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<Ground>,
    /// To whom the ground was given and since when; absent for a ground that is neither
    /// given nor taken, and where the producer was older than this member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground_terms: Option<GroundTerms>,
    /// The mode that was asked for.
    pub mode: AccessMode,
    /// The action that was asked for.
    pub action: Action,
    /// Why the record was opened, as the caller said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// The reason in words for an emergency access.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency_reason: Option<String>,
    /// The revision of the rules that decided.
    pub policy_revision: String,
}

impl Event {
    /// An event with what every event has; the rest is absent and set by field.
    #[must_use]
    pub fn new(
        event_id: EventId,
        occurred_at: Timestamp,
        kind: EventKind,
        outcome: Outcome,
        actor: Actor,
        software: impl Into<String>,
    ) -> Self {
        Self {
            event_id,
            occurred_at,
            patient_id: None,
            kind,
            outcome,
            actor,
            representative: None,
            software: software.into(),
            subject: None,
            documents: Vec::new(),
            decision: None,
            before: BTreeMap::new(),
            after: BTreeMap::new(),
            trace_id: None,
            late: false,
        }
    }
}

impl Subject {
    /// A thing of that kind and identifier.
    #[must_use]
    pub fn new(kind: impl Into<String>, id: &impl ToString) -> Self {
        Self {
            kind: kind.into(),
            id: id.to_string(),
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Event")
            .field("event_id", &self.event_id)
            .field("occurred_at", &self.occurred_at)
            .field("patient_id", &self.patient_id)
            .field("kind", &self.kind)
            .field("outcome", &self.outcome)
            .field("actor", &self.actor)
            .field("representative", &self.representative)
            .field("software", &self.software)
            .field("subject", &self.subject)
            .field("documents", &self.documents)
            .field("decision", &self.decision)
            .field("trace_id", &self.trace_id)
            .field("late", &self.late)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for DecisionSummary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DecisionSummary")
            .field("effect", &self.effect)
            .field("reason", &self.reason)
            .field("ground", &self.ground)
            .field("ground_terms", &self.ground_terms)
            .field("mode", &self.mode)
            .field("action", &self.action)
            .field("policy_revision", &self.policy_revision)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
