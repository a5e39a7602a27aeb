//! What holds in every world.

use std::time::Duration;

use aval_domain::access::DenialReason;
use aval_domain::time::Timestamp;
use proptest::prelude::*;

use super::reference;
use super::situations::practitioner;
use super::worlds::{Case, at_the_ends_of_time, case, instant};
use crate::decision::{
    Asker, BlockBasis, BlockTarget, Decision, RuleOutcome, Verdict, decide_taking, explain,
};

/// The same, whenever it was decided and for however long it is promised.
fn at(decision: Decision, of: &Decision) -> Decision {
    Decision {
        decided_at: of.decided_at,
        holds_until: of.holds_until,
        ..decision
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6_000))]

    #[test]
    fn every_decision_is_consistent_with_itself(case in case()) {
        let decision = case.decide();
        let asked: Vec<_> = case.question.documents.iter().map(|document| &document.id).collect();
        prop_assert!(decision.permitted_documents.iter().all(|id| asked.contains(&id)));
        if decision.is_permit() {
            prop_assert!(!decision.permitted_classes.is_empty());
            prop_assert_eq!(asked.is_empty(), decision.permitted_documents.is_empty());
        } else {
            prop_assert!(decision.permitted_classes.is_empty());
            prop_assert!(decision.permitted_documents.is_empty());
            prop_assert!(decision.obligations.is_empty());
        }
        prop_assert_eq!(&decision, &case.decide());
        let Case { question, basis, policy, now } = case;
        prop_assert_eq!(decision, decide_taking(question, &basis, &policy, now));
    }

    #[test]
    fn a_question_at_the_ends_of_time_with_repeated_documents_has_an_answer_too(
        case in at_the_ends_of_time(),
    ) {
        let decision = case.decide();
        let expected = reference::answer(&case);
        prop_assert_eq!(decision.verdict.reason(), expected.reason);
        prop_assert_eq!(&decision.permitted_documents, &expected.documents);
        let explanation = explain(&case.question, &case.basis, &case.policy, case.now);
        prop_assert_eq!(explanation.decision, decision);
    }

    #[test]
    fn what_a_permission_names_permits_alone(case in case()) {
        let decision = case.decide();
        let Verdict::Permit(ground) = decision.verdict else {
            return Ok(());
        };
        let mut alone = case;
        let named = ground.reference();
        alone.basis.treating_doctor &= named.is_none();
        alone.basis.grants.retain(|grant| Some(grant.grant_id.as_uuid()) == named);
        alone
            .basis
            .care_episodes
            .retain(|episode| Some(episode.care_episode_id.as_uuid()) == named);
        prop_assert_eq!(alone.decide().verdict, decision.verdict);
    }

    #[test]
    fn an_explanation_is_the_decision_and_ends_where_it_was_denied(case in case()) {
        let Case { question, basis, policy, now } = &case;
        let explanation = explain(question, basis, policy, *now);
        prop_assert_eq!(&explanation.decision, &case.decide());
        let denials = explanation.steps.iter().filter(|step| step.outcome == RuleOutcome::Denies);
        let is_permit = explanation.decision.is_permit();
        prop_assert_eq!(denials.count(), usize::from(!is_permit));
        if !is_permit {
            prop_assert_eq!(explanation.steps.last().unwrap().outcome, RuleOutcome::Denies);
        }
        let told = explanation.for_professional();
        prop_assert!(told.steps.iter().all(|step| !step.rule.about_documents));
    }

    #[test]
    fn nothing_changes_before_the_instant_until_which_a_decision_holds(
        mut case in case(),
        before in 0_i64..=90,
        after in 0_u64..=90,
        later in instant(),
    ) {
        // Close to where something begins or ends: little is promised for longer.
        case.now = Timestamp::from_micros(case.now.as_micros() - before * 1_000_000);
        let decision = case.decide();
        for later in [case.now.saturating_add(Duration::from_secs(after)), later] {
            let within = decision.holds_until.is_none_or(|until| later < until);
            if later >= case.now && within {
                let then = Case { now: later, ..case.clone() }.decide();
                prop_assert_eq!(at(then, &decision), decision.clone());
            }
        }
    }

    #[test]
    fn a_block_to_come_does_not_show(
        mut case in case(),
        begins_after in 60_u64..=100_000,
        lasts in prop::option::of(1_u64..=100_000),
        person in any::<bool>(),
    ) {
        let without = case.decide();
        let begins_at = case.now.saturating_add(Duration::from_secs(begins_after));
        case.basis.blocks.push(BlockBasis {
            target: if person { BlockTarget::Person } else { BlockTarget::Organization },
            begins_at: Some(begins_at),
            until: lasts.map(|lasts| begins_at.saturating_add(Duration::from_secs(lasts))),
        });
        prop_assert_eq!(case.decide(), without);
    }

    #[test]
    fn nobody_enters_a_record_that_is_not_open(mut case in case(), closed in any::<bool>()) {
        case.basis.record = case.basis.record.filter(|_| closed);
        if let Some(record) = &mut case.basis.record {
            record.open = false;
        }
        let verdict = case.decide().verdict;
        let expected = [
            DenialReason::RecordUnavailable,
            DenialReason::PractitionerInactive,
            DenialReason::NoGrant,
        ];
        prop_assert!(matches!(verdict, Verdict::Deny(reason) if expected.contains(&reason)));
    }

    #[test]
    fn nobody_who_does_not_practise_comes_in_whoever_else_they_turn_out_to_be(
        mut case in case(),
        other_ids in prop::collection::vec((1_u128..=9).prop_map(practitioner), 0..=3),
    ) {
        case.basis.other_ids = other_ids;
        if let Asker::Practitioner(capacity) = &mut case.question.asker {
            capacity.active = false;
            let denied = Verdict::Deny(DenialReason::PractitionerInactive);
            prop_assert_eq!(case.decide().verdict, denied);
        }
    }

    #[test]
    fn other_identifiers_alone_open_what_the_human_wrote_and_nothing_else(
        mut case in case(),
        other_ids in prop::collection::vec((1_u128..=9).prop_map(practitioner), 0..=3),
    ) {
        case.basis.other_ids.clear();
        let alone = case.decide();
        case.basis.other_ids.clone_from(&other_ids);
        let united = case.decide();
        for id in &united.permitted_documents {
            let mut documents = case.question.documents.iter();
            let by_human = documents.any(|document| {
                document.id == *id && document.author.is_some_and(|by| other_ids.contains(&by))
            });
            prop_assert!(by_human || alone.permitted_documents.contains(id));
        }
        if alone.is_permit() {
            prop_assert!(united.is_permit());
        }
    }
}
