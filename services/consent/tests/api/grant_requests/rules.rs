//! What requests, answers and declarations may say, and how often.

use aval_proto::common::v1::DocumentClass;
use aval_proto::consent::v1 as proto;

use super::{FAR_FUTURE, approve, declare_grant, decline, period, request_grant};
use crate::people::{ANNA, DOCTOR, Person};
use crate::stand::{Stand, create_grant, fields, reason, request_id};

/// In the year 2286.
const CENTURIES: i64 = 10_000_000_000;
/// In the year 1653.
const CENTURIES_AGO: i64 = -10_000_000_000;

#[tokio::test]
async fn periods_that_are_reversed_past_or_centuries_long_are_refused() {
    let stand = Stand::start().await;
    let asked = stand.request_by_doctor().await;
    for (from, until, broken) in [
        (Some(FAR_FUTURE), Some(FAR_FUTURE - 1), "period.from_at"),
        (None, Some(1), "period.until_at"),
        (None, Some(CENTURIES), "period.until_at"),
        (Some(253_402_300_800), None, "period.from_at"),
        (Some(CENTURIES_AGO), None, "period.from_at"),
    ] {
        let period = Some(period(from, until));
        let request = proto::RequestGrantRequest {
            period,
            ..request_grant()
        };
        let status = stand.try_request(request, Person::Nurse).await.unwrap_err();
        assert_eq!(fields(&status), [broken], "{from:?} {until:?}");
        let approval = proto::ApproveGrantRequest {
            period,
            ..approve(&asked)
        };
        let status = stand.try_approve(approval, Person::Anna).await;
        assert_eq!(fields(&status.unwrap_err()), [broken]);
        if until.is_some() {
            let declaration = proto::DeclareGrantRequest {
                period,
                ..declare_grant()
            };
            let status = stand.try_declare(declaration, Person::Doctor).await;
            assert_eq!(fields(&status.unwrap_err()), [broken]);
        }
    }
    let endless = proto::DeclareGrantRequest {
        period: None,
        ..declare_grant()
    };
    let status = stand.try_declare(endless, Person::Doctor).await;
    assert_eq!(fields(&status.unwrap_err()), ["period.until_at"]);
}

#[tokio::test]
async fn every_broken_rule_of_a_request_an_answer_and_a_declaration_is_named() {
    let stand = Stand::start().await;
    let asked = stand.request_by_doctor().await;
    let request = proto::RequestGrantRequest {
        patient_id: "x".to_owned(),
        document_classes: vec![1, 99],
        period: None,
        purpose: " ".to_owned(),
        request_id: String::new(),
    };
    let status = stand.try_request(request, Person::Doctor).await;
    let expected = ["patient_id", "document_classes[1]", "purpose", "request_id"];
    assert_eq!(fields(&status.unwrap_err()), expected);
    let wordy = proto::RequestGrantRequest {
        purpose: "x".repeat(501),
        ..request_grant()
    };
    let status = stand.try_request(wordy, Person::Doctor).await;
    assert_eq!(fields(&status.unwrap_err()), ["purpose"]);

    let approval = proto::ApproveGrantRequest {
        grant_id: String::new(),
        etag: String::new(),
        document_classes: vec![1, 1],
        ..approve(&asked)
    };
    let status = stand.try_approve(approval, Person::Anna).await;
    let expected = ["grant_id", "etag", "document_classes"];
    assert_eq!(fields(&status.unwrap_err()), expected);
    let status = stand
        .try_decline(proto::DeclineGrantRequest::default(), Person::Anna)
        .await;
    let expected = ["grant_id", "etag", "request_id"];
    assert_eq!(fields(&status.unwrap_err()), expected);
    let declaration = proto::DeclareGrantRequest {
        on_behalf_of_practitioner_id: "me".to_owned(),
        document_classes: Vec::new(),
        ..declare_grant()
    };
    let status = stand.try_declare(declaration, Person::Doctor).await;
    let expected = ["on_behalf_of_practitioner_id", "document_classes"];
    assert_eq!(fields(&status.unwrap_err()), expected);
}

