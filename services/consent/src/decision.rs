//! Whether an access is permitted: one pure function, total and deterministic.
//!
//! [`decide`] walks the rules in a fixed order; [`explain`] is the same walk and
//! keeps what each rule said. Neither reads a clock, a database or a
//! configuration: the instant, the [`AccessBasis`] and the [`Policy`] are given.
//!
//! The order, in which the first denial ends the walk:
//!
//! 1. The asker: a professional who practises
//!    ([`practitioner_active`](rules::PRACTITIONER_ACTIVE)); no patient in another's record.
//! 2. The record exists and is open: one outward answer for both.
//! 3. The patient's own record.
//! 4. A block, on the person or on the organization. It beats everything below;
//!    [`Policy::block_beats_break_glass`] says whether it beats break-glass too.
//! 5. The emergency modes, each with its own conditions and the opposition that the
//!    patient may have made in advance.
//! 6. Feeding the record (contributing), which follows its own rule.
//! 7. Authorisations to consult: the treating doctor, the patient's grants,
//!    declarations, care episodes. None in force: why not.
//! 8. The documents: categories of the authorisations, the matrix, visibility.
//!
//! **Several authorisations add up.** A decision rests on the first that covers
//! what it permits, in the order of point 7, and permits what any of them covers.
//! So giving a further authorisation never takes access away, and taking one back
//! never gives any.
//!
//! **Contributing** (point 6). CSP L.1111-15 obliges each professional to put what
//! is needed into the record, and R.1111-47 leaves the patient no objection to it
//! without a legitimate reason once access was authorised; grants concern
//! consulting only. Here an identified, active professional may contribute to an
//! open record unless the patient blocked them, and every contribution is traced.
//! That a block also stops contributions is an assumption: the block is taken for
//! the legitimate reason. Whether the professional must have been authorised once
//! before is not checked, because a first contribution (a laboratory, a hospital)
//! usually comes without: an assumption too.

mod access_basis;
mod answer;
mod authorization;
mod explanation;
mod holding;
mod missing;
mod policy;
mod question;
mod rule;
pub mod rules;
mod walk;
mod world;

#[cfg(test)]
mod tests;

pub use access_basis::{
    AccessBasis, BlockBasis, BlockTarget, CareEpisodeBasis, GrantBasis, GrantTarget, RecordBasis,
    VisibilityBasis,
};
pub use answer::{Decision, Obligation, Verdict};
pub use authorization::AuthorizationStatus;
pub use explanation::{Explanation, Step};
pub(crate) use holding::next_change;
pub use missing::{Missing, missing};
pub use policy::{Policy, RULES_REVISION};
pub use question::{Asker, Capacity, EmergencyReason, Question};
pub use rule::{Consequence, Rule, RuleOutcome, Sentence};

use aval_domain::time::Timestamp;

/// Whether `question` is permitted at `now`, on this basis, under this policy.
#[must_use]
pub fn decide(
    question: &Question,
    basis: &AccessBasis,
    policy: &Policy,
    now: Timestamp,
) -> Decision {
    walk::walk(question, basis, policy, now, &mut walk::Untold).of(question)
}

/// The same decision on a question that nobody looks at afterwards: the names of the
/// documents are moved into the answer, where hundreds would be copied.
#[must_use]
pub fn decide_taking(
    question: Question,
    basis: &AccessBasis,
    policy: &Policy,
    now: Timestamp,
) -> Decision {
    walk::walk(&question, basis, policy, now, &mut walk::Untold).taking(question)
}

/// The same decision, what each rule said on the way to it, and what was missing.
#[must_use]
pub fn explain(
    question: &Question,
    basis: &AccessBasis,
    policy: &Policy,
    now: Timestamp,
) -> Explanation {
    let mut steps = Vec::new();
    let decided = walk::walk(question, basis, policy, now, &mut steps);
    Explanation {
        authorization: authorization(question, basis, now),
        missing: missing(question, basis, policy, now),
        decision: decided.of(question),
        steps,
    }
}

/// What the patient said of the professional who asks; nothing of a record that is not open,
/// which has one outward answer.
fn authorization(
    question: &Question,
    basis: &AccessBasis,
    now: Timestamp,
) -> Option<AuthorizationStatus> {
    let is_open = basis.record.is_some_and(|record| record.open);
    let told = is_open && question.asker.capacity().is_some();
    told.then(|| AuthorizationStatus::of(basis, now))
}
