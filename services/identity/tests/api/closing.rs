//! Sessions are closed by their person, everywhere.

use std::time::Duration;

use aval_domain::event::EventKind;
use aval_proto::identity::v1 as proto;
use aval_runtime::token::{CLOSINGS_HOLD_WITHIN, TokenError};
use tonic::Status;

use crate::calls::{fields, new_request_id, reason, with_token};
use crate::clinic;
use crate::keys::{http, thumbprint, verifier};
use crate::stand::Stand;

async fn patient(stand: &Stand) -> proto::ExchangeTokenResponse {
    let answer = stand
        .sessions("clinic")
        .exchange_token(stand.as_patient())
        .await;
    answer.unwrap().into_inner()
}

async fn close(
    stand: &Stand,
    token: &str,
    session_id: &str,
) -> Result<proto::CloseSessionResponse, Status> {
    let request = proto::CloseSessionRequest {
        session_id: session_id.to_owned(),
        request_id: new_request_id(),
    };
    let request = with_token(token, request);
    let answer = stand.sessions("clinic").close_session(request).await;
    answer.map(tonic::Response::into_inner)
}

async fn close_all(
    stand: &Stand,
    token: &str,
    request_id: &str,
) -> Result<proto::CloseAllSessionsResponse, Status> {
    let request = proto::CloseAllSessionsRequest {
        request_id: request_id.to_owned(),
    };
    let request = with_token(token, request);
    let answer = stand.sessions("clinic").close_all_sessions(request).await;
    answer.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn a_closed_session_s_token_is_refused_by_every_other_service_within_the_bound() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let (closed, other) = (patient(&stand).await, patient(&stand).await);
    let own = Some(thumbprint(&stand, "clinic"));
    let (elsewhere, idle) = (verifier(&stand), verifier(&stand));
    for token in [&closed.access_token, &other.access_token] {
        elsewhere.verify(token, own).await.unwrap();
    }
    close(&stand, &other.access_token, &closed.session_id)
        .await
        .unwrap();
    stand.clock.advance(CLOSINGS_HOLD_WITHIN);
    for verifier in [&elsewhere, &idle] {
        let refused = verifier.verify(&closed.access_token, own).await;
        assert_eq!(refused.unwrap_err(), TokenError::SessionClosed);
        verifier.verify(&other.access_token, own).await.unwrap();
    }
}

#[tokio::test]
async fn another_service_that_cannot_learn_of_closings_refuses_to_say_anything() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let session = patient(&stand).await;
    let own = Some(thumbprint(&stand, "clinic"));
    let (elsewhere, clock) = (verifier(&stand), stand.clock.clone());
    elsewhere.verify(&session.access_token, own).await.unwrap();
    let folder = stand.stop().await;
    elsewhere.verify(&session.access_token, own).await.unwrap();
    clock.advance(CLOSINGS_HOLD_WITHIN);
    let refused = elsewhere.verify(&session.access_token, own).await;
    assert_eq!(refused.unwrap_err(), TokenError::ClosedSessionsUnavailable);
    drop(folder);
}

