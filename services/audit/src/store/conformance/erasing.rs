//! What is erased is gone, and every proof stays.

use std::collections::BTreeSet;
use std::time::Duration;

use aval_domain::event::{Event, EventKind};
use aval_domain::time::Clock;
use aval_merkle_log::leaf::leaf_hash;

use super::fixture::Fixture;
use crate::erasure::{Limit, MOST_AT_ONCE, Target, told_in};
use crate::own_trail;
use crate::query::{Filter, Query, Scope};
use crate::store::sql::damage;
use crate::store::{Sequence, Store};

const EVERYWHERE: std::ops::Range<u64> = 0..1_000_000;

pub(super) async fn what_is_erased_is_gone_with_its_key_and_the_log_says_so(fixture: &Fixture) {
    let sample = &fixture.sample;
    let (one, two) = (sample.patient_id(), sample.patient_id());
    let mut hand = fixture.take_over().await;
    let mut events: Vec<Event> = [one, two, one].map(|id| sample.access(Some(id))).into();
    events.extend(sample.of_two(EventKind::PatientsMerged, one, two));
    fixture.append_from("identity", &mut hand, &events).await;
    let leaves = fixture.store.leaves(0..5).await.unwrap();

    let found = fixture.erase(&mut hand, Target::Patient(one)).await;
    assert_eq!((found.rows.len(), found.next), (2, None));
    // Keys of the other one and of nobody.
    let counts = fixture.store.key_counts().await.unwrap();
    assert_eq!(counts.keys.values().sum::<u64>(), 2);
    assert_eq!(fixture.store.leaves(0..5).await.unwrap(), leaves);
    for erased in [&events[0], &events[2]] {
        assert!(
            fixture
                .store
                .event(erased.event_id)
                .await
                .unwrap()
                .is_none()
        );
        let left = fixture
            .store
            .erased(erased.event_id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(leaf_hash(&left.leaf), left.leaf_hash);
        let by = fixture.store.entries_at(&[left.erased_by]).await.unwrap();
        let by = by.into_iter().next().unwrap().open().unwrap();
        assert_eq!(by.event.patient_id, Some(one));
        assert_eq!(by.event.after["count"], "2");
        assert_eq!(by.event.after["ground"], "asked");
        assert_eq!(by.event.after["patient_sequences"], "1-2");
        assert!(told_in(&by.event).unwrap().names(&left));
    }
    // Who is whom is never erased, and nobody else is touched.
    for kept in [&events[1], &events[3], &events[4]] {
        assert!(fixture.store.event(kept.event_id).await.unwrap().is_some());
        assert!(fixture.store.erased(kept.event_id).await.unwrap().is_none());
    }
    let professional = events[0].actor.practitioner_id().unwrap();
    let acts = fixture.list(Scope::Practitioner(professional), Filter::default());
    assert!(acts.await.is_empty());
    let left = fixture
        .store
        .erased_in(two, EVERYWHERE, Sequence::OldestFirst, 10)
        .await
        .unwrap();
    let places: Vec<u64> = left.iter().map(|left| left.log_index).collect();
    assert_eq!(places, [0, 2], "of whoever leads to the patient as well");

    // What is recorded afterwards is under another key.
    let later = [sample.access(Some(one))];
    fixture.append(&mut hand, &later).await;
    let entry = fixture.store.event(later[0].event_id).await.unwrap();
    assert_eq!(entry.unwrap().open().unwrap().event, later[0]);
    let again = fixture.erase(&mut hand, Target::Patient(one)).await;
    assert_eq!(again.rows.len(), 1);
    let nothing = fixture.store.erasable(&Target::Patient(one)).await.unwrap();
    assert!(nothing.rows.is_empty() && !nothing.has_key);
}

pub(super) async fn a_page_has_what_was_erased_beside_what_was_not(fixture: &Fixture) {
    let sample = &fixture.sample;
    let (one, other) = (sample.patient_id(), sample.patient_id());
    let mut hand = fixture.take_over().await;
    let events = [one, other, one].map(|id| sample.access(Some(id)));
    let professional = events[1].actor.practitioner_id().unwrap();
    fixture.append(&mut hand, &events).await;
    fixture.erase(&mut hand, Target::Patient(one)).await;
    fixture.append(&mut hand, &[sample.access(Some(one))]).await;
    let granted = Filter {
        kinds: [EventKind::GrantCreated].into(),
        ..Filter::default()
    };
    let (all, of_patient) = (Filter::default, Scope::Patient);
    for (scope, filter, before, told, erased) in [
        (of_patient(one), all(), None, vec![4, 3], vec![2, 0]),
        (of_patient(one), all(), Some(4), vec![3], vec![2, 0]),
        (of_patient(one), all(), Some(2), vec![], vec![0]),
        (of_patient(one), granted, None, vec![], vec![]),
        (of_patient(other), all(), None, vec![1], vec![]),
        (
            Scope::Practitioner(professional),
            all(),
            None,
            vec![1],
            vec![],
        ),
    ] {
        let query = Query {
            scope,
            filter,
            before,
            limit: 10,
        };
        let page = fixture.store.page(&query).await.unwrap();
        let entries = page.entries.iter().map(|entry| entry.log_index);
        assert_eq!(entries.collect::<Vec<u64>>(), told, "{query:?}");
        let left = page.erased.iter().map(|left| left.log_index);
        assert_eq!(left.collect::<Vec<u64>>(), erased, "{query:?}");
    }
}

pub(super) async fn more_than_one_step_erases_is_erased_step_by_step(fixture: &Fixture) {
    let patient = fixture.sample.patient_id();
    let most = usize::try_from(MOST_AT_ONCE).unwrap();
    let events: Vec<Event> = std::iter::repeat_with(|| fixture.sample.access(Some(patient)))
        .take(most + 3)
        .collect();
    let mut hand = fixture.take_over().await;
    fixture.append(&mut hand, &events).await;
    let first = fixture.erase(&mut hand, Target::Patient(patient)).await;
    assert_eq!((first.rows.len(), first.next.is_some()), (most, true));
    let counts = fixture.store.key_counts().await.unwrap();
    assert_eq!(
        counts.keys.values().sum::<u64>(),
        2,
        "the key goes with the last"
    );
    // Another writer goes on where this one was killed.
    drop(hand);
    let mut hand = fixture.take_over().await;
    hand.erasures = 1;
    let second = fixture.erase(&mut hand, Target::Patient(patient)).await;
    assert_eq!((second.rows.len(), second.next), (3, None));
    let counts = fixture.store.key_counts().await.unwrap();
    assert_eq!(counts.keys.values().sum::<u64>(), 1);
    let delivered = "INSERT INTO producers (source, epoch, last_sequence) \
        VALUES ('consent', 1, 253)";
    damage::execute(&fixture.db, delivered).await;
    let examined = fixture.store.examine(&fixture.key).await.unwrap();
    assert!(examined.is_whole(), "{:?}", examined.faults);
    assert_eq!(examined.erased, 253);
}

pub(super) async fn what_is_over_is_erased_and_nothing_else(fixture: &Fixture) {
    let sample = &fixture.sample;
    let patient = Some(sample.patient_id());
    let mut hand = fixture.take_over().await;
    let old = [
        sample.access(patient),
        sample.of_service(EventKind::SessionOpened),
        sample.access(None),
    ];
    fixture.append(&mut hand, &old).await;
    sample.clock.advance(Duration::from_secs(100));
    let before = sample.clock.now();
    let new = [sample.access(patient)];
    fixture.append(&mut hand, &new).await;
    let limits = vec![Limit {
        before,
        kinds: BTreeSet::from([EventKind::AccessDecided]),
    }];
    let target = Target::Outdated { from: 0, limits };
    let found = fixture.erase(&mut hand, target.clone()).await;
    let places: Vec<u64> = found.rows.iter().map(|row| row.log_index).collect();
    assert_eq!((places, found.next), (vec![0, 2], None));
    for (event, is_gone) in [
        (&old[0], true),
        (&old[1], false),
        (&old[2], true),
        (&new[0], false),
    ] {
        let left = fixture.store.erased(event.event_id).await.unwrap();
        assert_eq!(left.is_some(), is_gone);
    }
    // One event for the patient, one for what is nobody's.
    let told = fixture.store.entries_at(&[4, 5]).await.unwrap();
    let told: Vec<_> = told
        .into_iter()
        .map(|entry| entry.open().unwrap())
        .collect();
    let of = |index: u64| told.iter().find(|entry| entry.log_index == index).unwrap();
    assert_eq!(of(4).event.after["patient_sequences"], "1");
    assert_eq!(of(5).event.after["log_indexes"], "2");
    let again = fixture.store.erasable(&target).await.unwrap();
    assert!(again.rows.is_empty());
}

/// By that no clock of this service alone says what is over.
pub(super) async fn what_was_told_last_is_another_service_s_and_not_erased(fixture: &Fixture) {
    let sample = &fixture.sample;
    assert_eq!(fixture.store.told_last().await.unwrap(), None);
    let mut hand = fixture.take_over().await;
    let own = [sample.of_service(EventKind::TrailRead)];
    fixture
        .append_from(own_trail::SOURCE, &mut hand, &own)
        .await;
    assert_eq!(fixture.store.told_last().await.unwrap(), None);
    let patient = sample.patient_id();
    let told = [sample.of_service(EventKind::SessionOpened)];
    fixture.append(&mut hand, &told).await;
    sample.clock.advance(Duration::from_secs(100));
    let later = [sample.access(Some(patient))];
    fixture.append(&mut hand, &later).await;
    sample.clock.advance(Duration::from_hours(100_000));
    let own = [sample.of_service(EventKind::TrailRead)];
    fixture
        .append_from(own_trail::SOURCE, &mut hand, &own)
        .await;
    let last = fixture.store.told_last().await.unwrap();
    assert_eq!(last, Some(later[0].occurred_at));
    fixture.erase(&mut hand, Target::Patient(patient)).await;
    let last = fixture.store.told_last().await.unwrap();
    assert_eq!(last, Some(told[0].occurred_at));
}

pub(super) async fn an_erasure_that_is_not_what_was_done_changes_nothing(fixture: &Fixture) {
    let patient = fixture.sample.patient_id();
    let mut hand = fixture.take_over().await;
    let events = [fixture.sample.access(Some(patient))];
    fixture.append(&mut hand, &events).await;
    let found = fixture.store.erasable(&Target::Patient(patient)).await;
    assert_eq!(found.unwrap().rows.len(), 1);
    let heads = hand
        .map
        .heads(&fixture.store, &BTreeSet::new())
        .await
        .unwrap();
    let now = fixture.sample.clock.now();
    let grown = hand.tip.extend(&[], heads, &hand.map, now, &fixture.key);
    let (_, mut batch) = grown.unwrap();
    batch.erasures = vec![crate::erasure::Erasure {
        erased_by: 1,
        log_indexes: vec![0, 7],
    }];
    batch.erased_key = Some(patient);
    assert!(fixture.store.commit(&batch, &[]).await.is_err());
    let entry = fixture.store.event(events[0].event_id).await.unwrap();
    assert_eq!(entry.unwrap().open().unwrap().event, events[0]);
}
