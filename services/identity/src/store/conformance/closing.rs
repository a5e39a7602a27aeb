//! A refresh token is good once, and what is closed stays closed.

use aval_database::requests::RequestKey;
use aval_domain::event::{Event, EventKind};
use aval_domain::id::{RequestId, SessionId};

use super::sample::{RANDOM, at, event, open, patient, practitioner, session};
use crate::error::Error;
use crate::session::{Closed, Closing, Person, Session};
use crate::store::sql::{Migrator, SqlStore};
use crate::store::{CloseSessions, Refresh, Refreshed, Store};

aval_database::conformance_suite! {
    migrator: Migrator,
    store: SqlStore::new,
    tests: [
        a_session_goes_on_with_what_its_refresh_says,
        a_generation_that_was_used_closes_the_session_with_its_trace,
        of_many_who_show_one_generation_one_is_served_and_the_session_is_closed,
        a_session_that_ended_is_not_refreshed_and_not_closed_again,
        nothing_refreshes_a_session_that_nobody_opened,
        a_session_is_closed_once_and_traced_once,
        a_session_is_closed_for_its_own_person_alone,
        a_session_that_lapsed_is_answered_as_it_ended,
        closing_all_closes_what_goes_on_and_nothing_of_anybody_else,
        a_repeated_closing_of_all_answers_as_the_first_and_closes_nothing,
        closing_all_under_the_name_of_another_request_is_refused,
        refreshing_and_closing_at_once_leave_a_closed_session,
        closed_sessions_are_listed_since_their_closing,
    ],
}

fn traced(_: &Session) -> Event {
    event(EventKind::SessionClosed)
}

fn untraced(_: &Session) -> Event {
    panic!("nothing is closed")
}

async fn opened(store: &SqlStore, person: Person, second: i64) -> Session {
    let session = session(person, second, Some("a thumbprint"));
    open(store, &session).await;
    session
}

/// The session after a refresh at this second.
fn next_of(session: &Session, second: i64) -> Session {
    Session {
        generation: session.generation + 1,
        last_used_at: at(second),
        lapses_at: at(second + 300),
        ..session.clone()
    }
}

async fn refresh(store: &SqlStore, next: &Session) -> Refreshed {
    let refresh = Refresh {
        next,
        now: next.last_used_at,
        reused: &traced,
    };
    store.refresh_session(&refresh).await.unwrap()
}

fn by_person(person: &Person, second: i64) -> CloseSessions<'static> {
    CloseSessions {
        person: person.id(),
        closed: Closed {
            at: at(second),
            why: Closing::ByPerson,
        },
        trace: &traced,
    }
}

fn request() -> RequestKey {
    RequestKey {
        actor: "a person".to_owned(),
        request_id: RequestId::new(RANDOM),
        operation: "identity.close_all_sessions",
        fingerprint: [7; 32],
    }
}

async fn a_session_goes_on_with_what_its_refresh_says(store: &SqlStore) {
    let first = opened(store, practitioner(), 0).await;
    let mut second = next_of(&first, 100);
    second.bearer = session(practitioner(), 0, None).bearer;
    assert_eq!(refresh(store, &second).await, Refreshed::Next);
    let read = store.session(first.session_id).await.unwrap();
    assert_eq!(read.as_ref(), Some(&second));
    let third = next_of(&second, 300);
    assert_eq!(refresh(store, &third).await, Refreshed::Next);
    assert_eq!(store.traces().await, 1);
}

async fn a_generation_that_was_used_closes_the_session_with_its_trace(store: &SqlStore) {
    let first = opened(store, patient(), 0).await;
    let second = next_of(&first, 100);
    refresh(store, &second).await;
    let again = next_of(&first, 110);
    assert_eq!(refresh(store, &again).await, Refreshed::Reused);
    let read = store.session(first.session_id).await.unwrap().unwrap();
    let closed = Closed {
        at: at(110),
        why: Closing::RefreshReused,
    };
    // Nothing else of what the second one wanted.
    let expected = Session {
        closed: Some(closed),
        ..second.clone()
    };
    assert_eq!(read, expected);
    assert_eq!(store.traces().await, 2);
    // The token that was good is so no more.
    assert_eq!(
        refresh(store, &next_of(&second, 120)).await,
        Refreshed::Ended
    );
    assert_eq!(store.traces().await, 2);
}

