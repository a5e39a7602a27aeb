//! Every call is refused to whoever may not make it, before anything else is said.

use aval_proto::identity::v1 as proto;
use aval_runtime::config::GrpcConfig;
use tonic::{Code, Request, Status};

use crate::calls::{reason, registration, with_token};
use crate::stand::Stand;

/// Calls every RPC of the services with an empty message, and answers their names with
/// what became of them.
async fn call_all(stand: &Stand, caller: &str, token: Option<&str>) -> Vec<(&'static str, Status)> {
    let mut sessions = stand.sessions(caller);
    let mut patients = stand.patients(caller);
    let mut merges = stand.merges(caller);
    let mut answers = Vec::new();
    macro_rules! call {
        ($client:ident, $method:ident, $message:ident) => {
            let message = proto::$message::default();
            let request = match token {
                Some(token) => with_token(token, message),
                None => Request::new(message),
            };
            let answer = $client.$method(request).await.map(|_| ());
            let status = answer.err().unwrap_or_else(|| Status::ok(""));
            answers.push((stringify!($method), status));
        };
    }
    call!(sessions, exchange_token, ExchangeTokenRequest);
    call!(sessions, refresh_token, RefreshTokenRequest);
    call!(sessions, introspect_token, IntrospectTokenRequest);
    call!(sessions, list_sessions, ListSessionsRequest);
    call!(sessions, close_session, CloseSessionRequest);
    call!(sessions, close_all_sessions, CloseAllSessionsRequest);
    call!(patients, register_patient, RegisterPatientRequest);
    call!(patients, get_patient, GetPatientRequest);
    call!(patients, resolve_patient, ResolvePatientRequest);
    call!(patients, update_identity, UpdateIdentityRequest);
    call!(patients, merge_patients, MergePatientsRequest);
    call!(patients, unmerge_patients, UnmergePatientsRequest);
    call!(patients, add_representative, AddRepresentativeRequest);
    call!(patients, remove_representative, RemoveRepresentativeRequest);
    call!(patients, list_representatives, ListRepresentativesRequest);
    call!(patients, list_identity_issues, ListIdentityIssuesRequest);
    call!(merges, watch_merges, WatchMergesRequest);
    answers
}

fn reasons(answers: Vec<(&'static str, Status)>) -> Vec<(&'static str, String)> {
    let named = answers
        .into_iter()
        .map(|(name, status)| (name, reason::<()>(Err(status))));
    named.collect()
}

#[tokio::test]
async fn a_caller_who_is_not_listed_may_call_nothing() {
    let stand = Stand::start().await;
    for caller in ["audit", "provider"] {
        for (name, reason) in reasons(call_all(&stand, caller, None).await) {
            assert_eq!(reason, "CALLER_NOT_ALLOWED", "{caller} {name}");
        }
    }
}

#[tokio::test]
async fn software_that_may_call_for_patients_may_not_keep_them() {
    let stand = Stand::start().await;
    for (name, reason) in reasons(call_all(&stand, "clinic", None).await) {
        let expected = match name {
            "exchange_token"
            | "introspect_token"
            | "refresh_token"
            | "get_patient"
            | "add_representative"
            | "remove_representative"
            | "list_representatives" => "FIELD_INVALID",
            "list_sessions" | "close_session" | "close_all_sessions" => "TOKEN_MISSING",
            _ => "CALLER_NOT_ALLOWED",
        };
        assert_eq!(reason, expected, "{name}");
    }
    let get = proto::GetPatientRequest {
        patient_id: "018bcfe5-6800-7abc-8def-0123456789ab".to_owned(),
    };
    let answer = stand.patients("clinic").get_patient(get).await;
    assert_eq!(reason(answer), "CALLER_NOT_ALLOWED");
}

#[tokio::test]
async fn a_person_does_not_keep_patients_whoever_carries_their_token() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let token = stand.patient_token("gateway").await;
    for (name, status) in call_all(&stand, "gateway", Some(&token)).await {
        let keeps = [
            "register_patient",
            "resolve_patient",
            "update_identity",
            "merge_patients",
            "unmerge_patients",
            "list_identity_issues",
            "watch_merges",
        ];
        if keeps.contains(&name) {
            assert_eq!(reason::<()>(Err(status)), "ACTOR_NOT_ALLOWED", "{name}");
        }
    }
}

#[tokio::test]
async fn a_professional_s_token_opens_nothing_of_a_patient() {
    let stand = Stand::start().await;
    let registered = stand.register_patient().await;
    let request = stand.as_professional(crate::clinic::SINGLE, "");
    let exchanged = stand
        .sessions("gateway")
        .exchange_token(request)
        .await
        .unwrap()
        .into_inner();
    let get = proto::GetPatientRequest {
        patient_id: registered,
    };
    let request = with_token(&exchanged.access_token, get);
    let answer = stand.patients("gateway").get_patient(request).await;
    assert_eq!(reason(answer), "ACTOR_NOT_ALLOWED");
    let request = with_token(&exchanged.access_token, registration());
    let answer = stand.patients("gateway").register_patient(request).await;
    assert_eq!(reason(answer), "ACTOR_NOT_ALLOWED");
}

#[tokio::test]
async fn every_call_is_served() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let token = stand.patient_token("gateway").await;
    for token in [None, Some(token.as_str())] {
        for (name, status) in call_all(&stand, "gateway", token).await {
            assert_ne!(status.code(), Code::Unimplemented, "{name}");
        }
    }
}

#[tokio::test]
async fn without_a_list_of_callers_nobody_may_call() {
    let stand = Stand::start_with(|config, _| {
        let GrpcConfig { callers, .. } = &mut config.grpc;
        *callers = None;
    })
    .await;
    for (name, reason) in reasons(call_all(&stand, "gateway", None).await) {
        assert_eq!(reason, "CALLER_NOT_ALLOWED", "{name}");
    }
}
