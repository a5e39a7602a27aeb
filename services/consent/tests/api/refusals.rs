//! What is refused, and in which words.

use aval_proto::common::v1 as common;
use aval_proto::consent::v1 as proto;
use prost_types::{FieldMask, Timestamp};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::people::{ANNA, BELA, ORGANIZATION, Person, RPPS_OF_DOCTOR, RPPS_OF_NOBODY, UNKNOWN};
use crate::stand::{Stand, create_grant, fields, person, question, reason, request_id};

async fn create(stand: &Stand, message: proto::CreateGrantRequest) -> Result<proto::Grant, Status> {
    let request = stand.request(message, Person::Anna);
    let answer = stand.grants(Person::Anna).create_grant(request).await?;
    Ok(answer.into_inner().grant.unwrap())
}

fn to(grantee: common::grantee::Grantee) -> proto::CreateGrantRequest {
    let grantee = Some(common::Grantee {
        grantee: Some(grantee),
    });
    proto::CreateGrantRequest {
        grantee,
        ..create_grant()
    }
}

fn until(seconds: i64) -> common::Period {
    let until_at = Some(Timestamp { seconds, nanos: 0 });
    common::Period {
        from_at: None,
        until_at,
    }
}

const FAR_FUTURE: i64 = 4_000_000_000;

#[tokio::test]
async fn a_stale_etag_changes_nothing() {
    let stand = Stand::start().await;
    let grant = stand.grant_to_doctor().await;
    let update = |class: common::DocumentClass| proto::UpdateGrantRequest {
        grant: Some(proto::Grant {
            document_classes: vec![class.into()],
            ..grant.clone()
        }),
        update_mask: Some(FieldMask {
            paths: vec!["document_classes".to_owned()],
        }),
        request_id: request_id(),
    };
    let mut grants = stand.grants(Person::Anna);
    let first = stand.request(update(common::DocumentClass::Imaging), Person::Anna);
    grants.update_grant(first).await.unwrap();
    let second = stand.request(update(common::DocumentClass::Summary), Person::Anna);
    let stale = grants.update_grant(second).await.unwrap_err();
    assert_eq!(
        (stale.code(), reason(&stale).as_str()),
        (Code::Aborted, "ETAG_MISMATCH")
    );
    let french = stale
        .get_error_details()
        .localized_message()
        .unwrap()
        .clone();
    assert_eq!(french.locale, "fr");

    let message = proto::GetGrantRequest {
        grant_id: grant.grant_id.clone(),
    };
    let request = stand.request(message, Person::Anna);
    let shown = grants
        .get_grant(request)
        .await
        .unwrap()
        .into_inner()
        .grant
        .unwrap();
    assert_eq!(
        shown.document_classes,
        [common::DocumentClass::Imaging as i32]
    );
}

#[tokio::test]
async fn an_update_mask_names_what_may_change_and_nothing_else() {
    let stand = Stand::start().await;
    let grant = stand.grant_to_doctor().await;
    let update = |paths: &[&str]| proto::UpdateGrantRequest {
        grant: Some(grant.clone()),
        update_mask: Some(FieldMask {
            paths: paths.iter().map(|&path| path.to_owned()).collect(),
        }),
        request_id: request_id(),
    };
    let mut grants = stand.grants(Person::Anna);
    for path in ["grantee", "period", "period.from_at", "*"] {
        let request = stand.request(update(&[path]), Person::Anna);
        let status = grants.update_grant(request).await.unwrap_err();
        assert_eq!(reason(&status), "UPDATE_MASK_INVALID", "{path}");
    }
    let request = stand.request(update(&[]), Person::Anna);
    let status = grants.update_grant(request).await.unwrap_err();
    assert_eq!(fields(&status), ["update_mask"]);
}

#[tokio::test]
async fn a_second_grant_to_the_same_professional_names_the_first() {
    let stand = Stand::start().await;
    let first = stand.grant_to_doctor().await;
    let by_number = to(common::grantee::Grantee::Rpps(RPPS_OF_DOCTOR.to_owned()));
    let status = create(&stand, by_number).await.unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists);
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().metadata["id"], first.grant_id);
}

#[tokio::test]
async fn grantees_are_those_whom_the_directory_knows_or_wait_by_their_number() {
    use common::grantee::Grantee;
    let stand = Stand::start().await;
    let unknown = to(Grantee::PractitionerId(UNKNOWN.to_owned()));
    let status = create(&stand, unknown).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(reason(&status), "GRANTEE_UNKNOWN");

    let waiting = create(&stand, to(Grantee::Rpps(RPPS_OF_NOBODY.to_owned())))
        .await
        .unwrap();
    assert_eq!(waiting.state(), proto::GrantState::Waiting);

    let organization = to(Grantee::OrganizationId(ORGANIZATION.to_owned()));
    let status = create(&stand, organization.clone()).await.unwrap_err();
    assert_eq!(fields(&status), ["period.until_at"]);
    let ending = proto::CreateGrantRequest {
        period: Some(until(FAR_FUTURE)),
        ..organization
    };
    assert!(create(&stand, ending).await.is_ok());
    assert_eq!(
        stand.check(question(), Person::Nurse).await.effect(),
        proto::Effect::Permit
    );
}

