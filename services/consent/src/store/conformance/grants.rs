//! Grants.

use aval_domain::document::DocumentClasses;
use aval_domain::id::GrantId;
use aval_domain::period::Period;

use super::fixture::{Fixture, counted, hours, organization, patient, person};
use crate::error::Error;
use crate::grant::{Grant, GrantOrigin, GrantState, GrantStatus};
use crate::grantee::{Grantee, GranteeName, NamedGrantee};
use crate::store::{GrantQuery, GrantsOf, Store};

fn number() -> Grantee {
    Grantee::Rpps("99700024450".parse().unwrap())
}

async fn list(fixture: &Fixture, state: Option<GrantState>) -> Vec<Grant> {
    let query = GrantQuery {
        of: GrantsOf::Patient(patient(1)),
        state,
        now: hours(5),
        after: None,
        limit: 100,
    };
    fixture.store.grants(&query).await.unwrap()
}

pub(super) async fn a_grant_needs_an_open_record_and_a_grantee_who_is_not_blocked(
    fixture: &Fixture,
) {
    let refused = fixture.create(fixture.new_grant(person(1))).await;
    assert!(matches!(refused, Err(Error::RecordUnavailable)));
    fixture.open_record(patient(1)).await;
    fixture.block(person(1), None).await;
    let refused = fixture.create(fixture.new_grant(person(1))).await;
    assert!(matches!(refused, Err(Error::GranteeBlocked)));
    assert!(fixture.create(fixture.new_grant(person(2))).await.is_ok());
    fixture.close_record(patient(1)).await;
    let refused = fixture.create(fixture.new_grant(person(3))).await;
    assert!(matches!(refused, Err(Error::RecordUnavailable)));
}

pub(super) async fn a_second_live_grant_to_a_grantee_names_the_first(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    for grantee in [person(1), organization(1), number()] {
        let first = fixture.create(fixture.new_grant(grantee)).await.unwrap();
        let second = fixture.create(fixture.new_grant(grantee)).await;
        let named = matches!(
            second,
            Err(Error::GrantExists { grant_id: Some(id) }) if id == first.grant_id
        );
        assert!(named, "{grantee:?}");
        fixture.revoke(&first).await.unwrap();
        assert!(fixture.create(fixture.new_grant(grantee)).await.is_ok());
    }
}

pub(super) async fn of_many_grants_made_at_once_to_one_grantee_one_stays(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let grants: Vec<_> = (0..8).map(|_| fixture.new_grant(person(1))).collect();
    let calls = grants.iter().map(|grant| fixture.create(grant.clone()));
    let answers = futures::future::join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let exists = |answer: &&Result<Grant, Error>| matches!(answer, Err(Error::GrantExists { .. }));
    assert_eq!(answers.iter().filter(exists).count(), 7);
    assert_eq!(list(fixture, None).await.len(), 1);
}

pub(super) async fn a_new_grant_takes_the_place_of_one_that_is_over(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let over = Grant {
        period: Period::new(hours(0), Some(hours(1))).unwrap(),
        ..fixture.new_grant(person(1))
    };
    let over = fixture.create(over).await.unwrap();
    fixture.clock.set(hours(1));
    let new = fixture.create(fixture.new_grant(person(1))).await.unwrap();
    let lapsed = fixture.store.grant(over.grant_id).await.unwrap().unwrap();
    assert_eq!(
        lapsed,
        Grant {
            status: GrantStatus::Lapsed,
            ..over
        }
    );
    assert_eq!(fixture.store.grant(new.grant_id).await.unwrap(), Some(new));
}

pub(super) async fn grants_to_a_person_an_organization_and_a_number_read_back(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    for grantee in [person(1), organization(1), number()] {
        let grant = Grant {
            classes: DocumentClasses::ALL,
            period: Period::new(hours(-3), Some(hours(9))).unwrap(),
            created_by: person(7).practitioner_id(),
            ..fixture.new_grant(grantee)
        };
        let created = fixture.create(grant.clone()).await.unwrap();
        assert_eq!(created, grant);
        assert_eq!(
            fixture.store.grant(grant.grant_id).await.unwrap(),
            Some(grant)
        );
    }
}