async fn of_many_who_show_one_generation_one_is_served_and_the_session_is_closed(store: &SqlStore) {
    let first = opened(store, patient(), 0).await;
    let next = next_of(&first, 100);
    let answers = (0..12).map(|_| refresh(store, &next));
    let answers = futures::future::join_all(answers).await;
    let count = |what| answers.iter().filter(|answer| **answer == what).count();
    assert_eq!(count(Refreshed::Next), 1);
    assert_eq!(count(Refreshed::Reused), 1);
    assert_eq!(count(Refreshed::Ended), 10);
    assert_eq!(store.traces().await, 2);
}

async fn a_session_that_ended_is_not_refreshed_and_not_closed_again(store: &SqlStore) {
    let person = patient();
    let lapsed = opened(store, person.clone(), 0).await;
    assert_eq!(
        refresh(store, &next_of(&lapsed, 300)).await,
        Refreshed::Ended
    );
    let closed = opened(store, person.clone(), 10).await;
    let closing = by_person(&person, 20);
    store
        .close_session(closed.session_id, &closing)
        .await
        .unwrap();
    assert_eq!(
        refresh(store, &next_of(&closed, 30)).await,
        Refreshed::Ended
    );
    let read = store.session(closed.session_id).await.unwrap().unwrap();
    assert_eq!(read.closed, Some(closing.closed));
    assert_eq!(read.generation, 0);
}

async fn nothing_refreshes_a_session_that_nobody_opened(store: &SqlStore) {
    let nobodys = session(patient(), 0, None);
    assert_eq!(
        refresh(store, &next_of(&nobodys, 1)).await,
        Refreshed::Ended
    );
    assert_eq!(store.session(nobodys.session_id).await.unwrap(), None);
}

async fn a_session_is_closed_once_and_traced_once(store: &SqlStore) {
    let person = practitioner();
    let session = opened(store, person.clone(), 0).await;
    let first = by_person(&person, 20);
    let expected = Session {
        closed: Some(first.closed),
        ..session.clone()
    };
    let again = CloseSessions {
        closed: Closed {
            at: at(30),
            why: Closing::PractitionerInactive,
        },
        trace: &untraced,
        ..first
    };
    for closing in [first, again] {
        let closed = store
            .close_session(session.session_id, &closing)
            .await
            .unwrap();
        assert_eq!(closed.as_ref(), Some(&expected));
    }
    assert_eq!(store.traces().await, 2);
}

async fn a_session_is_closed_for_its_own_person_alone(store: &SqlStore) {
    let session = opened(store, patient(), 0).await;
    let closing = CloseSessions {
        trace: &untraced,
        ..by_person(&patient(), 20)
    };
    for session_id in [session.session_id, SessionId::new(at(0), RANDOM)] {
        let closed = store.close_session(session_id, &closing).await.unwrap();
        assert_eq!(closed, None);
    }
    let read = store.session(session.session_id).await.unwrap();
    assert_eq!(read, Some(session));
}

async fn a_session_that_lapsed_is_answered_as_it_ended(store: &SqlStore) {
    let person = patient();
    let session = opened(store, person.clone(), 0).await;
    let closing = CloseSessions {
        trace: &untraced,
        ..by_person(&person, 300)
    };
    let ended = store
        .close_session(session.session_id, &closing)
        .await
        .unwrap();
    assert_eq!(ended, Some(session));
}

