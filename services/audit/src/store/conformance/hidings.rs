//! What says from whom a document is hidden, and what is left of it.

use aval_database::migrate;
use aval_database::testing::test_databases;
use aval_domain::event::{Actor, Event, EventKind, Subject};
use aval_domain::id::PatientId;

use super::fixture::Fixture;
use super::plans::walks_along;
use crate::erasure::Target;
use crate::query::{Filter, Query, Scope};
use crate::store::sql::{Migrator, hidings_statements};
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
        for statement in hidings_statements(engine, t, audience) {
            walks_along(fixture, statement, "events_hidings").await;
        }
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

/// Whether the first page of a list says that nothing of it is hidden from anybody.
async fn nothing_hidden(fixture: &Fixture, scope: Scope, kinds: &[EventKind]) -> bool {
    let query = Query {
        scope,
        filter: Filter {
            kinds: kinds.iter().copied().collect(),
            ..Filter::default()
        },
        before: None,
        limit: 10,
    };
    fixture.store.page(&query).await.unwrap().nothing_hidden
}

pub(super) async fn a_page_says_whether_nothing_of_the_patient_was_ever_hidden(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let sample = &fixture.sample;
    let [open, masked, hidden, erased] = std::array::from_fn(|_| sample.patient_id());
    let (s, t, doctor) = (
        sample.patient_id(),
        sample.patient_id(),
        sample.practitioner_id(),
    );
    let opened = [open, masked, hidden, erased, s, t];
    let mut events = opened
        .map(|patient| sample.access_by(doctor, Some(patient)))
        .to_vec();
    events.extend([
        setting(fixture, EventKind::MaskSet, masked, true),
        setting(fixture, EventKind::MaskSet, hidden, false),
        setting(fixture, EventKind::MaskRemoved, hidden, false),
        setting(fixture, EventKind::MaskSet, erased, false),
    ]);
    fixture.append(&mut hand, &events).await;
    fixture.erase(&mut hand, Target::Patient(erased)).await;
    let again = [sample.access_by(doctor, Some(erased))];
    fixture.append(&mut hand, &again).await;

    // What the list is narrowed to says nothing of what is hidden in it.
    let all: &[EventKind] = &[];
    for kinds in [all, &[EventKind::AccessDecided]] {
        let says = async |patient| nothing_hidden(fixture, Scope::Patient(patient), kinds).await;
        assert!(says(open).await && says(s).await && says(t).await);
        for patient in [masked, hidden, erased] {
            assert!(!says(patient).await, "{kinds:?}");
        }
        let acts = Scope::Practitioner(doctor);
        assert!(!nothing_hidden(fixture, acts, kinds).await);
    }
    let merged = sample.of_two(EventKind::PatientsMerged, s, t);
    fixture.append_from("identity", &mut hand, &merged).await;
    assert!(!nothing_hidden(fixture, Scope::Patient(t), &[]).await);
    let nobody = Scope::Patient(sample.patient_id());
    assert!(!nothing_hidden(fixture, nobody, &[]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn that_there_is_nothing_hidden_is_told_by_one_statement() {
    for mut fresh in test_databases("audit::hidings::one_statement").await {
        let statements = fresh.hear_statements();
        migrate::migrate::<Migrator>(&fresh.db).await.unwrap();
        let fixture = Fixture::new(fresh.db.clone());
        let mut hand = fixture.take_over().await;
        let (open, masked) = (fixture.sample.patient_id(), fixture.sample.patient_id());
        let events = [
            fixture.sample.access(Some(open)),
            setting(&fixture, EventKind::MaskSet, masked, true),
        ];
        fixture.append(&mut hand, &events).await;
        let made = async |patient, audience| {
            drop(statements.take());
            let told = fixture.store.hidings(patient, audience).await.unwrap();
            (told.len(), statements.take().len())
        };
        assert_eq!(made(open, Audience::Holder).await, (0, 1));
        assert_eq!(made(open, Audience::Representative).await, (0, 1));
        // What the patient masked hides nothing from them.
        assert_eq!(made(masked, Audience::Holder).await, (0, 1));
        assert_eq!(made(masked, Audience::Representative).await.0, 1);

        // A page that says so looks in its own statement, and in no other.
        drop(statements.take());
        assert!(nothing_hidden(&fixture, Scope::Patient(open), &[]).await);
        let made = statements.take();
        let looks = |text: &&String| text.contains(EventKind::MaskSet.code());
        assert_eq!(made.iter().filter(looks).count(), 1, "{made:?}");
    }
}
