//! Which documents are left: categories, matrix, visibility.

use aval_domain::access::{AccessMode, Action, DenialReason, Ground};
use aval_domain::document::{DocumentClass, DocumentClasses, DocumentRef};
use aval_domain::id::DocumentId;

use super::situations::{
    NOW, asked_by, doctor, granted, hours, nurse, open_record, patient, policy, practitioner,
    question,
};
use crate::decision::*;
use crate::matrix::Matrix;
use crate::visibility::VisibilityKind;

fn document(name: &str, class: DocumentClass) -> DocumentRef {
    DocumentRef {
        id: name.parse().unwrap(),
        class,
        document_type: None,
        author: None,
        contributed_at: None,
    }
}

fn report() -> DocumentRef {
    document("report", DocumentClass::Report)
}

fn setting(kind: VisibilityKind, one: Option<u128>) -> VisibilityBasis {
    VisibilityBasis {
        document_id: report().id,
        kind,
        practitioner_id: one.map(practitioner),
        release_at: None,
    }
}

fn with_settings(basis: AccessBasis, settings: &[VisibilityBasis]) -> AccessBasis {
    AccessBasis {
        visibilities: settings.to_vec(),
        ..basis
    }
}

fn sees(question: Question, documents: &[DocumentRef], basis: &AccessBasis) -> Vec<DocumentId> {
    sees_under(&policy(), question, documents, basis)
}

fn sees_under(
    policy: &Policy,
    question: Question,
    documents: &[DocumentRef],
    basis: &AccessBasis,
) -> Vec<DocumentId> {
    let question = Question {
        documents: documents.to_vec(),
        ..question
    };
    let decision = decide(&question, basis, policy, NOW);
    let nothing_left = decision.verdict == Verdict::Deny(DenialReason::NothingPermitted);
    assert_eq!(decision.permitted_documents.is_empty(), nothing_left);
    decision.permitted_documents
}

fn sees_report(question: Question, basis: &AccessBasis) -> bool {
    !sees(question, &[report()], basis).is_empty()
}

fn broken_glass(capacity: Capacity) -> Question {
    Question {
        mode: AccessMode::BreakGlass,
        emergency_reason: EmergencyReason::parse("patient inconscient"),
        ..asked_by(capacity)
    }
}

#[test]
fn the_documents_of_the_granted_classes_are_permitted_in_the_order_asked() {
    let documents = [
        document("c", DocumentClass::Prescription),
        document("b", DocumentClass::Imaging),
        document("a", DocumentClass::Report),
    ];
    let permitted = sees(question(), &documents, &granted());
    assert_eq!(
        permitted,
        [documents[0].id.clone(), documents[2].id.clone()]
    );
}

#[test]
fn the_matrix_takes_away_what_the_profession_may_not_consult() {
    let everything = GrantBasis {
        classes: DocumentClasses::ALL,
        ..super::situations::grant()
    };
    let basis = AccessBasis {
        grants: vec![everything],
        ..open_record()
    };
    let imaging = [document("scan", DocumentClass::Imaging)];
    assert!(sees(question(), &imaging, &basis).is_empty());
    assert_eq!(sees(asked_by(doctor()), &imaging, &basis).len(), 1);
    assert!(sees(broken_glass(nurse()), &imaging, &basis).is_empty());
    let decision = decide(&question(), &basis, &policy(), NOW);
    assert!(!decision.permitted_classes.contains(DocumentClass::Imaging));
}

#[test]
fn a_profession_without_a_row_consults_nothing_and_may_contribute() {
    let empty = Policy::new(Matrix::parse("revision = 'empty'").unwrap());
    let nothing = Verdict::Deny(DenialReason::NothingPermitted);
    assert_eq!(
        decide(&question(), &granted(), &empty, NOW).verdict,
        nothing
    );
    let contribution = Question {
        action: Action::Contribute,
        ..question()
    };
    assert_eq!(
        sees_under(&empty, contribution, &[report()], &granted()).len(),
        1
    );
    let own = Question {
        asker: Asker::Patient(patient(1)),
        ..question()
    };
    assert_eq!(sees_under(&empty, own, &[report()], &granted()).len(), 1);
}

#[test]
fn the_treating_doctor_sees_everything_whatever_the_matrix_and_the_masks() {
    let empty = Policy::new(Matrix::parse("revision = 'empty'").unwrap());
    let settings = [
        setting(VisibilityKind::Masked, None),
        setting(VisibilityKind::HiddenFromOne, Some(1)),
    ];
    let basis = with_settings(
        AccessBasis {
            treating_doctor: true,
            ..open_record()
        },
        &settings,
    );
    assert_eq!(
        sees_under(&empty, asked_by(doctor()), &[report()], &basis).len(),
        1
    );
}

#[test]
fn a_masked_document_is_seen_by_its_author_and_by_whom_it_was_revealed_to() {
    let masked = with_settings(granted(), &[setting(VisibilityKind::Masked, None)]);
    assert!(!sees_report(question(), &masked));
    let own = DocumentRef {
        author: Some(nurse().practitioner_id),
        ..report()
    };
    assert_eq!(sees(question(), &[own], &masked).len(), 1);
    for (one, seen) in [(1, true), (9, false)] {
        let settings = [
            setting(VisibilityKind::Masked, None),
            setting(VisibilityKind::RevealedToOne, Some(one)),
        ];
        assert_eq!(
            sees_report(question(), &with_settings(granted(), &settings)),
            seen
        );
    }
}

