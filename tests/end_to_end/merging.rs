//! Two entries turn out to be one human, and two again, of the directory or of the patients:
//! what was decided under either follows the human.

use aval::client::Bearer;
use aval_proto::common::v1 as common;
use aval_proto::consent::v1 as consent;
use aval_proto::identity::v1 as identity;
use aval_proto::practitioner_directory::v1 as directory;
use aval_testing::synthesize::Person;
use common::DocumentClass;
use consent::{DecisionReason, Effect};

use crate::patience::eventually;
use crate::scene::{Patient, Professional, Scene, anne, bruno, document, fresh_id};
use crate::world::practitioner;

#[tokio::test]
async fn whom_a_patient_blocked_does_not_come_in_under_another_number() {
    let scene = Scene::set().await;
    let anne = scene.patient(anne()).await;
    let (old, new) = (scene.cast.generalist.clone(), scene.cast.colleague.clone());
    let blocked = scene.professional(&old, &scene.clinic).await;
    let welcome = scene.professional(&new, &scene.clinic).await;
    block(&scene, &anne, &blocked.practitioner_id).await;
    authorise(&scene, &anne, &welcome.practitioner_id).await;
    let asks = async |bearer: &Bearer| check(&scene, &anne, bearer).await;
    assert_eq!(asks(&welcome.bearer).await.effect(), Effect::Permit);
    let denied = asks(&blocked.bearer).await;
    assert_eq!(denied.reason(), DecisionReason::Blocked);

    // The operator finds out that both are one.
    merge(&scene, &blocked, &welcome, false).await;
    eventually("the one who was let in is shut out", async || {
        let decision = asks(&welcome.bearer).await;
        (decision.reason() == DecisionReason::Blocked).then_some(())
    })
    .await;
    // Whatever number they sign in with.
    for (person, signed_in) in [(&old, &blocked), (&new, &welcome)] {
        let (practitioner_id, again) = sign_in_again(&scene, person, signed_in).await;
        assert_eq!(practitioner_id, welcome.practitioner_id);
        assert_eq!(asks(&again).await.reason(), DecisionReason::Blocked);
    }

    // They are two after all.
    merge(&scene, &blocked, &welcome, true).await;
    eventually("the one who was let in comes in again", async || {
        let decision = asks(&welcome.bearer).await;
        (decision.effect() == Effect::Permit).then_some(())
    })
    .await;
    let (practitioner_id, again) = sign_in_again(&scene, &old, &blocked).await;
    assert_eq!(practitioner_id, blocked.practitioner_id);
    assert_eq!(asks(&again).await.reason(), DecisionReason::Blocked);
}

#[tokio::test]
async fn what_a_patient_decided_holds_when_their_records_turn_out_to_be_one_human_s() {
    let scene = Scene::set().await;
    let (before, present) = (scene.patient(bruno()).await, scene.patient(anne()).await);
    let doctor = scene
        .professional(&scene.cast.generalist, &scene.clinic)
        .await;
    block(&scene, &before, &doctor.practitioner_id).await;
    authorise(&scene, &present, &doctor.practitioner_id).await;
    let of = async |patient: &Patient| check(&scene, patient, &doctor.bearer).await;
    assert_eq!(of(&present).await.effect(), Effect::Permit);
    assert_eq!(of(&before).await.reason(), DecisionReason::Blocked);

    merge_patients(&scene, &before, &present).await;
    eventually("the block holds for the human", async || {
        (of(&present).await.reason() == DecisionReason::Blocked).then_some(())
    })
    .await;
    // The human finds it in their list, and ends it there.
    let request = consent::ListBlocksRequest {
        patient_id: present.patient_id.clone(),
        ..consent::ListBlocksRequest::default()
    };
    let request = present.bearer.asks(request);
    let blocks = scene.portal.grants().list_blocks(request).await.unwrap();
    let blocks = blocks.into_inner().blocks;
    assert_eq!(blocks.len(), 1);
    assert_eq!(blocks[0].patient_id, before.patient_id);
    let request = consent::UnblockGranteeRequest {
        block_id: blocks[0].block_id.clone(),
        request_id: fresh_id(),
    };
    let request = present.bearer.asks(request);
    scene
        .portal
        .grants()
        .unblock_grantee(request)
        .await
        .unwrap();
    for patient in [&before, &present] {
        assert_eq!(of(patient).await.effect(), Effect::Permit);
    }

    // They are two after all, and only one of them ever let the doctor in.
    let request = identity::UnmergePatientsRequest {
        source_patient_id: before.patient_id.clone(),
        reason: "deux personnes".to_owned(),
        request_id: fresh_id(),
    };
    let mut patients = scene.operator.patients();
    patients.unmerge_patients(request).await.unwrap();
    eventually("the grant is one patient's again", async || {
        (of(&before).await.reason() == DecisionReason::NoGrant).then_some(())
    })
    .await;
    assert_eq!(of(&present).await.effect(), Effect::Permit);
}