#[tokio::test]
async fn the_same_call_again_answers_the_same_and_another_under_its_name_is_refused() {
    let stand = Stand::start().await;
    let message = request_grant();
    let first = stand.try_request(message.clone(), Person::Doctor).await;
    let asked = first.unwrap();
    let again = stand.try_request(message.clone(), Person::Doctor).await;
    assert_eq!(again.unwrap(), asked);
    let other = proto::RequestGrantRequest {
        purpose: "autre".to_owned(),
        ..message
    };
    let reused = stand.try_request(other, Person::Doctor).await.unwrap_err();
    assert_eq!(reason(&reused), "REQUEST_ID_REUSED");

    let message = approve(&asked);
    let given = stand.try_approve(message.clone(), Person::Anna).await;
    let again = stand.try_approve(message.clone(), Person::Anna).await;
    assert_eq!(again.unwrap(), given.unwrap());
    let other = proto::ApproveGrantRequest {
        document_classes: vec![1],
        ..message.clone()
    };
    let reused = stand.try_approve(other, Person::Anna).await.unwrap_err();
    assert_eq!(reason(&reused), "REQUEST_ID_REUSED");
    let declined = proto::DeclineGrantRequest {
        request_id: message.request_id,
        ..decline(&asked)
    };
    let reused = stand.try_decline(declined, Person::Anna).await;
    assert_eq!(reason(&reused.unwrap_err()), "REQUEST_ID_REUSED");

    let message = declare_grant();
    let first = stand.try_declare(message.clone(), Person::Nurse).await;
    let again = stand.try_declare(message.clone(), Person::Nurse).await;
    assert_eq!(again.unwrap(), first.unwrap());
    let other = proto::DeclareGrantRequest {
        on_behalf_of_practitioner_id: DOCTOR.to_owned(),
        ..message
    };
    let reused = stand.try_declare(other, Person::Nurse).await.unwrap_err();
    assert_eq!(reason(&reused), "REQUEST_ID_REUSED");
    let kinds = stand.neighbours.event_kinds(4).await;
    let expected = [
        "record.opened",
        "grant.requested",
        "grant.approved",
        "grant.declared",
    ];
    assert_eq!(kinds, expected);
}

#[tokio::test]
async fn every_change_of_a_grant_or_block_names_who_is_concerned() {
    let stand = Stand::start().await;
    let grant = stand.grant_to_doctor().await;
    let mut grants = stand.grants(Person::Anna);
    let update = proto::UpdateGrantRequest {
        grant: Some(proto::Grant {
            document_classes: vec![DocumentClass::Imaging.into()],
            ..grant.clone()
        }),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["document_classes".to_owned()],
        }),
        request_id: request_id(),
    };
    let update = stand.request(update, Person::Anna);
    grants.update_grant(update).await.unwrap();
    let revoke = proto::RevokeGrantRequest {
        grant_id: grant.grant_id,
        etag: String::new(),
        request_id: request_id(),
    };
    // Taking access back does not need the directory.
    stand.neighbours.directory_is_down(true);
    let revoke = stand.request(revoke, Person::Anna);
    grants.revoke_grant(revoke).await.unwrap();
    stand.neighbours.directory_is_down(false);
    let block = proto::BlockGranteeRequest {
        patient_id: ANNA.to_owned(),
        grantee: create_grant().grantee,
        period: None,
        request_id: request_id(),
    };
    let block = stand.request(block, Person::Anna);
    let block = grants.block_grantee(block).await.unwrap().into_inner();
    let unblock = proto::UnblockGranteeRequest {
        block_id: block.block.unwrap().block_id,
        request_id: request_id(),
    };
    let unblock = stand.request(unblock, Person::Anna);
    grants.unblock_grantee(unblock).await.unwrap();
    let events = stand.neighbours.events(6).await;
    let kinds: Vec<_> = events.iter().map(|event| event.kind.code()).collect();
    let expected = [
        "record.opened",
        "grant.created",
        "grant.updated",
        "grant.revoked",
        "block.created",
        "block.removed",
    ];
    assert_eq!(kinds, expected);
    for event in &events[1..] {
        assert_eq!(event.after["grantee_name"], "Dr Camille MARTIN");
    }
}
