//! One case for each rule and each reason for a denial.

use aval_domain::access::{Action, DenialReason, Ground};
use aval_domain::code::Function;
use aval_domain::document::{DocumentClass, DocumentClasses};
use aval_domain::id::CareEpisodeId;
use aval_domain::period::Period;
use aval_domain::time::Timestamp;

use super::situations::*;
use crate::decision::*;
use crate::matrix::Matrix;

fn verdict(question: &Question, basis: &AccessBasis, now: Timestamp) -> Verdict {
    decide(question, basis, &policy(), now).verdict
}

fn permits(question: &Question, basis: &AccessBasis, ground: Ground) {
    assert_eq!(verdict(question, basis, NOW), Verdict::Permit(ground));
}

fn denies(question: &Question, basis: &AccessBasis, reason: DenialReason) {
    assert_eq!(verdict(question, basis, NOW), Verdict::Deny(reason));
}

#[test]
fn somebody_who_no_longer_practises_gets_nothing_in_any_mode() {
    let retired = Asker::Practitioner(Capacity {
        active: false,
        ..nurse()
    });
    for question in [question(), broken_glass(), regulation(), contribution()] {
        let question = Question {
            asker: retired.clone(),
            ..question
        };
        denies(&question, &granted(), DenialReason::PractitionerInactive);
    }
}

#[test]
fn no_record_and_a_closed_one_have_one_answer() {
    let closed = RecordBasis {
        open: false,
        ..open_record().record.unwrap()
    };
    for record in [None, Some(closed)] {
        let basis = AccessBasis {
            record,
            ..granted()
        };
        for question in [question(), broken_glass(), regulation(), contribution()] {
            denies(&question, &basis, DenialReason::RecordUnavailable);
        }
        let own = Question {
            asker: Asker::Patient(patient(1)),
            ..question()
        };
        denies(&own, &basis, DenialReason::RecordUnavailable);
    }
}

#[test]
fn a_patient_and_their_representative_read_their_own_record_and_no_other() {
    for asker in [
        Asker::Patient(patient(1)),
        Asker::Representative(patient(1)),
    ] {
        let own = Question {
            asker,
            ..question()
        };
        permits(&own, &open_record(), Ground::OwnRecord);
        let other = Question {
            patient_id: patient(2),
            ..own
        };
        denies(&other, &open_record(), DenialReason::NoGrant);
        denies(&other, &AccessBasis::default(), DenialReason::NoGrant);
    }
}

#[test]
fn a_block_beats_grants_the_treating_doctor_and_contributions() {
    for target in [BlockTarget::Person, BlockTarget::Organization] {
        denies(&question(), &blocked(target), DenialReason::Blocked);
        denies(&asked_by(doctor()), &blocked(target), DenialReason::Blocked);
        denies(&contribution(), &blocked(target), DenialReason::Blocked);
        denies(&regulation(), &blocked(target), DenialReason::Blocked);
    }
}

#[test]
fn a_block_beats_break_glass_unless_the_policy_says_otherwise() {
    let basis = blocked(BlockTarget::Person);
    denies(&broken_glass(), &basis, DenialReason::Blocked);
    let lenient = Policy::with_switches(Matrix::example(), false, false);
    let decide = |question| decide(&question, &basis, &lenient, NOW).verdict;
    assert_eq!(decide(broken_glass()), Verdict::Permit(Ground::BreakGlass));
    assert_eq!(decide(question()), Verdict::Deny(DenialReason::Blocked));
    assert_eq!(decide(regulation()), Verdict::Deny(DenialReason::Blocked));
}

#[test]
fn a_block_holds_from_its_beginning_to_its_end() {
    let block = BlockBasis {
        target: BlockTarget::Person,
        begins_at: Some(hours(1)),
        until: Some(hours(2)),
    };
    let basis = AccessBasis {
        blocks: vec![block],
        ..granted()
    };
    let is_blocked = |at| verdict(&question(), &basis, at) == Verdict::Deny(DenialReason::Blocked);
    assert_eq!(
        [0, 1, 2].map(|hour| is_blocked(hours(hour))),
        [false, true, false]
    );
}

#[test]
fn breaking_the_glass_needs_a_reason_direct_authentication_and_no_opposition() {
    permits(&broken_glass(), &open_record(), Ground::BreakGlass);
    let silent = Question {
        emergency_reason: None,
        ..broken_glass()
    };
    denies(&silent, &opposing(), DenialReason::EmergencyReasonMissing);
    let indirect = Capacity {
        directly_authenticated: false,
        ..nurse()
    };
    let indirect = Question {
        asker: Asker::Practitioner(indirect),
        ..broken_glass()
    };
    denies(
        &indirect,
        &opposing(),
        DenialReason::EmergencyAuthenticationTooWeak,
    );
    denies(&broken_glass(), &opposing(), DenialReason::EmergencyOpposed);
}

