//! Acts that concern many at once, and acts in another's place.

use aval_proto::common::v1 as common;
use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::{DecisionReason, Effect};

use crate::care_episodes::open_care_episode;
use crate::people::{ANNA, BELA, DOCTOR, ORGANIZATION, Person};
use crate::stand::{Stand, create_grant, question, request_id};

fn organization() -> common::Grantee {
    let grantee = common::grantee::Grantee::OrganizationId(ORGANIZATION.to_owned());
    common::Grantee {
        grantee: Some(grantee),
    }
}

fn block_organization() -> proto::BlockGranteeRequest {
    proto::BlockGranteeRequest {
        patient_id: ANNA.to_owned(),
        grantee: Some(organization()),
        period: None,
        request_id: request_id(),
    }
}

#[tokio::test]
async fn one_block_on_an_organization_shuts_out_everybody_who_acts_for_it() {
    let stand = Stand::start().await;
    stand.grant_to_doctor().await;
    stand
        .open_episode(open_care_episode(), Person::Nurse)
        .await
        .unwrap();
    let mut anna = stand.grants(Person::Anna);
    let request = stand.request(block_organization(), Person::Anna);
    let block = anna.block_grantee(request).await.unwrap().into_inner();
    for person in [Person::Doctor, Person::Nurse] {
        let denied = stand.check(question(), person).await;
        assert_eq!(denied.reason(), DecisionReason::Blocked);
    }
    let lift = proto::UnblockGranteeRequest {
        block_id: block.block.unwrap().block_id,
        request_id: request_id(),
    };
    let lift = stand.request(lift, Person::Anna);
    anna.unblock_grantee(lift).await.unwrap();
    for person in [Person::Doctor, Person::Nurse] {
        let permitted = stand.check(question(), person).await;
        assert_eq!(permitted.effect(), Effect::Permit);
    }
    let events = stand.neighbours.events(5).await;
    for event in &events[3..] {
        assert_eq!(event.after["grantee_name"], "CH de Sainte-Colombe");
    }
}

#[tokio::test]
async fn every_act_of_a_representative_names_them_and_the_patient() {
    let stand = Stand::start().await;
    let who = Person::BelaForAnna;
    let mut grants = stand.grants(who);
    let mut settings = stand.settings(who);
    let created = grants
        .create_grant(stand.request(create_grant(), who))
        .await;
    let grant = created.unwrap().into_inner().grant.unwrap();
    let revoke = proto::RevokeGrantRequest {
        grant_id: grant.grant_id,
        etag: grant.etag,
        request_id: request_id(),
    };
    grants
        .revoke_grant(stand.request(revoke, who))
        .await
        .unwrap();
    let blocked = grants.block_grantee(stand.request(block_organization(), who));
    let block = blocked.await.unwrap().into_inner().block.unwrap();
    let lift = proto::UnblockGranteeRequest {
        block_id: block.block_id,
        request_id: request_id(),
    };
    grants
        .unblock_grantee(stand.request(lift, who))
        .await
        .unwrap();
    let treating = proto::AddTreatingDoctorRequest {
        patient_id: ANNA.to_owned(),
        practitioner_id: DOCTOR.to_owned(),
        request_id: request_id(),
    };
    let treating = stand.request(treating, who);
    settings.add_treating_doctor(treating).await.unwrap();
    let mask = proto::SetDocumentVisibilityRequest {
        patient_id: ANNA.to_owned(),
        document_id: "report-1".to_owned(),
        kind: proto::VisibilityKind::Masked.into(),
        practitioner_id: String::new(),
        remove: false,
        request_id: request_id(),
    };
    let mask = stand.request(mask, who);
    settings.set_document_visibility(mask).await.unwrap();
    let close = proto::CloseRecordRequest {
        patient_id: ANNA.to_owned(),
        request_id: request_id(),
    };
    let close = stand.request(close, who);
    settings.close_record(close).await.unwrap();

    let events = stand.neighbours.events(8).await;
    let kinds: Vec<_> = events.iter().map(|event| event.kind.code()).collect();
    let expected = [
        "record.opened",
        "grant.created",
        "grant.revoked",
        "block.created",
        "block.removed",
        "treating_doctor.added",
        "mask.set",
        "record.closed",
    ];
    assert_eq!(kinds, expected);
    assert_eq!(events[5].after["grantee_name"], "Dr Camille MARTIN");
    for event in &events[1..] {
        assert_eq!(event.patient_id.unwrap().to_string(), ANNA);
        let representative = event.representative.as_ref().unwrap();
        assert_eq!(representative.patient_id.to_string(), BELA);
    }
}
