//! A grant from its birth to its end, and what each step opens and shuts.

use aval_domain::event::Outcome;
use aval_proto::common::v1::DocumentClass;
use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::{DecisionReason, Effect, GrantState, GroundKind, Obligation};
use prost_types::FieldMask;

use crate::people::{ANNA, Person, activity_id_of};
use crate::stand::{Stand, question, request_id};

fn permitted(decision: &proto::Decision) -> Vec<&str> {
    decision
        .permitted_document_ids
        .iter()
        .map(String::as_str)
        .collect()
}

#[tokio::test]
async fn a_grant_opens_an_update_widens_a_mask_hides_and_a_revocation_shuts() {
    let stand = Stand::start().await;
    let refused = stand.check(question(), Person::Doctor).await;
    assert_eq!(
        (refused.effect(), refused.reason()),
        (Effect::Deny, DecisionReason::NoGrant)
    );

    let grant = stand.grant_to_doctor().await;
    assert_eq!(grant.state(), GrantState::Active);
    let checked = stand.check(question(), Person::Doctor).await;
    assert_eq!(checked.effect(), Effect::Permit);
    assert_eq!(permitted(&checked), ["report-1"]);
    assert_eq!(checked.obligations, [Obligation::AuthorizeFirst as i32]);
    let ground = checked.ground.unwrap();
    assert_eq!(
        (ground.kind(), ground.id.as_str()),
        (GroundKind::Grant, grant.grant_id.as_str())
    );
    assert!(checked.policy_revision.ends_with("+example"));

    let authorized = stand.authorize(question(), Person::Doctor).await;
    let decision = authorized.decision.unwrap();
    assert_eq!(permitted(&decision), ["report-1"]);
    assert!(decision.obligations.is_empty());
    assert!(!authorized.event_id.is_empty());

    let widened = widen(&stand, &grant).await;
    assert_ne!(widened.etag, grant.etag);
    let checked = stand.check(question(), Person::Doctor).await;
    assert_eq!(permitted(&checked), ["report-1", "prescription-1"]);

    mask(&stand, false).await;
    let checked = stand.check(question(), Person::Doctor).await;
    assert_eq!(permitted(&checked), ["prescription-1"]);
    mask(&stand, true).await;

    revoke(&stand, &grant).await;
    let refused = stand
        .authorize(question(), Person::Doctor)
        .await
        .decision
        .unwrap();
    assert_eq!(
        (refused.effect(), refused.reason()),
        (Effect::Deny, DecisionReason::NoGrant)
    );
    assert!(refused.permitted_document_ids.is_empty());

    let events = stand.neighbours.events(8).await;
    let kinds: Vec<_> = events.iter().map(|event| event.kind.code()).collect();
    assert_eq!(
        kinds,
        [
            "record.opened",
            "grant.created",
            "access.decided",
            "grant.updated",
            "mask.set",
            "mask.removed",
            "grant.revoked",
            "access.decided",
        ]
    );
    assert!(
        events
            .iter()
            .all(|event| event.patient_id == Some(ANNA.parse().unwrap()))
    );
    assert_eq!(events[2].event_id.to_string(), authorized.event_id);
    assert_eq!(
        (events[2].outcome, events[7].outcome),
        (Outcome::Success, Outcome::Refused)
    );
    assert_eq!(events[3].before["document_classes"], "10");
    assert_eq!(events[3].after["document_classes"], "10,42");
    assert_eq!(events[6].after["state"], "revoked");
    stand.stop().await;
}

#[tokio::test]
async fn a_block_shuts_out_at_once_and_lifting_it_lets_the_grant_count_again() {
    let stand = Stand::start().await;
    stand.grant_to_doctor().await;
    let message = proto::BlockGranteeRequest {
        patient_id: ANNA.to_owned(),
        grantee: Some(crate::stand::person(crate::people::MERGED)),
        period: None,
        request_id: request_id(),
    };
    let mut grants = stand.grants(Person::Anna);
    let answer = grants
        .block_grantee(stand.request(message, Person::Anna))
        .await
        .unwrap();
    let block = answer.into_inner().block.unwrap();
    let refused = stand.check(question(), Person::Doctor).await;
    assert_eq!(refused.reason(), DecisionReason::Blocked);

    let message = proto::UnblockGranteeRequest {
        block_id: block.block_id,
        request_id: request_id(),
    };
    let answer = grants
        .unblock_grantee(stand.request(message, Person::Anna))
        .await
        .unwrap();
    assert!(answer.into_inner().block.unwrap().removed_at.is_some());
    assert_eq!(
        stand.check(question(), Person::Doctor).await.effect(),
        Effect::Permit
    );
}

