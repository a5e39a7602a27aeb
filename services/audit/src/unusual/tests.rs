//! What is found, and what never is.

use std::collections::BTreeSet;

use aval_domain::access::{Action, DenialReason, Effect, Ground};
use aval_domain::id::OrganizationId;

use super::*;
use crate::sample;

mod properties;

const DAY: i64 = 86_400;

/// Monday 2027-03-01, midnight in Paris.
const MIDNIGHT: i64 = 1_803_855_600;

fn at(day: i64, hour: i64) -> Timestamp {
    Timestamp::from_unix_seconds(MIDNIGHT + day * DAY + hour * 3_600)
}

fn patient(number: u128) -> PatientId {
    PatientId::from_uuid(Uuid::from_u128(0x1000 + number))
}

fn doctor(number: u128) -> PractitionerId {
    PractitionerId::from_uuid(Uuid::from_u128(0x2000 + number))
}

fn hospital(number: u128) -> OrganizationId {
    OrganizationId::from_uuid(Uuid::from_u128(0x3000 + number))
}

fn access(number: u128, when: Timestamp, who: u128, whose: u128, basis: Basis) -> Access {
    Access {
        at: when,
        event_id: EventId::from_uuid(Uuid::from_u128(number)),
        recorded_at: when,
        patient_id: patient(whose),
        practitioner_id: doctor(who),
        organization_id: None,
        basis,
    }
}

fn relation(when: Timestamp, who: Who, whose: u128) -> Fact {
    Fact::Relation(Relation {
        patient_id: patient(whose),
        who,
        at: when,
    })
}

/// The tenth week day, with everything before and after known.
fn the_tenth_day() -> Window {
    Window {
        from: at(10, 0),
        until: at(11, 0),
        known_until: at(60, 0),
    }
}

fn found(facts: &[Fact]) -> Vec<UnusualKind> {
    let unusual = unusual(facts, the_tenth_day(), &Rules::default());
    unusual.into_iter().map(|found| found.kind).collect()
}

/// A professional who works by day, with what explains it.
fn habit(days: std::ops::Range<i64>, patients_a_day: u128) -> Vec<Fact> {
    let mut facts = Vec::new();
    for day in days {
        for whose in 0..patients_a_day {
            let number = 0x10_0000 + u128::try_from(day).unwrap() * 1_000 + whose;
            let access = access(number, at(day, 10), 1, 500 + whose, Basis::Explained);
            facts.push(Fact::Access(access));
        }
    }
    facts
}

#[test]
fn what_explains_itself_is_never_unusual_below_the_bound() {
    let mut facts = habit(0..10, 3);
    for whose in 0..150 {
        let access = access(whose, at(10, 3), 1, whose, Basis::Explained);
        facts.push(Fact::Access(access));
    }
    assert_eq!(found(&facts), []);
}

#[test]
fn a_refused_stranger_is_a_first_access_without_relation_and_once() {
    let refused = |number, hour| Fact::Access(access(number, at(10, hour), 1, 1, Basis::Refused));
    let facts = [refused(1, 9), refused(2, 10)];
    let unusual = unusual(&facts, the_tenth_day(), &Rules::default());
    assert_eq!(unusual.len(), 1);
    assert_eq!(unusual[0].kind, UnusualKind::FirstAccessWithoutRelation);
    assert_eq!(unusual[0].events, [EventId::from_uuid(Uuid::from_u128(1))]);
    assert_eq!((unusual[0].patients, unusual[0].first_at), (1, at(10, 9)));
}

#[test]
fn somebody_who_was_joined_before_is_no_stranger() {
    let refused = access(1, at(10, 9), 1, 1, Basis::Refused);
    let before = Fact::Access(access(2, at(3, 9), 1, 1, Basis::Explained));
    let person = relation(at(9, 0), Who::Practitioner(doctor(1)), 1);
    let theirs = relation(at(9, 0), Who::Organization(hospital(1)), 1);
    let of_hospital = Access {
        organization_id: Some(hospital(1)),
        ..refused
    };
    assert_eq!(found(&[Fact::Access(refused), before]), []);
    assert_eq!(found(&[Fact::Access(refused), person]), []);
    assert_eq!(found(&[Fact::Access(of_hospital), theirs]), []);
    // What joins somebody else, or to somebody else, explains nothing.
    for no_reason in [
        theirs,
        relation(at(9, 0), Who::Practitioner(doctor(2)), 1),
        relation(at(9, 0), Who::Practitioner(doctor(1)), 2),
        relation(at(10, 10), Who::Practitioner(doctor(1)), 1),
    ] {
        let found = found(&[Fact::Access(refused), no_reason]);
        assert_eq!(found, [UnusualKind::FirstAccessWithoutRelation]);
    }
}