async fn closing_all_closes_what_goes_on_and_nothing_of_anybody_else(store: &SqlStore) {
    let person = patient();
    let lapsed = opened(store, person.clone(), 0).await;
    let open = [
        opened(store, person.clone(), 200).await.session_id,
        opened(store, person.clone(), 210).await.session_id,
    ];
    let other = opened(store, patient(), 200).await;
    let closing = by_person(&person, 300);
    let closed = store
        .close_all_sessions(&request(), &closing)
        .await
        .unwrap();
    assert_eq!((closed.count, closed.closed_now.as_slice()), (2, &open[..]));
    assert_eq!(store.traces().await, 6);
    for (session_id, expected) in [
        (open[0], Some(closing.closed)),
        (open[1], Some(closing.closed)),
        (lapsed.session_id, None),
        (other.session_id, None),
    ] {
        let read = store.session(session_id).await.unwrap().unwrap();
        assert_eq!(read.closed, expected);
    }
    assert_eq!(
        store.open_certificates(person.id(), at(300)).await.unwrap(),
        0
    );
}

async fn a_repeated_closing_of_all_answers_as_the_first_and_closes_nothing(store: &SqlStore) {
    let person = patient();
    opened(store, person.clone(), 0).await;
    let request = request();
    let closing = by_person(&person, 10);
    let first = store.close_all_sessions(&request, &closing).await.unwrap();
    assert_eq!(first.count, 1);
    opened(store, person.clone(), 20).await;
    let closing = CloseSessions {
        trace: &untraced,
        ..by_person(&person, 30)
    };
    let again = store.close_all_sessions(&request, &closing).await.unwrap();
    assert_eq!((again.count, again.closed_now.len()), (1, 0));
    assert_eq!(
        store.open_certificates(person.id(), at(30)).await.unwrap(),
        1
    );
}

async fn closing_all_under_the_name_of_another_request_is_refused(store: &SqlStore) {
    let person = patient();
    opened(store, person.clone(), 0).await;
    let mut request = request();
    store
        .close_all_sessions(&request, &by_person(&patient(), 10))
        .await
        .unwrap();
    request.fingerprint = [8; 32];
    let refused = store
        .close_all_sessions(&request, &by_person(&person, 10))
        .await;
    assert!(matches!(refused, Err(Error::RequestIdReused)));
    assert_eq!(
        store.open_certificates(person.id(), at(30)).await.unwrap(),
        1
    );
}

async fn refreshing_and_closing_at_once_leave_a_closed_session(store: &SqlStore) {
    let person = patient();
    for second in [0, 10, 20, 30] {
        let session = opened(store, person.clone(), second).await;
        let next = next_of(&session, second + 5);
        let closing = by_person(&person, second + 5);
        let (refreshed, closed) = futures::future::join(
            refresh(store, &next),
            store.close_session(session.session_id, &closing),
        )
        .await;
        assert_ne!(refreshed, Refreshed::Reused);
        assert_eq!(closed.unwrap().unwrap().closed, Some(closing.closed));
        let read = store.session(session.session_id).await.unwrap().unwrap();
        assert_eq!(read.closed, Some(closing.closed));
    }
}

async fn closed_sessions_are_listed_since_their_closing(store: &SqlStore) {
    let person = patient();
    opened(store, person.clone(), 0).await;
    let (early, late) = (
        opened(store, person.clone(), 0).await.session_id,
        opened(store, person.clone(), 0).await.session_id,
    );
    for (session_id, second) in [(early, 20), (late, 40)] {
        let closing = by_person(&person, second);
        store.close_session(session_id, &closing).await.unwrap();
    }
    let mut all = store.sessions_closed_since(at(20)).await.unwrap();
    all.sort_unstable();
    let mut both = vec![early, late];
    both.sort_unstable();
    assert_eq!(all, both);
    assert_eq!(store.sessions_closed_since(at(21)).await.unwrap(), [late]);
    assert!(
        store
            .sessions_closed_since(at(41))
            .await
            .unwrap()
            .is_empty()
    );
}
