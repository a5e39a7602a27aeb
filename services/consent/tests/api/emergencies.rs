//! The two emergency modes over the wire.

use aval_proto::common::v1::{AccessMode, DocumentClass};
use aval_proto::consent::v1 as proto;
use aval_proto::consent::v1::{DecisionReason, Effect, GroundKind, Obligation};
use tonic::Code;

use crate::people::{ANNA, Person};
use crate::stand::{Stand, document, fields, question, reason, request_id};

fn broken_glass(emergency_reason: &str) -> proto::AccessQuestion {
    proto::AccessQuestion {
        mode: AccessMode::BreakGlass.into(),
        emergency_reason: emergency_reason.to_owned(),
        ..question()
    }
}

fn regulation() -> proto::AccessQuestion {
    proto::AccessQuestion {
        mode: AccessMode::RegulationCenter.into(),
        ..question()
    }
}

async fn oppose(stand: &Stand) {
    let mut settings = stand.settings(Person::Anna);
    let message = proto::GetRecordSettingsRequest {
        patient_id: ANNA.to_owned(),
    };
    let request = stand.request(message, Person::Anna);
    let shown = settings
        .get_record_settings(request)
        .await
        .unwrap()
        .into_inner();
    let etag = shown.settings.unwrap().etag;
    let message = proto::SetEmergencyOppositionsRequest {
        patient_id: ANNA.to_owned(),
        opposes_break_glass: Some(true),
        opposes_regulation_center: None,
        etag: etag.clone(),
        request_id: request_id(),
    };
    let request = stand.request(message.clone(), Person::Anna);
    let answer = settings
        .set_emergency_oppositions(request)
        .await
        .unwrap()
        .into_inner();
    let set = answer.settings.unwrap();
    assert!(set.opposes_break_glass && !set.opposes_regulation_center);

    let again = proto::SetEmergencyOppositionsRequest {
        request_id: request_id(),
        ..message
    };
    let request = stand.request(again, Person::Anna);
    let stale = settings
        .set_emergency_oppositions(request)
        .await
        .unwrap_err();
    assert_eq!(
        (stale.code(), reason(&stale).as_str()),
        (Code::Aborted, "ETAG_MISMATCH")
    );
}

#[tokio::test]
async fn breaking_the_glass_opens_the_record_and_obliges_to_show_it() {
    let stand = Stand::start().await;
    let opened = stand
        .authorize(broken_glass("patient inconscient"), Person::Doctor)
        .await;
    let decision = opened.decision.unwrap();
    assert_eq!(
        decision.ground.as_ref().unwrap().kind(),
        GroundKind::BreakGlass
    );
    let shown: Vec<_> = decision.obligations().collect();
    assert_eq!(
        shown,
        [Obligation::ShowEmergencyMode, Obligation::EmergencyReported]
    );

    let events = stand.neighbours.events(2).await;
    let summary = events[1].decision.as_ref().unwrap();
    assert_eq!(
        summary.emergency_reason.as_deref(),
        Some("patient inconscient")
    );
}

#[tokio::test]
async fn without_a_reason_or_through_software_the_glass_stays_whole() {
    let stand = Stand::start().await;
    let silent = stand.check(broken_glass("court"), Person::Doctor).await;
    assert_eq!(silent.reason(), DecisionReason::EmergencyReasonMissing);
    let reason = "patient inconscient";
    let indirect = stand
        .check(broken_glass(reason), Person::DoctorIndirectly)
        .await;
    assert_eq!(
        indirect.reason(),
        DecisionReason::EmergencyAuthenticationTooWeak
    );
}

#[tokio::test]
async fn an_opposition_made_in_advance_holds() {
    let stand = Stand::start().await;
    oppose(&stand).await;
    let refused = stand
        .check(broken_glass("patient inconscient"), Person::Doctor)
        .await;
    assert_eq!(refused.reason(), DecisionReason::EmergencyOpposed);
    let regulator = stand.check(regulation(), Person::Regulator).await;
    assert_eq!(regulator.effect(), Effect::Permit);
}

#[tokio::test]
async fn only_a_regulator_uses_the_regulation_mode_and_no_patient_any() {
    let stand = Stand::start().await;
    let refused = stand.check(regulation(), Person::Nurse).await;
    assert_eq!(refused.reason(), DecisionReason::RegulatorFunctionRequired);
    let message = proto::CheckRequest {
        question: Some(regulation()),
    };
    let request = stand.request(message, Person::Anna);
    let status = stand
        .decisions(Person::Anna)
        .check(request)
        .await
        .unwrap_err();
    assert_eq!(fields(&status), ["question.mode"]);
}

#[tokio::test]
async fn a_treating_doctor_sees_every_document() {
    let stand = Stand::start().await;
    let mut settings = stand.settings(Person::Anna);
    let message = proto::AddTreatingDoctorRequest {
        patient_id: ANNA.to_owned(),
        practitioner_id: crate::people::DOCTOR.to_owned(),
        request_id: request_id(),
    };
    let answer = settings
        .add_treating_doctor(stand.request(message, Person::Anna))
        .await
        .unwrap();
    let doctors = answer
        .into_inner()
        .settings
        .unwrap()
        .treating_doctor_practitioner_ids;
    assert_eq!(doctors, [crate::people::DOCTOR]);
    let everything = proto::AccessQuestion {
        documents: vec![document("scan", DocumentClass::Imaging)],
        ..question()
    };
    let seen = stand.check(everything.clone(), Person::Doctor).await;
    assert_eq!(seen.ground.unwrap().kind(), GroundKind::TreatingDoctor);

    let message = proto::RemoveTreatingDoctorRequest {
        patient_id: ANNA.to_owned(),
        practitioner_id: crate::people::DOCTOR.to_owned(),
        request_id: request_id(),
    };
    settings
        .remove_treating_doctor(stand.request(message, Person::Anna))
        .await
        .unwrap();
    let refused = stand.check(everything, Person::Doctor).await;
    assert_eq!(refused.reason(), DecisionReason::NoGrant);
}
