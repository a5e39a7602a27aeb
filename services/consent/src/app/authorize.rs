//! May I? Durably traced before the answer: only then may anything be disclosed.

use aval_domain::access::Effect;
use aval_domain::event::{DecisionSummary, Event, EventDocument, EventKind, Outcome};
use aval_domain::id::{EventId, RequestId};
use aval_runtime::context::RequestContext;
use serde::Serialize;

use super::App;
use super::asking::AccessQuestion;
use crate::decision::Decision;
use crate::decision_log::TracedDecision;
use crate::error::Error;
use crate::notification::Access;
use crate::store::Write;

/// What is asked for.
#[derive(Debug, Clone, Serialize)]
pub struct Authorize {
    /// The question.
    pub question: AccessQuestion,
    /// The client's name for this call.
    #[serde(skip)]
    pub request_id: RequestId,
}

/// A decision on which data may be disclosed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorized {
    /// The decision.
    pub decision: Decision,
    /// The event that tells of it.
    pub event_id: EventId,
}

impl App {
    /// Decides and traces, permit or deny. A repetition answers what was decided the
    /// first time, unless less is permitted now: that is decided and traced anew. While
    /// the trail is too far behind, only emergencies go on, and their events say that they
    /// are late.
    #[tracing::instrument(name = "consent.authorize", skip_all)]
    pub async fn authorize(
        &self,
        cx: &RequestContext,
        command: Authorize,
    ) -> Result<Authorized, Error> {
        let question = command.question.clone();
        let (mut decision, secret) = self.decide_knowing_secrets(cx, question).await?;
        let trail_is_behind = self.trail_backlog.is_too_old(cx.now);
        if trail_is_behind && !command.question.mode.is_emergency() {
            return Err(Error::TrailUnavailable);
        }
        let event = Event {
            late: trail_is_behind,
            ..access_event(cx, &command.question, &mut decision)
        };
        // The same person in another practice situation asks another question.
        let activity = cx
            .practitioner()
            .ok()
            .map(|person| person.activity.activity_id);
        let asked = (&command, activity);
        let key = Write::new(cx, "consent.authorize", command.request_id, &asked).key;
        let access = Access::of(&decision, &event, &secret);
        let mode = command.question.mode;
        let recorded = self
            .decisions
            .record(TracedDecision {
                key,
                decision,
                event,
                access,
            })
            .await?;
        self.decided.decided(recorded.decision.verdict, mode);
        Ok(Authorized {
            decision: recorded.decision,
            event_id: recorded.event_id,
        })
    }
}

/// The event that tells of a decision, and takes out of it what is told there alone.
fn access_event(cx: &RequestContext, question: &AccessQuestion, decision: &mut Decision) -> Event {
    let outcome = match decision.verdict.effect() {
        Effect::Permit => Outcome::Success,
        Effect::Deny => Outcome::Refused,
    };
    // In the order asked, like the documents.
    let mut permitted = decision.permitted_documents.iter().peekable();
    let documents = question.documents.iter().map(|document| EventDocument {
        id: document.id.clone(),
        class: document.class,
        document_type: document.document_type,
        permitted: permitted.next_if(|id| **id == document.id).is_some(),
    });
    let emergency_reason = question
        .emergency_reason
        .clone()
        .filter(|_| question.mode.is_emergency());
    Event {
        patient_id: Some(question.patient_id),
        documents: documents.collect(),
        decision: Some(DecisionSummary {
            effect: decision.verdict.effect(),
            reason: decision.verdict.reason(),
            ground: decision.verdict.ground(),
            ground_terms: decision.ground_terms.take(),
            mode: question.mode,
            action: question.action,
            purpose: question.purpose.clone(),
            emergency_reason,
            policy_revision: decision.policy_revision.clone(),
        }),
        ..cx.event(EventKind::AccessDecided, outcome)
    }
}

#[cfg(test)]
mod tests;