#[test]
fn feeding_a_record_explains_nothing_and_joins_nobody() {
    let broken = Fact::Access(access(1, at(10, 9), 1, 1, Basis::BrokenGlass));
    let fed = |day, hour| Fact::Access(access(2, at(day, hour), 1, 1, Basis::Contribution));
    let kinds = |facts: &[Fact]| found(facts).into_iter().collect::<BTreeSet<_>>();
    let stranger = BTreeSet::from([
        UnusualKind::FirstAccessWithoutRelation,
        UnusualKind::EmergencyWithoutFollowUp,
    ]);
    assert_eq!(kinds(&[broken]), stranger);
    for fed in [fed(3, 9), fed(10, 8), fed(12, 9)] {
        assert_eq!(kinds(&[broken, fed]), stranger);
    }
    // And by itself it is nothing.
    assert_eq!(found(&[fed(10, 3)]), []);
}

#[test]
fn feeding_records_makes_neither_many_patients_nor_a_night_usual() {
    let fed = |day, hour, count: u128| {
        (0..count).map(move |whose| {
            let number = 0x20_0000 + whose;
            Fact::Access(access(
                number,
                at(day, hour),
                1,
                700 + whose,
                Basis::Contribution,
            ))
        })
    };
    let strangers = (0..11).map(|whose| {
        let basis = Basis::Refused;
        Fact::Access(access(whose, at(10, 10), 1, whose, basis))
    });
    let facts: Vec<Fact> = strangers.chain(fed(9, 10, 100)).collect();
    assert!(found(&facts).contains(&UnusualKind::Volume));
    let at_night = Fact::Access(access(1, at(10, 3), 1, 1, Basis::BrokenGlass));
    let facts = [habit(5..10, 2), vec![at_night], fed(9, 3, 1).collect()].concat();
    assert!(found(&facts).contains(&UnusualKind::OffHours));
}

#[test]
fn whoever_adds_to_a_record_has_fed_it_whatever_was_decided_for_them() {
    let sample = sample::Events::new(1);
    let basis = |effect, reason, ground| {
        let mut event = sample.access(Some(patient(1)));
        let decision = event.decision.as_mut().unwrap();
        decision.action = Action::Contribute;
        (decision.effect, decision.reason, decision.ground) = (effect, reason, ground);
        match Fact::told_by(&event, at(0, 0)).as_slice() {
            [Fact::Access(access)] => access.basis,
            other => panic!("{other:?}"),
        }
    };
    let permitted = basis(Effect::Permit, None, Some(Ground::Contribution));
    assert_eq!(permitted, Basis::Contribution);
    let denied = |reason| basis(Effect::Deny, Some(reason), None);
    assert_eq!(denied(DenialReason::NothingPermitted), Basis::Contribution);
    assert_eq!(denied(DenialReason::Blocked), Basis::Refused);
}

#[test]
fn an_emergency_is_followed_up_within_its_time_or_not() {
    let broken = Fact::Access(access(1, at(10, 9), 1, 1, Basis::BrokenGlass));
    let without = UnusualKind::EmergencyWithoutFollowUp;
    assert!(found(&[broken]).contains(&without));
    for follow_up in [
        relation(at(12, 0), Who::Practitioner(doctor(1)), 1),
        relation(at(9, 0), Who::Practitioner(doctor(1)), 1),
        Fact::Access(access(2, at(17, 8), 1, 1, Basis::Explained)),
    ] {
        assert!(!found(&[broken, follow_up]).contains(&without));
    }
    let too_late = relation(at(17, 10), Who::Practitioner(doctor(1)), 1);
    assert!(found(&[broken, too_late]).contains(&without));
    // Before its time is over nobody is accused.
    let early = Window {
        known_until: at(17, 8),
        ..the_tenth_day()
    };
    let judged = unusual(&[broken], early, &Rules::default());
    assert!(judged.iter().all(|found| found.kind != without));
}

#[test]
fn a_regulating_doctor_sees_strangers_at_night_and_that_is_their_task() {
    let mut facts = habit(0..10, 3);
    for whose in 0..60 {
        let basis = Basis::RegulationCenter;
        facts.push(Fact::Access(access(whose, at(10, 3), 1, whose, basis)));
    }
    assert_eq!(found(&facts), []);
}