#[test]
fn a_document_hidden_from_one_is_hidden_from_that_one_even_if_revealed() {
    for (one, seen) in [(1, false), (9, true)] {
        let hidden = [setting(VisibilityKind::HiddenFromOne, Some(one))];
        assert_eq!(
            sees_report(question(), &with_settings(granted(), &hidden)),
            seen
        );
    }
    let both = [
        setting(VisibilityKind::RevealedToOne, Some(1)),
        setting(VisibilityKind::HiddenFromOne, Some(1)),
    ];
    assert!(!sees_report(question(), &with_settings(granted(), &both)));
}

#[test]
fn what_is_hidden_from_the_patient_is_hidden_from_nobody_else() {
    let hidden = [setting(VisibilityKind::HiddenFromPatient, None)];
    let basis = with_settings(granted(), &hidden);
    let by = |asker| Question {
        asker,
        ..question()
    };
    assert!(!sees_report(by(Asker::Patient(patient(1))), &basis));
    assert!(!sees_report(by(Asker::Representative(patient(1))), &basis));
    assert!(sees_report(question(), &basis));
}

#[test]
fn what_is_hidden_from_representatives_is_seen_by_the_patient() {
    let hidden = [setting(VisibilityKind::HiddenFromRepresentatives, None)];
    let basis = with_settings(granted(), &hidden);
    let by = |asker| Question {
        asker,
        ..question()
    };
    assert!(sees_report(by(Asker::Patient(patient(1))), &basis));
    assert!(!sees_report(by(Asker::Representative(patient(1))), &basis));
    assert!(sees_report(question(), &basis));
}

#[test]
fn a_masked_document_is_no_secret_from_the_patient() {
    let masked = with_settings(open_record(), &[setting(VisibilityKind::Masked, None)]);
    let own = Question {
        asker: Asker::Patient(patient(1)),
        ..question()
    };
    assert!(sees_report(own, &masked));
}

#[test]
fn a_setting_ends_when_it_is_released() {
    let released = VisibilityBasis {
        release_at: Some(hours(1)),
        ..setting(VisibilityKind::HiddenFromPatient, None)
    };
    let basis = with_settings(open_record(), &[released]);
    let own = Question {
        asker: Asker::Patient(patient(1)),
        documents: vec![report()],
        ..question()
    };
    let permits = |hour| decide(&own, &basis, &policy(), hours(hour)).is_permit();
    assert_eq!([0, 1].map(permits), [false, true]);
}

#[test]
fn nobody_is_told_when_what_is_hidden_from_them_is_released() {
    let hidden_until = |release_at| {
        let setting = VisibilityBasis {
            release_at,
            ..setting(VisibilityKind::HiddenFromPatient, None)
        };
        with_settings(open_record(), &[setting])
    };
    let after = |seconds| NOW.saturating_add(std::time::Duration::from_secs(seconds));
    for asker in [
        Asker::Patient(patient(1)),
        Asker::Representative(patient(1)),
    ] {
        let own = Question {
            asker,
            documents: vec![report()],
            ..question()
        };
        let until = |basis: &AccessBasis| decide(&own, basis, &policy(), NOW).holds_until;
        assert_eq!(until(&open_record()), None);
        assert_eq!(until(&hidden_until(Some(NOW))), None);
        assert_eq!(until(&hidden_until(Some(hours(1)))), Some(after(60)));
        assert_eq!(until(&hidden_until(Some(after(59)))), Some(NOW));
    }
    let representative = Question {
        asker: Asker::Representative(patient(1)),
        documents: vec![report()],
        ..question()
    };
    let secret = setting(VisibilityKind::HiddenFromRepresentatives, None);
    let secret = with_settings(open_record(), &[secret]);
    let answer = decide(&representative, &secret, &policy(), NOW);
    assert_eq!(answer.holds_until, Some(after(60)));
}

#[test]
fn an_emergency_shows_masked_documents_only_if_the_policy_says_so() {
    let masked = with_settings(open_record(), &[setting(VisibilityKind::Masked, None)]);
    let hidden = with_settings(
        open_record(),
        &[setting(VisibilityKind::HiddenFromOne, Some(1))],
    );
    assert!(!sees_report(broken_glass(nurse()), &masked));
    let showing = Policy::with_switches(Matrix::example(), true, true);
    assert_eq!(
        sees_under(&showing, broken_glass(nurse()), &[report()], &masked).len(),
        1
    );
    assert!(sees_under(&showing, broken_glass(nurse()), &[report()], &hidden).is_empty());
    let normal = with_settings(granted(), &[setting(VisibilityKind::Masked, None)]);
    assert!(sees_under(&showing, question(), &[report()], &normal).is_empty());
    let treating = AccessBasis {
        treating_doctor: true,
        ..masked
    };
    assert!(sees_report(broken_glass(doctor()), &treating));
}

#[test]
fn the_ground_is_the_first_that_covers_a_permitted_document() {
    let imaging = GrantBasis {
        grant_id: super::situations::grant_id(11),
        target: GrantTarget::Organization,
        classes: DocumentClasses::only(DocumentClass::Imaging),
        ..super::situations::grant()
    };
    let basis = AccessBasis {
        grants: vec![super::situations::grant(), imaging],
        ..open_record()
    };
    let question = Question {
        documents: vec![document("scan", DocumentClass::Imaging)],
        ..asked_by(doctor())
    };
    let verdict = decide(&question, &basis, &policy(), NOW).verdict;
    assert_eq!(
        verdict,
        Verdict::Permit(Ground::Grant(super::situations::grant_id(11)))
    );
}
