//! Records, and what every write promises.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::fixture::{Fixture, NOW, hours, patient, person};
use crate::cache::ChangeFence;
use crate::error::Error;
use crate::record::{Oppositions, Record};
use crate::store::Store;
use crate::store::sql::SqlStore;

fn opposing(record: &Record) -> Record {
    let oppositions = Oppositions {
        break_glass: Some(true),
        regulation_center: None,
    };
    record
        .oppose(oppositions, record.version.etag())
        .unwrap()
        .unwrap()
}

pub(super) async fn a_record_is_created_changed_and_read_back(fixture: &Fixture) {
    assert_eq!(fixture.store.record(patient(1)).await.unwrap(), None);
    let opened = fixture.open_record(patient(1)).await;
    assert_eq!(
        fixture.store.record(patient(1)).await.unwrap(),
        Some(opened.clone())
    );

    let changed = opposing(
        &opened
            .add_treating_doctor(person(1).practitioner_id().unwrap(), NOW)
            .unwrap(),
    );
    let changed = changed
        .add_treating_doctor(person(2).practitioner_id().unwrap(), hours(1))
        .unwrap();
    let changed = changed
        .remove_treating_doctor(&[person(1).practitioner_id().unwrap()], hours(2))
        .unwrap()
        .unwrap();
    let change = |_: &Option<Record>| Ok(Some(fixture.change(changed.clone())));
    fixture
        .store
        .change_record(&fixture.write(), patient(1), &change)
        .await
        .unwrap();
    assert_eq!(
        fixture.store.record(patient(1)).await.unwrap(),
        Some(changed)
    );
    assert_eq!(fixture.store.record(patient(2)).await.unwrap(), None);
}

pub(super) async fn a_rule_without_a_record_to_change_gives_record_unavailable(fixture: &Fixture) {
    let nothing = |_: &Option<Record>| Ok(None);
    let refused = fixture
        .store
        .change_record(&fixture.write(), patient(1), &nothing)
        .await;
    assert!(matches!(refused, Err(Error::RecordUnavailable)));
}

pub(super) async fn a_refused_change_leaves_nothing_behind(fixture: &Fixture) {
    let opened = fixture.open_record(patient(1)).await;
    let events = fixture.events().await;
    let write = fixture.write();
    let refuse = |_: &Option<Record>| Err(Error::EtagMismatch);
    let refused = fixture
        .store
        .change_record(&write, patient(1), &refuse)
        .await;
    assert!(matches!(refused, Err(Error::EtagMismatch)));
    assert_eq!(fixture.events().await, events);
    // Its name is free: the client may correct its request and send it again.
    let change = |_: &Option<Record>| Ok(Some(fixture.change(opposing(&opened))));
    assert!(
        fixture
            .store
            .change_record(&write, patient(1), &change)
            .await
            .is_ok()
    );
}

pub(super) async fn the_same_write_again_changes_nothing_and_answers_the_same(fixture: &Fixture) {
    let opened = fixture.open_record(patient(1)).await;
    let write = fixture.write();
    let change = |_: &Option<Record>| Ok(Some(fixture.change(opposing(&opened))));
    let first = fixture
        .store
        .change_record(&write, patient(1), &change)
        .await
        .unwrap();
    let events = fixture.events().await;
    fixture.close_record(patient(1)).await;
    let never = |_: &Option<Record>| panic!("a repetition asks no rule");
    let again = fixture
        .store
        .change_record(&write, patient(1), &never)
        .await
        .unwrap();
    assert_eq!(again, first);
    assert_eq!(fixture.events().await, events + 1);
    assert!(
        !fixture
            .store
            .record(patient(1))
            .await
            .unwrap()
            .unwrap()
            .is_open()
    );
}

pub(super) async fn two_equal_writes_at_once_are_one(fixture: &Fixture) {
    let write = fixture.write();
    let open = |present: &Option<Record>| {
        assert_eq!(*present, None);
        Ok(Some(fixture.change(Record::opened(patient(1), NOW))))
    };
    let calls = (0..8).map(|_| fixture.store.change_record(&write, patient(1), &open));
    let answers = futures::future::join_all(calls).await;
    for answer in answers {
        assert_eq!(answer.unwrap(), Record::opened(patient(1), NOW));
    }
    assert_eq!(fixture.events().await, 1);
}