#[test]
fn a_volume_is_held_against_the_professional_s_own_past_and_a_floor() {
    let strangers = |count: u128| {
        (0..count).map(|whose| Fact::Access(access(whose, at(10, 10), 1, whose, Basis::Refused)))
    };
    let is_volume = |past: Vec<Fact>, count| {
        let facts: Vec<Fact> = past.into_iter().chain(strangers(count)).collect();
        found(&facts).contains(&UnusualKind::Volume)
    };
    assert!(!is_volume(Vec::new(), 10));
    assert!(is_volume(Vec::new(), 11));
    assert!(!is_volume(habit(5..10, 8), 24));
    assert!(is_volume(habit(5..10, 8), 25));
}

#[test]
fn too_many_patients_are_too_many_whatever_explains_them() {
    let explained = |count: u128| -> Vec<Fact> {
        (0..count)
            .map(|whose| Fact::Access(access(whose, at(10, 10), 1, whose, Basis::Explained)))
            .collect()
    };
    assert_eq!(found(&explained(200)), []);
    let unusual = unusual(&explained(201), the_tenth_day(), &Rules::default());
    assert_eq!(unusual.len(), 1);
    assert_eq!(unusual[0].kind, UnusualKind::Volume);
    assert_eq!(unusual[0].events.len(), 201);
    assert_eq!(
        (unusual[0].patients, unusual[0].busiest_before),
        (201, None)
    );
}

#[test]
fn a_night_is_unusual_for_whoever_works_by_day() {
    let at_night = |hour| Fact::Access(access(1, at(10, hour), 1, 1, Basis::BrokenGlass));
    let is_off_hours = |past: &[Fact], night| {
        let facts = [past, &[night]].concat();
        found(&facts).contains(&UnusualKind::OffHours)
    };
    let by_day = habit(5..10, 2);
    for (hour, expected) in [(0, true), (6, true), (7, false), (20, false), (21, true)] {
        assert_eq!(is_off_hours(&by_day, at_night(hour)), expected, "{hour}");
    }
    assert!(
        !is_off_hours(&habit(8..10, 2), at_night(3)),
        "too little is known"
    );
    let once_before = Fact::Access(access(2, at(6, 2), 1, 2, Basis::Explained));
    let works_at_night = [by_day, vec![once_before]].concat();
    assert!(!is_off_hours(&works_at_night, at_night(3)));
}

#[test]
fn hours_are_those_of_paris_in_summer_as_in_winter() {
    let rules = Rules::default();
    for (utc, expected) in [
        ("2027-01-15T06:30:00Z", false),
        ("2027-01-15T05:59:59Z", true),
        ("2027-07-15T05:00:00Z", false),
        ("2027-07-15T04:59:59Z", true),
        ("2027-07-15T19:00:00Z", true),
    ] {
        let at = Timestamp::parse_rfc3339(utc).unwrap();
        assert_eq!(rules.is_off_hours(at), expected, "{utc}");
    }
}

#[test]
fn what_was_recorded_in_another_period_is_found_there() {
    let late = Access {
        recorded_at: at(20, 0),
        ..access(1, at(10, 9), 1, 1, Basis::Refused)
    };
    assert_eq!(found(&[Fact::Access(late)]), []);
    let later = Window {
        from: at(20, 0),
        until: at(21, 0),
        ..the_tenth_day()
    };
    let unusual = unusual(&[Fact::Access(late)], later, &Rules::default());
    assert_eq!(unusual[0].first_at, at(10, 9));
}

#[test]
fn every_finding_has_its_sentences() {
    let mut facts = habit(0..10, 2);
    for whose in 0..30 {
        let basis = Basis::BrokenGlass;
        facts.push(Fact::Access(access(whose, at(10, 3), 1, whose, basis)));
    }
    for whose in 0..201 {
        let explained = access(1_000 + whose, at(10, 10), 2, whose, Basis::Explained);
        facts.push(Fact::Access(explained));
    }
    let rules = Rules::default();
    let unusual = unusual(&facts, the_tenth_day(), &rules);
    let mut kinds = BTreeSet::new();
    let mut sentences = BTreeSet::new();
    for found in &unusual {
        kinds.insert(found.kind);
        let said = found.sentences(&rules);
        sentences.insert((said.french, said.english));
    }
    assert_eq!(kinds, UnusualKind::ALL.into());
    let said: Vec<String> = sentences
        .into_iter()
        .map(|(french, english)| format!("{french}\n{english}"))
        .collect();
    insta::assert_snapshot!(said.join("\n\n"));
}
