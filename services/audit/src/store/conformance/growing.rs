//! The log read forwards, as it grows.

use aval_domain::event::{Event, EventKind};
use aval_domain::id::EventId;

use super::fixture::Fixture;
use crate::query::{Filter, News, Onward, Scope};
use crate::store::Store;

fn onward(scope: Scope, from: u64) -> Onward {
    Onward {
        scope,
        filter: Filter::default(),
        from,
        limit: 7,
    }
}

pub(super) async fn a_reader_forwards_misses_nothing_and_doubles_nothing_while_the_log_grows(
    fixture: &Fixture,
) {
    let mut hand = fixture.take_over().await;
    let patient = fixture.sample.patient_id();
    let batches: Vec<Vec<Event>> = (0..30)
        .map(|number| {
            let mine = (0..=number % 5).map(|_| fixture.sample.access(Some(patient)));
            mine.chain([fixture.sample.access(None)]).collect()
        })
        .collect();
    let writing = async {
        for batch in &batches {
            fixture.append(&mut hand, batch).await;
        }
    };
    let wanted: Vec<EventId> = batches
        .iter()
        .flatten()
        .filter(|event| event.patient_id.is_some())
        .map(|event| event.event_id)
        .collect();
    let reading = async {
        let (mut from, mut seen) = (0, Vec::new());
        while seen.len() < wanted.len() {
            let onward = onward(Scope::Patient(patient), from);
            for entry in fixture.store.events_from(&onward).await.unwrap() {
                from = entry.log_index + 1;
                seen.push(entry.open().unwrap().event.event_id);
            }
            tokio::task::yield_now().await;
        }
        seen
    };
    let ((), seen) = tokio::join!(writing, reading);
    assert_eq!(seen, wanted);
}

pub(super) async fn a_list_read_forwards_is_the_list_read_backwards(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let (patient, doctor) = (
        fixture.sample.patient_id(),
        fixture.sample.practitioner_id(),
    );
    let mut events = Vec::new();
    for number in 0..20 {
        let whose = (number % 3 > 0).then_some(patient);
        events.push(fixture.sample.access_by(doctor, whose));
        events.push(fixture.sample.access(Some(patient)));
        let mut grant = fixture.sample.of_service(EventKind::GrantCreated);
        grant.patient_id = Some(patient);
        events.push(grant);
    }
    fixture.append(&mut hand, &events).await;
    let filters = [
        Filter::default(),
        Filter {
            kinds: [EventKind::GrantCreated].into(),
            ..Filter::default()
        },
        Filter {
            first_access_only: true,
            ..Filter::default()
        },
        Filter {
            emergency_only: true,
            ..Filter::default()
        },
    ];
    for scope in [Scope::Patient(patient), Scope::Practitioner(doctor)] {
        for filter in &filters {
            let mut backwards = fixture.list(scope, filter.clone()).await;
            backwards.reverse();
            let backwards: Vec<u64> = backwards.iter().map(|entry| entry.log_index).collect();
            let mut forwards = Vec::new();
            loop {
                let from = forwards.last().map_or(0, |last| last + 1);
                let onward = Onward {
                    filter: filter.clone(),
                    ..onward(scope, from)
                };
                let page = fixture.store.events_from(&onward).await.unwrap();
                if page.is_empty() {
                    break;
                }
                forwards.extend(page.iter().map(|entry| entry.log_index));
            }
            assert_eq!(forwards, backwards, "{scope:?} {filter:?}");
        }
    }
}

pub(super) async fn news_names_whom_new_entries_concern(fixture: &Fixture) {
    assert_eq!(fixture.store.size().await.unwrap(), 0);
    assert_eq!(fixture.store.news_from(0).await.unwrap(), News::default());
    let mut hand = fixture.take_over().await;
    let patient = fixture.sample.patient_id();
    let doctor = fixture.sample.practitioner_id();
    let events = [
        fixture.sample.access(Some(patient)),
        fixture.sample.access_by(doctor, None),
        fixture.sample.of_service(EventKind::DirectoryImportApplied),
    ];
    fixture.append(&mut hand, &events).await;
    assert_eq!(fixture.store.size().await.unwrap(), 3);
    let news = fixture.store.news_from(1).await.unwrap();
    assert_eq!(news.next, 3);
    assert_eq!(news.scopes, [Scope::Practitioner(doctor)].into());
    let news = fixture.store.news_from(0).await.unwrap();
    assert!(news.scopes.contains(&Scope::Patient(patient)));
    assert_eq!(news.scopes.len(), 3);
    assert_eq!(fixture.store.news_from(3).await.unwrap().next, 3);
}
