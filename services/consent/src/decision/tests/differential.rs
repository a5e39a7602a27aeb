//! The walk against the second evaluator in random worlds, and proof that these worlds
//! are rich: whatever can be answered is answered in some of them.
//!
//! `AVAL_DECISION_WORLDS` says how many worlds there are: `AVAL_DECISION_WORLDS=1000000`.

use std::cell::RefCell;
use std::collections::BTreeMap;

use aval_domain::access::{Action, DenialReason, Ground, GroundHolder, GroundKind};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::reference;
use super::worlds::{Case, case};
use crate::decision::{
    Consequence, Decision, Explanation, RuleOutcome, Verdict, VisibilityBasis, explain, rules,
};
use crate::visibility::VisibilityKind;

/// How many, unless the environment says otherwise.
const WORLDS: u32 = 20_000;
/// Whatever can be answered is answered in at least one world in so many. The rarest comes in
/// one of about a thousand: so many that chance alone does not hide it.
const ONE_IN: u32 = 10_000;

/// How often what was answered.
#[derive(Debug, Default)]
struct Seen(BTreeMap<String, u32>);

#[test]
fn in_every_world_the_walk_answers_what_the_sentences_say() {
    let worlds = how_many();
    let seen = RefCell::new(Seen::default());
    let mut runner = TestRunner::new(ProptestConfig {
        source_file: Some(file!()),
        ..ProptestConfig::with_cases(worlds)
    });
    let agreed = runner.run(&case(), |case| {
        let decision = case.decide();
        let expected = reference::answer(&case);
        prop_assert_eq!(decision.verdict.reason(), expected.reason);
        prop_assert_eq!(&decision.permitted_documents, &expected.documents);
        prop_assert!(tells_of_its_ground_what_the_world_does(&case, &decision));
        let told = explain(&case.question, &case.basis, &case.policy, case.now);
        prop_assert!(every_rule_does_what_it_declares(&told));
        seen.borrow_mut().note(&case, &told);
        Ok(())
    });
    if let Err(difference) = agreed {
        panic!("{difference}");
    }
    seen.into_inner().require_everything(worlds / ONE_IN);
}

fn how_many() -> u32 {
    match std::env::var("AVAL_DECISION_WORLDS") {
        Ok(number) => number.parse().expect("AVAL_DECISION_WORLDS is a number"),
        Err(_) => WORLDS,
    }
}

fn tells_of_its_ground_what_the_world_does(case: &Case, decision: &Decision) -> bool {
    let told = decision.ground_terms;
    let since = told.map(|terms| terms.since);
    let holder = told.map(|terms| terms.holder);
    let mut grants = case.basis.grants.iter();
    let mut episodes = case.basis.care_episodes.iter();
    match decision.verdict.ground() {
        Some(Ground::Grant(id) | Ground::Declaration(id)) => grants.any(|grant| {
            grant.grant_id == id
                && Some(grant.since) == since
                && Some(GroundHolder::from(grant.target)) == holder
        }),
        Some(Ground::CareEpisode(id)) => episodes.any(|episode| {
            episode.care_episode_id == id
                && Some(episode.since) == since
                && Some(GroundHolder::Practitioner) == holder
        }),
        _ => told.is_none(),
    }
}

fn every_rule_does_what_it_declares(told: &Explanation) -> bool {
    let verdict = told.decision.verdict;
    let as_declared = told.steps.iter().all(|step| match step.outcome {
        RuleOutcome::NotApplicable => true,
        RuleOutcome::Permits => matches!(step.rule.consequence, Consequence::Permits(_)),
        RuleOutcome::Denies => verdict
            .reason()
            .is_some_and(|reason| step.rule.consequence == Consequence::Denies(reason)),
    });
    let ground_is_declared = |kind| {
        told.steps.iter().any(|step| {
            step.outcome == RuleOutcome::Permits
                && step.rule.consequence == Consequence::Permits(kind)
        })
    };
    let ground = verdict.ground().map(aval_domain::access::Ground::kind);
    as_declared && ground.is_none_or(ground_is_declared)
}

impl Seen {
    fn note(&mut self, case: &Case, told: &Explanation) {
        let decision = &told.decision;
        match decision.verdict {
            Verdict::Permit(ground) => self.count(of_ground(ground.kind())),
            Verdict::Deny(reason) => self.count(of_reason(reason)),
        }
        for step in &told.steps {
            self.count(of_rule(
                step.rule.name,
                step.outcome != RuleOutcome::NotApplicable,
            ));
        }
        if (1..case.question.documents.len()).contains(&decision.permitted_documents.len()) {
            self.count(SOME.to_owned());
        }
        for setting in &case.basis.visibilities {
            if is_permitted_in_spite_of(setting, case, decision) {
                self.count(of_exception(setting.kind));
            }
        }
    }

    fn count(&mut self, what: String) {
        *self.0.entry(what).or_default() += 1;
    }

    fn require_everything(&self, at_least: u32) {
        let reasons = DenialReason::ALL.iter().copied().map(of_reason);
        let grounds = GroundKind::ALL.iter().copied().map(of_ground);
        let outcomes = rules::IN_ORDER
            .iter()
            .flat_map(|rule| [true, false].map(|applies| of_rule(rule.name, applies)));
        let exceptions = [VisibilityKind::Masked, VisibilityKind::HiddenFromOne];
        let exceptions = exceptions.into_iter().map(of_exception);
        let all = reasons.chain(grounds).chain(outcomes).chain(exceptions);
        for what in all.chain([SOME.to_owned()]) {
            let times = self.0.get(&what).copied().unwrap_or_default();
            assert!(
                times >= at_least.max(1),
                "{what}: {times} times in {self:#?}"
            );
        }
    }
}

/// Whether a professional reads a document that this setting keeps from others.
fn is_permitted_in_spite_of(setting: &VisibilityBasis, case: &Case, decision: &Decision) -> bool {
    let Some(capacity) = case.question.asker.capacity() else {
        return false;
    };
    let concerns_them = setting
        .practitioner_id
        .is_none_or(|id| id == capacity.practitioner_id);
    concerns_them
        && case.question.action == Action::Consult
        && setting.holds(case.now)
        && decision.permitted_documents.contains(&setting.document_id)
}

const SOME: &str = "some of the documents and not the others";

fn of_reason(reason: DenialReason) -> String {
    format!("reason {reason:?}")
}

fn of_ground(ground: GroundKind) -> String {
    format!("ground {ground:?}")
}

fn of_rule(name: &str, applies: bool) -> String {
    format!("rule {name} applies: {applies}")
}

fn of_exception(kind: VisibilityKind) -> String {
    format!("permitted in spite of {kind:?}")
}
