//! A professional asks or declares; the patient answers.

mod rules;

use aval_proto::common::v1 as common;
use aval_proto::common::v1::DocumentClass;
use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::{Effect, GrantOrigin, GrantState, GroundKind};
use prost_types::Timestamp;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::people::{ANNA, DOCTOR, MERGED, NURSE, ORGANIZATION, Person, UNKNOWN};
use crate::stand::{Stand, fields, person, question, reason, request_id};

/// In the year 2096, within a century.
const FAR_FUTURE: i64 = 4_000_000_000;

fn period(from: Option<i64>, until: Option<i64>) -> common::Period {
    let instant = |seconds| Timestamp { seconds, nanos: 0 };
    common::Period {
        from_at: from.map(instant),
        until_at: until.map(instant),
    }
}

/// The doctor asks for reports and prescriptions.
pub(crate) fn request_grant() -> proto::RequestGrantRequest {
    proto::RequestGrantRequest {
        patient_id: ANNA.to_owned(),
        document_classes: vec![
            DocumentClass::Report.into(),
            DocumentClass::Prescription.into(),
        ],
        period: None,
        purpose: "Suivi du diabète".to_owned(),
        request_id: request_id(),
    }
}

pub(crate) fn approve(request: &proto::Grant) -> proto::ApproveGrantRequest {
    proto::ApproveGrantRequest {
        grant_id: request.grant_id.clone(),
        etag: request.etag.clone(),
        document_classes: Vec::new(),
        period: None,
        request_id: request_id(),
    }
}

pub(crate) fn decline(request: &proto::Grant) -> proto::DeclineGrantRequest {
    proto::DeclineGrantRequest {
        grant_id: request.grant_id.clone(),
        etag: request.etag.clone(),
        request_id: request_id(),
    }
}

/// The professional who asks declares for themselves: reports, until far ahead.
pub(crate) fn declare_grant() -> proto::DeclareGrantRequest {
    proto::DeclareGrantRequest {
        patient_id: ANNA.to_owned(),
        on_behalf_of_practitioner_id: String::new(),
        document_classes: vec![DocumentClass::Report.into()],
        period: Some(period(None, Some(FAR_FUTURE))),
        consent_collected: true,
        request_id: request_id(),
    }
}

impl Stand {
    pub(crate) async fn request_by_doctor(&self) -> proto::Grant {
        self.try_request(request_grant(), Person::Doctor)
            .await
            .unwrap()
    }

    pub(crate) async fn try_request(
        &self,
        message: proto::RequestGrantRequest,
        who: Person,
    ) -> Result<proto::Grant, Status> {
        let request = self.request(message, who);
        let answer = self.grants(who).request_grant(request).await?;
        Ok(answer.into_inner().grant.unwrap())
    }

    async fn try_approve(
        &self,
        message: proto::ApproveGrantRequest,
        who: Person,
    ) -> Result<proto::Grant, Status> {
        let request = self.request(message, who);
        let answer = self.grants(who).approve_grant(request).await?;
        Ok(answer.into_inner().grant.unwrap())
    }

    async fn try_decline(
        &self,
        message: proto::DeclineGrantRequest,
        who: Person,
    ) -> Result<proto::Grant, Status> {
        let request = self.request(message, who);
        let answer = self.grants(who).decline_grant(request).await?;
        Ok(answer.into_inner().grant.unwrap())
    }

    async fn try_declare(
        &self,
        message: proto::DeclareGrantRequest,
        who: Person,
    ) -> Result<proto::Grant, Status> {
        let request = self.request(message, who);
        let answer = self.grants(who).declare_grant(request).await?;
        Ok(answer.into_inner().grant.unwrap())
    }

