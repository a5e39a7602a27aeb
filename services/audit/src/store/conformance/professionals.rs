//! Professionals who are one human, as the log says.

use aval_domain::event::{Event, EventKind};
use aval_domain::id::{EventId, PractitionerId};
use aval_domain::time::Timestamp;

use super::fixture::Fixture;
use super::plans::walks_along;
use crate::erasure::{Limit, Target};
use crate::oversight::Search;
use crate::professionals::{Identifiers, KINDS, TELLER};
use crate::query::{Filter, Onward, Scope};
use crate::store::Store;
use crate::store::sql::telling_statement;

async fn acts(fixture: &Fixture, id: PractitionerId) -> Vec<EventId> {
    found(fixture, Scope::Practitioner(id), Filter::default()).await
}

async fn found(fixture: &Fixture, scope: Scope, filter: Filter) -> Vec<EventId> {
    let listed = fixture.list(scope, filter).await;
    let ids = listed
        .into_iter()
        .map(|entry| entry.open().unwrap().event.event_id);
    ids.collect()
}

fn of(id: PractitionerId) -> Filter {
    Filter {
        practitioner_id: Some(id),
        ..Filter::default()
    }
}

fn firsts() -> Filter {
    Filter {
        first_access_only: true,
        ..Filter::default()
    }
}

async fn sought(fixture: &Fixture, id: PractitionerId, limit: u64) -> Vec<EventId> {
    let search = Search {
        filter: of(id),
        from: 0,
        before: 1_000,
        limit,
    };
    let entries = fixture.store.search(&search).await.unwrap().entries;
    let ids = entries
        .into_iter()
        .map(|entry| entry.open().unwrap().event.event_id);
    ids.collect()
}

pub(super) async fn the_acts_of_a_professional_are_those_under_every_identifier(fixture: &Fixture) {
    let sample = &fixture.sample;
    let (old, new) = (sample.practitioner_id(), sample.practitioner_id());
    let (patient, other) = (sample.patient_id(), sample.patient_id());
    let mut hand = fixture.take_over().await;
    let events: Vec<Event> = [
        (old, patient),
        (new, patient),
        (sample.practitioner_id(), patient),
        (old, other),
        (new, patient),
    ]
    .map(|(by, whom)| sample.access_by(by, Some(whom)))
    .into();
    fixture.append(&mut hand, &events).await;
    let ids: Vec<EventId> = events.iter().map(|event| event.event_id).collect();
    let (own_of_old, own_of_new) = ([ids[3], ids[0]], [ids[4], ids[1]]);
    let both = [ids[4], ids[3], ids[1], ids[0]];
    assert_eq!(acts(fixture, old).await, own_of_old);
    assert_eq!(acts(fixture, new).await, own_of_new);
    let of_patient = Scope::Patient(patient);
    let each_alone = [ids[2], ids[1], ids[0]];
    assert_eq!(found(fixture, of_patient, firsts()).await, each_alone);

    let merged = sample.of_professionals(KINDS[0], old, new);
    fixture
        .append_from(TELLER, &mut hand, std::slice::from_ref(&merged))
        .await;
    // Another process learns it from the log as well.
    for fixture in [fixture, &fixture.again()] {
        assert_eq!(acts(fixture, new).await, both);
        assert_eq!(acts(fixture, old).await, own_of_old, "as a token of before");
        for named in [old, new] {
            let of_patient = found(fixture, Scope::Patient(patient), of(named)).await;
            assert_eq!(of_patient, [ids[4], ids[1], ids[0]]);
            assert_eq!(sought(fixture, named, 10).await, both);
            assert_eq!(sought(fixture, named, 3).await, both[..3]);
        }
        let of_human = found(fixture, Scope::Practitioner(new), firsts()).await;
        assert_eq!(of_human, [ids[3], ids[0]], "one record, one first access");
        let of_all = found(fixture, of_patient, firsts()).await;
        assert_eq!(of_all, [ids[2], ids[0]], "one human, one first access");
        let of_one = Filter {
            practitioner_id: Some(new),
            ..firsts()
        };
        assert_eq!(found(fixture, of_patient, of_one).await, [ids[0]]);
        let led = fixture.store.humans(&[old, new].into()).await.unwrap();
        assert_eq!(led, [(old, new)].into());
        let known_as = fixture.store.professional(new).await.unwrap();
        assert_eq!(known_as.own, known_as.of_human);
        let news = fixture.store.news_from(0).await.unwrap();
        assert!(news.scopes.contains(&Scope::Practitioner(new)));
        let onward = Onward {
            scope: Scope::Practitioner(new),
            filter: Filter::default(),
            from: 1,
            limit: 2,
        };
        let next = fixture.store.events_from(&onward).await.unwrap();
        let places: Vec<u64> = next.iter().map(|entry| entry.log_index).collect();
        assert_eq!(places, [1, 3]);
    }
    let later = [sample.access_by(old, Some(patient))];
    fixture.append(&mut hand, &later).await;
    let news = fixture.store.news_from(6).await.unwrap();
    for id in [old, new] {
        assert!(news.scopes.contains(&Scope::Practitioner(id)));
    }

    let undone = sample.of_professionals(KINDS[1], old, new);
    fixture.append_from(TELLER, &mut hand, &[undone]).await;
    assert_eq!(acts(fixture, new).await, own_of_new);
    assert_eq!(found(fixture, of_patient, of(new)).await, own_of_new);
    assert_eq!(found(fixture, of_patient, firsts()).await, each_alone);
    let led = fixture.store.humans(&[old, new].into()).await.unwrap();
    assert!(led.is_empty());
    let known_as = fixture.store.professional(old).await.unwrap();
    assert_eq!(known_as, Identifiers::alone(old));
}

pub(super) async fn a_merge_of_professionals_that_another_producer_tells_leads_nowhere(
    fixture: &Fixture,
) {
    let sample = &fixture.sample;
    let (old, new) = (sample.practitioner_id(), sample.practitioner_id());
    let mut hand = fixture.take_over().await;
    fixture
        .append(&mut hand, &[sample.access_by(old, None)])
        .await;
    for teller in ["consent", "identity", "audit"] {
        let told = [sample.of_professionals(KINDS[0], old, new)];
        fixture.append_from(teller, &mut hand, &told).await;
        assert!(acts(fixture, new).await.is_empty(), "{teller}");
    }
}

pub(super) async fn merges_of_professionals_are_found_by_an_index_and_kept_for_ever(
    fixture: &Fixture,
) {
    let engine = fixture.db.reader().get_database_backend();
    walks_along(fixture, telling_statement(engine), "events_professionals").await;
    let sample = &fixture.sample;
    let (old, new) = (sample.practitioner_id(), sample.practitioner_id());
    let mut hand = fixture.take_over().await;
    let merged = [sample.of_professionals(KINDS[0], old, new)];
    fixture.append_from(TELLER, &mut hand, &merged).await;
    let limits = vec![Limit {
        before: Timestamp::from_unix_seconds(4_000_000_000),
        kinds: EventKind::ALL.iter().copied().collect(),
    }];
    let target = Target::Outdated { from: 0, limits };
    let found = fixture.store.erasable(&target).await.unwrap();
    assert!(found.rows.is_empty(), "{:?}", found.rows);
}