#[test]
fn the_regulation_centre_needs_a_regulator_and_no_opposition() {
    permits(&regulation(), &open_record(), Ground::RegulationCenter);
    let by_flag = Capacity {
        regulation_access: true,
        ..doctor()
    };
    let by_flag = Question {
        asker: Asker::Practitioner(by_flag),
        ..regulation()
    };
    permits(&by_flag, &open_record(), Ground::RegulationCenter);
    let other = Question {
        asker: Asker::Practitioner(doctor()),
        ..regulation()
    };
    denies(&other, &opposing(), DenialReason::RegulatorFunctionRequired);
    denies(&regulation(), &opposing(), DenialReason::EmergencyOpposed);
}

#[test]
fn an_emergency_obliges_to_show_it_and_is_reported() {
    for question in [broken_glass(), regulation()] {
        let decision = decide(&question, &open_record(), &policy(), NOW);
        let expected = [Obligation::ShowEmergencyMode, Obligation::EmergencyReported];
        assert_eq!(decision.obligations, expected);
    }
    assert!(
        decide(&question(), &granted(), &policy(), NOW)
            .obligations
            .is_empty()
    );
}

#[test]
fn contributing_needs_no_grant_and_opens_no_class_to_consulting() {
    permits(&contribution(), &open_record(), Ground::Contribution);
    denies(&question(), &open_record(), DenialReason::NoGrant);
    let opposed = Question {
        action: Action::Contribute,
        ..broken_glass()
    };
    denies(&opposed, &opposing(), DenialReason::EmergencyOpposed);
}

#[test]
fn the_treating_doctor_is_one_when_acting_as_a_doctor() {
    let basis = AccessBasis {
        treating_doctor: true,
        ..open_record()
    };
    permits(&asked_by(doctor()), &basis, Ground::TreatingDoctor);
    denies(&question(), &basis, DenialReason::NoGrant);
    let occupational = Capacity {
        function: Some(Function::OCCUPATIONAL_DOCTOR),
        ..doctor()
    };
    denies(&asked_by(occupational), &basis, DenialReason::NoGrant);
}

#[test]
fn a_grant_opens_the_record_within_its_period_only() {
    let at = |hour| verdict(&question(), &granted(), hours(hour));
    assert_eq!(at(-1), Verdict::Deny(DenialReason::GrantNotYetActive));
    assert_eq!(at(0), Verdict::Permit(Ground::Grant(grant_id(10))));
    assert_eq!(at(9), Verdict::Permit(Ground::Grant(grant_id(10))));
    assert_eq!(at(10), Verdict::Deny(DenialReason::GrantExpired));
    denies(&question(), &open_record(), DenialReason::NoGrant);
}

#[test]
fn a_grant_to_come_is_told_before_one_that_is_over() {
    let over = GrantBasis {
        period: Period::new(hours(-9), Some(hours(-8))).unwrap(),
        ..grant()
    };
    let to_come = GrantBasis {
        period: Period::starting(hours(1)),
        ..grant()
    };
    let basis = AccessBasis {
        grants: vec![over, to_come],
        ..open_record()
    };
    denies(&question(), &basis, DenialReason::GrantNotYetActive);
}

#[test]
fn grants_to_the_organization_and_declarations_open_the_record_too() {
    let organization = GrantBasis {
        target: GrantTarget::Organization,
        ..grant()
    };
    let basis = AccessBasis {
        grants: vec![organization],
        ..open_record()
    };
    permits(&question(), &basis, Ground::Grant(grant_id(10)));
    let declared = GrantBasis {
        declared: true,
        ..grant()
    };
    let basis = AccessBasis {
        grants: vec![declared],
        ..open_record()
    };
    permits(&question(), &basis, Ground::Declaration(grant_id(10)));
}

#[test]
fn the_care_team_is_deemed_authorised_while_the_episode_lasts() {
    permits(&question(), &in_care(), Ground::CareEpisode(episode_id()));
    for hour in [-2, 1, 5] {
        let verdict = verdict(&question(), &in_care(), hours(hour));
        assert_eq!(verdict, Verdict::Deny(DenialReason::NoGrant));
    }
}