    async fn block(&self, grantee: common::Grantee) {
        let message = proto::BlockGranteeRequest {
            patient_id: ANNA.to_owned(),
            grantee: Some(grantee),
            period: None,
            request_id: request_id(),
        };
        let request = self.request(message, Person::Anna);
        self.grants(Person::Anna)
            .block_grantee(request)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_request_opens_nothing_until_the_patient_approves_what_they_narrow() {
    let stand = Stand::start().await;
    let request = stand.request_by_doctor().await;
    assert_eq!(
        (request.state(), request.origin()),
        (GrantState::Requested, GrantOrigin::Request)
    );
    assert_eq!(request.created_by_practitioner_id, DOCTOR);
    assert_eq!(request.purpose, "Suivi du diabète");
    assert!(request.answer_by_at.is_some());
    let checked = stand.check(question(), Person::Doctor).await;
    assert_eq!(checked.effect(), Effect::Deny);

    let narrowed = proto::ApproveGrantRequest {
        document_classes: vec![DocumentClass::Report.into()],
        period: Some(period(None, Some(FAR_FUTURE))),
        ..approve(&request)
    };
    let given = stand.try_approve(narrowed, Person::Anna).await.unwrap();
    assert_eq!(given.state(), GrantState::Active);
    assert_eq!(given.grant_id, request.grant_id);
    let checked = stand.check(question(), Person::Doctor).await;
    assert_eq!(checked.permitted_document_ids, ["report-1"]);

    let events = stand.neighbours.events(3).await;
    let kinds: Vec<_> = events.iter().map(|event| event.kind.code()).collect();
    assert_eq!(
        kinds,
        ["record.opened", "grant.requested", "grant.approved"]
    );
    assert_eq!(events[1].after["purpose"], "Suivi du diabète");
    for event in &events[1..] {
        assert_eq!(event.after["grantee_name"], "Dr Camille MARTIN");
    }
}

#[tokio::test]
async fn a_representative_answers_and_the_trail_names_both() {
    let stand = Stand::start().await;
    let request = stand.request_by_doctor().await;
    stand
        .try_decline(decline(&request), Person::BelaForAnna)
        .await
        .unwrap();
    let events = stand.neighbours.events(3).await;
    let representative = events[2].representative.as_ref().unwrap();
    assert_eq!(representative.patient_id.to_string(), crate::people::BELA);
    assert_eq!(events[2].patient_id.unwrap().to_string(), ANNA);
}

#[tokio::test]
async fn a_request_is_answered_once_and_a_declined_one_may_be_made_again() {
    let stand = Stand::start().await;
    let request = stand.request_by_doctor().await;
    let again = stand.try_request(request_grant(), Person::Doctor).await;
    let again = again.unwrap_err();
    assert_eq!(again.code(), Code::AlreadyExists);
    let details = again.get_error_details();
    assert_eq!(
        details.error_info().unwrap().metadata["id"],
        request.grant_id
    );

    let stale = proto::DeclineGrantRequest {
        etag: "\"7\"".to_owned(),
        ..decline(&request)
    };
    let stale = stand.try_decline(stale, Person::Anna).await.unwrap_err();
    assert_eq!(reason(&stale), "ETAG_MISMATCH");
    let declined = stand
        .try_decline(decline(&request), Person::Anna)
        .await
        .unwrap();
    assert_eq!(declined.state(), GrantState::Declined);
    assert!(declined.ended_at.is_some());
    for seen in [&request, &declined] {
        let approved = stand.try_approve(approve(seen), Person::Anna).await;
        assert_eq!(reason(&approved.unwrap_err()), "STATE_CONFLICT");
        let again = stand.try_decline(decline(seen), Person::Anna).await;
        assert_eq!(reason(&again.unwrap_err()), "STATE_CONFLICT");
    }
    let second = stand.request_by_doctor().await;
    let given = stand
        .try_approve(approve(&second), Person::Anna)
        .await
        .unwrap();
    let again = stand.try_approve(approve(&given), Person::Anna).await;
    assert_eq!(reason(&again.unwrap_err()), "STATE_CONFLICT");
}

#[tokio::test]
async fn what_stands_in_the_way_of_an_approval_is_said() {
    let stand = Stand::start().await;
    let request = stand.request_by_doctor().await;
    let wider = proto::ApproveGrantRequest {
        document_classes: vec![DocumentClass::Imaging.into()],
        ..approve(&request)
    };
    let status = stand.try_approve(wider, Person::Anna).await.unwrap_err();
    assert_eq!(fields(&status), ["document_classes"]);

    let given = stand.grant_to_doctor().await;
    let status = stand
        .try_approve(approve(&request), Person::Anna)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists);
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().metadata["id"], given.grant_id);

