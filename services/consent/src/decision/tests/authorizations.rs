//! The four words against the decision.

use aval_domain::access::{AccessMode, Action, DenialReason};
use aval_domain::document::DocumentClasses;
use aval_domain::period::Period;
use proptest::prelude::*;

use super::situations::{NOW, grant_id, hours, open_record, patient};
use super::worlds::{Case, capacity, case};
use crate::decision::{
    AccessBasis, Asker, AuthorizationStatus, BlockBasis, BlockTarget, Capacity, GrantBasis,
    GrantTarget, RecordBasis, Verdict, explain,
};

#[test]
fn each_word_has_its_case() {
    let grant = |from, until| GrantBasis {
        grant_id: grant_id(1),
        target: GrantTarget::Organization,
        declared: false,
        classes: DocumentClasses::ALL,
        period: Period::new(hours(from), Some(hours(until))).unwrap(),
        since: hours(from),
    };
    let (over, running, to_come) = (grant(-2, -1), grant(-1, 1), grant(1, 2));
    let block = BlockBasis {
        target: BlockTarget::Person,
        begins_at: None,
        until: Some(hours(1)),
    };
    let status = |grants: &[GrantBasis], blocks: &[BlockBasis], now| {
        let basis = AccessBasis {
            grants: grants.to_vec(),
            blocks: blocks.to_vec(),
            ..open_record()
        };
        AuthorizationStatus::of(&basis, now).code()
    };
    for (grants, blocks, expected) in [
        (&[][..], &[][..], "NON_EXISTE"),
        (&[to_come], &[], "NON_EXISTE"),
        (&[over, to_come], &[], "NON_EXISTE"),
        (&[over], &[], "EXPIRE"),
        (&[over, running], &[], "VALIDE"),
        (&[running], &[block], "INTERDIT"),
        (&[], &[block], "INTERDIT"),
    ] {
        assert_eq!(status(grants, blocks, NOW), expected);
    }
    // The block ends with the grant: what is left is what was given, which is over.
    assert_eq!(status(&[running], &[block], hours(1)), "EXPIRE");
}

/// A professional who practises asks to open the record, which is open, and nothing but what
/// the patient said can let them in.
fn by_the_patient_alone(mut case: Case, mut capacity: Capacity) -> Case {
    capacity.active = true;
    case.question.asker = Asker::Practitioner(capacity);
    case.question.patient_id = patient(1);
    case.question.action = Action::Consult;
    case.question.mode = AccessMode::Normal;
    case.question.documents = Vec::new();
    case.basis.record = Some(RecordBasis {
        open: true,
        opposes_break_glass: false,
        opposes_regulation_center: false,
    });
    case.basis.treating_doctor = false;
    case.basis.care_episodes = Vec::new();
    case
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6_000))]

    #[test]
    fn each_word_says_what_a_check_says(case in case(), asking in capacity()) {
        let case = by_the_patient_alone(case, asking);
        let status = AuthorizationStatus::of(&case.basis, case.now);
        let verdict = case.decide().verdict;
        let expected = match status {
            AuthorizationStatus::Forbidden => {
                matches!(verdict, Verdict::Deny(DenialReason::Blocked))
            }
            AuthorizationStatus::Expired => {
                matches!(verdict, Verdict::Deny(DenialReason::GrantExpired))
            }
            AuthorizationStatus::Absent => matches!(
                verdict,
                Verdict::Deny(DenialReason::NoGrant | DenialReason::GrantNotYetActive)
            ),
            // What the matrix leaves of it is another question.
            AuthorizationStatus::Valid => matches!(
                verdict,
                Verdict::Permit(_) | Verdict::Deny(DenialReason::NothingPermitted)
            ),
        };
        prop_assert!(expected, "{status:?} {verdict:?}");
    }

    #[test]
    fn an_explanation_tells_it_of_a_professional_and_of_an_open_record_alone(case in case()) {
        let Case { question, basis, policy, now } = &case;
        let told = explain(question, basis, policy, *now).authorization;
        let open = basis.record.is_some_and(|record| record.open);
        let expected = (open && question.asker.capacity().is_some())
            .then(|| AuthorizationStatus::of(basis, *now));
        prop_assert_eq!(told, expected);
    }
}
