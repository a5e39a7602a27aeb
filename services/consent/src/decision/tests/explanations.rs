//! What `explain` tells, and to whom.

use std::collections::BTreeSet;

use aval_domain::document::{DocumentClass, DocumentRef};

use super::situations::{NOW, granted, open_record, policy, question};
use crate::decision::*;
use crate::visibility::VisibilityKind;

fn told(explanation: &Explanation) -> Vec<(&'static str, RuleOutcome)> {
    explanation
        .steps
        .iter()
        .map(|step| (step.rule.name, step.outcome))
        .collect()
}

fn report() -> DocumentRef {
    DocumentRef {
        id: "report".parse().unwrap(),
        class: DocumentClass::Report,
        document_type: None,
        author: None,
        contributed_at: None,
    }
}

fn about_the_report(basis: &AccessBasis) -> Explanation {
    let question = Question {
        documents: vec![report()],
        ..question()
    };
    explain(&question, basis, &policy(), NOW)
}

fn masked() -> AccessBasis {
    let mask = VisibilityBasis {
        document_id: report().id,
        kind: VisibilityKind::Masked,
        practitioner_id: None,
        release_at: None,
    };
    AccessBasis {
        visibilities: vec![mask],
        ..granted()
    }
}

#[test]
fn an_explanation_tells_every_rule_up_to_the_one_that_denied() {
    let explanation = explain(&question(), &open_record(), &policy(), NOW);
    let told = told(&explanation);
    assert_eq!(told.first().unwrap().0, "practitioner_active");
    assert_eq!(*told.last().unwrap(), ("no_grant", RuleOutcome::Denies));
    let others = &told[..told.len() - 1];
    assert!(
        others
            .iter()
            .all(|(_, outcome)| *outcome == RuleOutcome::NotApplicable)
    );
}

#[test]
fn a_permission_tells_what_permits_and_that_the_documents_passed() {
    let told = told(&about_the_report(&granted()));
    assert!(told.contains(&("grant_to_person", RuleOutcome::Permits)));
    assert!(told.contains(&("visibility", RuleOutcome::NotApplicable)));
    assert_eq!(told.len(), rules::IN_ORDER.len());
}

#[test]
fn a_professional_cannot_tell_a_mask_from_a_category_that_was_not_granted() {
    let hidden = about_the_report(&masked()).for_professional();
    let imaging = GrantBasis {
        classes: aval_domain::document::DocumentClasses::only(DocumentClass::Imaging),
        ..super::situations::grant()
    };
    let not_granted = AccessBasis {
        grants: vec![imaging],
        ..open_record()
    };
    let not_granted = about_the_report(&not_granted).for_professional();
    assert_eq!(told(&hidden), told(&not_granted));
    assert_eq!(
        *told(&hidden).last().unwrap(),
        ("documents", RuleOutcome::Denies)
    );
    assert_eq!(hidden.decision.verdict, not_granted.decision.verdict);
    let patients_view = told(&about_the_report(&masked()));
    assert_eq!(
        *patients_view.last().unwrap(),
        ("visibility", RuleOutcome::Denies)
    );
}

#[test]
fn every_rule_has_a_name_of_its_own_and_speaks_two_languages() {
    let names: BTreeSet<_> = rules::IN_ORDER.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), rules::IN_ORDER.len());
    for rule in rules::IN_ORDER.iter().copied().chain([&rules::DOCUMENTS]) {
        for sentence in [rule.applies, rule.passes] {
            assert!(
                sentence.fr.ends_with('.') && sentence.en.ends_with('.'),
                "{rule:?}"
            );
        }
        assert!(
            rule.name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        );
        assert!(rule.legal_ground.starts_with("CSP "), "{rule:?}");
    }
}
