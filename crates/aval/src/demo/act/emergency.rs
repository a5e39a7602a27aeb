//! Breaking the glass: without a reason, with one, against the patient's opposition.

use aval_proto::consent::v1 as proto;

use crate::demo::act::access::shows_decision;
use crate::demo::act::patient::SignedInPatient;
use crate::demo::act::practitioner::SignedInDoctors;
use crate::demo::act::search::Found;
use crate::demo::question::{authorize, break_glass, consult_all};
use crate::demo::scene::{Scene, request_id};
use crate::demo::stage::Stage;
use crate::language::{Text, say};

const REASON: &str = "Patiente inconsciente, suspicion d'AVC, traitement inconnu";

/// What an attempt must come to.
struct Expected {
    effect: proto::Effect,
    reason: proto::DecisionReason,
    text: Text,
}

/// Breaks the glass three times.
pub(crate) async fn play(
    stage: &mut Stage,
    scene: &Scene,
    patient: &SignedInPatient,
    found: &Found,
    doctors: &SignedInDoctors,
) -> anyhow::Result<()> {
    stage.act(&say("L'urgence", "The emergency"))?;
    let question = consult_all(&patient.patient_id, &found.author.practitioner_id);
    attempt(
        stage,
        scene,
        doctors,
        break_glass(question.clone(), ""),
        &say("Bris de glace, sans motif", "Break-glass, without a reason"),
        Expected {
            effect: proto::Effect::Deny,
            reason: proto::DecisionReason::EmergencyReasonMissing,
            text: say(
                "refusé : un motif en clair est exigé",
                "refused: a reason in words is required",
            ),
        },
    )
    .await?;
    attempt(
        stage,
        scene,
        doctors,
        break_glass(question.clone(), REASON),
        &say("Bris de glace, avec un motif", "Break-glass, with a reason"),
        Expected {
            effect: proto::Effect::Permit,
            reason: proto::DecisionReason::Unspecified,
            text: say(
                "permis, et tracé comme une urgence",
                "permitted, and traced as an emergency",
            ),
        },
    )
    .await?;
    oppose(stage, scene, patient).await?;
    attempt(
        stage,
        scene,
        doctors,
        break_glass(question, REASON),
        &say(
            "Bris de glace, malgré l'opposition",
            "Break-glass, despite the opposition",
        ),
        Expected {
            effect: proto::Effect::Deny,
            reason: proto::DecisionReason::EmergencyOpposed,
            text: say("refusé : elle s'y est opposée", "refused: she opposed it"),
        },
    )
    .await
}

async fn attempt(
    stage: &mut Stage,
    scene: &Scene,
    doctors: &SignedInDoctors,
    question: proto::AccessQuestion,
    title: &Text,
    expected: Expected,
) -> anyhow::Result<()> {
    let mut step = stage.step(title, "DecisionService.Authorize")?;
    let request = doctors.doctor.asks(authorize(question));
    let answer = step
        .answer(scene.clinic.decisions().authorize(request))
        .await?;
    let decision = answer.decision.unwrap_or_default();
    shows_decision(&mut step, &decision)?;
    step.holds(
        decision.effect() == expected.effect && decision.reason() == expected.reason,
        &expected.text,
    )
}

async fn oppose(stage: &mut Stage, scene: &Scene, patient: &SignedInPatient) -> anyhow::Result<()> {
    let mut step = stage.step(
        &say(
            "La patiente s'oppose d'avance au bris de glace",
            "The patient opposes break-glass in advance",
        ),
        "RecordSettingsService.SetEmergencyOppositions",
    )?;
    let settings = step
        .answer(
            scene
                .portal
                .settings()
                .get_record_settings(patient.bearer.asks(proto::GetRecordSettingsRequest {
                    patient_id: patient.patient_id.clone(),
                })),
        )
        .await?;
    let request = patient.bearer.asks(proto::SetEmergencyOppositionsRequest {
        patient_id: patient.patient_id.clone(),
        opposes_break_glass: Some(true),
        opposes_regulation_center: None,
        etag: settings.settings.unwrap_or_default().etag,
        request_id: request_id(),
    });
    let answer = step
        .answer(scene.portal.settings().set_emergency_oppositions(request))
        .await?;
    let settings = answer.settings.unwrap_or_default();
    step.holds(
        settings.opposes_break_glass && !settings.opposes_regulation_center,
        &say("enregistré (CSP R.1111-48)", "recorded (CSP R.1111-48)"),
    )
}
