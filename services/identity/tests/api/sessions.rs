//! Tokens are asked about, and sessions listed to their person.

use std::time::Duration;

use aval_domain::event::EventKind;
use aval_identity::session::Beyond;
use aval_proto::identity::v1 as proto;

use crate::calls::{fields, reason, with_token};
use crate::clinic;
use crate::keys::http;
use crate::stand::{PATIENCE, Stand};

async fn introspect(stand: &Stand, caller: &str, token: &str) -> proto::IntrospectTokenResponse {
    let token = token.to_owned();
    let request = proto::IntrospectTokenRequest { token };
    stand
        .sessions(caller)
        .introspect_token(request)
        .await
        .unwrap()
        .into_inner()
}

async fn list(
    stand: &Stand,
    token: &str,
    request: proto::ListSessionsRequest,
) -> proto::ListSessionsResponse {
    let request = with_token(token, request);
    stand
        .sessions("clinic")
        .list_sessions(request)
        .await
        .unwrap()
        .into_inner()
}

#[tokio::test]
async fn a_good_token_is_told_about_to_its_carrier_and_to_the_platform() {
    let stand = Stand::start().await;
    let request = stand.as_professional(clinic::SINGLE, "");
    let exchanged = stand
        .sessions("clinic")
        .exchange_token(request)
        .await
        .unwrap()
        .into_inner();
    for caller in ["clinic", "gateway", "operator"] {
        let told = introspect(&stand, caller, &exchanged.access_token).await;
        assert!(told.active, "{caller}");
        assert_eq!(told.session_id, exchanged.session_id);
        assert_eq!(
            (told.bearer, told.expire_at),
            (exchanged.bearer.clone(), exchanged.expire_at)
        );
    }
}

#[tokio::test]
async fn what_is_not_good_is_inactive_and_nothing_else_is_told() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let token = stand.patient_token("clinic").await;
    let inactive = proto::IntrospectTokenResponse::default();
    // Another software learns nothing of a token that it should not have.
    assert_eq!(introspect(&stand, "other-clinic", &token).await, inactive);
    let provider_s = stand.as_patient();
    let mut tampered = token.clone();
    tampered.replace_range(token.len() - 4.., "AAAA");
    for token in [&provider_s.id_token, &tampered, "a.b.c", "no token"] {
        assert_eq!(introspect(&stand, "operator", token).await, inactive);
    }
    assert!(introspect(&stand, "clinic", &token).await.active);
    stand.clock.advance(Duration::from_secs(301));
    assert_eq!(introspect(&stand, "clinic", &token).await, inactive);
    for token in [String::new(), "x".repeat(16 * 1024 + 1)] {
        let request = proto::IntrospectTokenRequest { token };
        let answer = stand.sessions("clinic").introspect_token(request).await;
        assert_eq!(fields(answer), ["token"]);
    }
}

#[tokio::test]
async fn a_token_of_another_identity_service_is_inactive() {
    let (stand, other) = (Stand::start().await, Stand::start().await);
    other.register_patient().await;
    let token = other.patient_token("clinic").await;
    let told = introspect(&stand, "operator", &token).await;
    assert_eq!(told, proto::IntrospectTokenResponse::default());
}

#[tokio::test]
async fn a_person_sees_their_own_sessions_the_newest_first() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let first = stand.patient_token("clinic").await;
    stand.clock.advance(Duration::from_mins(25));
    let second = stand.patient_token("clinic").await;
    let request = stand.as_professional(clinic::SINGLE, "");
    stand
        .sessions("clinic")
        .exchange_token(request)
        .await
        .unwrap();
    let listed = list(&stand, &second, proto::ListSessionsRequest::default())
        .await
        .sessions;
    let current: Vec<_> = listed.iter().map(|session| session.current).collect();
    assert_eq!(current, [true, false]);
    assert!(
        listed
            .iter()
            .all(|session| session.software == "clinic" && !session.suspicious)
    );
    // The session goes on, and its first token has expired.
    assert!(!introspect(&stand, "clinic", &first).await.active);

    // Nothing was asked for in the first one for half an hour.
    stand.clock.advance(Duration::from_secs(299));
    let open = list(&stand, &second, proto::ListSessionsRequest::default()).await;
    assert_eq!(open.sessions.len(), 2);
    stand.clock.advance(Duration::from_secs(1));
    let open = list(&stand, &second, proto::ListSessionsRequest::default())
        .await
        .sessions;
    assert_eq!(open.len(), 1);
    let include_ended = proto::ListSessionsRequest {
        include_ended: true,
        ..proto::ListSessionsRequest::default()
    };
    let all = list(&stand, &second, include_ended).await.sessions;
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].closing(), proto::SessionClosing::Unspecified);
    assert_eq!(all[1].closing(), proto::SessionClosing::Expired);
    let half_an_hour = all[1].closed_at.unwrap().seconds - all[1].opened_at.unwrap().seconds;
    assert_eq!(half_an_hour, 30 * 60);
    let four_hours = all[1].expire_at.unwrap().seconds - all[1].opened_at.unwrap().seconds;
    assert_eq!(four_hours, 4 * 60 * 60);
}

#[tokio::test]
async fn sessions_from_two_certificates_at_once_are_suspicious() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let token = stand.patient_token("clinic").await;
    stand.patient_token("other-clinic").await;
    let listed = list(&stand, &token, proto::ListSessionsRequest::default())
        .await
        .sessions;
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|session| session.suspicious));
}

