//! How a watch of events ends, and that nobody is harmed by another's.

use std::time::Duration;

use aval_audit::config::WatchConfig;
use tonic::Code;

use crate::people::{Person, patient_id};
use crate::stand::{PATIENCE, Stand, reason};
use crate::watching::{Watcher, accesses, from, ids, lively};

#[tokio::test]
async fn a_watch_ends_when_the_service_stops_and_goes_on_after_it() {
    let mut stand = Stand::start().await;
    let me = patient_id();
    let events = accesses(3, me);
    stand.record(&events).await;
    let mut watcher = stand
        .watch(Person::Patient(me), from("start"))
        .await
        .unwrap();
    assert_eq!(watcher.next_events(2).await, ids(&events[..2]));
    let cursor = watcher.cursor.clone();
    stand.stop().await;
    let status = watcher.end().await;
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(reason(&status), "DEPENDENCY_UNAVAILABLE");
    stand.start_again().await;
    let mut watcher = stand
        .watch(Person::Patient(me), from(&cursor))
        .await
        .unwrap();
    assert_eq!(watcher.next_events(1).await, ids(&events[2..]));
}

#[tokio::test]
async fn a_watch_ends_with_its_token() {
    let stand = Stand::start().await;
    let me = Person::Patient(patient_id());
    let request = stand.request_for(2, from("start"), "gateway", me);
    let answers = stand.trail("gateway").watch_events(request).await.unwrap();
    let mut watcher = Watcher {
        answers: answers.into_inner(),
        cursor: String::new(),
    };
    let status = watcher.end().await;
    assert_eq!(status.code(), Code::Unauthenticated);
    assert_eq!(reason(&status), "TOKEN_EXPIRED");
}

#[tokio::test]
async fn a_reader_that_does_not_read_harms_nobody_and_misses_nothing() {
    let stand = Stand::start_with(WatchConfig {
        slowest_reader: Duration::from_millis(500).into(),
        ..lively()
    })
    .await;
    let me = patient_id();
    let mut sleeper = stand
        .watch(Person::Patient(me), from("start"))
        .await
        .unwrap();
    let events = accesses(2_000, me);
    stand.record(&events).await;
    // Whoever is cut off, for whatever reason, comes back with their cursor.
    let mut reader = stand
        .watch(Person::Patient(me), from("start"))
        .await
        .unwrap();
    for slow in [false, true] {
        let watcher = if slow { &mut sleeper } else { &mut reader };
        let mut seen = Vec::new();
        while seen.len() < events.len() {
            match watcher.next_event().await {
                Ok(id) => seen.push(id),
                Err(status) => {
                    assert_eq!(status.code(), Code::ResourceExhausted);
                    assert_eq!(reason(&status), "OVERLOADED");
                    let again = from(&watcher.cursor);
                    *watcher = stand.watch(Person::Patient(me), again).await.unwrap();
                }
            }
        }
        assert_eq!(seen, ids(&events));
    }
}

#[tokio::test]
async fn one_reader_takes_not_all_places() {
    let stand = Stand::start_with(WatchConfig {
        most: 3,
        most_per_reader: 2,
        ..WatchConfig::default()
    })
    .await;
    let [me, other] = [patient_id(), patient_id()].map(Person::Patient);
    let mut mine = Vec::new();
    for _ in 0..2 {
        mine.push(stand.watch(me, from("start")).await.unwrap());
    }
    let status = stand.refused_watch(me, from("start")).await;
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(reason(&status), "OVERLOADED");
    let _other = stand.watch(other, from("start")).await.unwrap();
}

#[tokio::test]
async fn there_are_as_many_watches_as_configured() {
    let stand = Stand::start_with(WatchConfig {
        most: 1,
        ..WatchConfig::default()
    })
    .await;
    let me = Person::Patient(patient_id());
    let first = stand.watch(me, from("start")).await.unwrap();
    let status = stand.refused_watch(me, from("start")).await;
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert_eq!(reason(&status), "OVERLOADED");
    drop(first);
    let freed = async {
        while stand.watch(me, from("start")).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    let freed = tokio::time::timeout(PATIENCE, freed).await;
    freed.expect("the place is given back");
}