async fn merge_patients(scene: &Scene, source: &Patient, target: &Patient) {
    let request = identity::MergePatientsRequest {
        source_patient_id: source.patient_id.clone(),
        target_patient_id: target.patient_id.clone(),
        reason: "une seule personne".to_owned(),
        request_id: fresh_id(),
    };
    let merged = scene.operator.patients().merge_patients(request).await;
    merged.unwrap();
}

/// In the practice situation of before, whoever it belongs to by now.
async fn sign_in_again(
    scene: &Scene,
    person: &Person,
    signed_in: &Professional,
) -> (String, Bearer) {
    let tokens = scene.provider_professional(person, &[]).await;
    let request = tokens.as_practitioner(&signed_in.activity.activity_id);
    let answer = scene.clinic.sessions().exchange_token(request).await;
    let answer = answer.unwrap().into_inner();
    let bearer = Bearer::new(&answer.access_token).unwrap();
    (scene.practitioner(person).await.practitioner_id, bearer)
}

async fn merge(scene: &Scene, source: &Professional, target: &Professional, undo: bool) {
    let request = directory::MergePractitionersRequest {
        source_practitioner_id: source.practitioner_id.clone(),
        target_practitioner_id: target.practitioner_id.clone(),
        undo,
        reason: "pièces vues".to_owned(),
        request_id: fresh_id(),
    };
    let merged = scene
        .operator
        .directory_admin()
        .merge_practitioners(request)
        .await;
    merged.unwrap();
}

async fn block(scene: &Scene, patient: &Patient, practitioner_id: &str) {
    let request = consent::BlockGranteeRequest {
        patient_id: patient.patient_id.clone(),
        grantee: Some(practitioner(practitioner_id)),
        period: None,
        request_id: fresh_id(),
    };
    let blocked = scene
        .portal
        .grants()
        .block_grantee(patient.bearer.asks(request))
        .await;
    blocked.unwrap();
}

async fn authorise(scene: &Scene, patient: &Patient, practitioner_id: &str) {
    let request = consent::CreateGrantRequest {
        patient_id: patient.patient_id.clone(),
        grantee: Some(practitioner(practitioner_id)),
        document_classes: vec![DocumentClass::Report.into()],
        period: None,
        request_id: fresh_id(),
    };
    let granted = scene
        .portal
        .grants()
        .create_grant(patient.bearer.asks(request))
        .await;
    granted.unwrap();
}

/// To consult a report.
async fn check(scene: &Scene, patient: &Patient, bearer: &Bearer) -> consent::Decision {
    let question = consent::AccessQuestion {
        patient_id: patient.patient_id.clone(),
        action: common::AccessAction::Consult.into(),
        mode: common::AccessMode::Normal.into(),
        documents: vec![document("report-1", DocumentClass::Report)],
        ..consent::AccessQuestion::default()
    };
    let request = consent::CheckRequest {
        question: Some(question),
    };
    let checked = scene.clinic.decisions().check(bearer.asks(request)).await;
    checked.unwrap().into_inner().decision.unwrap()
}
