//! Who is told of accesses.

use aval_domain::access::DenialReason;
use aval_domain::document::DocumentClasses;
use aval_domain::event::{EventKind, Outcome};

use super::fixture::{Fixture, NOW, hours, patient, person};
use super::notifications::{doctor, inbox, inbox_of, kinds, mute};
use crate::decision::{Decision, Verdict};
use crate::decision_log::{DecisionLog, TracedDecision};
use crate::error::Error;
use crate::inbox::{InboxQuery, Inboxes, Reader};
use crate::notification::{Access, InboxPosition, Notification, NotificationKind, Recipient};
use crate::store::Write;
use crate::store::sql::SqlStore;

const FIRST: NotificationKind = NotificationKind::FirstAccess;
const EMERGENCY: NotificationKind = NotificationKind::EmergencyAccess;

fn anna() -> Recipient {
    Recipient::Patient(patient(1))
}

/// An access of this person to the first patient's record. What was decided does not
/// matter to who is told.
fn access(fixture: &Fixture, write: &Write, number: u128, is_emergency: bool) -> TracedDecision {
    let event = fixture
        .cx(patient(1))
        .event(EventKind::AccessDecided, Outcome::Success);
    TracedDecision {
        key: write.key.clone(),
        decision: Decision {
            verdict: Verdict::Deny(DenialReason::NoGrant),
            ground_terms: None,
            permitted_documents: Vec::new(),
            permitted_classes: DocumentClasses::ALL,
            holds_until: None,
            policy_revision: String::new(),
            obligations: Vec::new(),
            decided_at: NOW,
        },
        access: Some(Access {
            patient_id: patient(1),
            practitioner_id: person(number).practitioner_id().unwrap(),
            event_id: event.event_id,
            at: NOW,
            is_emergency,
            is_of_secrets: false,
        }),
        event,
    }
}

/// The same, of which nothing explains but documents that are hidden from representatives.
fn access_to_secrets(fixture: &Fixture, number: u128, is_emergency: bool) -> TracedDecision {
    let of_any = access(fixture, &fixture.write(), number, is_emergency);
    TracedDecision {
        access: of_any.access.map(|access| Access {
            is_of_secrets: true,
            ..access
        }),
        ..of_any
    }
}

async fn record(fixture: &Fixture, decisions: &[TracedDecision]) {
    let answers = fixture.store.record_decisions(decisions).await.unwrap();
    assert!(answers.iter().all(Result::is_ok));
}

pub(super) async fn the_first_access_of_each_professional_is_told_once(fixture: &Fixture) {
    let new = |number| access(fixture, &fixture.write(), number, false);
    let batch = [new(1), new(2), new(1)];
    record(fixture, &batch).await;
    record(fixture, &[new(1), new(2)]).await;
    record(fixture, &[new(3)]).await;
    let told = inbox(fixture, anna()).await;
    let about: Vec<_> = told
        .iter()
        .map(|told| (told.news.kind, told.news.practitioner_id))
        .collect();
    let by = |number| (FIRST, person(number).practitioner_id());
    assert_eq!(about, [by(1), by(2), by(3)]);
    let event = batch[0].event.event_id.as_uuid();
    assert_eq!(told[0].news.subject_id, Some(event));
}

pub(super) async fn what_is_told_to_the_holder_alone_is_not_there_for_representatives(
    fixture: &Fixture,
) {
    let store = &fixture.store;
    let batch = [
        access_to_secrets(fixture, 1, false),
        access_to_secrets(fixture, 2, false),
        access_to_secrets(fixture, 3, false),
        access(fixture, &fixture.write(), 4, false),
        access_to_secrets(fixture, 5, false),
    ];
    record(fixture, &batch).await;
    // Who was told to the holder alone is no stranger to anybody later.
    record(fixture, &[access(fixture, &fixture.write(), 1, false)]).await;
    let told = inbox(fixture, anna()).await;
    let alone: Vec<_> = told.iter().map(|told| told.news.holder_alone).collect();
    assert_eq!(alone, [true, true, true, false, true]);

    let (holder, representative) = (
        Reader::themselves(anna()),
        Reader::representative_of(patient(1)),
    );
    // Neither a page nor a watch is empty because of what was left out of it.
    let open = &told[3];
    let unread = InboxQuery {
        reader: representative,
        unread_only: true,
        after: None,
        limit: 2,
    };
    let listed = store.notifications(&unread).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(open));
    let above = async |position| {
        let above = store.notifications_above(representative, position, 2);
        above.await.unwrap()
    };
    assert_eq!(above(InboxPosition::default()).await, listed);
    assert_eq!(above(open.position).await, []);

    let acknowledge = |reader, told: &Notification| {
        store.acknowledge(reader, told.news.notification_id, hours(1))
    };
    let refused = acknowledge(representative, &told[0]).await;
    assert!(matches!(refused, Err(Error::NotFound)));
    for (reader, told) in [(holder, &told[0]), (representative, open)] {
        let read = acknowledge(reader, told).await.unwrap();
        assert_eq!(read.acknowledged_at, Some(hours(1)));
    }
    // An emergency is told to everybody.
    record(fixture, &[access_to_secrets(fixture, 6, true)]).await;
    let theirs = inbox_of(fixture, representative).await;
    let theirs: Vec<_> = theirs.iter().map(|told| told.news.kind).collect();
    assert_eq!(theirs, [FIRST, EMERGENCY]);
}

