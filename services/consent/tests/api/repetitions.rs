//! The same request twice.

use aval_proto::common::v1::DocumentClass;
use aval_proto::consent::v1 as proto;
use tonic::Code;

use crate::people::{ANNA, Person};
use crate::stand::{Stand, create_grant, question, reason, request_id};

#[tokio::test]
async fn the_same_request_twice_has_one_answer_and_one_event() {
    let stand = Stand::start().await;
    let message = create_grant();
    let mut grants = stand.grants(Person::Anna);
    let mut answers = Vec::new();
    for _ in 0..2 {
        let request = stand.request(message.clone(), Person::Anna);
        answers.push(grants.create_grant(request).await.unwrap().into_inner());
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(
        stand.neighbours.event_kinds(2).await,
        ["record.opened", "grant.created"]
    );
}

#[tokio::test]
async fn another_request_under_the_same_name_is_refused() {
    let stand = Stand::start().await;
    let mut grants = stand.grants(Person::Anna);
    let message = create_grant();
    grants
        .create_grant(stand.request(message.clone(), Person::Anna))
        .await
        .unwrap();
    let other = proto::CreateGrantRequest {
        document_classes: vec![DocumentClass::Imaging.into()],
        ..message.clone()
    };
    let status = grants
        .create_grant(stand.request(other, Person::Anna))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(reason(&status), "REQUEST_ID_REUSED");
    let elsewhere = proto::RevokeAllGrantsRequest {
        patient_id: ANNA.to_owned(),
        request_id: message.request_id,
    };
    let request = stand.request(elsewhere, Person::Anna);
    let status = grants.revoke_all_grants(request).await.unwrap_err();
    assert_eq!(reason(&status), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn an_authorization_repeated_is_the_same_decision_and_one_event() {
    let stand = Stand::start().await;
    let message = proto::AuthorizeRequest {
        question: Some(question()),
        request_id: request_id(),
    };
    let mut decisions = stand.decisions(Person::Doctor);
    let request = stand.request(message.clone(), Person::Doctor);
    let first = decisions.authorize(request).await.unwrap().into_inner();
    stand.grant_to_doctor().await;
    let request = stand.request(message.clone(), Person::Doctor);
    let again = decisions.authorize(request).await.unwrap().into_inner();
    assert_eq!(again, first);
    let expected = ["record.opened", "access.decided", "grant.created"];
    assert_eq!(stand.neighbours.event_kinds(3).await, expected);

    let other = proto::AccessQuestion {
        purpose: "else".to_owned(),
        ..question()
    };
    let other = proto::AuthorizeRequest {
        question: Some(other),
        ..message
    };
    let request = stand.request(other, Person::Doctor);
    let status = decisions.authorize(request).await.unwrap_err();
    assert_eq!(reason(&status), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn an_authorization_repeated_after_the_revocation_is_a_denial_with_its_own_event() {
    let stand = Stand::start().await;
    stand.grant_to_doctor().await;
    let message = proto::AuthorizeRequest {
        question: Some(question()),
        request_id: request_id(),
    };
    let mut decisions = stand.decisions(Person::Doctor);
    let mut authorize = async || {
        let request = stand.request(message.clone(), Person::Doctor);
        decisions.authorize(request).await.unwrap().into_inner()
    };
    let effect_of = |answer: &proto::AuthorizeResponse| answer.decision.as_ref().unwrap().effect();
    let first = authorize().await;
    assert_eq!(effect_of(&first), proto::Effect::Permit);
    let revoke = proto::RevokeAllGrantsRequest {
        patient_id: ANNA.to_owned(),
        request_id: request_id(),
    };
    let request = stand.request(revoke, Person::Anna);
    let mut grants = stand.grants(Person::Anna);
    grants.revoke_all_grants(request).await.unwrap();
    let second = authorize().await;
    assert_eq!(effect_of(&second), proto::Effect::Deny);
    assert_ne!(second.event_id, first.event_id);
    assert_eq!(authorize().await, second);
    let expected = [
        "record.opened",
        "grant.created",
        "access.decided",
        "grant.revoked",
        "access.decided",
    ];
    assert_eq!(stand.neighbours.event_kinds(5).await, expected);
}