pub(super) async fn a_record_that_many_open_at_once_is_opened_once(fixture: &Fixture) {
    let open = |present: &Option<Record>| match present {
        None => Ok(Some(fixture.change(Record::opened(patient(1), NOW)))),
        Some(_) => Ok(None),
    };
    let writes: Vec<_> = (0..8).map(|_| fixture.write()).collect();
    let calls = writes
        .iter()
        .map(|write| fixture.store.change_record(write, patient(1), &open));
    for answer in futures::future::join_all(calls).await {
        assert_eq!(answer.unwrap(), Record::opened(patient(1), NOW));
    }
    assert_eq!(fixture.events().await, 1);
}

pub(super) async fn one_name_for_two_writes_is_refused(fixture: &Fixture) {
    let write = fixture.write();
    let open = |_: &Option<Record>| Ok(Some(fixture.change(Record::opened(patient(1), NOW))));
    fixture
        .store
        .change_record(&write, patient(1), &open)
        .await
        .unwrap();
    let mut other = write.clone();
    other.key.fingerprint[0] ^= 1;
    let reused = fixture.store.change_record(&other, patient(1), &open).await;
    assert!(matches!(reused, Err(Error::RequestIdReused)));
    let mut elsewhere = write;
    elsewhere.key.operation = "consent.other_test";
    let reused = fixture
        .store
        .change_record(&elsewhere, patient(1), &open)
        .await;
    assert!(matches!(reused, Err(Error::RequestIdReused)));
}

pub(super) async fn a_kept_answer_is_that_of_the_very_write_and_asking_for_it_claims_nothing(
    fixture: &Fixture,
) {
    let write = fixture.write();
    for _ in 0..2 {
        assert_eq!(fixture.store.kept_answer(&write).await.unwrap(), None);
    }
    let open = |_: &Option<Record>| Ok(Some(fixture.change(Record::opened(patient(1), NOW))));
    let opened = fixture.store.change_record(&write, patient(1), &open).await;
    let kept = fixture.store.kept_answer(&write).await.unwrap().unwrap();
    let kept: Record = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept, opened.unwrap());
    let mut other = write;
    other.key.fingerprint[0] ^= 1;
    let reused = fixture.store.kept_answer(&other).await;
    assert!(matches!(reused, Err(Error::RequestIdReused)));
}

pub(super) async fn what_was_refused_is_traced_and_changes_nothing(fixture: &Fixture) {
    let event = fixture.change(()).event;
    fixture.store.trace_refused(&event).await.unwrap();
    assert_eq!(fixture.events().await, 1);
    assert_eq!(fixture.store.record(patient(1)).await.unwrap(), None);
}

pub(super) async fn changes_of_one_record_queue_and_none_is_lost(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    let doctors: Vec<_> = (1..=8).map(person).collect();
    let additions = doctors
        .iter()
        .map(|doctor| fixture.add_treating_doctor(patient(1), *doctor));
    futures::future::join_all(additions).await;
    let record = fixture.store.record(patient(1)).await.unwrap().unwrap();
    assert_eq!(record.current_treating_doctors().count(), 8);
    assert_eq!(record.version.0, 9);
}

pub(super) async fn a_repetition_is_not_answered_before_the_change_could_be(fixture: &Fixture) {
    let passed = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&passed);
    let fence = ChangeFence::replicated().waiting_by(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        Box::pin(std::future::ready(()))
    });
    let store = SqlStore::with_fence(fixture.db.clone(), fence);
    let write = fixture.write();
    assert_eq!(store.kept_answer(&write).await.unwrap(), None);
    assert_eq!(passed.load(Ordering::SeqCst), 0);
    let open = |_: &Option<Record>| {
        let record = Record::opened(patient(1), fixture.now());
        Ok(Some(fixture.change(record)))
    };
    let opened = store.change_record(&write, patient(1), &open).await;
    opened.unwrap();
    assert_eq!(passed.load(Ordering::SeqCst), 1);
    assert!(store.kept_answer(&write).await.unwrap().is_some());
    assert_eq!(passed.load(Ordering::SeqCst), 2);
}
