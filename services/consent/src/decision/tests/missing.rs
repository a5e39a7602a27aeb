//! What is told to be missing: all of it permits, and none of it can be left out.

use std::cell::RefCell;
use std::collections::BTreeMap;

use aval_domain::code::Function;
use aval_domain::document::DocumentClass;
use aval_domain::period::Period;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::situations::grant_id;
use super::worlds::{Case, case};
use crate::decision::*;
use crate::matrix::Matrix;
use crate::visibility::VisibilityKind;

/// How many worlds are looked at.
const WORLDS: u32 = 20_000;

/// The kinds there are.
const KINDS: usize = 11;

#[test]
fn what_is_told_to_be_missing_permits_and_none_of_it_can_be_left_out() {
    let seen = RefCell::new(BTreeMap::<String, u32>::new());
    let mut runner = TestRunner::new(ProptestConfig {
        source_file: Some(file!()),
        ..ProptestConfig::with_cases(WORLDS)
    });
    let held = runner.run(&case(), |case| {
        let lacking = missing(&case.question, &case.basis, &case.policy, case.now);
        let may_be_told = case.question.asker.capacity().is_some() && !case.decide().is_permit();
        prop_assert_eq!(lacking.is_empty(), !may_be_told);
        if !may_be_told {
            return Ok(());
        }
        prop_assert!(with(&case, &lacking).decide().is_permit(), "{lacking:?}");
        for left_out in 0..lacking.len() {
            let mut others = lacking.clone();
            let without = others.remove(left_out);
            prop_assert!(
                !with(&case, &others).decide().is_permit(),
                "{without:?} is idle"
            );
            let shown = format!("{without:?}");
            let kind = shown.split(|letter: char| !letter.is_alphabetic()).next();
            *seen
                .borrow_mut()
                .entry(kind.unwrap_or_default().to_owned())
                .or_default() += 1;
        }
        Ok(())
    });
    if let Err(difference) = held {
        panic!("{difference}");
    }
    let seen = seen.into_inner();
    assert_eq!(seen.len(), KINDS, "{seen:?}");
    assert!(seen.values().all(|times| *times >= 10), "{seen:?}");
}

/// The world in which all this is so.
fn with(case: &Case, conditions: &[Missing]) -> Case {
    let mut case = case.clone();
    for condition in conditions {
        bring_about(&mut case, condition);
    }
    case
}

fn bring_about(case: &mut Case, condition: &Missing) {
    let now = case.now;
    let Asker::Practitioner(capacity) = &mut case.question.asker else {
        panic!("only professionals lack anything");
    };
    let basis = &mut case.basis;
    match condition {
        Missing::Practice => capacity.active = true,
        Missing::OpenRecord => basis.record = Some(opened(basis.record)),
        Missing::NoBlock(target) => basis.blocks.retain(|block| block.target != *target),
        Missing::EmergencyReason => {
            case.question.emergency_reason = EmergencyReason::parse("patient inconscient");
        }
        Missing::DirectAuthentication => capacity.directly_authenticated = true,
        Missing::RegulatorFunction => capacity.regulation_access = true,
        Missing::NoOpposition(_) => {
            if let Some(record) = &mut basis.record {
                record.opposes_break_glass = false;
                record.opposes_regulation_center = false;
            }
        }
        Missing::Grant {
            classes,
            instead_of,
        } => {
            if let Some(narrow) = instead_of {
                let mut grants = basis.grants.iter_mut();
                let narrow = grants
                    .find(|grant| grant.grant_id == *narrow && grant.period.contains(now))
                    .expect("it is in force");
                narrow.classes = narrow.classes.union(*classes);
            } else {
                basis.grants.push(GrantBasis {
                    grant_id: grant_id(99),
                    target: GrantTarget::Person,
                    declared: false,
                    classes: *classes,
                    period: Period::starting(now),
                    since: now,
                });
            }
        }
        Missing::MatrixCell(class, document) => {
            let named = case.question.documents.iter();
            let mut named = named.filter(|one| Some(&one.id) == document.as_ref());
            let kind = named.next().and_then(|document| document.document_type);
            let matrix = opening(capacity.profession.code(), capacity.function, *class, kind);
            let (beats, shows) = (
                case.policy.block_beats_break_glass(),
                case.policy.emergency_shows_masked(),
            );
            case.policy = Policy::with_switches(matrix, beats, shows);
        }
        Missing::NotHidden(document) => basis.visibilities.retain(|setting| {
            setting.kind != VisibilityKind::HiddenFromOne || setting.document_id != *document
        }),
        Missing::Revealed(document) => basis.visibilities.push(VisibilityBasis {
            document_id: document.clone(),
            kind: VisibilityKind::RevealedToOne,
            practitioner_id: Some(capacity.practitioner_id),
            release_at: None,
        }),
    }
}

fn opened(record: Option<RecordBasis>) -> RecordBasis {
    let fresh = RecordBasis {
        open: true,
        opposes_break_glass: false,
        opposes_regulation_center: false,
    };
    record.map_or(fresh, |record| RecordBasis {
        open: true,
        ..record
    })
}

/// A matrix that opens this and nothing else.
fn opening(
    profession: &str,
    function: Option<Function>,
    class: DocumentClass,
    kind: Option<aval_domain::document::DocumentType>,
) -> Matrix {
    let class = class.code();
    let function = function.map_or(String::new(), |function| {
        format!("function = '{}'\n", function.code())
    });
    let what = kind.map_or(format!("permits = ['{class}']"), |kind| {
        let code = kind.code();
        format!("[[row.type]]\ncode = '{code}'\nclass = '{class}'\npermits = true")
    });
    let text =
        format!("revision = 'wished'\n[[row]]\nprofession = '{profession}'\n{function}{what}");
    Matrix::parse(&text).expect("it is one")
}
