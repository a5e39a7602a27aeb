//! Requests for grants.

use aval_domain::etag::Version;
use aval_domain::id::PatientId;
use aval_domain::period::Period;

use super::fixture::{Fixture, NOW, hours, organization, patient, person};
use crate::error::Error;
use crate::grant::{Approval, Grant, GrantOrigin, GrantRequest, GrantState, GrantStatus, Purpose};
use crate::grantee::Grantee;
use crate::store::{GrantQuery, GrantsOf, Store};

const AS_ASKED: Approval = Approval {
    classes: None,
    period: None,
};

pub(super) fn new_request(fixture: &Fixture, by: Grantee) -> Grant {
    let grant = fixture.new_grant(by);
    let purpose = Purpose::parse("suivi").unwrap();
    Grant {
        origin: GrantOrigin::Request,
        status: GrantStatus::Requested,
        created_by: by.practitioner_id(),
        request: Some(GrantRequest::made(purpose, grant.period, grant.created_at)),
        ..grant
    }
}

pub(super) async fn store(fixture: &Fixture, request: Grant) -> Result<Grant, Error> {
    let change = fixture.change(request);
    fixture
        .store
        .request_grant(&fixture.write(), &change, &[organization(1)])
        .await
}

pub(super) async fn approve(
    fixture: &Fixture,
    patient_id: PatientId,
    request: &Grant,
) -> Result<Grant, Error> {
    let approve = |request: &Grant| {
        let given = request.approve(AS_ASKED, Version::FIRST.etag(), fixture.now())?;
        Ok(Some(fixture.change(given)))
    };
    fixture
        .store
        .approve_grant(&fixture.write(), patient_id, request.grant_id, &approve)
        .await
}

async fn stored(fixture: &Fixture, grant: &Grant) -> Grant {
    let stored = fixture.store.grant(grant.grant_id).await.unwrap();
    stored.unwrap()
}

pub(super) async fn a_request_reads_back_and_no_decision_rests_on_it(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let request = new_request(fixture, person(1));
    assert_eq!(store(fixture, request.clone()).await.unwrap(), request);
    assert_eq!(stored(fixture, &request).await, request);
    let basis = fixture.basis(person(1), organization(1), &[]).await;
    assert!(basis.grants.is_empty());
    let given = approve(fixture, patient(1), &request).await.unwrap();
    assert_eq!(stored(fixture, &request).await, given);
    let basis = fixture.basis(person(1), organization(1), &[]).await;
    assert_eq!(basis.grants[0].grant_id, request.grant_id);
}

pub(super) async fn a_request_has_the_conditions_of_a_grant(fixture: &Fixture) {
    let refused = store(fixture, new_request(fixture, person(1))).await;
    assert!(matches!(refused, Err(Error::RecordUnavailable)));
    fixture.open_record(patient(1)).await;
    for blocked in [person(1), organization(1)] {
        let block = fixture.block(blocked, None).await;
        let refused = store(fixture, new_request(fixture, person(1))).await;
        assert!(matches!(refused, Err(Error::GranteeBlocked)));
        fixture.lift(patient(1), &block).await.unwrap();
    }
    let given = fixture.create(fixture.new_grant(person(1))).await.unwrap();
    let refused = store(fixture, new_request(fixture, person(1))).await;
    assert!(
        matches!(refused, Err(Error::GrantExists { grant_id: Some(id) }) if id == given.grant_id)
    );
    assert!(
        store(fixture, new_request(fixture, person(2)))
            .await
            .is_ok()
    );
}

pub(super) async fn of_many_requests_made_at_once_one_stays(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let calls = (0..6).map(|_| store(fixture, new_request(fixture, person(1))));
    let answers = futures::future::join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let named = |answer: &&Result<Grant, Error>| {
        matches!(answer, Err(Error::GrantExists { grant_id: Some(_) }))
    };
    assert_eq!(answers.iter().filter(named).count(), 5);
}

