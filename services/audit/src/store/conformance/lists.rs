//! Lists show what was asked for, all of it, once.

use aval_database::Backend;
use aval_domain::access::{AccessMode, DenialReason, Effect};
use aval_domain::event::{Event, EventKind, Outcome};
use aval_domain::id::EventId;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::time::Duration;

use super::fixture::Fixture;
use crate::entry::StoredEntry;
use crate::query::{Filter, Onward, Query, Scope};
use crate::store::Store;
use crate::store::sql::damage;

async fn ids(fixture: &Fixture, scope: Scope, filter: Filter) -> Vec<EventId> {
    let entries = fixture.list(scope, filter).await.into_iter();
    entries
        .map(|entry| entry.open().unwrap().event.event_id)
        .collect()
}

pub(super) async fn each_filter_narrows_the_list(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let sample = &fixture.sample;
    let patient = sample.patient_id();
    let mut grant = sample.of_service(EventKind::GrantCreated);
    grant.patient_id = Some(patient);
    sample.clock.advance(Duration::from_mins(1));
    let access = sample.access(Some(patient));
    sample.clock.advance(Duration::from_mins(1));
    let mut emergency = sample.access(Some(patient));
    emergency.decision.as_mut().unwrap().mode = AccessMode::BreakGlass;
    let mut refused = sample.access(Some(patient));
    refused.outcome = Outcome::Refused;
    let decision = refused.decision.as_mut().unwrap();
    (decision.effect, decision.reason) = (Effect::Deny, Some(DenialReason::NoGrant));
    let elsewhere = sample.access(Some(sample.patient_id()));
    let nobodys = sample.of_service(EventKind::DirectoryImportApplied);
    let all = [&grant, &access, &emergency, &refused, &elsewhere, &nobodys];
    fixture.append(&mut hand, &all.map(Event::clone)).await;

    let scope = Scope::Patient(patient);
    let cases: [(Filter, &[&Event]); 9] = [
        (Filter::default(), &[&refused, &emergency, &access, &grant]),
        (
            Filter {
                from_at: Some(access.occurred_at),
                ..Filter::default()
            },
            &[&refused, &emergency, &access],
        ),
        (
            Filter {
                until_at: Some(access.occurred_at),
                ..Filter::default()
            },
            &[&grant],
        ),
        (
            Filter {
                practitioner_id: access.actor.practitioner_id(),
                ..Filter::default()
            },
            &[&access],
        ),
        (
            Filter {
                organization_id: refused.actor.organization_id(),
                ..Filter::default()
            },
            &[&refused],
        ),
        (
            Filter {
                kinds: [EventKind::GrantCreated, EventKind::GrantRevoked].into(),
                ..Filter::default()
            },
            &[&grant],
        ),
        (
            Filter {
                outcome: Some(Outcome::Refused),
                ..Filter::default()
            },
            &[&refused],
        ),
        (
            Filter {
                emergency_only: true,
                ..Filter::default()
            },
            &[&emergency],
        ),
        (
            Filter {
                emergency_only: true,
                outcome: Some(Outcome::Refused),
                ..Filter::default()
            },
            &[],
        ),
    ];
    for (filter, expected) in cases {
        let expected: Vec<EventId> = expected.iter().map(|event| event.event_id).collect();
        assert_eq!(
            ids(fixture, scope, filter.clone()).await,
            expected,
            "{filter:?}"
        );
    }
    let own = Scope::Practitioner(elsewhere.actor.practitioner_id().unwrap());
    assert_eq!(
        ids(fixture, own, Filter::default()).await,
        [elsewhere.event_id]
    );
}

