//! Blocks.

use super::fixture::{Fixture, hours, organization, patient, person};
use crate::error::Error;
use crate::store::{BlockQuery, Store};

async fn listed(fixture: &Fixture, include_ended: bool) -> usize {
    let query = BlockQuery {
        patient_id: patient(1),
        include_ended,
        now: hours(5),
        after: None,
        limit: 100,
    };
    fixture.store.blocks(&query).await.unwrap().len()
}

pub(super) async fn a_block_stands_once_and_is_replaced_when_it_is_over(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    for grantee in [person(1), organization(1)] {
        fixture.clock.set(hours(0));
        let first = fixture.block(grantee, Some(hours(1))).await;
        let again = fixture.block(grantee, Some(hours(1))).await;
        assert_eq!(again, first);
        let longer = fixture.block(grantee, Some(hours(2))).await;
        assert_eq!((longer.block_id, longer.version.0), (first.block_id, 2));
        fixture.clock.set(hours(2));
        let next = fixture.block(grantee, None).await;
        assert_ne!(next.block_id, first.block_id);
        let lifted = fixture.lift(patient(1), &next).await.unwrap();
        assert_eq!(fixture.lift(patient(1), &next).await.unwrap(), lifted);
        let after = fixture.block(grantee, None).await;
        assert_ne!(after.block_id, next.block_id);
    }
}

pub(super) async fn another_patients_block_is_not_found(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let block = fixture.block(person(1), None).await;
    assert!(matches!(
        fixture.lift(patient(2), &block).await,
        Err(Error::NotFound)
    ));
    assert!(
        fixture
            .lift(patient(1), &block)
            .await
            .unwrap()
            .removed_at
            .is_some()
    );
}

pub(super) async fn ended_blocks_are_listed_when_asked_for(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    fixture.block(person(1), None).await;
    fixture.block(person(2), Some(hours(5))).await;
    let lifted = fixture.block(organization(1), None).await;
    fixture.lift(patient(1), &lifted).await.unwrap();
    assert_eq!(listed(fixture, false).await, 1);
    assert_eq!(listed(fixture, true).await, 3);
}
