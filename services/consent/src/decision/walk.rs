//! The one walk through the rules.

use aval_domain::access::{AccessMode, DenialReason, Ground, GroundTerms};
use aval_domain::document::{DocumentClasses, DocumentRef};
use aval_domain::time::Timestamp;

use super::holding::promised_until;
use super::rule::Finding;
use super::world::World;
use super::{AccessBasis, Decision, Obligation, Policy, Question, Rule, Step, Verdict, rules};

/// What the rules tried so far have left.
pub(super) struct Progress<'a> {
    /// What authorises the access, in the order of the rules.
    authorisations: Vec<Authorisation>,
    /// The classes that remain permitted in principle.
    pub(super) classes: DocumentClasses,
    /// The documents that remain permitted, in the order asked, each with its place in
    /// the question.
    pub(super) documents: Vec<(usize, &'a DocumentRef)>,
}

/// What a walk ends with: the decision, and the places in the question of the documents
/// that it permits. Their names are still the question's.
pub(super) struct Outcome {
    decision: Decision,
    permitted: Vec<usize>,
}

#[derive(Clone, Copy)]
struct Authorisation {
    ground: Ground,
    terms: Option<GroundTerms>,
    classes: DocumentClasses,
}

/// Where the walk says what each rule found.
pub(super) trait Listener {
    fn hear(&mut self, rule: &'static Rule, finding: Finding);
}

/// Nobody listens: only the decision is wanted.
pub(super) struct Untold;

pub(super) fn walk(
    question: &Question,
    basis: &AccessBasis,
    policy: &Policy,
    now: Timestamp,
    listener: &mut impl Listener,
) -> Outcome {
    let world = World {
        question,
        basis,
        policy,
        now,
    };
    let mut progress = Progress::of(question);
    for rule in rules::IN_ORDER {
        let finding = (rule.test)(&world, &mut progress);
        listener.hear(rule, finding);
        if let Finding::Denies(reason) = finding {
            return denied(&world, reason);
        }
    }
    match progress.ground() {
        Some(given) => permitted(&world, progress, given),
        None => denied(&world, DenialReason::NoGrant),
    }
}

/// The classes for which something authorises the access, whatever else denies it.
pub(super) fn authorised_classes(world: &World<'_>) -> DocumentClasses {
    let mut progress = Progress::of(world.question);
    for rule in rules::AUTHORISING {
        (rule.test)(world, &mut progress);
    }
    progress.classes
}

impl<'a> Progress<'a> {
    fn of(question: &'a Question) -> Self {
        Self {
            authorisations: Vec::new(),
            classes: DocumentClasses::NONE,
            documents: question.documents.iter().enumerate().collect(),
        }
    }

    /// Notes that the access is authorised for these classes.
    pub(super) fn authorise(&mut self, ground: Ground, classes: DocumentClasses) -> Finding {
        self.note(Authorisation {
            ground,
            terms: None,
            classes,
        })
    }

    /// The same, by something that was given.
    pub(super) fn authorise_as_given(
        &mut self,
        ground: Ground,
        terms: GroundTerms,
        classes: DocumentClasses,
    ) -> Finding {
        self.note(Authorisation {
            ground,
            terms: Some(terms),
            classes,
        })
    }

    fn note(&mut self, given: Authorisation) -> Finding {
        self.authorisations.push(given);
        self.classes = self.classes.union(given.classes);
        Finding::Permits
    }

    pub(super) fn is_authorised(&self) -> bool {
        !self.authorisations.is_empty()
    }

    /// The first authorisation that covers something of what remains.
    fn ground(&self) -> Option<Authorisation> {
        let remaining: DocumentClasses = match self.documents.as_slice() {
            [] => self.classes,
            documents => documents
                .iter()
                .map(|(_, document)| document.class)
                .collect(),
        };
        self.authorisations
            .iter()
            .find(|given| !given.classes.intersection(remaining).is_empty())
            .copied()
    }
}

impl Outcome {
    /// The decision, with copies of the names.
    pub(super) fn of(self, question: &Question) -> Decision {
        let named = |place: usize| Some(question.documents.get(place)?.id.clone());
        Decision {
            permitted_documents: self.permitted.into_iter().filter_map(named).collect(),
            ..self.decision
        }
    }

    /// The decision, with the names themselves.
    pub(super) fn taking(self, question: Question) -> Decision {
        let mut permitted = self.permitted.into_iter().peekable();
        let documents = question.documents.into_iter().enumerate();
        let named = documents.filter_map(|(place, document)| {
            permitted.next_if_eq(&place)?;
            Some(document.id)
        });
        Decision {
            permitted_documents: named.collect(),
            ..self.decision
        }
    }
}

fn permitted(world: &World<'_>, progress: Progress<'_>, given: Authorisation) -> Outcome {
    let obligations = match world.question.mode {
        AccessMode::BreakGlass | AccessMode::RegulationCenter if world.capacity().is_some() => {
            vec![Obligation::ShowEmergencyMode, Obligation::EmergencyReported]
        }
        AccessMode::Normal | AccessMode::BreakGlass | AccessMode::RegulationCenter => Vec::new(),
    };
    let all_of_them = progress.documents.len() == world.question.documents.len();
    Outcome {
        decision: Decision {
            ground_terms: given.terms,
            permitted_classes: progress.classes,
            obligations,
            ..blank(world, Verdict::Permit(given.ground), all_of_them)
        },
        permitted: progress
            .documents
            .into_iter()
            .map(|(place, _)| place)
            .collect(),
    }
}

fn denied(world: &World<'_>, reason: DenialReason) -> Outcome {
    Outcome {
        decision: blank(world, Verdict::Deny(reason), false),
        permitted: Vec::new(),
    }
}

fn blank(world: &World<'_>, verdict: Verdict, every_document_is_permitted: bool) -> Decision {
    Decision {
        verdict,
        ground_terms: None,
        permitted_documents: Vec::new(),
        permitted_classes: DocumentClasses::NONE,
        holds_until: promised_until(world, verdict, every_document_is_permitted),
        policy_revision: world.policy.revision().to_owned(),
        obligations: Vec::new(),
        decided_at: world.now,
    }
}

impl Listener for Untold {
    fn hear(&mut self, _rule: &'static Rule, _finding: Finding) {}
}

impl Listener for Vec<Step> {
    fn hear(&mut self, rule: &'static Rule, finding: Finding) {
        self.push(Step {
            rule,
            outcome: finding.into(),
        });
    }
}
