//! Two entries of the directory turn out to be one human, and two again: what a patient
//! decided under either follows the human.

use aval::client::Bearer;
use aval_proto::common::v1 as common;
use aval_proto::consent::v1 as consent;
use aval_proto::practitioner_directory::v1 as directory;
use aval_testing::synthesize::Person;
use common::DocumentClass;
use consent::{DecisionReason, Effect};

use crate::patience::eventually;
use crate::scene::{Patient, Professional, Scene, anne, document, fresh_id};
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
