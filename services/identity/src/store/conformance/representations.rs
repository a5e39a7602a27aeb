//! Rights to act for a patient are kept once, listed while they hold, and end with
//! their sessions.

use aval_database::requests::RequestKey;
use aval_domain::event::{Event, EventKind};
use aval_domain::id::{PatientId, RepresentationId, RequestId};
use aval_runtime::token::RepresentationKind;

use super::sample::{RANDOM, at, event, open, registration, session};
use crate::error::Error;
use crate::representation::Representation;
use crate::session::{Closed, Closing, Person, Session};
use crate::store::sql::{Migrator, SqlStore};
use crate::store::{
    Added, NewRepresentation, Removal, RepresentationQuery, Represents, SealedPatient, Store,
    Verdict,
};

aval_database::conformance_suite! {
    migrator: Migrator,
    store: SqlStore::new,
    tests: [
        a_right_is_read_as_it_was_added_and_is_traced,
        of_many_who_add_one_right_at_once_one_does,
        a_right_that_is_over_stands_in_no_one_s_way,
        a_repeated_request_adds_nothing_and_answers_as_the_first,
        the_name_of_another_request_is_refused,
        rights_are_listed_from_both_sides_while_they_hold_the_newest_first,
        a_removed_right_ends_its_sessions_and_no_others,
        what_nobody_added_is_not_removed,
    ],
}

#[expect(clippy::unnecessary_wraps, reason = "the form of a judge")]
fn same(_: &SealedPatient) -> Result<Verdict, Error> {
    Ok(Verdict::Same)
}

/// Two registered patients.
async fn two(store: &SqlStore) -> (PatientId, PatientId) {
    let (one, other) = (registration(1, 1), registration(2, 2));
    for patient in [&one, &other] {
        store.register_patient(patient, &same).await.unwrap();
    }
    (one.patient.patient_id, other.patient.patient_id)
}

fn right(patient_id: PatientId, representative: PatientId, second: i64) -> NewRepresentation {
    NewRepresentation {
        representation: Representation {
            representation_id: RepresentationId::new(at(second), RANDOM),
            patient_id,
            representative_patient_id: representative,
            kind: RepresentationKind::Mandated,
            started_at: at(second),
            end_at: Some(at(second + 100)),
            removed_at: None,
        },
        event: event(EventKind::RepresentativeAdded),
        request: RequestKey {
            actor: patient_id.to_string(),
            request_id: RequestId::new(RANDOM),
            operation: "identity.add_representative",
            fingerprint: [3; 32],
        },
    }
}

fn traced(_: &Session) -> Event {
    event(EventKind::SessionClosed)
}

fn removal(representation_id: RepresentationId, second: i64) -> Removal<'static> {
    Removal {
        representation_id,
        event: event(EventKind::RepresentativeRemoved),
        closed: Closed {
            at: at(second),
            why: Closing::RepresentationEnded,
        },
        trace: &traced,
    }
}

async fn a_right_is_read_as_it_was_added_and_is_traced(store: &SqlStore) {
    let (patient_id, representative) = two(store).await;
    let new = right(patient_id, representative, 0);
    let expected = new.representation.clone();
    let added = store.add_representation(&new).await.unwrap();
    assert_eq!(added, Added::Representation(expected.clone()));
    let id = expected.representation_id;
    assert_eq!(
        store.representation(id).await.unwrap(),
        Some(expected.clone())
    );
    let between = async |second| {
        store
            .representation_between(patient_id, representative, at(second))
            .await
            .unwrap()
    };
    assert_eq!(between(99).await, Some(expected));
    assert_eq!(between(100).await, None);
    let other_way = store.representation_between(representative, patient_id, at(0));
    assert_eq!(other_way.await.unwrap(), None);
    assert_eq!(store.traces().await, 3);
}

async fn of_many_who_add_one_right_at_once_one_does(store: &SqlStore) {
    let (patient_id, representative) = two(store).await;
    let rights: Vec<_> = (0..12)
        .map(|_| right(patient_id, representative, 0))
        .collect();
    let answers = rights.iter().map(|right| store.add_representation(right));
    let answers = futures::future::try_join_all(answers).await.unwrap();
    let exists = answers.iter().filter(|answer| **answer == Added::Exists);
    assert_eq!(exists.count(), 11);
    assert_eq!(store.traces().await, 3);
}

async fn a_right_that_is_over_stands_in_no_one_s_way(store: &SqlStore) {
    let (patient_id, representative) = two(store).await;
    let first = right(patient_id, representative, 0);
    store.add_representation(&first).await.unwrap();
    let during = right(patient_id, representative, 99);
    let refused = store.add_representation(&during).await.unwrap();
    assert_eq!(refused, Added::Exists);
    let after = right(patient_id, representative, 100);
    let added = store.add_representation(&after).await.unwrap();
    assert_eq!(added, Added::Representation(after.representation));
}

