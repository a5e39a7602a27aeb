//! What holds of any facts, periods and rules.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn any_basis() -> impl Strategy<Value = Basis> {
    prop_oneof![
        Just(Basis::Explained),
        Just(Basis::Contribution),
        Just(Basis::BrokenGlass),
        Just(Basis::RegulationCenter),
        Just(Basis::Refused),
    ]
}

fn any_access() -> impl Strategy<Value = Access> {
    let when = (0_i64..14, 0_i64..24);
    let organization = proptest::option::of(0_u128..2);
    (
        0_u128..1_000,
        when,
        0_u128..3,
        0_u128..6,
        organization,
        any_basis(),
    )
        .prop_map(
            |(number, (day, hour), who, whose, organization, basis)| Access {
                organization_id: organization.map(hospital),
                ..access(number, at(day, hour), who, whose, basis)
            },
        )
}

fn any_relation() -> impl Strategy<Value = Fact> {
    let who = prop_oneof![
        (0_u128..3).prop_map(|number| Who::Practitioner(doctor(number))),
        (0_u128..2).prop_map(|number| Who::Organization(hospital(number))),
    ];
    (0_i64..20, who, 0_u128..6).prop_map(|(day, who, whose)| relation(at(day, 12), who, whose))
}

/// Rules under which a few accesses are many.
fn strict() -> Rules {
    Rules {
        most_patients: 4,
        least_patients: 1,
        times_the_usual: 1,
        past: Duration::from_hours(5 * 24),
        follow_up: Duration::from_hours(24),
        ..Rules::default()
    }
}

fn any_window() -> impl Strategy<Value = Window> {
    (0_i64..14, 1_i64..14, 0_i64..20).prop_map(|(from, days, known)| Window {
        from: at(from, 0),
        until: at(from + days, 0),
        known_until: at(known, 0),
    })
}

fn ids(facts: &[Fact], window: Window) -> BTreeSet<Uuid> {
    let found = unusual(facts, window, &strict());
    found.into_iter().map(|found| found.id).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_order_and_the_repetition_of_facts_change_nothing(
        accesses in proptest::collection::vec(any_access(), 0..40),
        relations in proptest::collection::vec(any_relation(), 0..6),
        window in any_window(),
        turn in 0_usize..40,
    ) {
        let mut facts: Vec<Fact> = accesses.into_iter().map(Fact::Access).collect();
        facts.extend(relations);
        let once = unusual(&facts, window, &strict());
        let mut otherwise = facts.clone();
        otherwise.extend(facts);
        otherwise.reverse();
        let turn = turn.min(otherwise.len());
        otherwise.rotate_left(turn);
        prop_assert_eq!(unusual(&otherwise, window, &strict()), once.clone());
        prop_assert!(once.is_sorted_by(|one, other| one.place() > other.place()), "each once");
    }

    #[test]
    fn a_ground_that_explains_an_access_makes_nothing_unusual(
        accesses in proptest::collection::vec(any_access(), 1..40),
        window in any_window(),
        which in any::<prop::sample::Index>(),
    ) {
        let facts = |accesses: &[Access]| -> Vec<Fact> {
            accesses.iter().copied().map(Fact::Access).collect()
        };
        let mut explained = accesses.clone();
        let which = which.index(explained.len());
        explained[which].basis = Basis::Explained;
        let (before, after) = (ids(&facts(&accesses), window), ids(&facts(&explained), window));
        prop_assert!(after.is_subset(&before));
    }

    #[test]
    fn feeding_a_record_takes_back_nothing_that_is_unusual(
        accesses in proptest::collection::vec(any_access(), 1..40),
        relations in proptest::collection::vec(any_relation(), 0..6),
        more in proptest::collection::vec(any_access(), 1..20),
        window in any_window(),
    ) {
        let mut facts: Vec<Fact> = accesses.into_iter().map(Fact::Access).collect();
        facts.extend(relations);
        let before = ids(&facts, window);
        let fed = more.into_iter().map(|access| Access {
            basis: Basis::Contribution,
            ..access
        });
        facts.extend(fed.map(Fact::Access));
        prop_assert!(before.is_subset(&ids(&facts, window)));
    }

    #[test]
    fn whatever_joins_somebody_to_a_patient_makes_nothing_unusual(
        accesses in proptest::collection::vec(any_access(), 1..40),
        relations in proptest::collection::vec(any_relation(), 0..6),
        more in any_relation(),
        window in any_window(),
    ) {
        let mut facts: Vec<Fact> = accesses.into_iter().map(Fact::Access).collect();
        facts.extend(relations);
        let before = ids(&facts, window);
        facts.push(more);
        prop_assert!(ids(&facts, window).is_subset(&before));
    }

    #[test]
    fn periods_that_meet_find_together_what_one_period_finds(
        accesses in proptest::collection::vec(any_access(), 0..40),
        relations in proptest::collection::vec(any_relation(), 0..6),
        cut in 1_i64..14,
        known in 0_i64..20,
    ) {
        let mut facts: Vec<Fact> = accesses.into_iter().map(Fact::Access).collect();
        facts.extend(relations);
        let window = |from, until| Window {
            from: at(from, 0),
            until: at(until, 0),
            known_until: at(known, 0),
        };
        let whole = ids(&facts, window(0, 14));
        let (early, late) = (ids(&facts, window(0, cut)), ids(&facts, window(cut, 14)));
        prop_assert!(early.is_disjoint(&late));
        prop_assert_eq!(early.union(&late).copied().collect::<BTreeSet<_>>(), whole);
    }
}