#[tokio::test]
async fn a_closed_record_shuts_everybody_out_and_reopens_with_its_grants() {
    let stand = Stand::start().await;
    stand.grant_to_doctor().await;
    let mut settings = stand.settings(Person::Anna);
    let message = proto::CloseRecordRequest {
        patient_id: ANNA.to_owned(),
        request_id: request_id(),
    };
    let answer = settings
        .close_record(stand.request(message, Person::Anna))
        .await
        .unwrap();
    assert!(!answer.into_inner().settings.unwrap().open);
    for person in [Person::Doctor, Person::Anna] {
        let refused = stand.check(question(), person).await;
        assert_eq!(refused.reason(), DecisionReason::RecordUnavailable);
    }
    let message = proto::GetRecordSettingsRequest {
        patient_id: ANNA.to_owned(),
    };
    let request = stand.request(message, Person::Anna);
    let shown = settings
        .get_record_settings(request)
        .await
        .unwrap()
        .into_inner();
    assert!(shown.settings.unwrap().closed_at.is_some());

    let message = proto::OpenRecordRequest {
        patient_id: ANNA.to_owned(),
        request_id: request_id(),
    };
    let answer = settings
        .open_record(stand.request(message, Person::Anna))
        .await
        .unwrap();
    assert!(answer.into_inner().settings.unwrap().open);
    assert_eq!(
        stand.check(question(), Person::Doctor).await.effect(),
        Effect::Permit
    );
}

#[tokio::test]
async fn all_grants_end_in_one_step() {
    let stand = Stand::start().await;
    stand.grant_to_doctor().await;
    let message = proto::RevokeAllGrantsRequest {
        patient_id: ANNA.to_owned(),
        request_id: request_id(),
    };
    let mut grants = stand.grants(Person::Anna);
    let request = stand.request(message, Person::Anna);
    let answer = grants
        .revoke_all_grants(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.revoked_count, 1);
    assert_eq!(
        stand.check(question(), Person::Doctor).await.reason(),
        DecisionReason::NoGrant
    );
}

