//! Who can see a record or a document, and why.

use aval_proto::common::v1 as common;
use aval_proto::common::v1::DocumentClass;
use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::GroundKind;
use prost_types::Timestamp;
use tonic::Status;

use crate::care_episodes::open_care_episode;
use crate::people::{ANNA, BELA, DOCTOR, ORGANIZATION, Person};
use crate::stand::{Stand, create_grant, document, fields, person, question, reason};

pub(crate) fn list_authorized() -> proto::ListAuthorizedRequest {
    proto::ListAuthorizedRequest {
        patient_id: ANNA.to_owned(),
        document: None,
        page_size: 0,
        page_token: String::new(),
    }
}

impl Stand {
    async fn authorized(
        &self,
        message: proto::ListAuthorizedRequest,
        who: Person,
    ) -> Result<proto::ListAuthorizedResponse, Status> {
        let request = self.request(message, who);
        let answer = self.decisions(who).list_authorized(request).await?;
        Ok(answer.into_inner())
    }

    async fn of_document(&self, class: DocumentClass) -> Vec<proto::Authorized> {
        let message = proto::ListAuthorizedRequest {
            document: Some(document("report-1", class)),
            ..list_authorized()
        };
        let answer = self.authorized(message, Person::Anna).await;
        answer.unwrap().authorized
    }
}

#[tokio::test]
async fn the_patient_sees_who_can_see_what_and_why() {
    let stand = Stand::start().await;
    let nobody = stand.authorized(list_authorized(), Person::Anna).await;
    assert!(nobody.unwrap().authorized.is_empty());
    let grant = stand.grant_to_doctor().await;
    let listed = stand.authorized(list_authorized(), Person::BelaForAnna);
    let listed = listed.await.unwrap().authorized;
    assert_eq!(listed.len(), 1);
    let checked = stand.check(question(), Person::Doctor).await;
    assert_eq!(listed[0].grantee, Some(person(DOCTOR)));
    assert_eq!(listed[0].ground, checked.ground);
    assert_eq!(listed[0].ground.as_ref().unwrap().id, grant.grant_id);
    assert_eq!(listed[0].permitted_classes, checked.permitted_classes);
    assert_eq!(listed[0].until_at, None);
    assert_eq!(stand.of_document(DocumentClass::Report).await.len(), 1);
    assert!(stand.of_document(DocumentClass::Imaging).await.is_empty());

    let until_at = Some(Timestamp {
        seconds: 4_000_000_000,
        nanos: 0,
    });
    let organization = common::grantee::Grantee::OrganizationId(ORGANIZATION.to_owned());
    let to_organization = proto::CreateGrantRequest {
        grantee: Some(common::Grantee {
            grantee: Some(organization.clone()),
        }),
        document_classes: vec![DocumentClass::Imaging.into()],
        period: Some(common::Period {
            from_at: None,
            until_at,
        }),
        ..create_grant()
    };
    let request = stand.request(to_organization, Person::Anna);
    let mut grants = stand.grants(Person::Anna);
    grants.create_grant(request).await.unwrap();
    let listed = stand.of_document(DocumentClass::Imaging).await;
    let of_organization = listed
        .iter()
        .find(|one| one.grantee.as_ref().unwrap().grantee == Some(organization.clone()))
        .unwrap();
    assert_eq!(of_organization.until_at, until_at);
    let kind = of_organization.ground.as_ref().unwrap().kind();
    assert_eq!(kind, GroundKind::Grant);
}

#[tokio::test]
async fn pages_show_each_once_and_a_token_is_of_one_query() {
    let stand = Stand::start().await;
    stand
        .open_episode(open_care_episode(), Person::Doctor)
        .await
        .unwrap();
    let page = |page_token: &str| proto::ListAuthorizedRequest {
        page_size: 1,
        page_token: page_token.to_owned(),
        ..list_authorized()
    };
    let first = stand.authorized(page(""), Person::Anna).await.unwrap();
    let token = first.next_page_token;
    let second = stand.authorized(page(&token), Person::Anna).await.unwrap();
    assert_eq!(second.next_page_token, "");
    let all = stand.authorized(list_authorized(), Person::Anna).await;
    let pages = [first.authorized, second.authorized].concat();
    assert_eq!(pages, all.unwrap().authorized);
    assert_eq!(pages.len(), 2);
    let other = proto::ListAuthorizedRequest {
        document: Some(document("report-1", DocumentClass::Report)),
        ..page(&token)
    };
    let status = stand.authorized(other, Person::Anna).await.unwrap_err();
    assert_eq!(reason(&status), "PAGE_TOKEN_INVALID");
    let negative = proto::ListAuthorizedRequest {
        page_size: -1,
        ..list_authorized()
    };
    let status = stand.authorized(negative, Person::Anna).await.unwrap_err();
    assert_eq!(fields(&status), ["page_size"]);
}

#[tokio::test]
async fn without_a_record_or_a_directory_there_is_no_list() {
    let stand = Stand::start().await;
    let belas = proto::ListAuthorizedRequest {
        patient_id: BELA.to_owned(),
        ..list_authorized()
    };
    let status = stand.authorized(belas, Person::Bela).await.unwrap_err();
    assert_eq!(reason(&status), "RECORD_UNAVAILABLE");
    stand.grant_to_doctor().await;
    stand.neighbours.directory_is_down(true);
    let status = stand.authorized(list_authorized(), Person::Anna).await;
    assert_eq!(reason(&status.unwrap_err()), "DEPENDENCY_UNAVAILABLE");
    let unknown_class = proto::ListAuthorizedRequest {
        document: Some(common::DocumentRef {
            document_class: 99,
            ..document(" ", DocumentClass::Report)
        }),
        ..list_authorized()
    };
    let status = stand.authorized(unknown_class, Person::Anna).await;
    let expected = ["document.document_id", "document.document_class"];
    assert_eq!(fields(&status.unwrap_err()), expected);
}
