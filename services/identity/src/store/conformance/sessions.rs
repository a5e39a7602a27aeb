//! Sessions are kept with their trace and listed to their person alone.

use std::collections::HashSet;

use aval_domain::event::EventKind;
use aval_domain::id::{PatientId, RepresentationId, SessionId};
use aval_runtime::token::{RepresentationKind, RepresentativeClaims};

use super::sample::{RANDOM, at, event, open, patient, practitioner, session};
use crate::session::{Closed, Closing, Person, Session};
use crate::store::sql::{Migrator, SqlStore};
use crate::store::{CloseSessions, OpenSessions, Opened, Opening, SessionQuery, Store};

aval_database::conformance_suite! {
    migrator: Migrator,
    store: SqlStore::new,
    tests: [
        a_session_is_read_as_it_was_opened_and_is_traced,
        a_session_that_nobody_opened_is_none,
        sessions_are_listed_to_their_person_the_newest_first,
        who_is_signed_in_is_told_of_many_at_once,
        a_list_goes_on_before_a_position_and_leaves_out_what_has_ended,
        certificates_are_counted_once_each_while_their_sessions_go_on,
        more_certificates_than_may_be_open_nothing_and_fewer_everything,
        of_many_at_once_no_more_come_in_than_may,
        sessions_that_go_on_are_counted_by_who_signed_in,
        a_trace_without_a_change_waits_like_any_other,
    ],
}

fn all_of(person: &Person) -> SessionQuery {
    SessionQuery {
        person: person.id(),
        before: None,
        open_at: None,
        limit: 100,
    }
}

async fn a_session_is_read_as_it_was_opened_and_is_traced(store: &SqlStore) {
    let sessions = [
        session(patient(), 0, Some("a thumbprint")),
        session(practitioner(), 0, None),
    ];
    for session in &sessions {
        open(store, session).await;
        let read = store.session(session.session_id).await.unwrap();
        assert_eq!(read.as_ref(), Some(session));
    }
    assert_eq!(store.traces().await, 2);
}

async fn a_session_that_nobody_opened_is_none(store: &SqlStore) {
    let unknown = SessionId::new(at(0), RANDOM);
    assert_eq!(store.session(unknown).await.unwrap(), None);
}

async fn sessions_are_listed_to_their_person_the_newest_first(store: &SqlStore) {
    let (person, somebody_else) = (practitioner(), practitioner());
    let mut opened = Vec::new();
    for second in [0, 10, 20] {
        let one = session(person.clone(), second, None);
        open(store, &one).await;
        open(store, &session(somebody_else.clone(), second, None)).await;
        opened.push(one);
    }
    opened.reverse();
    assert_eq!(store.sessions(&all_of(&person)).await.unwrap(), opened);
}

async fn who_is_signed_in_is_told_of_many_at_once(store: &SqlStore) {
    let people: Vec<Person> = (0..250).map(|_| practitioner()).collect();
    let ids: Vec<_> = people.iter().map(Person::id).collect();
    for (place, second) in [(3, 0), (3, 10), (120, 20), (249, 0)] {
        open(store, &session(people[place].clone(), second, None)).await;
    }
    open(store, &session(practitioner(), 20, None)).await;
    let signed_in = async |second, ids| store.signed_in(ids, at(second)).await.unwrap();
    let at_once = signed_in(20, &ids).await;
    assert_eq!(at_once, HashSet::from([ids[3], ids[120], ids[249]]));
    // The first session ends at 300 s, the second at 310.
    assert_eq!(
        signed_in(305, &ids).await,
        HashSet::from([ids[3], ids[120]])
    );
    assert!(signed_in(20, &ids[..3]).await.is_empty());
    assert!(signed_in(20, &[]).await.is_empty());
}

async fn a_list_goes_on_before_a_position_and_leaves_out_what_has_ended(store: &SqlStore) {
    let person = patient();
    let opened = [0, 10, 20, 30].map(|second| session(person.clone(), second, None));
    for session in &opened {
        open(store, session).await;
    }
    let older = SessionQuery {
        before: Some(opened[2].session_id),
        ..all_of(&person)
    };
    let listed = store.sessions(&older).await.unwrap();
    assert_eq!(listed, [opened[1].clone(), opened[0].clone()]);
    let one = SessionQuery { limit: 1, ..older };
    assert_eq!(store.sessions(&one).await.unwrap(), [opened[1].clone()]);
    // The end of a session is the first instant at which it has ended.
    let at_the_end_of_the_second = SessionQuery {
        open_at: Some(opened[1].lapses_at),
        ..all_of(&person)
    };
    let listed = store.sessions(&at_the_end_of_the_second).await.unwrap();
    assert_eq!(listed, [opened[3].clone(), opened[2].clone()]);
}