#[tokio::test]
async fn the_patient_is_told_the_rules_and_previews_what_a_professional_would_see() {
    let stand = Stand::start().await;
    stand.grant_to_doctor().await;
    let doctor = crate::people::DOCTOR;
    let message = proto::ExplainRequest {
        question: Some(question()),
        practitioner_id: doctor.to_owned(),
        activity_id: activity_id_of(doctor),
    };
    let mut decisions = stand.decisions(Person::Anna);
    let request = stand.request(message, Person::Anna);
    let explained = decisions.explain(request).await.unwrap().into_inner();
    let permitting: Vec<_> = explained
        .rules
        .iter()
        .filter(|rule| rule.outcome() == proto::RuleOutcome::Permits)
        .map(|rule| (rule.rule.as_str(), rule.legal_ground.as_str()))
        .collect();
    assert_eq!(
        permitting,
        [("grant_to_person", "CSP L.1111-19; R.1111-46")]
    );
    assert!(
        explained
            .rules
            .iter()
            .all(|rule| !rule.sentence_fr.is_empty())
    );

    let message = proto::PreviewAccessRequest {
        patient_id: ANNA.to_owned(),
        practitioner_id: doctor.to_owned(),
        activity_id: activity_id_of(doctor),
        documents: question().documents,
    };
    let request = stand.request(message, Person::Anna);
    let previewed = decisions
        .preview_access(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(permitted(&previewed.decision.unwrap()), ["report-1"]);

    let message = proto::ExplainRequest {
        question: Some(question()),
        ..Default::default()
    };
    let request = stand.request(message, Person::Doctor);
    let own = stand
        .decisions(Person::Doctor)
        .explain(request)
        .await
        .unwrap()
        .into_inner();
    let names: Vec<_> = own.rules.iter().map(|rule| rule.rule.as_str()).collect();
    assert!(names.contains(&"documents") && !names.contains(&"visibility"));
}

#[tokio::test]
async fn the_patient_alone_is_told_what_a_denied_professional_lacked() {
    let stand = Stand::start().await;
    let doctor = crate::people::DOCTOR;
    let about_doctor = proto::ExplainRequest {
        question: Some(question()),
        practitioner_id: doctor.to_owned(),
        activity_id: activity_id_of(doctor),
    };
    let request = stand.request(about_doctor, Person::Anna);
    let mut decisions = stand.decisions(Person::Anna);
    let told = decisions.explain(request).await.unwrap().into_inner();
    let [lacking] = told.missing.as_slice() else {
        panic!("one thing is missing: {:?}", told.missing);
    };
    assert_eq!(lacking.kind(), proto::MissingKind::Grant);
    assert!(lacking.up_to_patient && lacking.grant_id.is_empty());
    assert_eq!(lacking.document_classes, [i32::from(DocumentClass::Report)]);
    assert!(lacking.sentence_fr.ends_with('.') && lacking.sentence_en.ends_with('.'));

    let own = proto::ExplainRequest {
        question: Some(question()),
        ..Default::default()
    };
    let request = stand.request(own, Person::Doctor);
    let mut decisions = stand.decisions(Person::Doctor);
    let told = decisions.explain(request).await.unwrap().into_inner();
    assert!(told.missing.is_empty());
}

#[tokio::test]
async fn a_batch_answers_each_question_in_its_place() {
    let stand = Stand::start().await;
    stand.grant_to_doctor().await;
    let imaging = proto::AccessQuestion {
        documents: vec![crate::stand::document("scan", DocumentClass::Imaging)],
        ..question()
    };
    let elsewhere = proto::AccessQuestion {
        patient_id: crate::people::BELA.to_owned(),
        ..question()
    };
    let message = proto::BatchCheckRequest {
        questions: vec![question(), imaging, elsewhere],
    };
    let request = stand.request(message, Person::Doctor);
    let answer = stand
        .decisions(Person::Doctor)
        .batch_check(request)
        .await
        .unwrap();
    let reasons: Vec<_> = answer
        .into_inner()
        .decisions
        .iter()
        .map(proto::Decision::reason)
        .collect();
    let expected = [
        DecisionReason::Unspecified,
        DecisionReason::NothingPermitted,
        DecisionReason::RecordUnavailable,
    ];
    assert_eq!(reasons, expected);
}

async fn widen(stand: &Stand, grant: &proto::Grant) -> proto::Grant {
    let message = proto::UpdateGrantRequest {
        grant: Some(proto::Grant {
            document_classes: vec![
                DocumentClass::Report.into(),
                DocumentClass::Prescription.into(),
            ],
            ..grant.clone()
        }),
        update_mask: Some(FieldMask {
            paths: vec!["document_classes".to_owned()],
        }),
        request_id: request_id(),
    };
    let request = stand.request(message, Person::Anna);
    let answer = stand
        .grants(Person::Anna)
        .update_grant(request)
        .await
        .unwrap();
    answer.into_inner().grant.unwrap()
}

async fn mask(stand: &Stand, remove: bool) {
    let message = proto::SetDocumentVisibilityRequest {
        patient_id: ANNA.to_owned(),
        document_id: "report-1".to_owned(),
        kind: proto::VisibilityKind::Masked.into(),
        practitioner_id: String::new(),
        remove,
        request_id: request_id(),
    };
    let request = stand.request(message, Person::Anna);
    let answer = stand
        .settings(Person::Anna)
        .set_document_visibility(request)
        .await
        .unwrap();
    assert_eq!(answer.into_inner().visibilities.is_empty(), remove);
}

async fn revoke(stand: &Stand, grant: &proto::Grant) {
    let message = proto::RevokeGrantRequest {
        grant_id: grant.grant_id.clone(),
        etag: String::new(),
        request_id: request_id(),
    };
    let request = stand.request(message, Person::Anna);
    let answer = stand
        .grants(Person::Anna)
        .revoke_grant(request)
        .await
        .unwrap();
    assert_eq!(
        answer.into_inner().grant.unwrap().state(),
        GrantState::Revoked
    );
}
