//! Whoever signed out at their provider has no session left, once per token.

use aval_domain::event::{Event, EventKind};
use aval_domain::id::SessionId;

use super::sample::{at, event, open, patient, practitioner, session};
use crate::patient_keys::KeyedDigest;
use crate::provider::SignedOut;
use crate::provider_names::NamesAtProvider;
use crate::session::{Closed, Closing, Session};
use crate::store::sql::{Migrator, SqlStore};
use crate::store::{LoggedOut, Logout, Store};

aval_database::conformance_suite! {
    migrator: Migrator,
    store: SqlStore::new,
    tests: [
        a_session_keeps_what_the_provider_calls_it,
        whoever_signed_out_of_one_sign_in_keeps_the_others,
        whoever_signed_out_everywhere_keeps_none_and_nobody_else_loses_any,
        a_sign_in_without_a_name_ends_with_any_of_its_person,
        a_session_that_ended_is_not_closed_again,
        a_token_that_came_before_closes_nothing,
        of_many_that_bring_one_token_one_closes,
        a_token_is_forgotten_when_nobody_would_believe_it,
    ],
}

const ANNE: u8 = 1;
const BRUNO: u8 = 2;

fn digest(byte: u8) -> KeyedDigest {
    KeyedDigest([byte; 32])
}

fn traced(_: &Session) -> Event {
    event(EventKind::SessionClosed)
}

/// A session of this person, under this name of the sign-in, opened at 0 for 300 s.
async fn signed_in(store: &SqlStore, subject: u8, sign_in: Option<u8>) -> Session {
    let session = Session {
        at_provider: Some(NamesAtProvider {
            subject: digest(subject),
            session: sign_in.map(digest),
        }),
        ..session(practitioner(), 0, None)
    };
    open(store, &session).await;
    session
}

fn of_sign_in(sign_in: u8, subject: Option<u8>) -> SignedOut<KeyedDigest> {
    SignedOut::Session {
        session: digest(sign_in),
        subject: subject.map(digest),
    }
}

fn of_person(subject: u8) -> SignedOut<KeyedDigest> {
    SignedOut::Person {
        subject: digest(subject),
    }
}

/// This token, at this second, remembered for 200 s.
fn logout(token: u8, second: i64, who: SignedOut<KeyedDigest>) -> Logout<'static> {
    Logout {
        token: digest(token),
        remembered_until: at(second + 200),
        who,
        closed: Closed {
            at: at(second),
            why: Closing::ByProvider,
        },
        trace: &traced,
    }
}

/// Those that were closed, in the order of their identifiers.
async fn closed(store: &SqlStore, logout: Logout<'_>) -> Vec<SessionId> {
    match store.log_out(&logout).await.unwrap() {
        LoggedOut::Sessions(closed) => closed,
        LoggedOut::Replayed => panic!("the token is new"),
    }
}

fn ids(sessions: &[&Session]) -> Vec<SessionId> {
    let mut ids: Vec<_> = sessions.iter().map(|session| session.session_id).collect();
    ids.sort();
    ids
}

async fn a_session_keeps_what_the_provider_calls_it(store: &SqlStore) {
    for sign_in in [Some(10), None] {
        let session = signed_in(store, ANNE, sign_in).await;
        let read = store.session(session.session_id).await.unwrap();
        assert_eq!(read, Some(session));
    }
}

async fn whoever_signed_out_of_one_sign_in_keeps_the_others(store: &SqlStore) {
    let first = signed_in(store, ANNE, Some(10)).await;
    let again = signed_in(store, ANNE, Some(10)).await;
    let other = signed_in(store, ANNE, Some(11)).await;
    let bruno = signed_in(store, BRUNO, Some(20)).await;
    let gone = closed(store, logout(1, 100, of_sign_in(10, Some(ANNE)))).await;
    assert_eq!(gone, ids(&[&first, &again]));
    let read = store.session(first.session_id).await.unwrap().unwrap();
    let how = read.closed.unwrap();
    assert_eq!((how.at, how.why), (at(100), Closing::ByProvider));
    for open in [&other, &bruno] {
        let read = store.session(open.session_id).await.unwrap().unwrap();
        assert!(read.is_open(at(100)));
    }
    // Four openings, two closings.
    assert_eq!(store.traces().await, 6);
}

async fn whoever_signed_out_everywhere_keeps_none_and_nobody_else_loses_any(store: &SqlStore) {
    let first = signed_in(store, ANNE, Some(10)).await;
    let second = signed_in(store, ANNE, None).await;
    let bruno = signed_in(store, BRUNO, Some(20)).await;
    // From before the provider's names were kept.
    open(store, &session(patient(), 0, None)).await;
    let gone = closed(store, logout(1, 100, of_person(ANNE))).await;
    assert_eq!(gone, ids(&[&first, &second]));
    assert!(closed(store, logout(2, 100, of_person(3))).await.is_empty());
    let gone = closed(store, logout(3, 100, of_sign_in(20, None))).await;
    assert_eq!(gone, ids(&[&bruno]));
}

async fn a_sign_in_without_a_name_ends_with_any_of_its_person(store: &SqlStore) {
    let unnamed = signed_in(store, ANNE, None).await;
    let other = signed_in(store, ANNE, Some(11)).await;
    signed_in(store, BRUNO, None).await;
    let gone = closed(store, logout(1, 100, of_sign_in(10, None))).await;
    assert!(gone.is_empty());
    let gone = closed(store, logout(2, 100, of_sign_in(10, Some(ANNE)))).await;
    assert_eq!(gone, ids(&[&unnamed]));
    let gone = closed(store, logout(3, 100, of_sign_in(11, Some(ANNE)))).await;
    assert_eq!(gone, ids(&[&other]));
}

async fn a_session_that_ended_is_not_closed_again(store: &SqlStore) {
    let session = signed_in(store, ANNE, Some(10)).await;
    let gone = closed(store, logout(1, 300, of_person(ANNE))).await;
    assert!(gone.is_empty());
    let read = store.session(session.session_id).await.unwrap().unwrap();
    assert_eq!(read.closed, None);
    assert_eq!(store.traces().await, 1);
}

async fn a_token_that_came_before_closes_nothing(store: &SqlStore) {
    let token = logout(1, 100, of_person(ANNE));
    assert!(closed(store, token).await.is_empty());
    let session = signed_in(store, ANNE, Some(10)).await;
    let again = Logout {
        closed: Closed {
            at: at(299),
            why: Closing::ByProvider,
        },
        ..token
    };
    let answer = store.log_out(&again).await.unwrap();
    assert_eq!(answer, LoggedOut::Replayed);
    let read = store.session(session.session_id).await.unwrap().unwrap();
    assert!(read.is_open(at(299)));
}

async fn of_many_that_bring_one_token_one_closes(store: &SqlStore) {
    signed_in(store, ANNE, Some(10)).await;
    let token = logout(1, 100, of_person(ANNE));
    let answers = futures::future::join_all((0..8).map(|_| store.log_out(&token))).await;
    let replayed = answers
        .iter()
        .filter(|answer| matches!(answer, Ok(LoggedOut::Replayed)));
    assert_eq!(replayed.count(), 7);
    assert_eq!(store.traces().await, 2);
}

async fn a_token_is_forgotten_when_nobody_would_believe_it(store: &SqlStore) {
    closed(store, logout(1, 0, of_person(ANNE))).await;
    // Another token that comes then takes it away.
    closed(store, logout(2, 200, of_person(ANNE))).await;
    assert_eq!(store.remembered_logout_tokens().await, 1);
    closed(store, logout(1, 201, of_person(ANNE))).await;
}