pub(super) async fn a_request_nobody_answered_is_listed_as_expired_and_makes_room(
    fixture: &Fixture,
) {
    fixture.open_record(patient(1)).await;
    let ending = Grant {
        period: Period::new(NOW, Some(hours(2))).unwrap(),
        ..fixture.new_grant(person(1))
    };
    let purpose = Purpose::parse("suivi").unwrap();
    let first = Grant {
        request: Some(GrantRequest::made(purpose, ending.period, NOW)),
        period: ending.period,
        ..new_request(fixture, person(1))
    };
    let first = store(fixture, first).await.unwrap();
    let listed = async |state, now| {
        let query = GrantQuery {
            of: GrantsOf::Patient(patient(1)),
            state: Some(state),
            now,
            after: None,
            limit: 10,
        };
        fixture.store.grants(&query).await.unwrap().len()
    };
    assert_eq!(listed(GrantState::Requested, hours(1)).await, 1);
    assert_eq!(listed(GrantState::Expired, hours(1)).await, 0);
    assert_eq!(listed(GrantState::Requested, hours(2)).await, 0);
    assert_eq!(listed(GrantState::Expired, hours(2)).await, 1);
    fixture.clock.set(hours(2));
    let refused = approve(fixture, patient(1), &first).await;
    assert!(matches!(refused, Err(Error::StateConflict(_))));
    let second = store(fixture, new_request(fixture, person(1)))
        .await
        .unwrap();
    assert_eq!(stored(fixture, &first).await.status, GrantStatus::Lapsed);
    assert_eq!(stored(fixture, &second).await, second);
}

pub(super) async fn an_approval_has_the_conditions_of_a_grant(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let request = store(fixture, new_request(fixture, person(1)))
        .await
        .unwrap();
    // Another patient's request is not found, whether that patient has a record or not.
    let stolen = approve(fixture, patient(2), &request).await;
    assert!(matches!(stolen, Err(Error::NotFound)));
    fixture.open_record(patient(2)).await;
    let stolen = approve(fixture, patient(2), &request).await;
    assert!(matches!(stolen, Err(Error::NotFound)));

    let given = fixture.create(fixture.new_grant(person(1))).await.unwrap();
    let refused = approve(fixture, patient(1), &request).await;
    assert!(
        matches!(refused, Err(Error::GrantExists { grant_id: Some(id) }) if id == given.grant_id)
    );
    fixture.revoke(&given).await.unwrap();
    let block = fixture.block(person(1), None).await;
    let refused = approve(fixture, patient(1), &request).await;
    assert!(matches!(refused, Err(Error::GranteeBlocked)));
    fixture.lift(patient(1), &block).await.unwrap();
    fixture.close_record(patient(1)).await;
    let refused = approve(fixture, patient(1), &request).await;
    assert!(matches!(refused, Err(Error::RecordUnavailable)));
    assert_eq!(stored(fixture, &request).await, request);
}

pub(super) async fn an_approval_takes_the_place_of_a_grant_that_is_over(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let over = Grant {
        period: Period::new(NOW, Some(hours(1))).unwrap(),
        ..fixture.new_grant(person(1))
    };
    let over = fixture.create(over).await.unwrap();
    fixture.clock.set(hours(1));
    let request = store(fixture, new_request(fixture, person(1)))
        .await
        .unwrap();
    let given = approve(fixture, patient(1), &request).await.unwrap();
    assert_eq!(given.state(hours(1)), GrantState::Active);
    assert_eq!(stored(fixture, &over).await.status, GrantStatus::Lapsed);
}

pub(super) async fn of_answers_and_a_grant_made_at_once_one_stays(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    for round in 0..4 {
        let request = new_request(fixture, person(1));
        let request = store(fixture, request).await.unwrap();
        let answers = (0..4).map(|_| approve(fixture, patient(1), &request));
        let approved = futures::future::join_all(answers);
        let created = fixture.create(fixture.new_grant(person(1)));
        let (approved, created) = futures::future::join(approved, created).await;
        for answer in &approved {
            let refused = matches!(
                answer,
                Ok(_) | Err(Error::StateConflict(_) | Error::GrantExists { .. })
            );
            assert!(refused, "round {round}: {answer:?}");
        }
        let given: Vec<_> = approved.into_iter().chain([created]).flatten().collect();
        assert_eq!(given.len(), 1, "round {round}");
        let basis = fixture.basis(person(1), organization(1), &[]).await;
        assert_eq!(basis.grants.len(), 1);
        fixture.revoke(&given[0]).await.unwrap();
        if given[0].grant_id != request.grant_id {
            fixture.revoke(&request).await.unwrap();
        }
    }
}
