//! The other ways in: a professional asks and the patient answers, a colleague attests
//! the consent, a team cares. Who can see what is told as checks say it, and the history
//! names everybody.

use aval::client::Software;
use aval_domain::time::{Clock, SystemClock};
use aval_proto::common::v1 as common;
use aval_proto::common::v1::DocumentClass;
use aval_proto::consent::v1 as consent;
use aval_proto::consent::v1::{DecisionReason, Effect, GrantState, GroundKind};
use prost_types::Timestamp;

use super::asking::usual;
use super::{REPORT, history};
use crate::patience::eventually;
use crate::scene::{Patient, Professional, Scene, anne, fresh_id};
use crate::world::practitioner;

fn tomorrow() -> Timestamp {
    Timestamp {
        seconds: SystemClock.now().unix_seconds() + 86_400,
        nanos: 0,
    }
}

#[tokio::test]
async fn a_request_a_declaration_and_a_care_team_open_the_record_and_are_told() {
    let scene = Scene::set().await;
    let anne = scene.patient(anne()).await;
    let cast = scene.cast.clone();
    let doctor = scene.professional(&cast.generalist, &scene.clinic).await;
    let nurse = scene.professional(&cast.nurse, &scene.other_clinic).await;
    let colleague = scene.professional(&cast.colleague, &scene.other_clinic);
    let colleague = colleague.await;

    ask(&scene, &anne, &doctor).await;
    assert_eq!(
        check(&scene.clinic, &doctor, &anne).await.effect(),
        Effect::Deny
    );
    approve_for_reports(&scene, &anne).await;
    let seen = check(&scene.clinic, &doctor, &anne).await;
    assert_eq!(seen.permitted_document_ids, [REPORT]);

    declare(&scene, &anne, &nurse, &colleague).await;
    let seen = check(&scene.other_clinic, &colleague, &anne).await;
    assert_eq!(seen.ground.unwrap().kind(), GroundKind::Declaration);
    let episode = open_episode(&scene, &anne, &nurse, &colleague).await;
    let seen = check(&scene.other_clinic, &nurse, &anne).await;
    assert_eq!(seen.ground.unwrap().kind(), GroundKind::CareEpisode);

    let listed = authorized(&scene, &anne).await;
    assert_eq!(listed.len(), 3);
    for (software, professional) in [
        (&scene.clinic, &doctor),
        (&scene.other_clinic, &nurse),
        (&scene.other_clinic, &colleague),
    ] {
        let grantee = Some(practitioner(&professional.practitioner_id));
        let entry = listed.iter().find(|one| one.grantee == grantee).unwrap();
        let question = consent::AccessQuestion {
            documents: Vec::new(),
            ..usual(&anne)
        };
        let checked = decide(software, professional, question).await;
        assert_eq!(entry.ground, checked.ground);
        assert_eq!(entry.permitted_classes, checked.permitted_classes);
    }

    close(&scene, &anne, &episode).await;
    let denied = check(&scene.other_clinic, &nurse, &anne).await;
    assert_eq!(denied.reason(), DecisionReason::NoGrant);
    assert_eq!(authorized(&scene, &anne).await.len(), 2);

    let kinds = [
        "grant.requested",
        "grant.approved",
        "grant.declared",
        "care_episode.opened",
        "care_episode.closed",
    ];
    let told = eventually("the history tells of all of it", async || {
        let told = history::events(&scene, &anne, &kinds).await;
        (told.len() == kinds.len()).then_some(told)
    });
    let told: Vec<_> = told.await.into_iter().rev().collect();
    let sentences: Vec<_> = told.iter().map(|event| &event.sentence_fr).collect();
    let names = |place: usize, name: &str| {
        assert!(sentences[place].contains(name), "{}", sentences[place]);
    };
    names(0, "Suivi d'une hypertension");
    for place in [0, 1] {
        names(place, &cast.generalist.family_name);
    }
    names(2, &cast.nurse.family_name);
    names(2, &cast.colleague.family_name);
    names(3, &cast.nurse.family_name);
    scene.stack.stop().await;
}

