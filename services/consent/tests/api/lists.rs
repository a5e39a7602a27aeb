//! Pages of lists.

use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::list_grants_request::Of;
use tonic::{Code, Status};

use crate::people::{ANNA, DOCTOR, NURSE, Person};
use crate::stand::{Stand, create_grant, fields, person, reason, request_id};

fn of_anna(page_size: i32, page_token: &str) -> proto::ListGrantsRequest {
    proto::ListGrantsRequest {
        of: Some(Of::PatientId(ANNA.to_owned())),
        state: 0,
        page_size,
        page_token: page_token.to_owned(),
    }
}

async fn list(
    stand: &Stand,
    message: proto::ListGrantsRequest,
) -> Result<proto::ListGrantsResponse, Status> {
    let request = stand.request(message, Person::Anna);
    let answer = stand.grants(Person::Anna).list_grants(request).await?;
    Ok(answer.into_inner())
}

async fn grants_to_two(stand: &Stand) -> [proto::Grant; 2] {
    let first = stand.grant_to_doctor().await;
    let message = proto::CreateGrantRequest {
        grantee: Some(person(NURSE)),
        ..create_grant()
    };
    let request = stand.request(message, Person::Anna);
    let second = stand
        .grants(Person::Anna)
        .create_grant(request)
        .await
        .unwrap();
    [first, second.into_inner().grant.unwrap()]
}

/// The grant as lists tell it, with what it comes to.
pub(crate) fn in_force(grant: proto::Grant) -> proto::Grant {
    proto::Grant {
        authorization_status: proto::AuthorizationStatus::Valid.into(),
        ..grant
    }
}

#[tokio::test]
async fn pages_follow_each_other_the_newest_first() {
    let stand = Stand::start().await;
    let [first, second] = grants_to_two(&stand).await;
    let page = list(&stand, of_anna(1, "")).await.unwrap();
    assert_eq!(page.grants, [in_force(second)]);
    let last = list(&stand, of_anna(1, &page.next_page_token))
        .await
        .unwrap();
    assert_eq!(last.grants, [in_force(first)]);
    assert_eq!(last.next_page_token, "");
    let all = list(&stand, of_anna(0, "")).await.unwrap();
    assert_eq!((all.grants.len(), all.next_page_token.as_str()), (2, ""));
}

#[tokio::test]
async fn a_forged_token_and_one_of_another_query_are_refused() {
    let stand = Stand::start().await;
    grants_to_two(&stand).await;
    let token = list(&stand, of_anna(1, "")).await.unwrap().next_page_token;
    let mut forged = token.clone().into_bytes();
    let last = forged.len() - 1;
    forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    let narrowed = proto::ListGrantsRequest {
        state: proto::GrantState::Active.into(),
        ..of_anna(1, &token)
    };
    for message in [of_anna(1, &forged), of_anna(1, "x"), narrowed] {
        let status = list(&stand, message).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(reason(&status), "PAGE_TOKEN_INVALID");
    }
    let message = proto::ListBlocksRequest {
        patient_id: ANNA.to_owned(),
        page_token: token,
        ..proto::ListBlocksRequest::default()
    };
    let request = stand.request(message, Person::Anna);
    let status = stand
        .grants(Person::Anna)
        .list_blocks(request)
        .await
        .unwrap_err();
    assert_eq!(reason(&status), "PAGE_TOKEN_INVALID");
}

#[tokio::test]
async fn a_negative_page_size_and_an_unknown_state_are_refused() {
    let stand = Stand::start().await;
    let status = list(&stand, of_anna(-1, "")).await.unwrap_err();
    assert_eq!(fields(&status), ["page_size"]);
    let message = proto::ListGrantsRequest {
        state: 99,
        ..of_anna(0, "")
    };
    assert_eq!(fields(&list(&stand, message).await.unwrap_err()), ["state"]);
    let message = proto::ListGrantsRequest {
        of: None,
        ..of_anna(0, "")
    };
    assert_eq!(fields(&list(&stand, message).await.unwrap_err()), ["of"]);
}

#[tokio::test]
async fn a_professional_lists_their_patients_and_the_patient_their_blocks() {
    let stand = Stand::start().await;
    let [first, _] = grants_to_two(&stand).await;
    let message = proto::ListGrantsRequest {
        of: Some(Of::PractitionerId(DOCTOR.to_owned())),
        ..proto::ListGrantsRequest::default()
    };
    let request = stand.request(message, Person::Doctor);
    let page = stand
        .grants(Person::Doctor)
        .list_grants(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(page.grants, [in_force(first)]);

    let message = proto::BlockGranteeRequest {
        patient_id: ANNA.to_owned(),
        grantee: Some(person(NURSE)),
        period: None,
        request_id: request_id(),
    };
    let mut grants = stand.grants(Person::Anna);
    grants
        .block_grantee(stand.request(message, Person::Anna))
        .await
        .unwrap();
    let message = proto::ListBlocksRequest {
        patient_id: ANNA.to_owned(),
        ..Default::default()
    };
    let request = stand.request(message, Person::Anna);
    let page = grants.list_blocks(request).await.unwrap().into_inner();
    assert_eq!(page.blocks[0].grantee, Some(person(NURSE)));
}