pub(super) async fn another_patients_grant_is_not_found(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let grant = fixture.create(fixture.new_grant(person(1))).await.unwrap();
    let stolen = Grant {
        patient_id: patient(2),
        ..grant.clone()
    };
    assert!(matches!(
        fixture.revoke(&stolen).await,
        Err(Error::NotFound)
    ));
    assert_eq!(
        fixture.store.grant(grant.grant_id).await.unwrap(),
        Some(grant)
    );
}

pub(super) async fn every_given_grant_changes_in_one_step(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    for grantee in [person(1), person(2), organization(1), number()] {
        fixture.create(fixture.new_grant(grantee)).await.unwrap();
    }
    let ended = fixture.create(fixture.new_grant(person(3))).await.unwrap();
    fixture.revoke(&ended).await.unwrap();
    let events = fixture.events().await;
    let revoke = |grant: &Grant| {
        Ok(grant
            .revoke(None, hours(1))?
            .map(|revoked| fixture.change(revoked)))
    };
    let write = fixture.write();
    for _ in 0..2 {
        let count = fixture
            .store
            .change_given_grants(&write, patient(1), &revoke)
            .await
            .unwrap();
        assert_eq!(count, 4);
    }
    assert_eq!(fixture.events().await, events + 4);
    assert_eq!(list(fixture, Some(GrantState::Revoked)).await.len(), 5);
}

pub(super) async fn each_state_lists_its_grants_and_no_other(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let period = |from, until: Option<i64>| Period::new(hours(from), until.map(hours)).unwrap();
    for (index, grantee, period, status) in [
        (1, person(1), period(0, None), GrantStatus::Given),
        (2, person(2), period(0, Some(5)), GrantStatus::Given),
        (3, person(3), period(6, None), GrantStatus::Given),
        (4, person(4), period(0, None), GrantStatus::Revoked),
        (5, person(5), period(0, None), GrantStatus::Declined),
        (6, person(6), period(0, None), GrantStatus::Requested),
        (7, person(7), period(0, Some(2)), GrantStatus::Lapsed),
        (8, number(), period(0, Some(6)), GrantStatus::Given),
        (9, organization(1), period(0, Some(6)), GrantStatus::Given),
    ] {
        let grant = Grant {
            period,
            status,
            ..fixture.new_grant(grantee)
        };
        fixture
            .create(grant)
            .await
            .unwrap_or_else(|error| panic!("{index}: {error}"));
    }
    let all = list(fixture, None).await;
    assert_eq!(all.len(), 9);
    for state in [
        GrantState::Requested,
        GrantState::Waiting,
        GrantState::Scheduled,
        GrantState::Active,
        GrantState::Expired,
        GrantState::Revoked,
        GrantState::Declined,
    ] {
        let listed = list(fixture, Some(state)).await;
        let expected: Vec<_> = all
            .iter()
            .filter(|grant| grant.state(hours(5)) == state)
            .cloned()
            .collect();
        assert!(!expected.is_empty(), "{state:?}");
        assert_eq!(listed, expected, "{state:?}");
    }
}

pub(super) async fn pages_of_grants_show_each_once_while_more_are_made(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let mut first = Vec::new();
    for number in 0..7 {
        first.push(
            fixture
                .create(fixture.new_grant(person(number)))
                .await
                .unwrap()
                .grant_id,
        );
    }
    let mut seen: Vec<GrantId> = Vec::new();
    loop {
        let query = GrantQuery {
            of: GrantsOf::Patient(patient(1)),
            state: None,
            now: hours(0),
            after: seen.last().copied(),
            limit: 3,
        };
        let page = fixture.store.grants(&query).await.unwrap();
        if page.is_empty() {
            break;
        }
        seen.extend(page.iter().map(|grant| grant.grant_id));
        fixture.clock.set(hours(1));
        fixture
            .create(fixture.new_grant(person(20 + seen.len() as u128)))
            .await
            .unwrap();
    }
    first.reverse();
    assert!(seen.is_sorted_by(|newer, older| newer > older));
    assert_eq!(counted(&seen, |id| *id).values().max(), Some(&1));
    assert!(first.iter().all(|id| seen.contains(id)));
    let of_person = GrantQuery {
        of: GrantsOf::Practitioner(person(3).practitioner_id().unwrap()),
        state: None,
        now: hours(0),
        after: None,
        limit: 10,
    };
    assert_eq!(fixture.store.grants(&of_person).await.unwrap().len(), 1);
}

