//! What is appended is there, whole and in order.

use aval_database::outbox;
use aval_domain::event::{Event, EventKind};
use aval_merkle_log::leaf::leaf_hash;

use super::fixture::Fixture;
use crate::erasure::Target;
use crate::head_map::HeadMap;
use crate::plan::Recorded;
use crate::query::{Filter, Scope};
use crate::store::{CommitError, Store};

pub(super) async fn entries_keep_the_order_of_the_batch_and_indexes_have_no_gap(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let events: Vec<Event> = (0..10).map(|_| fixture.sample.access(None)).collect();
    for batch in [&events[..3], &events[3..4], &events[4..]] {
        fixture.append(&mut hand, batch).await;
    }
    for (index, event) in (0..).zip(&events) {
        let entry = fixture.store.event(event.event_id).await.unwrap();
        assert_eq!(entry.unwrap().log_index, index);
    }
    let leaves = fixture.store.leaves(0..100).await.unwrap();
    let ids = leaves.iter().map(|leaf| leaf.event_id);
    let appended = events
        .iter()
        .map(|event| *event.event_id.as_uuid().as_bytes());
    assert!(ids.eq(appended));
    assert_eq!(fixture.checkpoint().await.size, 10);
}

pub(super) async fn a_large_batch_is_stored_whole(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let patients: Vec<_> = (0..1_100).map(|_| fixture.sample.patient_id()).collect();
    let events = patients.iter().map(|id| fixture.sample.access(Some(*id)));
    fixture.append(&mut hand, &events.collect::<Vec<_>>()).await;
    assert_eq!(fixture.store.leaves(0..2_000).await.unwrap().len(), 1_100);
    assert_eq!(fixture.heads(&patients).await.len(), 1_100);
}

pub(super) async fn the_events_of_a_patient_are_chained(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let (one, two) = (fixture.sample.patient_id(), fixture.sample.patient_id());
    let access = |patient| fixture.sample.access(Some(patient));
    fixture
        .append(&mut hand, &[access(one), access(two), access(one)])
        .await;
    fixture
        .append(&mut hand, &[access(one), fixture.sample.access(None)])
        .await;

    let mut chain = fixture.list(Scope::Patient(one), Filter::default()).await;
    chain.reverse();
    let mut previous = None;
    for (sequence, entry) in (1..).zip(chain) {
        let entry = entry.open().unwrap();
        assert_eq!(entry.leaf.patient_sequence(), sequence);
        assert_eq!(entry.leaf.previous_patient_leaf(), previous);
        previous = Some(leaf_hash(&entry.leaf));
    }
    let heads = fixture.heads(&[one, two]).await;
    assert_eq!(heads[&one].sequence, 3);
    assert_eq!(Some(heads[&one].leaf), previous);
    assert_eq!(heads[&two].sequence, 1);
}

pub(super) async fn a_batch_that_repeats_an_event_changes_nothing(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let patient = fixture.sample.patient_id();
    let first = fixture.sample.access(Some(patient));
    fixture
        .append(&mut hand, std::slice::from_ref(&first))
        .await;
    let before = fixture.store.checkpoint().await.unwrap();

    let batch = [fixture.sample.access(Some(patient)), first];
    let refused = fixture.try_append(&mut hand, &batch).await.unwrap_err();
    assert!(
        matches!(refused, CommitError::AlreadyRecorded),
        "{refused:?}"
    );
    assert_eq!(fixture.store.checkpoint().await.unwrap(), before);
    assert_eq!(fixture.store.leaves(0..9).await.unwrap().len(), 1);
    let heads = fixture.heads(&[patient]).await;
    assert_eq!(heads[&patient].sequence, 1);
    // And the writer goes on.
    fixture.append(&mut hand, &batch[..1]).await;
}

pub(super) async fn positions_come_back_to_the_next_writer(fixture: &Fixture) {
    let tenure = fixture.store.take_over().await.unwrap();
    assert_eq!(tenure.positions.last("consent", 1), 0);
    assert_eq!(tenure.checkpoint, None);
    let now = fixture.sample.clock.clone();
    let now = aval_domain::time::Clock::now(&now);
    let grown = tenure
        .tip
        .extend(&[], [].into(), &HeadMap::default(), now, &fixture.key);
    let (_, batch) = grown.unwrap();
    for positions in [
        [("consent", 1, 3), ("identity", 5, 1)],
        [("consent", 1, 4), ("consent", 2, 9)],
    ] {
        fixture.store.commit(&batch, &positions).await.unwrap();
    }
    drop(tenure.lease);
    let next = fixture.store.take_over().await.unwrap();
    assert_eq!(next.positions.last("consent", 1), 4);
    assert_eq!(next.positions.last("consent", 2), 9);
    assert_eq!(next.positions.last("identity", 5), 1);
    assert_eq!(next.checkpoint, Some(batch.checkpoint));
    // And to whoever asks for one of them.
    for (source, epoch, last) in [
        ("consent", 1, 4),
        ("consent", 2, 9),
        ("consent", 3, 0),
        ("identity", 1, 0),
        ("identity", 5, 1),
        ("nobody", 1, 0),
    ] {
        let found = fixture.store.last_sequence(source, epoch).await;
        assert_eq!(found.unwrap(), last, "{source} {epoch}");
    }
}

pub(super) async fn events_are_recognised_by_their_identifier(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let events: Vec<Event> = (0..3).map(|_| fixture.sample.access(None)).collect();
    fixture.append(&mut hand, &events[..2]).await;
    let ids: Vec<_> = events.iter().map(|event| event.event_id).collect();
    let recorded: Recorded = fixture.store.recorded(&ids).await.unwrap();
    assert_eq!(recorded.len(), 2);
    let canonical = recorded[&ids[0]].as_ref().unwrap();
    assert!(
        fixture
            .sample
            .sealed(events[0].clone())
            .tells_the_same_as(canonical)
    );
    assert!(!recorded.contains_key(&ids[2]));
}

pub(super) async fn what_a_producer_delivered_is_found_for_it_alone(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let patient_id = fixture.sample.patient_id();
    let events: Vec<Event> = [None, Some(patient_id), None]
        .map(|patient_id| fixture.sample.access(patient_id))
        .into();
    let (theirs, others) = events.split_at(2);
    fixture.append(&mut hand, theirs).await;
    fixture.append_from("identity", &mut hand, others).await;
    let absent = fixture.sample.access(None);
    let ids: Vec<_> = events.iter().chain([&absent]).map(|e| e.event_id).collect();

    let places = async |source: &str| {
        let page = fixture.store.delivered(source, &ids).await.unwrap();
        let mut told: Vec<u64> = page.entries.iter().map(|e| e.log_index).collect();
        let mut erased: Vec<u64> = page.erased.iter().map(|e| e.log_index).collect();
        told.sort_unstable();
        erased.sort_unstable();
        (told, erased)
    };
    assert_eq!(places("consent").await, (vec![0, 1], vec![]));
    assert_eq!(places("identity").await, (vec![2], vec![]));
    assert_eq!(places("nobody").await, (vec![], vec![]));

    let target = Target::Patient(patient_id);
    fixture.erase(&mut hand, target).await;
    assert_eq!(places("consent").await, (vec![0], vec![1]));
    assert_eq!(places("identity").await, (vec![2], vec![]));
}

pub(super) async fn own_events_wait_in_the_outbox(fixture: &Fixture) {
    let read = fixture.sample.of_service(EventKind::TrailRead);
    fixture.store.trace(&read).await.unwrap();
    assert_eq!(outbox::backlog(&fixture.db).await.unwrap().count, 1);
}
