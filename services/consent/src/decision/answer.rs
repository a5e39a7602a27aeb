//! What a walk through the rules ends with.

use aval_domain::access::{DenialReason, Effect, Ground, GroundTerms};
use aval_domain::document::DocumentClasses;
use aval_domain::id::DocumentId;
use aval_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A decision, with all that makes it checkable later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Permitted or denied, and on what ground or why.
    pub verdict: Verdict,
    /// To whom what it rests on was given and since when, where that is given at all. For
    /// the trail alone: the answer that is kept for a repetition does not have it.
    #[serde(skip)]
    pub ground_terms: Option<GroundTerms>,
    /// Which of the documents asked for are permitted, in the order asked.
    pub permitted_documents: Vec<DocumentId>,
    /// Which classes are permitted in principle. None when denied.
    pub permitted_classes: DocumentClasses,
    /// Time alone does not change the answer before this instant; `None`: never. It says
    /// nothing of what the asker may not know, and may therefore be earlier than the answer
    /// ends; `decided_at` promises nothing.
    pub holds_until: Option<Timestamp>,
    /// The rules, switches and matrix that decided.
    pub policy_revision: String,
    /// What the asker has to do.
    pub obligations: Vec<Obligation>,
    /// The instant for which it was decided.
    pub decided_at: Timestamp,
}

/// Permitted or denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Permitted, on this ground.
    Permit(Ground),
    /// Denied, for this reason.
    Deny(DenialReason),
}

/// What the asker has to do because of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obligation {
    /// Call `Authorize` before anything is disclosed: this was a check.
    AuthorizeFirst,
    /// Show permanently that the record is open in an emergency mode.
    ShowEmergencyMode,
    /// The patient and the treating doctor are told of this access (art. R.1111-48
    /// CSP).
    EmergencyReported,
}

impl Decision {
    /// Whether it permits.
    #[must_use]
    pub const fn is_permit(&self) -> bool {
        matches!(self.verdict, Verdict::Permit(_))
    }

    /// Whether whatever `other` permits is permitted by this one too: of one question, every
    /// document and every class. On what ground is another matter.
    #[must_use]
    pub fn permits_all_of(&self, other: &Self) -> bool {
        let permits = |document| self.permitted_documents.contains(document);
        !other.is_permit()
            || (self.is_permit()
                && self.permitted_classes.contains_all(other.permitted_classes)
                && other.permitted_documents.iter().all(permits))
    }

    /// The same, promised for no longer than `other` is.
    #[must_use]
    pub fn holding_no_longer_than(mut self, other: &Self) -> Self {
        let ends = [self.holds_until, other.holds_until];
        self.holds_until = ends.into_iter().flatten().min();
        self
    }

    /// The decision as a check answers it: nothing may be disclosed on it alone.
    #[must_use]
    pub fn as_check(mut self) -> Self {
        if self.is_permit() {
            self.obligations.insert(0, Obligation::AuthorizeFirst);
        }
        self
    }
}

impl Verdict {
    /// Permit or deny.
    #[must_use]
    pub const fn effect(self) -> Effect {
        match self {
            Self::Permit(_) => Effect::Permit,
            Self::Deny(_) => Effect::Deny,
        }
    }

    /// What a permission rests on.
    #[must_use]
    pub const fn ground(self) -> Option<Ground> {
        match self {
            Self::Permit(ground) => Some(ground),
            Self::Deny(_) => None,
        }
    }

    /// Why it was denied.
    #[must_use]
    pub const fn reason(self) -> Option<DenialReason> {
        match self {
            Self::Permit(_) => None,
            Self::Deny(reason) => Some(reason),
        }
    }
}