pub(super) async fn waiting_numbers_are_listed_once_in_order_while_a_grant_waits(
    fixture: &Fixture,
) {
    let numbers = ["99700024450", "99700218896", "99700366240"];
    let grantee = |text: &str| Grantee::Rpps(text.parse().unwrap());
    for number in [1, 2] {
        fixture.open_record(patient(number)).await;
        for text in numbers {
            let grant = Grant {
                patient_id: patient(number),
                ..fixture.new_grant(grantee(text))
            };
            fixture.create(grant).await.unwrap();
        }
    }
    let over = Grant {
        period: Period::new(hours(0), Some(hours(5))).unwrap(),
        ..fixture.new_grant(grantee("99700237045"))
    };
    fixture.create(over).await.unwrap();
    let listed = async |after: Option<&str>, limit| {
        let after = after.map(|text| text.parse().unwrap());
        let listed = fixture
            .store
            .waiting_numbers(hours(5), after, limit)
            .await
            .unwrap();
        listed.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(listed(None, 10).await, numbers);
    assert_eq!(listed(None, 2).await, numbers[..2]);
    assert_eq!(listed(Some(numbers[1]), 10).await, numbers[2..]);
}

pub(super) async fn a_declaration_made_meanwhile_ends_for_what_the_patient_gave(fixture: &Fixture) {
    let rpps = "99700024450".parse().unwrap();
    fixture.open_record(patient(1)).await;
    let waiting = fixture.new_grant(Grantee::Rpps(rpps));
    let waiting = fixture.create(waiting).await.unwrap();
    fixture.clock.set(hours(1));
    let declared = Grant {
        origin: GrantOrigin::Declaration,
        created_by: person(1).practitioner_id(),
        ..fixture.new_grant(person(1))
    };
    let declared = fixture.create(declared).await.unwrap();
    let known = NamedGrantee {
        grantee: person(1),
        name: None,
    };
    let given = waiting.give_to(&known, hours(1)).unwrap();
    let give = |_: &Grant| Ok(Some(fixture.change(given.clone())));
    let end = |grant: &Grant| Ok(Some(fixture.change(grant.lapse(hours(1)))));
    let before = fixture.events().await;
    let settled = fixture.store.settle_waiting_grants(rpps, &give, &end).await;
    assert_eq!(settled.unwrap(), 1);
    let stored = async |grant: &Grant| fixture.store.grant(grant.grant_id).await.unwrap().unwrap();
    assert_eq!(stored(&waiting).await, given);
    assert_eq!(stored(&declared).await, declared.lapse(hours(1)));
    assert_eq!(fixture.events().await - before, 2);
}

pub(super) async fn waiting_grants_are_given_once_and_the_newer_of_two_stays(fixture: &Fixture) {
    let rpps = "99700024450".parse().unwrap();
    for number in [1, 2] {
        fixture.open_record(patient(number)).await;
    }
    let waiting = fixture
        .create(fixture.new_grant(Grantee::Rpps(rpps)))
        .await
        .unwrap();
    let others = Grant {
        patient_id: patient(2),
        ..fixture.new_grant(Grantee::Rpps(rpps))
    };
    let others = fixture.create(others).await.unwrap();
    fixture.clock.set(hours(1));
    let newer = fixture.create(fixture.new_grant(person(1))).await.unwrap();
    let known = NamedGrantee {
        grantee: person(1),
        name: GranteeName::parse("Dr Camille MARTIN"),
    };
    let give = |grant: &Grant| {
        Ok(grant
            .give_to(&known, hours(1))
            .map(|given| fixture.change(given)))
    };
    let end = |grant: &Grant| Ok(Some(fixture.change(grant.lapse(hours(1)))));
    let before = fixture.events().await;
    let calls = (0..4).map(|_| fixture.store.settle_waiting_grants(rpps, &give, &end));
    let settled = futures::future::join_all(calls).await;
    assert_eq!(settled.into_iter().map(Result::unwrap).sum::<u32>(), 2);

    let stored = async |grant: &Grant| fixture.store.grant(grant.grant_id).await.unwrap().unwrap();
    assert_eq!(stored(&waiting).await, waiting.lapse(hours(1)));
    assert_eq!(stored(&newer).await, newer);
    assert_eq!(fixture.events().await - before, 2);
    let others = stored(&others).await;
    assert_eq!(
        (others.grantee, others.status),
        (person(1), GrantStatus::Given)
    );
}