#[tokio::test]
async fn pages_go_on_where_the_last_one_ended_and_belong_to_their_person() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let mut token = String::new();
    for _ in 0..5 {
        token = stand.patient_token("clinic").await;
        stand.clock.advance(Duration::from_secs(1));
    }
    let page_of = |page_token: &str| proto::ListSessionsRequest {
        page_size: 2,
        page_token: page_token.to_owned(),
        include_ended: false,
    };
    let (mut seen, mut page_token) = (Vec::new(), String::new());
    loop {
        let page = list(&stand, &token, page_of(&page_token)).await;
        seen.extend(page.sessions.into_iter().map(|session| session.session_id));
        if page.next_page_token.is_empty() {
            break;
        }
        page_token = page.next_page_token;
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted_by(|newer, older| newer > older));

    let request = stand.as_professional(clinic::SINGLE, "");
    let other = stand
        .sessions("clinic")
        .exchange_token(request)
        .await
        .unwrap()
        .into_inner();
    let include_ended = proto::ListSessionsRequest {
        include_ended: true,
        ..page_of(&page_token)
    };
    for (token, request) in [
        (&other.access_token, page_of(&page_token)),
        (&token, page_of("forged")),
        (&token, include_ended),
    ] {
        let answer = stand
            .sessions("clinic")
            .list_sessions(with_token(token, request))
            .await;
        assert_eq!(reason(answer), "PAGE_TOKEN_INVALID");
    }
    let negative = proto::ListSessionsRequest {
        page_size: -1,
        ..page_of("")
    };
    let answer = stand
        .sessions("clinic")
        .list_sessions(with_token(&token, negative))
        .await;
    assert_eq!(fields(answer), ["page_size"]);
}

/// The only doctor with one practice situation signs in with each of these.
async fn doctor_everywhere(
    stand: &Stand,
    callers: &[&str],
) -> Vec<Result<proto::ExchangeTokenResponse, tonic::Status>> {
    let mut answers = Vec::new();
    for caller in callers {
        let request = stand.as_professional(clinic::SINGLE, "");
        let answer = stand.sessions(caller).exchange_token(request).await;
        answers.push(answer.map(tonic::Response::into_inner));
    }
    answers
}

#[tokio::test]
async fn a_professional_in_too_many_places_at_once_is_let_in_and_the_trail_says_so() {
    let stand = Stand::start().await;
    let callers = ["clinic", "other-clinic", "operator"];
    let mut answers = doctor_everywhere(&stand, &callers).await;
    let last = answers.pop().unwrap().unwrap();
    let opened = stand.neighbours.events(EventKind::SessionOpened, 3).await;
    let said: Vec<_> = opened
        .iter()
        .map(|event| event.after.get("parallel_certificates").map(String::as_str))
        .collect();
    assert_eq!(said, [None, None, Some("3")]);
    let request = with_token(&last.access_token, proto::ListSessionsRequest::default());
    let listed = stand.sessions("operator").list_sessions(request).await;
    let listed = listed.unwrap().into_inner().sessions;
    assert_eq!(listed.len(), 3);
    assert!(listed.iter().all(|session| session.suspicious));
}

#[tokio::test]
async fn where_shared_accounts_are_refused_one_place_more_is_refused_and_traced() {
    let stand = Stand::start_with(|config, _| {
        config.parallel_sessions.beyond = Beyond::Refuse;
    })
    .await;
    let callers = ["clinic", "other-clinic", "operator", "clinic"];
    let mut answers = doctor_everywhere(&stand, &callers).await;
    // The same software may, as often as it likes.
    assert!(answers.pop().unwrap().is_ok());
    assert_eq!(reason(answers.pop().unwrap()), "TOO_MANY_SESSIONS");
    let refused = &stand.neighbours.events(EventKind::SessionRefused, 1).await[0];
    assert_eq!(refused.after["reason"], "TOO_MANY_SESSIONS");
    assert!(refused.subject.is_some());
    // A place is free when all of its sessions are closed.
    let elsewhere = answers.pop().unwrap().unwrap();
    let close = proto::CloseSessionRequest {
        session_id: elsewhere.session_id,
        request_id: crate::calls::new_request_id(),
    };
    stand
        .sessions("other-clinic")
        .close_session(with_token(&elsewhere.access_token, close))
        .await
        .unwrap();
    let again = doctor_everywhere(&stand, &["operator"]).await;
    assert!(again.into_iter().all(|answer| answer.is_ok()));
    // Patients have as many devices as they like.
    stand.register_patient().await;
    for caller in ["clinic", "other-clinic", "operator", "gateway"] {
        stand.patient_token(caller).await;
    }
}

#[tokio::test]
async fn operators_see_how_many_sessions_go_on() {
    let stand = Stand::start().await;
    let url = format!("http://{}/metrics", stand.identity.ops);
    let seen = async {
        loop {
            let metrics = http(&stand).get(&url).send().await.unwrap();
            let metrics = metrics.text().await.unwrap();
            let kinds = ["practitioner", "patient", "representative"];
            let is_there = |kind: &&str| {
                metrics.lines().any(|line| {
                    line.starts_with("aval_identity_sessions{")
                        && line.contains(&format!("kind=\"{kind}\""))
                })
            };
            if kinds.iter().all(is_there) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.unwrap();
}
