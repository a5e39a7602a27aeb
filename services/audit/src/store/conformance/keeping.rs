//! What is told stands encrypted in the database.

use std::sync::Arc;

use aval_domain::event::{Event, EventKind};

use super::fixture::Fixture;
use crate::examination::Fault;
use crate::key_rotation::{self, KeyGone, Report};
use crate::patient_keys::PatientKeys;
use crate::query::{Filter, Scope};
use crate::sample;
use crate::store::Store;
use crate::store::sql::{SqlStore, damage};

/// A process that starts now, with these keys.
fn anew(fixture: &Fixture, keys: &Arc<PatientKeys>) -> SqlStore {
    SqlStore::new(fixture.db.clone(), Arc::clone(keys))
}

/// Accesses of two patients, of nobody, and a merge of the two.
async fn a_log(fixture: &Fixture) -> Vec<Event> {
    let sample = &fixture.sample;
    let (one, two) = (sample.patient_id(), sample.patient_id());
    let patients = [Some(one), Some(two), None, Some(one)];
    let mut events: Vec<Event> = patients.map(|id| sample.access(id)).into();
    events.extend(sample.of_two(EventKind::PatientsMerged, one, two));
    let mut hand = fixture.take_over().await;
    fixture.append_from("identity", &mut hand, &events).await;
    events
}

async fn reads(store: &SqlStore, events: &[Event]) {
    for event in events {
        let entry = store.event(event.event_id).await.unwrap().unwrap();
        assert_eq!(entry.open().unwrap().event, *event);
    }
}

async fn rotate(fixture: &Fixture, keys: &Arc<PatientKeys>) -> Report {
    let store = anew(fixture, keys);
    let rotated = key_rotation::rotate(&store, keys, Vec::new(), |_| {}).await;
    rotated.unwrap()
}

fn tells_something(payload: &[u8]) -> bool {
    payload.windows(10).any(|bytes| bytes == b"\"event_id\"")
}

pub(super) async fn what_is_told_is_read_with_the_key_alone(fixture: &Fixture) {
    let events = a_log(fixture).await;
    let payloads = damage::payloads(&fixture.db).await;
    assert_eq!(payloads.len(), events.len());
    assert!(!payloads.iter().any(|payload| tells_something(payload)));
    reads(&fixture.store, &events).await;

    // One key for each of the two, and one for what is nobody's or never erased.
    let store = anew(fixture, &sample::keys(&[1]));
    let counts = store.key_counts().await.unwrap();
    assert_eq!((counts.keys.values().sum::<u64>(), counts.in_clear), (3, 0));
    reads(&store, &events).await;

    let stranger = anew(fixture, &sample::keys(&[2]));
    for event in &events {
        let entry = stranger.event(event.event_id).await.unwrap().unwrap();
        assert_eq!(entry.open().unwrap_err().what, "key");
    }
    let found = stranger.examine(&fixture.key).await.unwrap();
    let unreadable = |fault: &&Fault| matches!(fault, Fault::Altered(a) if a.what == "key");
    let unreadable = found.faults.iter().filter(unreadable);
    assert_eq!(unreadable.count(), events.len(), "{:?}", found.faults);
}

pub(super) async fn a_patient_has_one_key_whoever_writes(fixture: &Fixture) {
    let patient = Some(fixture.sample.patient_id());
    let mut hand = fixture.take_over().await;
    let events = [fixture.sample.access(patient)];
    fixture.append(&mut hand, &events).await;
    drop(hand);
    let other = Fixture {
        store: anew(fixture, &sample::keys(&[1])),
        ..fixture.again()
    };
    let mut hand = other.take_over().await;
    let more = [other.sample.access(patient), other.sample.access(patient)];
    other.append(&mut hand, &more).await;
    let counts = fixture.store.key_counts().await.unwrap();
    assert_eq!(counts.keys.values().sum::<u64>(), 1);
    for store in [&fixture.store, &other.store] {
        reads(store, &events).await;
        reads(store, &more).await;
    }
}

pub(super) async fn a_key_that_was_taken_away_or_altered_opens_nothing(fixture: &Fixture) {
    let events = a_log(fixture).await;
    let change = "UPDATE patient_keys SET wrapped = \
        (SELECT commitment FROM events WHERE log_index = 0)";
    for change in [change, "DELETE FROM patient_keys"] {
        damage::execute(&fixture.db, change).await;
        let store = anew(fixture, &sample::keys(&[1]));
        for event in &events {
            let entry = store.event(event.event_id).await.unwrap().unwrap();
            assert_eq!(entry.open().unwrap_err().what, "key");
        }
        let patient = events[0].patient_id.unwrap();
        let query = crate::query::Query {
            scope: Scope::Patient(patient),
            filter: Filter::default(),
            before: None,
            limit: 10,
        };
        let listed = store.events(&query).await.unwrap();
        assert!(!listed.is_empty());
        assert!(listed.into_iter().all(|entry| entry.open().is_err()));
        let again = store.recorded(&[events[0].event_id]).await;
        assert!(
            again.is_err(),
            "what cannot be compared is not taken for the same"
        );
    }
}

pub(super) async fn a_rotation_wraps_the_keys_and_touches_no_event(fixture: &Fixture) {
    let events = a_log(fixture).await;
    let before = damage::payloads(&fixture.db).await;
    let new = sample::keys(&[2]);
    let refused = key_rotation::require_keys(&anew(fixture, &new), &new).await;
    let Err(KeyGone::Missing { key_id }) = refused else {
        panic!("a service starts that cannot read what is there");
    };
    assert_eq!(key_id, sample::keys(&[1]).wrapping_key_id());

    let both = sample::keys(&[2, 1]);
    let report = rotate(fixture, &both).await;
    assert_eq!((report.rewrapped, report.encrypted), (3, 0));
    let under = [(both.wrapping_key_id().to_owned(), 3)];
    assert_eq!(report.counts.keys, under.into());
    assert_eq!(damage::payloads(&fixture.db).await, before);
    let store = anew(fixture, &new);
    key_rotation::require_keys(&store, &new).await.unwrap();
    reads(&store, &events).await;
    let old = sample::keys(&[1]);
    assert!(key_rotation::require_keys(&store, &old).await.is_err());
    assert_eq!(rotate(fixture, &both).await.rewrapped, 0);
}

pub(super) async fn what_is_in_clear_is_read_and_encrypted_by_a_rotation(fixture: &Fixture) {
    let events = a_log(fixture).await;
    damage::lay_in_clear(&fixture.store).await;
    let keys = sample::keys(&[1]);
    let store = anew(fixture, &keys);
    assert_eq!(store.key_counts().await.unwrap().in_clear, 6);
    reads(&store, &events).await;
    let payloads = damage::payloads(&fixture.db).await;
    assert!(payloads.iter().all(|payload| tells_something(payload)));

    let report = rotate(fixture, &keys).await;
    assert_eq!((report.encrypted, report.counts.in_clear), (6, 0));
    let payloads = damage::payloads(&fixture.db).await;
    assert!(!payloads.iter().any(|payload| tells_something(payload)));
    let store = anew(fixture, &keys);
    reads(&store, &events).await;
    let found = store.examine(&fixture.key).await.unwrap();
    // The events of this log have a producer that is not written down.
    assert_eq!(found.faults.len(), 1, "{:?}", found.faults);
    assert_eq!(rotate(fixture, &keys).await.encrypted, 0);
}
