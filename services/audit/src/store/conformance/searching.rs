//! What is looked for across patients, and who stands how to one of them.

use std::time::Duration;

use aval_domain::event::{Event, EventKind, Subject};
use aval_domain::id::EventId;
use aval_domain::time::Clock;

use super::fixture::Fixture;
use super::plans::walks_along;
use crate::oversight::Search;
use crate::query::Filter;
use crate::standing::KINDS;
use crate::store::Store;
use crate::store::sql::{damage, standing_statement};

/// Everything that a search leaves, however many looks it takes, the newest first.
async fn all(fixture: &Fixture, mut search: Search) -> Vec<EventId> {
    let mut seen = Vec::new();
    while search.before > search.from {
        let found = fixture.store.search(&search).await.unwrap();
        assert!(found.entries.len() as u64 <= search.limit);
        assert!(found.looked_from < search.before, "each look comes further");
        let entries = found.entries.into_iter();
        seen.extend(entries.map(|entry| entry.open().unwrap().event.event_id));
        search.before = found.looked_from;
    }
    seen
}

async fn erase(fixture: &Fixture, log_index: u64) {
    let erase =
        format!("UPDATE events SET payload = NULL, salt = NULL WHERE log_index = {log_index}");
    damage::execute(&fixture.db, &erase).await;
}

fn of(events: &[&Event]) -> Vec<EventId> {
    events.iter().map(|event| event.event_id).collect()
}

pub(super) async fn a_search_sees_every_event_that_is_left_once(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let sample = &fixture.sample;
    let doctor = sample.practitioner_id();
    let patients = [sample.patient_id(), sample.patient_id()];
    let mut events = Vec::new();
    for round in 0..5 {
        events.push(sample.access_by(doctor, Some(patients[round % 2])));
        events.push(sample.access(Some(patients[0])));
        events.push(sample.of_service(EventKind::DirectoryImportApplied));
    }
    fixture.append(&mut hand, &events).await;
    let search = |filter: Filter, limit| Search {
        filter,
        from: 0,
        before: 15,
        limit,
    };
    let theirs: Vec<&Event> = events
        .iter()
        .rev()
        .filter(|event| event.actor.practitioner_id() == Some(doctor))
        .collect();
    let whole: Vec<&Event> = events.iter().rev().collect();
    let by_doctor = Filter {
        practitioner_id: Some(doctor),
        ..Filter::default()
    };
    for limit in [1, 2, 15, 100] {
        assert_eq!(
            all(fixture, search(Filter::default(), limit)).await,
            of(&whole)
        );
        assert_eq!(
            all(fixture, search(by_doctor.clone(), limit)).await,
            of(&theirs)
        );
    }
    let part = Search {
        from: 3,
        before: 6,
        ..search(Filter::default(), 2)
    };
    assert_eq!(
        all(fixture, part).await,
        of(&[&events[5], &events[4], &events[3]])
    );
    erase(fixture, 4).await;
    let part = Search {
        from: 3,
        before: 6,
        ..search(Filter::default(), 2)
    };
    assert_eq!(all(fixture, part).await, of(&[&events[5], &events[3]]));
}

pub(super) async fn a_place_is_found_by_when_it_was_recorded(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let sample = &fixture.sample;
    let begin = sample.clock.now();
    for _ in 0..5 {
        let events = [sample.access(None), sample.access(None)];
        fixture.append(&mut hand, &events).await;
        sample.clock.advance(Duration::from_mins(1));
    }
    for (seconds, place) in [
        (0, 0),
        (1, 2),
        (60, 2),
        (61, 4),
        (240, 8),
        (241, 10),
        (9_999, 10),
    ] {
        let at = begin.saturating_add(Duration::from_secs(seconds));
        assert_eq!(
            fixture.store.place_at(at).await.unwrap(),
            place,
            "{seconds}"
        );
    }
}

pub(super) async fn who_stands_how_to_a_patient_is_found_under_every_identifier(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let sample = &fixture.sample;
    let (s, t) = (sample.patient_id(), sample.patient_id());
    let mut events = Vec::new();
    for (kind, patient) in KINDS.into_iter().zip([s, t].into_iter().cycle()) {
        let mut event = sample.of_service(kind);
        event.patient_id = Some(patient);
        event.subject = Some(Subject::new("thing", &kind.code()));
        events.push(event);
        events.push(sample.access(Some(patient)));
    }
    events.push(sample.of_service(EventKind::BlockCreated));
    fixture.append(&mut hand, &events).await;
    let merged = sample.of_two(EventKind::PatientsMerged, s, t);
    fixture.append_from("identity", &mut hand, &merged).await;
    erase(fixture, 2).await;

    let of_both = fixture.store.standing(t).await.unwrap();
    let told: Vec<_> = of_both
        .iter()
        .map(|told| (told.source.as_str(), told.kind, told.under))
        .collect();
    let mut expected: Vec<_> = KINDS
        .into_iter()
        .zip([s, t].into_iter().cycle())
        .map(|(kind, under)| ("consent", kind, under))
        .collect();
    expected.extend([s, t].map(|under| ("identity", EventKind::PatientsMerged, under)));
    assert_eq!(told, expected);
    for (place, told) in of_both.into_iter().enumerate() {
        assert_eq!(told.entry.is_none(), place == 1, "{place}");
        if let Some(entry) = told.entry {
            entry.open().unwrap();
        }
    }
    let of_s = fixture.store.standing(s).await.unwrap();
    assert!(of_s.iter().all(|told| told.under == s));
    assert_eq!(of_s.len(), 5);

    let engine = fixture.db.reader().get_database_backend();
    walks_along(fixture, standing_statement(engine, t), "events_standing").await;
}