pub(super) async fn of_first_accesses_at_once_one_is_told(fixture: &Fixture) {
    let batches: Vec<Vec<_>> = (0..8)
        .map(|_| {
            (1..=3)
                .map(|number| access(fixture, &fixture.write(), number, false))
                .collect()
        })
        .collect();
    let calls = batches.iter().map(|batch| record(fixture, batch));
    futures::future::join_all(calls).await;
    assert_eq!(kinds(fixture, anna()).await, [FIRST; 3]);
}

/// What an instance knows without asking is what is stored, and no more.
pub(super) async fn what_was_not_recorded_is_told_when_it_is(fixture: &Fixture) {
    let write = fixture.write();
    record(fixture, &[access(fixture, &write, 1, false)]).await;
    let mut reused = access(fixture, &write, 2, false);
    reused.key.fingerprint[0] ^= 1;
    let answers = fixture.store.record_decisions(&[reused]).await.unwrap();
    assert!(answers[0].is_err());
    let another = SqlStore::new(fixture.db.clone());
    let again = [access(fixture, &fixture.write(), 1, false)];
    another.record_decisions(&again).await.unwrap();
    assert_eq!(kinds(fixture, anna()).await, [FIRST]);
    record(fixture, &[access(fixture, &fixture.write(), 2, false)]).await;
    assert_eq!(kinds(fixture, anna()).await, [FIRST; 2]);
}

pub(super) async fn a_repeated_request_tells_nobody_again(fixture: &Fixture) {
    fixture.open_record(patient(1)).await;
    fixture.add_treating_doctor(patient(1), person(2)).await;
    let write = fixture.write();
    for _ in 0..2 {
        record(fixture, &[access(fixture, &write, 1, true)]).await;
    }
    let twice = fixture.write();
    let batch = [
        access(fixture, &twice, 1, true),
        access(fixture, &twice, 1, true),
    ];
    record(fixture, &batch).await;
    for recipient in [anna(), doctor(2)] {
        assert_eq!(kinds(fixture, recipient).await, [EMERGENCY; 2]);
    }
}

pub(super) async fn an_emergency_is_told_to_the_patient_and_the_treating_doctors_of_now(
    fixture: &Fixture,
) {
    fixture.open_record(patient(1)).await;
    for number in 1..=3 {
        fixture
            .add_treating_doctor(patient(1), person(number))
            .await;
    }
    fixture.remove_treating_doctor(patient(1), person(3)).await;
    fixture.add_treating_doctor(patient(1), person(4)).await;
    fixture.block(person(4), None).await;
    mute(fixture, anna(), FIRST).await;
    let emergency = access(fixture, &fixture.write(), 1, true);
    record(fixture, std::slice::from_ref(&emergency)).await;
    // Who came in an emergency is no stranger later.
    record(fixture, &[access(fixture, &fixture.write(), 1, false)]).await;
    assert_eq!(kinds(fixture, anna()).await, [EMERGENCY]);
    let told = inbox(fixture, doctor(2)).await;
    let about = |told: &Notification| {
        let news = &told.news;
        (news.kind, news.patient_id, news.practitioner_id)
    };
    let expected = (EMERGENCY, patient(1), person(1).practitioner_id());
    assert_eq!(told.iter().map(about).collect::<Vec<_>>(), [expected]);
    // Neither who made it nor who is no longer the treating doctor, and nobody whom the
    // patient shut out.
    for other in [doctor(1), doctor(3), doctor(4)] {
        assert_eq!(kinds(fixture, other).await, []);
    }
}