async fn check(software: &Software, who: &Professional, patient: &Patient) -> consent::Decision {
    decide(software, who, usual(patient)).await
}

async fn decide(
    software: &Software,
    who: &Professional,
    question: consent::AccessQuestion,
) -> consent::Decision {
    let request = who.bearer.asks(consent::CheckRequest {
        question: Some(question),
    });
    let answer = software.decisions().check(request).await.unwrap();
    answer.into_inner().decision.unwrap()
}

async fn ask(scene: &Scene, patient: &Patient, doctor: &Professional) {
    let request = doctor.bearer.asks(consent::RequestGrantRequest {
        patient_id: patient.patient_id.clone(),
        document_classes: vec![
            DocumentClass::Report.into(),
            DocumentClass::Prescription.into(),
        ],
        period: None,
        purpose: "Suivi d'une hypertension".to_owned(),
        request_id: fresh_id(),
    });
    scene.clinic.grants().request_grant(request).await.unwrap();
}

/// The patient finds the one request among their grants, and says yes to a part of it.
async fn approve_for_reports(scene: &Scene, patient: &Patient) {
    let of = consent::list_grants_request::Of::PatientId(patient.patient_id.clone());
    let request = patient.bearer.asks(consent::ListGrantsRequest {
        of: Some(of),
        state: GrantState::Requested.into(),
        ..Default::default()
    });
    let answer = scene.portal.grants().list_grants(request).await.unwrap();
    let asked = answer.into_inner().grants.remove(0);
    assert_eq!(asked.purpose, "Suivi d'une hypertension");
    let request = patient.bearer.asks(consent::ApproveGrantRequest {
        grant_id: asked.grant_id,
        etag: asked.etag,
        document_classes: vec![DocumentClass::Report.into()],
        period: None,
        request_id: fresh_id(),
    });
    scene.portal.grants().approve_grant(request).await.unwrap();
}

async fn declare(scene: &Scene, patient: &Patient, by: &Professional, on_behalf_of: &Professional) {
    let request = by.bearer.asks(consent::DeclareGrantRequest {
        patient_id: patient.patient_id.clone(),
        on_behalf_of_practitioner_id: on_behalf_of.practitioner_id.clone(),
        document_classes: vec![DocumentClass::Report.into()],
        period: Some(common::Period {
            from_at: None,
            until_at: Some(tomorrow()),
        }),
        consent_collected: true,
        request_id: fresh_id(),
    });
    let mut grants = scene.other_clinic.grants();
    grants.declare_grant(request).await.unwrap();
}

async fn open_episode(
    scene: &Scene,
    patient: &Patient,
    by: &Professional,
    with: &Professional,
) -> consent::CareEpisode {
    let request = by.bearer.asks(consent::OpenCareEpisodeRequest {
        patient_id: patient.patient_id.clone(),
        member_practitioner_ids: vec![by.practitioner_id.clone(), with.practitioner_id.clone()],
        until_at: Some(tomorrow()),
        request_id: fresh_id(),
    });
    let mut grants = scene.other_clinic.grants();
    let answer = grants.open_care_episode(request).await.unwrap();
    answer.into_inner().care_episode.unwrap()
}

async fn close(scene: &Scene, patient: &Patient, episode: &consent::CareEpisode) {
    let request = patient.bearer.asks(consent::CloseCareEpisodeRequest {
        care_episode_id: episode.care_episode_id.clone(),
        request_id: fresh_id(),
    });
    let mut grants = scene.portal.grants();
    grants.close_care_episode(request).await.unwrap();
}

async fn authorized(scene: &Scene, patient: &Patient) -> Vec<consent::Authorized> {
    let request = patient.bearer.asks(consent::ListAuthorizedRequest {
        patient_id: patient.patient_id.clone(),
        ..Default::default()
    });
    let answer = scene.portal.decisions().list_authorized(request).await;
    answer.unwrap().into_inner().authorized
}
