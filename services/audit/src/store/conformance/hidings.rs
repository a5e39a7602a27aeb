//! What says from whom a document is hidden, and what is left of it.

use aval_domain::event::{Actor, Event, EventKind, Subject};
use aval_domain::id::PatientId;

use super::fixture::Fixture;
use super::plans::walks_along;
use crate::erasure::Target;
use crate::store::sql::hidings_statement;
use crate::store::{StandingEntry, Store as _};
use crate::withholding::Audience;

/// A setting on a document, by a professional or by the patient.
fn setting(fixture: &Fixture, kind: EventKind, patient: PatientId, by_patient: bool) -> Event {
    let mut event = fixture.sample.access(Some(patient));
    event.kind = kind;
    event.decision = None;
    event.documents.clear();
    event.subject = Some(Subject::new("document", &"1.2.3^1"));
    if by_patient {
        event.actor = Actor::Patient {
            patient_id: patient,
        };
    }
    event
}

fn places(told: &[StandingEntry]) -> Vec<Option<u64>> {
    let place = |told: &StandingEntry| told.entry.as_ref().map(|entry| entry.log_index);
    told.iter().map(place).collect()
}

pub(super) async fn who_may_see_a_document_is_found_under_every_identifier(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let (s, t) = (fixture.sample.patient_id(), fixture.sample.patient_id());
    let events = [
        setting(fixture, EventKind::MaskSet, s, false),
        fixture.sample.access(Some(t)),
        setting(fixture, EventKind::MaskSet, t, true),
        setting(fixture, EventKind::MaskRemoved, t, false),
        setting(
            fixture,
            EventKind::MaskSet,
            fixture.sample.patient_id(),
            false,
        ),
    ];
    fixture.append(&mut hand, &events).await;
    let merged = fixture.sample.of_two(EventKind::PatientsMerged, s, t);
    fixture.append_from("identity", &mut hand, &merged).await;

    let store = &fixture.store;
    let of_all = store.hidings(t, Audience::Representative).await.unwrap();
    assert_eq!(places(&of_all), [Some(0), Some(2), Some(3)]);
    assert!(of_all.iter().all(|told| told.source == "consent"));
    let by_others = store.hidings(t, Audience::Holder).await.unwrap();
    assert_eq!(places(&by_others), [Some(0), Some(3)]);
    let of_s = store.hidings(s, Audience::Holder).await.unwrap();
    assert_eq!(places(&of_s), [Some(0)]);

    let engine = fixture.db.reader().get_database_backend();
    for audience in [Audience::Holder, Audience::Representative] {
        walks_along(
            fixture,
            hidings_statement(engine, t, audience),
            "events_hidings",
        )
        .await;
    }
}

pub(super) async fn that_a_setting_was_erased_stays_known(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let patient = fixture.sample.patient_id();
    let events = [
        setting(fixture, EventKind::MaskSet, patient, true),
        fixture.sample.access(Some(patient)),
    ];
    fixture.append(&mut hand, &events).await;
    fixture.erase(&mut hand, Target::Patient(patient)).await;
    for audience in [Audience::Holder, Audience::Representative] {
        let left = fixture.store.hidings(patient, audience).await.unwrap();
        let kinds: Vec<EventKind> = left.iter().map(|told| told.kind).collect();
        assert_eq!(kinds, [EventKind::MaskSet]);
        assert_eq!(places(&left), [None]);
    }
}