pub(super) async fn the_first_access_is_the_first_whatever_else_is_asked(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let sample = &fixture.sample;
    let (patient, other) = (sample.patient_id(), sample.patient_id());
    let (doctor, nurse) = (sample.practitioner_id(), sample.practitioner_id());
    let mut refused = sample.access_by(doctor, Some(patient));
    refused.outcome = Outcome::Refused;
    let first = sample.access_by(doctor, Some(patient));
    sample.clock.advance(Duration::from_mins(1));
    let second = sample.access_by(doctor, Some(patient));
    let nurses = sample.access_by(nurse, Some(patient));
    let elsewhere = sample.access_by(doctor, Some(other));
    let all = [&refused, &first, &second, &nurses, &elsewhere];
    fixture.append(&mut hand, &all.map(Event::clone)).await;

    let filter = Filter {
        first_access_only: true,
        ..Filter::default()
    };
    let of_patient = ids(fixture, Scope::Patient(patient), filter.clone()).await;
    assert_eq!(of_patient, [nurses.event_id, first.event_id]);
    let of_doctor = ids(fixture, Scope::Practitioner(doctor), filter.clone()).await;
    assert_eq!(of_doctor, [elsewhere.event_id, first.event_id]);
    // The second does not become the first because the first is left out.
    let later = Filter {
        from_at: Some(second.occurred_at),
        ..filter
    };
    let later = ids(fixture, Scope::Patient(patient), later).await;
    assert_eq!(later, [nurses.event_id]);
}

pub(super) async fn pages_show_every_event_once_while_the_log_grows(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let patient = fixture.sample.patient_id();
    let access = |count| -> Vec<Event> {
        let accesses = std::iter::repeat_with(|| fixture.sample.access(Some(patient)));
        accesses.take(count).collect()
    };
    let present = access(25);
    fixture.append(&mut hand, &present).await;

    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let query = Query {
            scope: Scope::Patient(patient),
            filter: Filter::default(),
            before,
            limit: 7,
        };
        let page = fixture.store.events(&query).await.unwrap();
        let Some(last) = page.last() else {
            break;
        };
        before = Some(last.log_index);
        let page = page.into_iter().map(|entry| entry.open().unwrap());
        seen.extend(page.map(|entry| entry.event.event_id));
        fixture.append(&mut hand, &access(3)).await;
    }
    let expected: Vec<EventId> = present.iter().rev().map(|event| event.event_id).collect();
    assert_eq!(seen, expected);
}

/// On PostgreSQL what a row tells is read after it.
pub(super) async fn what_is_erased_while_a_page_is_read_leaves_its_place_to_the_next(
    fixture: &Fixture,
) {
    if fixture.db.backend() == Backend::Sqlite {
        return; // a row and what it tells are read at once
    }
    let (sample, mut hand) = (&fixture.sample, fixture.take_over().await);
    let (doctor, patient) = (sample.practitioner_id(), sample.patient_id());
    let accesses = std::iter::repeat_with(|| sample.access_by(doctor, Some(patient)));
    let accesses: Vec<Event> = accesses.take(12).collect();
    fixture.append(&mut hand, &accesses).await;
    let beside = async |reading: BoxFuture<'_, Vec<StoredEntry>>, erased: [u64; 2]| {
        let held = damage::hold_the_payloads(&fixture.db).await;
        let erasing = async {
            held.until_somebody_waits().await;
            held.erase(erased).await;
        };
        let (read, ()) = futures::join!(reading, erasing);
        read.iter().map(|entry| entry.log_index).collect::<Vec<_>>()
    };
    let of = |scope, kinds: &[EventKind]| Query {
        scope,
        filter: Filter {
            kinds: kinds.iter().copied().collect(),
            ..Filter::default()
        },
        before: None,
        limit: 3,
    };
    let store = &fixture.store;
    let page = async |query: Query| store.page(&query).await.unwrap().entries;
    let acts = page(of(Scope::Practitioner(doctor), &[]));
    assert_eq!(beside(acts.boxed(), [11, 10]).await, [9, 8, 7]);
    let narrowed = page(of(Scope::Patient(patient), &[EventKind::AccessDecided]));
    assert_eq!(beside(narrowed.boxed(), [9, 8]).await, [7, 6, 5]);
    let whole = of(Scope::Patient(patient), &[]);
    let opened = async { store.events(&whole).await.unwrap() };
    assert_eq!(beside(opened.boxed(), [7, 6]).await, [5, 4, 3]);
    let onward = Onward {
        scope: Scope::Patient(patient),
        filter: Filter::default(),
        from: 0,
        limit: 3,
    };
    let exported = async { store.events_from(&onward).await.unwrap() };
    assert_eq!(beside(exported.boxed(), [0, 1]).await, [2, 3, 4]);
}
