//! A decision with the way to it.

use super::rules::DOCUMENTS;
use super::{AuthorizationStatus, Decision, Missing, Rule, RuleOutcome};

/// A decision, and what each rule said on the way to it.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// What [`decide`](super::decide) answers.
    pub decision: Decision,
    /// Every rule that was tried, in order.
    pub steps: Vec<Step>,
    /// Where the patient's authorisation of the professional stands; `None` when no
    /// professional asks, or the record is not open.
    pub authorization: Option<AuthorizationStatus>,
    /// What was missing for a permission: see [`missing`](super::missing()).
    pub missing: Vec<Missing>,
}

/// One rule, and what it said.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The rule.
    pub rule: &'static Rule,
    /// What it said.
    pub outcome: RuleOutcome,
}

impl Explanation {
    /// The explanation as a professional may read it: the rules about single
    /// documents are told as one, so that a category, the matrix and a mask look
    /// alike and nobody learns that something was hidden from them. What was missing is
    /// for the patient alone.
    #[must_use]
    pub fn for_professional(self) -> Self {
        let denied = |step: &Step| step.outcome == RuleOutcome::Denies;
        let (documents, mut steps): (Vec<_>, Vec<_>) = self
            .steps
            .into_iter()
            .partition(|step| step.rule.about_documents);
        if !documents.is_empty() {
            steps.push(Step {
                rule: &DOCUMENTS,
                outcome: if documents.iter().any(denied) {
                    RuleOutcome::Denies
                } else {
                    RuleOutcome::NotApplicable
                },
            });
        }
        Self {
            steps,
            missing: Vec::new(),
            ..self
        }
    }
}
