//! Sessions go on, for the software that opened them, with tokens that are used once.

use std::time::Duration;

use aval_domain::event::{Actor, EventKind, Outcome};
use aval_proto::identity::v1 as proto;
use tonic::Status;

use crate::calls::{fields, reason, with_token};
use crate::clinic::{self, DOCTOR};
use crate::stand::Stand;

/// Signs the doctor in at their cabinet.
async fn doctor(stand: &Stand) -> proto::ExchangeTokenResponse {
    let request = stand.as_professional(DOCTOR, &clinic::at_the_cabinet());
    let answer = stand.sessions("clinic").exchange_token(request).await;
    answer.unwrap().into_inner()
}

async fn patient(stand: &Stand) -> proto::ExchangeTokenResponse {
    let answer = stand
        .sessions("clinic")
        .exchange_token(stand.as_patient())
        .await;
    answer.unwrap().into_inner()
}

async fn refresh(
    stand: &Stand,
    caller: &str,
    refresh_token: &str,
) -> Result<proto::RefreshTokenResponse, Status> {
    let request = proto::RefreshTokenRequest {
        refresh_token: refresh_token.to_owned(),
    };
    let answer = stand.sessions(caller).refresh_token(request).await;
    answer.map(tonic::Response::into_inner)
}

/// The sessions of whoever holds this token, ended ones too.
async fn sessions(stand: &Stand, token: &str) -> Vec<proto::Session> {
    let request = proto::ListSessionsRequest {
        include_ended: true,
        ..proto::ListSessionsRequest::default()
    };
    let answer = stand
        .sessions("clinic")
        .list_sessions(with_token(token, request))
        .await;
    answer.unwrap().into_inner().sessions
}

#[tokio::test]
async fn a_session_goes_on_with_a_new_token_of_the_same_capacity() {
    let stand = Stand::start().await;
    let opened = doctor(&stand).await;
    stand.clock.advance(Duration::from_mins(4));
    let next = refresh(&stand, "clinic", &opened.refresh_token)
        .await
        .unwrap();
    assert_ne!(next.access_token, opened.access_token);
    assert_ne!(next.refresh_token, opened.refresh_token);
    assert_eq!(next.session_expire_at, opened.session_expire_at);
    stand.clock.advance(Duration::from_mins(4));
    let request = proto::IntrospectTokenRequest {
        token: next.access_token.clone(),
    };
    let told = stand.sessions("clinic").introspect_token(request).await;
    let told = told.unwrap().into_inner();
    assert!(told.active);
    assert_eq!(told.session_id, opened.session_id);
    assert_eq!(told.bearer, opened.bearer);
    let listed = sessions(&stand, &next.access_token).await;
    assert_eq!(listed.len(), 1);
    let (used, opened) = (listed[0].last_used_at, listed[0].opened_at);
    assert_eq!(used.unwrap().seconds - opened.unwrap().seconds, 4 * 60);
}

#[tokio::test]
async fn a_refresh_token_that_comes_twice_closes_the_session_and_the_person_is_told() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let opened = patient(&stand).await;
    let next = refresh(&stand, "clinic", &opened.refresh_token)
        .await
        .unwrap();
    let again = refresh(&stand, "clinic", &opened.refresh_token).await;
    assert_eq!(reason(again), "TOKEN_EXPIRED");
    // Neither what the copy brought nor what the original would bring is good.
    let request = proto::ListSessionsRequest::default();
    let answer = stand
        .sessions("clinic")
        .list_sessions(with_token(&next.access_token, request))
        .await;
    assert_eq!(reason(answer), "TOKEN_EXPIRED");
    let after = refresh(&stand, "clinic", &next.refresh_token).await;
    assert_eq!(reason(after), "TOKEN_EXPIRED");

    let closed = &stand.neighbours.events(EventKind::SessionClosed, 1).await[0];
    assert_eq!(closed.subject.as_ref().unwrap().id, opened.session_id);
    assert_eq!(closed.after["closing"], "refresh_reused");
    assert!(closed.patient_id.is_some());
    assert!(matches!(&closed.actor, Actor::Service { name } if name == "clinic"));
    stand.clock.advance(Duration::from_secs(1));
    let token = stand.patient_token("clinic").await;
    let listed = sessions(&stand, &token).await;
    assert_eq!(listed[1].session_id, opened.session_id);
    assert_eq!(listed[1].closing(), proto::SessionClosing::RefreshReused);
}

