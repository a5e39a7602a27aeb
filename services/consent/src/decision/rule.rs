//! What a rule is.

use aval_domain::access::{DenialReason, GroundKind};

use super::walk::Progress;
use super::world::World;

/// One step of a decision.
pub struct Rule {
    /// Its name, as `Explain` prints it: `block_on_person`.
    pub name: &'static str,
    /// The text that it rests on: `CSP R.1111-46`. Empty: the technique of this
    /// service, not a text.
    pub legal_ground: &'static str,
    /// What it asks.
    pub asks: &'static str,
    /// What follows from yes. From no follows the next rule.
    pub consequence: Consequence,
    /// What it says when it permits or denies.
    pub applies: Sentence,
    /// What it says when the next rule is tried.
    pub passes: Sentence,
    /// Whether it speaks of single documents: a professional is not told which rule
    /// took a document away, for it may have been hidden from them.
    pub(super) about_documents: bool,
    pub(super) test: fn(&World<'_>, &mut Progress<'_>) -> Finding,
}

/// What follows when a rule applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consequence {
    /// The access is authorised, on this ground; the rules about documents still come.
    Permits(GroundKind),
    /// The access is denied, for this reason, and no other rule is tried.
    Denies(DenialReason),
}

/// The same thing said in two languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sentence {
    /// In French, for the person who asks.
    pub fr: &'static str,
    /// In English.
    pub en: &'static str,
}

/// What a rule said, as `Explain` tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleOutcome {
    /// It does not apply here: the next one was tried.
    NotApplicable,
    /// It permits.
    Permits,
    /// It denies.
    Denies,
}

/// What a rule found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    /// Nothing: the next rule is tried.
    Passes,
    /// An authorisation, which it noted in the progress.
    Permits,
    /// The walk ends here.
    Denies(DenialReason),
}

impl From<Finding> for RuleOutcome {
    fn from(finding: Finding) -> Self {
        match finding {
            Finding::Passes => Self::NotApplicable,
            Finding::Permits => Self::Permits,
            Finding::Denies(_) => Self::Denies,
        }
    }
}

impl Rule {
    /// What it says with this outcome.
    #[must_use]
    pub const fn sentence(&self, outcome: RuleOutcome) -> Sentence {
        match outcome {
            RuleOutcome::NotApplicable => self.passes,
            RuleOutcome::Permits | RuleOutcome::Denies => self.applies,
        }
    }
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Rule({})", self.name)
    }
}