async fn certificates_are_counted_once_each_while_their_sessions_go_on(store: &SqlStore) {
    let person = practitioner();
    let count = async |second| {
        store
            .open_certificates(person.id(), at(second))
            .await
            .unwrap()
    };
    assert_eq!(count(0).await, 0);
    for (second, thumbprint) in [(0, "one"), (10, "one"), (20, "two")] {
        open(store, &session(person.clone(), second, Some(thumbprint))).await;
    }
    open(store, &session(practitioner(), 20, Some("three"))).await;
    assert_eq!(count(20).await, 2);
    assert_eq!(count(315).await, 1);
    assert_eq!(count(320).await, 0);
}

async fn sessions_that_go_on_are_counted_by_who_signed_in(store: &SqlStore) {
    let nobody = store.open_sessions(at(0)).await.unwrap();
    assert_eq!(nobody, OpenSessions::default());
    let for_somebody = Person::Patient {
        patient_id: PatientId::new(at(0), RANDOM),
        representative: Some(RepresentativeClaims {
            representation_id: RepresentationId::new(at(0), RANDOM),
            patient_id: PatientId::new(at(0), RANDOM),
            kind: RepresentationKind::Parent,
        }),
    };
    for (second, person) in [
        (0, practitioner()),
        (0, patient()),
        (100, practitioner()),
        (100, patient()),
        (100, patient()),
        (100, for_somebody),
    ] {
        open(store, &session(person, second, None)).await;
    }
    let closed = session(practitioner(), 100, None);
    open(store, &closed).await;
    let closing = CloseSessions {
        person: closed.bearer.person.id(),
        closed: Closed {
            at: at(100),
            why: Closing::ByPerson,
        },
        trace: &|_| event(EventKind::SessionClosed),
    };
    let answer = store.close_session(closed.session_id, &closing).await;
    answer.unwrap().unwrap();
    let open = |practitioners, patients, representatives| OpenSessions {
        practitioners,
        patients,
        representatives,
    };
    // The end of a session is the first instant at which it has ended.
    for (second, expected) in [
        (299, open(2, 3, 1)),
        (300, open(1, 2, 1)),
        (400, open(0, 0, 0)),
    ] {
        assert_eq!(store.open_sessions(at(second)).await.unwrap(), expected);
    }
}

async fn a_trace_without_a_change_waits_like_any_other(store: &SqlStore) {
    store
        .trace(&event(EventKind::SessionRefused))
        .await
        .unwrap();
    assert_eq!(store.traces().await, 1);
}

async fn open_within(store: &SqlStore, session: &Session, most: usize) -> Opened {
    let opening = Opening {
        session,
        most: Some(most),
        trace: &|_| event(EventKind::SessionOpened),
    };
    store.open_session(&opening).await.unwrap()
}

async fn more_certificates_than_may_be_open_nothing_and_fewer_everything(store: &SqlStore) {
    let person = practitioner();
    for (second, thumbprint, expected) in [
        (0, "one", Opened::Session),
        (1, "two", Opened::Session),
        (2, "three", Opened::TooMany),
        (3, "two", Opened::Session),
        // The first one has lapsed.
        (300, "three", Opened::Session),
        (301, "one", Opened::TooMany),
    ] {
        let one = session(person.clone(), second, Some(thumbprint));
        assert_eq!(open_within(store, &one, 2).await, expected, "{second}");
        let read = store.session(one.session_id).await.unwrap();
        assert_eq!(read.is_some(), expected == Opened::Session);
    }
    assert_eq!(store.traces().await, 4);
    let counted = std::sync::Mutex::new(Vec::new());
    let opening = Opening {
        session: &session(person.clone(), 302, None),
        most: None,
        trace: &|certificates| {
            counted.lock().unwrap().push(certificates);
            event(EventKind::SessionOpened)
        },
    };
    store.open_session(&opening).await.unwrap();
    assert_eq!(counted.lock().unwrap().last(), Some(&3));
}

async fn of_many_at_once_no_more_come_in_than_may(store: &SqlStore) {
    let person = practitioner();
    let sessions: Vec<_> = (0..6)
        .map(|number| session(person.clone(), 0, Some(&format!("certificate {number}"))))
        .collect();
    let answers = sessions.iter().map(|one| open_within(store, one, 2));
    let answers = futures::future::join_all(answers).await;
    let let_in = answers.iter().filter(|one| **one == Opened::Session);
    assert_eq!(let_in.count(), 2);
}