#[tokio::test]
async fn a_refresh_token_in_other_software_s_hands_is_refused_and_traced() {
    let stand = Stand::start().await;
    let opened = doctor(&stand).await;
    for caller in ["other-clinic", "gateway", "operator"] {
        let stolen = refresh(&stand, caller, &opened.refresh_token).await;
        assert_eq!(reason(stolen), "TOKEN_BOUND_ELSEWHERE");
    }
    let refused = &stand.neighbours.events(EventKind::SessionRefused, 3).await[0];
    assert_eq!(refused.outcome, Outcome::Refused);
    assert_eq!(refused.after["reason"], "TOKEN_BOUND_ELSEWHERE");
    assert_eq!(refused.subject.as_ref().unwrap().id, opened.session_id);
    // Its owner is not kept from going on.
    refresh(&stand, "clinic", &opened.refresh_token)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_was_never_given_out_refreshes_nothing() {
    let stand = Stand::start().await;
    let opened = doctor(&stand).await;
    let mut changed = opened.refresh_token.clone();
    let letter = changed.len() - 3..changed.len() - 2;
    let other = if &changed[letter.clone()] == "A" {
        "Q"
    } else {
        "A"
    };
    changed.replace_range(letter, other);
    for token in [
        changed.as_str(),
        &opened.access_token,
        &opened.session_id,
        "é",
        "x",
        &"x".repeat(16 * 1024),
    ] {
        let refused = refresh(&stand, "clinic", token).await;
        assert_eq!(reason(refused), "TOKEN_INVALID");
    }
    for token in [String::new(), "x".repeat(16 * 1024 + 1)] {
        let refused = refresh(&stand, "clinic", &token).await;
        assert_eq!(fields(refused), ["refresh_token"]);
    }
}

#[tokio::test]
async fn a_session_lapses_when_nothing_is_asked_for_and_ends_whatever_is() {
    let stand = Stand::start().await;
    let (idle, busy) = (doctor(&stand).await, doctor(&stand).await);
    let mut token = busy.refresh_token;
    for minutes in [29, 29, 29, 29, 29, 29, 29, 29] {
        stand.clock.advance(Duration::from_mins(minutes));
        token = refresh(&stand, "clinic", &token)
            .await
            .unwrap()
            .refresh_token;
    }
    let lapsed = refresh(&stand, "clinic", &idle.refresh_token).await;
    assert_eq!(reason(lapsed), "TOKEN_EXPIRED");
    // Three hours and fifty-two minutes have gone by: the last token is the shorter one.
    stand.clock.advance(Duration::from_mins(6));
    let last = refresh(&stand, "clinic", &token).await.unwrap();
    let end = last.session_expire_at.unwrap();
    assert_eq!(last.expire_at.unwrap().seconds, end.seconds);
    stand.clock.advance(Duration::from_secs(2 * 60 + 1));
    let ended = refresh(&stand, "clinic", &last.refresh_token).await;
    assert_eq!(reason(ended), "TOKEN_EXPIRED");
}

#[tokio::test]
async fn a_professional_who_no_longer_practises_there_is_signed_out() {
    let changes: [fn(&mut aval_proto::practitioner_directory::v1::Practitioner); 3] = [
        |doctor| doctor.active = false,
        |doctor| doctor.activities[0].active = false,
        |doctor| drop(doctor.activities.remove(0)),
    ];
    for change in changes {
        let stand = Stand::start().await;
        let opened = doctor(&stand).await;
        stand.neighbours.change(DOCTOR, change);
        let refused = refresh(&stand, "clinic", &opened.refresh_token).await;
        assert_eq!(reason(refused), "PRACTITIONER_INACTIVE");
        let closed = &stand.neighbours.events(EventKind::SessionClosed, 1).await[0];
        assert_eq!(closed.after["closing"], "practitioner_inactive");
        let again = refresh(&stand, "clinic", &opened.refresh_token).await;
        assert_eq!(reason(again), "TOKEN_EXPIRED");
    }
}

#[tokio::test]
async fn while_the_directory_does_not_answer_nothing_is_used_up() {
    let stand = Stand::start().await;
    let opened = doctor(&stand).await;
    stand.neighbours.fail(Some(Status::unavailable("down")));
    for _ in 0..2 {
        let failed = refresh(&stand, "clinic", &opened.refresh_token).await;
        assert_eq!(reason(failed), "DEPENDENCY_UNAVAILABLE");
    }
    stand.neighbours.fail(None);
    refresh(&stand, "clinic", &opened.refresh_token)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_refreshed_token_says_what_the_directory_says_now() {
    let stand = Stand::start().await;
    let opened = doctor(&stand).await;
    stand.neighbours.change(DOCTOR, |doctor| {
        let place = doctor.activities[0].organization.as_mut().unwrap();
        place.name = "CABINET DES LILAS".to_owned();
    });
    let next = refresh(&stand, "clinic", &opened.refresh_token)
        .await
        .unwrap();
    let listed = sessions(&stand, &next.access_token).await;
    let bearer = listed[0].bearer.clone().unwrap().person.unwrap();
    let proto::bearer::Person::Practitioner(doctor) = bearer else {
        panic!("a professional signed in");
    };
    assert_eq!(doctor.organization_name, "CABINET DES LILAS");
    assert_eq!(doctor.activity_id, clinic::at_the_cabinet());
}
