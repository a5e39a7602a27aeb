//! From a question of the contract to a decision.

use std::collections::BTreeSet;
use std::sync::Arc;

use aval_domain::access::{AccessMode, Action};
use aval_domain::document::DocumentRef;
use aval_domain::id::{DocumentId, PatientId};
use aval_runtime::context::{Actor, PractitionerActor, RequestContext};
use aval_runtime::token::AuthenticationStrength;
use serde::Serialize;

use super::App;
use crate::access_basis::AccessQuery;
use crate::decision::{self, AccessBasis, Asker, Capacity, Decision, EmergencyReason, Question};
use crate::error::Error;

/// What is asked, by whoever the context says.
#[derive(Clone, Serialize)]
pub struct AccessQuestion {
    /// Whose record.
    pub patient_id: PatientId,
    /// What is to be done.
    pub action: Action,
    /// In which circumstances.
    pub mode: AccessMode,
    /// Which documents.
    pub documents: Vec<DocumentRef>,
    /// Why, in an emergency, in whatever words.
    pub emergency_reason: Option<String>,
    /// What for, as the software names it.
    pub purpose: Option<String>,
}

impl AccessQuestion {
    /// The question as this asker puts it.
    #[must_use]
    pub fn asked_by(self, asker: Asker) -> Question {
        Question {
            asker,
            patient_id: self.patient_id,
            action: self.action,
            mode: self.mode,
            documents: self.documents,
            emergency_reason: self
                .emergency_reason
                .filter(|_| self.mode.is_emergency())
                .and_then(|words| EmergencyReason::parse(&words)),
        }
    }
}

/// Without the words, which may speak of the patient.
impl std::fmt::Debug for AccessQuestion {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("AccessQuestion")
            .field("action", &self.action)
            .field("mode", &self.mode)
            .field("documents", &self.documents.len())
            .finish_non_exhaustive()
    }
}

impl App {
    /// Decides a question of the person who makes this call.
    pub(super) async fn decide(
        &self,
        cx: &RequestContext,
        question: AccessQuestion,
    ) -> Result<Decision, Error> {
        let (decision, _) = self.decide_knowing_secrets(cx, question).await?;
        Ok(decision)
    }

    /// The same, and which documents are hidden from who represents the patient by what the
    /// decision rests on.
    pub(super) async fn decide_knowing_secrets(
        &self,
        cx: &RequestContext,
        question: AccessQuestion,
    ) -> Result<(Decision, BTreeSet<DocumentId>), Error> {
        let asker = asker(cx, question.mode)?;
        let question = question.asked_by(asker);
        let policies = self.policies.policies().await?;
        let basis = self.basis(&question).await?;
        let policy = policies.in_force(cx.now);
        let secret = basis.hidden_from_representatives(cx.now);
        let decision = decision::decide_taking(question, &basis, policy, cx.now);
        Ok((decision, secret))
    }

    /// What is known about one question.
    pub(super) async fn basis(&self, question: &Question) -> Result<Arc<AccessBasis>, Error> {
        let queries = [AccessQuery::of(question)];
        let bases = self.bases.access_bases(&queries).await?;
        // No answer to the one query is no basis: nothing is open then.
        Ok(bases.into_iter().next().unwrap_or_default())
    }
}

/// The person who makes this call, as the rules see them. Only professionals ask in
/// an emergency mode.
pub(super) fn asker(cx: &RequestContext, mode: AccessMode) -> Result<Asker, Error> {
    match cx.person()? {
        Actor::Practitioner(practitioner) => Ok(Asker::Practitioner(capacity(practitioner))),
        Actor::Patient(_) if mode.is_emergency() => Err(Error::Invalid {
            field: "question.mode",
            rule: "is for professionals only",
        }),
        Actor::Patient(patient) if patient.representative.is_some() => {
            Ok(Asker::Representative(patient.patient_id))
        }
        Actor::Patient(patient) => Ok(Asker::Patient(patient.patient_id)),
    }
}

/// The capacity that a token states. Identity gives tokens to those who practise in
/// this situation, and ends them within minutes when they no longer do.
pub(super) fn capacity(practitioner: &PractitionerActor) -> Capacity {
    let activity = &practitioner.activity;
    Capacity {
        practitioner_id: practitioner.practitioner_id,
        activity_id: activity.activity_id,
        profession: activity.profession,
        function: activity.function,
        organization_id: activity.organization_id,
        active: true,
        regulation_access: activity.regulation_access,
        directly_authenticated: practitioner.direct
            && practitioner.strength >= AuthenticationStrength::Substantial,
    }
}