#[tokio::test]
async fn closing_a_session_ends_its_tokens_here_at_once_and_is_traced() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let (first, second) = (patient(&stand).await, patient(&stand).await);
    let closed = close(&stand, &second.access_token, &first.session_id)
        .await
        .unwrap()
        .session
        .unwrap();
    assert_eq!(closed.closing(), proto::SessionClosing::ByPerson);
    assert!(closed.closed_at.is_some() && !closed.current);
    let refused = close(&stand, &first.access_token, &second.session_id).await;
    assert_eq!(reason(refused), "TOKEN_EXPIRED");
    let refresh = proto::RefreshTokenRequest {
        refresh_token: first.refresh_token,
    };
    let refused = stand.sessions("clinic").refresh_token(refresh).await;
    assert_eq!(reason(refused), "TOKEN_EXPIRED");
    let request = proto::IntrospectTokenRequest {
        token: first.access_token,
    };
    let told = stand.sessions("clinic").introspect_token(request).await;
    assert!(!told.unwrap().into_inner().active);

    stand.clock.advance(Duration::from_secs(10));
    let again = close(&stand, &second.access_token, &first.session_id).await;
    assert_eq!(again.unwrap().session.unwrap().closed_at, closed.closed_at);
    close(&stand, &second.access_token, &second.session_id)
        .await
        .unwrap();
    let events = stand.neighbours.events(EventKind::SessionClosed, 2).await;
    assert_eq!(events.len(), 2);
    let subjects: Vec<_> = events
        .iter()
        .map(|event| event.subject.clone().unwrap().id)
        .collect();
    assert_eq!(subjects, [first.session_id, second.session_id]);
    assert!(
        events
            .iter()
            .all(|event| event.after["closing"] == "by_person" && event.patient_id.is_some())
    );
}

#[tokio::test]
async fn nobody_closes_somebody_else_s_session() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let patient = patient(&stand).await;
    let request = stand.as_professional(clinic::SINGLE, "");
    let answer = stand.sessions("clinic").exchange_token(request).await;
    let doctor = answer.unwrap().into_inner();
    for (token, session_id) in [
        (&doctor.access_token, &patient.session_id),
        (&patient.access_token, &doctor.session_id),
        (&patient.access_token, &new_request_id()),
    ] {
        let refused = close(&stand, token, session_id).await;
        assert_eq!(reason(refused), "NOT_FOUND");
    }
    let without = proto::CloseSessionRequest {
        session_id: patient.session_id,
        request_id: new_request_id(),
    };
    let refused = stand.sessions("clinic").close_session(without).await;
    assert_eq!(reason(refused), "TOKEN_MISSING");
}

#[tokio::test]
async fn closing_all_ends_this_one_too_and_no_one_else_s() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let sessions = [patient(&stand).await, patient(&stand).await];
    let request = stand.as_professional(clinic::SINGLE, "");
    let answer = stand.sessions("clinic").exchange_token(request).await;
    let doctor = answer.unwrap().into_inner();
    let answer = close_all(&stand, &sessions[0].access_token, &new_request_id()).await;
    assert_eq!(answer.unwrap().closed_count, 2);
    for session in &sessions {
        let refused = close_all(&stand, &session.access_token, &new_request_id()).await;
        assert_eq!(reason(refused), "TOKEN_EXPIRED");
    }
    let events = stand.neighbours.events(EventKind::SessionClosed, 2).await;
    assert_eq!(events.len(), 2);
    let answer = close_all(&stand, &doctor.access_token, &new_request_id()).await;
    assert_eq!(answer.unwrap().closed_count, 1);
}

#[tokio::test]
async fn a_closing_names_its_session_and_its_request() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let session = patient(&stand).await;
    let request = with_token(&session.access_token, proto::CloseSessionRequest::default());
    let refused = stand.sessions("clinic").close_session(request).await;
    assert_eq!(fields(refused), ["session_id", "request_id"]);
    let refused = close_all(&stand, &session.access_token, "again").await;
    assert_eq!(fields(refused), ["request_id"]);
}

#[tokio::test]
async fn closed_sessions_are_published_by_identifier_alone_for_ten_minutes() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let session = patient(&stand).await;
    close(&stand, &session.access_token, &session.session_id)
        .await
        .unwrap();
    let listed = async |stand: &Stand| {
        stand.clock.advance(Duration::from_secs(1));
        let answer = http(stand).get(stand.closed_sessions_url()).send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let list: serde_json::Value = answer.json().await.unwrap();
        list["sessions"].clone()
    };
    assert_eq!(
        listed(&stand).await,
        serde_json::json!([session.session_id])
    );
    stand.clock.advance(Duration::from_mins(10));
    assert_eq!(listed(&stand).await, serde_json::json!([]));
}