async fn a_repeated_request_adds_nothing_and_answers_as_the_first(store: &SqlStore) {
    let (patient_id, representative) = two(store).await;
    let first = right(patient_id, representative, 0);
    let refused = right(patient_id, representative, 1);
    for attempt in [&first, &refused] {
        store.add_representation(attempt).await.unwrap();
    }
    let again = |of: &NewRepresentation| NewRepresentation {
        request: of.request.clone(),
        ..right(patient_id, representative, 2)
    };
    let answer = store.add_representation(&again(&first)).await.unwrap();
    assert_eq!(answer, Added::Representation(first.representation.clone()));
    // Even when the right that stood in the way has gone.
    let id = first.representation.representation_id;
    store.remove_representation(&removal(id, 3)).await.unwrap();
    let answer = store.add_representation(&again(&refused)).await.unwrap();
    assert_eq!(answer, Added::Exists);
}

async fn the_name_of_another_request_is_refused(store: &SqlStore) {
    let (patient_id, representative) = two(store).await;
    let first = right(patient_id, representative, 0);
    store.add_representation(&first).await.unwrap();
    let mut other = right(representative, patient_id, 0);
    other.request = RequestKey {
        fingerprint: [4; 32],
        ..first.request
    };
    let refused = store.add_representation(&other).await;
    assert!(matches!(refused, Err(Error::RequestIdReused)));
}

async fn rights_are_listed_from_both_sides_while_they_hold_the_newest_first(store: &SqlStore) {
    let (one, other) = two(store).await;
    let third = registration(3, 3);
    store.register_patient(&third, &same).await.unwrap();
    let third = third.patient.patient_id;
    let rights = [
        right(one, other, 0),
        right(one, third, 10),
        right(other, third, 20),
    ];
    let mut kept = Vec::new();
    for right in &rights {
        store.add_representation(right).await.unwrap();
        kept.push(right.representation.clone());
    }
    let query = |of, second| RepresentationQuery {
        of,
        now: at(second),
        before: None,
        limit: 10,
    };
    let list = async |query: RepresentationQuery| store.representations(&query).await.unwrap();
    let of_one = Represents::Patient(one);
    assert_eq!(
        list(query(of_one, 20)).await,
        [kept[1].clone(), kept[0].clone()]
    );
    assert_eq!(list(query(of_one, 100)).await, [kept[1].clone()]);
    let by_third = Represents::Representative(third);
    assert_eq!(
        list(query(by_third, 20)).await,
        [kept[2].clone(), kept[1].clone()]
    );
    let page = RepresentationQuery {
        limit: 1,
        ..query(by_third, 20)
    };
    assert_eq!(list(page).await, [kept[2].clone()]);
    let next = RepresentationQuery {
        before: Some(kept[2].representation_id),
        ..page
    };
    assert_eq!(list(next).await, [kept[1].clone()]);
    let id = kept[1].representation_id;
    store.remove_representation(&removal(id, 30)).await.unwrap();
    assert_eq!(list(query(by_third, 30)).await, [kept[2].clone()]);
}

async fn a_removed_right_ends_its_sessions_and_no_others(store: &SqlStore) {
    let (patient_id, representative) = two(store).await;
    let new = right(patient_id, representative, 0);
    store.add_representation(&new).await.unwrap();
    let acting = Person::Patient {
        patient_id,
        representative: Some(new.representation.claims()),
    };
    let as_themselves = Person::Patient {
        patient_id: representative,
        representative: None,
    };
    let sessions = [
        session(acting.clone(), 0, None),
        session(acting, 5, None),
        session(as_themselves, 0, None),
    ];
    for session in &sessions {
        open(store, session).await;
        let read = store.session(session.session_id).await.unwrap();
        assert_eq!(read.as_ref(), Some(session));
    }
    let id = new.representation.representation_id;
    let ended = removal(id, 10);
    let removed = store.remove_representation(&ended).await.unwrap().unwrap();
    assert_eq!(removed.representation.removed_at, Some(at(10)));
    let closed = [sessions[0].session_id, sessions[1].session_id];
    assert_eq!(removed.sessions, closed);
    let third = store.session(sessions[2].session_id).await.unwrap();
    assert_eq!(third.unwrap().closed, None);
    let traces = store.traces().await;
    assert_eq!(traces, 2 + 1 + 3 + 1 + 2);
    let again = store.remove_representation(&removal(id, 20)).await.unwrap();
    let again = again.unwrap();
    assert_eq!(again.representation, removed.representation);
    assert_eq!((again.sessions.len(), store.traces().await), (0, traces));
}

async fn what_nobody_added_is_not_removed(store: &SqlStore) {
    let unknown = RepresentationId::new(at(0), RANDOM);
    let removed = store.remove_representation(&removal(unknown, 10)).await;
    assert_eq!(removed.unwrap(), None);
    assert_eq!(store.representation(unknown).await.unwrap(), None);
    assert_eq!(store.traces().await, 0);
}