    stand.block(person(DOCTOR)).await;
    let blocked = stand.try_approve(approve(&request), Person::Anna).await;
    assert_eq!(reason(&blocked.unwrap_err()), "GRANTEE_BLOCKED");
    // The professional is not told why.
    let told = stand.try_request(request_grant(), Person::Doctor).await;
    assert_eq!(reason(&told.unwrap_err()), "RECORD_UNAVAILABLE");
    let told = stand.try_declare(declare_grant(), Person::Doctor).await;
    assert_eq!(reason(&told.unwrap_err()), "RECORD_UNAVAILABLE");

    let message = proto::CloseRecordRequest {
        patient_id: ANNA.to_owned(),
        request_id: request_id(),
    };
    let close = stand.request(message, Person::Anna);
    stand
        .settings(Person::Anna)
        .close_record(close)
        .await
        .unwrap();
    let closed = stand.try_approve(approve(&request), Person::Anna).await;
    assert_eq!(reason(&closed.unwrap_err()), "RECORD_UNAVAILABLE");
    for told in [
        stand.try_request(request_grant(), Person::Nurse).await,
        stand.try_declare(declare_grant(), Person::Nurse).await,
    ] {
        assert_eq!(reason(&told.unwrap_err()), "RECORD_UNAVAILABLE");
    }
    let declined = stand.try_decline(decline(&request), Person::Anna).await;
    assert_eq!(declined.unwrap().state(), GrantState::Declined);
}

#[tokio::test]
async fn a_declaration_opens_the_record_for_who_declares_or_for_a_colleague() {
    let stand = Stand::start().await;
    let own = stand
        .try_declare(declare_grant(), Person::Nurse)
        .await
        .unwrap();
    assert_eq!(own.origin(), GrantOrigin::Declaration);
    let for_colleague = proto::DeclareGrantRequest {
        on_behalf_of_practitioner_id: MERGED.to_owned(),
        ..declare_grant()
    };
    let declared = stand
        .try_declare(for_colleague.clone(), Person::Nurse)
        .await
        .unwrap();
    assert_eq!(declared.grantee, Some(person(DOCTOR)));
    assert_eq!(declared.created_by_practitioner_id, NURSE);
    let checked = stand.check(question(), Person::Doctor).await;
    let ground = checked.ground.unwrap();
    assert_eq!(
        (ground.kind(), ground.id),
        (GroundKind::Declaration, declared.grant_id)
    );
    // A colleague's grant is not named to who declares.
    let again = proto::DeclareGrantRequest {
        request_id: request_id(),
        ..for_colleague
    };
    let again = stand.try_declare(again, Person::Nurse).await.unwrap_err();
    assert_eq!(again.code(), Code::AlreadyExists);
    let details = again.get_error_details();
    assert!(details.error_info().unwrap().metadata.is_empty());
    let events = stand.neighbours.events(3).await;
    assert_eq!(events[2].kind.code(), "grant.declared");
    assert_eq!(events[2].after["grantee_name"], "Dr Camille MARTIN");
}

#[tokio::test]
async fn no_declaration_by_default_for_nobody_or_around_a_block_on_the_organization() {
    let stand = Stand::start().await;
    let silent = proto::DeclareGrantRequest {
        consent_collected: false,
        ..declare_grant()
    };
    let status = stand.try_declare(silent, Person::Doctor).await.unwrap_err();
    assert_eq!(fields(&status), ["consent_collected"]);
    let nobody = proto::DeclareGrantRequest {
        on_behalf_of_practitioner_id: UNKNOWN.to_owned(),
        ..declare_grant()
    };
    let status = stand.try_declare(nobody, Person::Doctor).await.unwrap_err();
    assert_eq!(reason(&status), "GRANTEE_UNKNOWN");
    let grantee = common::grantee::Grantee::OrganizationId(ORGANIZATION.to_owned());
    stand
        .block(common::Grantee {
            grantee: Some(grantee),
        })
        .await;
    let told = stand.try_declare(declare_grant(), Person::Doctor).await;
    assert_eq!(reason(&told.unwrap_err()), "RECORD_UNAVAILABLE");
}