#[test]
fn a_block_on_the_organization_that_cares_ends_what_rests_on_its_care_wherever_one_acts() {
    let block = BlockBasis {
        target: BlockTarget::Organization,
        begins_at: Some(NOW),
        until: Some(hours(1)),
    };
    let mut basis = in_care();
    basis.care_episodes[0].period = Period::new(hours(-2), Some(hours(2))).unwrap();
    basis.care_episodes[0].blocks = vec![block];
    let is_in = |hour| {
        matches!(
            verdict(&question(), &basis, hours(hour)),
            Verdict::Permit(_)
        )
    };
    assert_eq!([-1, 0, 1].map(is_in), [true, false, true]);
    denies(&question(), &basis, DenialReason::NoGrant);
    // Another team, and what the patient gave, are not concerned.
    let mut other = in_care().care_episodes.remove(0);
    other.care_episode_id = CareEpisodeId::from_uuid(uuid::Uuid::from_u128(78));
    let ground = Ground::CareEpisode(other.care_episode_id);
    basis.care_episodes.push(other);
    permits(&question(), &basis, ground);
    basis.grants.push(grant());
    permits(&question(), &basis, Ground::Grant(grant_id(10)));
}

#[test]
fn an_occupational_doctor_needs_the_patients_grant_and_is_in_no_care_team() {
    let occupational = asked_by(Capacity {
        function: Some(Function::OCCUPATIONAL_DOCTOR),
        ..doctor()
    });
    denies(&occupational, &in_care(), DenialReason::NoGrant);
    permits(&occupational, &granted(), Ground::Grant(grant_id(10)));
}

#[test]
fn authorisations_add_up_and_the_decision_names_the_first_that_matters() {
    let imaging = GrantBasis {
        grant_id: grant_id(11),
        target: GrantTarget::Organization,
        classes: DocumentClasses::only(DocumentClass::Imaging),
        ..grant()
    };
    let basis = AccessBasis {
        grants: vec![grant(), imaging],
        ..in_care()
    };
    let decision = decide(&asked_by(doctor()), &basis, &policy(), NOW);
    assert_eq!(
        decision.verdict,
        Verdict::Permit(Ground::Grant(grant_id(10)))
    );
    assert_eq!(decision.permitted_classes, DocumentClasses::ALL);
}

#[test]
fn a_denial_carries_nothing_else() {
    let decision = decide(&question(), &open_record(), &policy(), NOW);
    assert!(decision.permitted_classes.is_empty());
    assert!(decision.permitted_documents.is_empty() && decision.obligations.is_empty());
    assert_eq!(decision.policy_revision, "2/2026.11+example");
    assert_eq!(decision.decided_at, NOW);
}

#[test]
fn the_revision_names_the_switches_that_differ() {
    let lenient = Policy::with_switches(Matrix::example(), false, true);
    let expected = "2-break_glass_beats_block-emergency_shows_masked/2026.11+example";
    assert_eq!(lenient.revision(), expected);
}

#[test]
fn a_check_obliges_to_authorize_first_and_a_denied_one_to_nothing() {
    let check = decide(&question(), &granted(), &policy(), NOW).as_check();
    assert_eq!(check.obligations, [Obligation::AuthorizeFirst]);
    let denied = decide(&question(), &open_record(), &policy(), NOW).as_check();
    assert!(denied.obligations.is_empty());
}

#[test]
fn a_professional_is_promised_a_minute_at_most_and_no_more_than_what_was_given_to_them() {
    let after = |seconds| NOW.saturating_add(std::time::Duration::from_secs(seconds));
    let until = |basis: &AccessBasis, now| decide(&question(), basis, &policy(), now).holds_until;
    for basis in [open_record(), granted(), in_care()] {
        assert_eq!(until(&basis, NOW), Some(after(60)));
    }
    let ends = hours(10);
    let just_before = Timestamp::from_micros(ends.as_micros() - 30_000_000);
    assert_eq!(until(&granted(), just_before), Some(ends));
    let blocked = |begins_at, until| AccessBasis {
        blocks: vec![BlockBasis {
            target: BlockTarget::Organization,
            begins_at,
            until,
        }],
        ..granted()
    };
    // Nobody is told when a block begins or ends: in the last minute nothing is promised.
    for (begins_at, ends) in [
        (Some(hours(3)), Some(hours(4))),
        (None, Some(hours(4))),
        (Some(after(60)), None),
    ] {
        assert_eq!(until(&blocked(begins_at, ends), NOW), Some(after(60)));
    }
    for (begins_at, ends) in [(Some(after(59)), None), (None, Some(after(1)))] {
        assert_eq!(until(&blocked(begins_at, ends), NOW), Some(NOW));
    }
}

#[test]
fn who_has_no_business_with_a_record_learns_nothing_of_what_begins_or_ends() {
    let closed = AccessBasis {
        record: None,
        ..granted()
    };
    let another = Question {
        asker: Asker::Patient(patient(2)),
        ..question()
    };
    for (question, basis) in [(question(), closed), (another, granted())] {
        assert_eq!(decide(&question, &basis, &policy(), NOW).holds_until, None);
    }
}