#[tokio::test]
async fn nothing_is_written_while_the_directory_does_not_answer() {
    let stand = Stand::start().await;
    let message = create_grant();
    stand.neighbours.directory_is_down(true);
    let status = create(&stand, message.clone()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(reason(&status), "DEPENDENCY_UNAVAILABLE");
    assert!(status.get_details_retry_info().is_some());
    stand.neighbours.directory_is_down(false);
    create(&stand, message).await.unwrap();
    assert_eq!(
        stand.neighbours.event_kinds(2).await,
        ["record.opened", "grant.created"]
    );
}

#[tokio::test]
async fn every_broken_rule_of_a_request_is_named_at_once() {
    let stand = Stand::start().await;
    let unknown_numbers = proto::CreateGrantRequest {
        patient_id: "ANNA".to_owned(),
        grantee: Some(common::Grantee { grantee: None }),
        document_classes: vec![1, 99, 0],
        period: None,
        request_id: "1".to_owned(),
    };
    let status = create(&stand, unknown_numbers).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let expected = [
        "patient_id",
        "grantee",
        "document_classes[1]",
        "document_classes[2]",
        "request_id",
    ];
    assert_eq!(fields(&status), expected);
    assert!(!format!("{status:?}").contains("ANNA"));

    let twice = proto::CreateGrantRequest {
        document_classes: vec![1, 1],
        ..create_grant()
    };
    assert_eq!(
        fields(&create(&stand, twice).await.unwrap_err()),
        ["document_classes"]
    );
    let none = proto::CreateGrantRequest {
        document_classes: Vec::new(),
        ..create_grant()
    };
    assert_eq!(
        fields(&create(&stand, none).await.unwrap_err()),
        ["document_classes"]
    );
    let past = proto::CreateGrantRequest {
        period: Some(until(1)),
        ..create_grant()
    };
    assert_eq!(
        fields(&create(&stand, past).await.unwrap_err()),
        ["period.until_at"]
    );
}

#[tokio::test]
async fn unknown_enum_numbers_in_a_question_are_refused() {
    let stand = Stand::start().await;
    let mut asked = question();
    (asked.action, asked.mode) = (7, 0);
    asked.documents[1].document_class = -1;
    let request = stand.request(
        proto::CheckRequest {
            question: Some(asked),
        },
        Person::Doctor,
    );
    let status = stand
        .decisions(Person::Doctor)
        .check(request)
        .await
        .unwrap_err();
    let expected = [
        "question.action",
        "question.mode",
        "question.documents[1].document_class",
    ];
    assert_eq!(fields(&status), expected);
}

#[tokio::test]
async fn a_message_beyond_the_limit_is_refused() {
    let stand = Stand::start().await;
    let huge = proto::AccessQuestion {
        purpose: "x".repeat(5 * 1024 * 1024),
        ..question()
    };
    let request = stand.request(
        proto::CheckRequest {
            question: Some(huge),
        },
        Person::Doctor,
    );
    let status = stand
        .decisions(Person::Doctor)
        .check(request)
        .await
        .unwrap_err();
    let refused = [
        Code::OutOfRange,
        Code::ResourceExhausted,
        Code::InvalidArgument,
    ];
    assert!(refused.contains(&status.code()), "{status:?}");
    assert_eq!(
        stand.check(question(), Person::Doctor).await.effect(),
        proto::Effect::Deny
    );
}

#[tokio::test]
async fn a_blocked_professional_is_not_authorised_and_a_closed_record_takes_no_grant() {
    let stand = Stand::start().await;
    let message = proto::BlockGranteeRequest {
        patient_id: ANNA.to_owned(),
        grantee: Some(person(crate::people::DOCTOR)),
        period: None,
        request_id: request_id(),
    };
    let mut grants = stand.grants(Person::Anna);
    grants
        .block_grantee(stand.request(message, Person::Anna))
        .await
        .unwrap();
    let status = create(&stand, create_grant()).await.unwrap_err();
    assert_eq!(reason(&status), "GRANTEE_BLOCKED");

    let message = proto::CreateGrantRequest {
        patient_id: BELA.to_owned(),
        ..create_grant()
    };
    let request = stand.request(message, Person::Bela);
    let status = stand
        .grants(Person::Bela)
        .create_grant(request)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert_eq!(reason(&status), "RECORD_UNAVAILABLE");
}
