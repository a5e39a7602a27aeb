//! The doctor opens the record and sees what was granted, no more.

use aval_proto::consent::v1 as proto;

use crate::demo::act::patient::SignedInPatient;
use crate::demo::act::practitioner::SignedInDoctors;
use crate::demo::act::search::Found;
use crate::demo::question::{authorize, consult_all};
use crate::demo::scene::Scene;
use crate::demo::stage::{Stage, Step};
use crate::language::say;

/// Authorises the doctor, and explains the decision.
pub(crate) async fn play(
    stage: &mut Stage,
    scene: &Scene,
    patient: &SignedInPatient,
    found: &Found,
    doctors: &SignedInDoctors,
) -> anyhow::Result<()> {
    stage.act(&say(
        "Le médecin ouvre le dossier",
        "The doctor opens the record",
    ))?;
    let mut step = stage.step(
        &say(
            "Il demande quatre documents : la décision est tracée avant d'être rendue",
            "Four documents are asked for: the decision is traced before it is given",
        ),
        "DecisionService.Authorize",
    )?;
    let question = consult_all(&patient.patient_id, &found.author.practitioner_id);
    let request = doctors.doctor.asks(authorize(question.clone()));
    let answer = step
        .answer(scene.clinic.decisions().authorize(request))
        .await?;
    let decision = answer.decision.unwrap_or_default();
    shows_decision(&mut step, &decision)?;
    step.holds(
        decision.permitted_document_ids.len() == 3,
        &say(
            "les deux comptes rendus et l'ordonnance, pas l'imagerie",
            "both reports and the prescription, not the image",
        ),
    )?;
    explain(stage, scene, doctors, question).await
}

async fn explain(
    stage: &mut Stage,
    scene: &Scene,
    doctors: &SignedInDoctors,
    question: proto::AccessQuestion,
) -> anyhow::Result<()> {
    let mut step = stage.step(&say("Pourquoi ?", "Why?"), "DecisionService.Explain")?;
    let request = doctors.doctor.asks(proto::ExplainRequest {
        question: Some(question),
        ..proto::ExplainRequest::default()
    });
    let answer = step
        .answer(scene.clinic.decisions().explain(request))
        .await?;
    for rule in &answer.rules {
        if rule.outcome() != proto::RuleOutcome::NotApplicable {
            let ground = &rule.legal_ground;
            step.shows(&say(
                format!("{} — {} ({ground})", rule.rule, rule.sentence_fr),
                format!("{} — {} ({ground})", rule.rule, rule.sentence_en),
            ))?;
        }
    }
    let revision = answer.decision.unwrap_or_default().policy_revision;
    if revision.ends_with("+example") {
        step.shows(&say(
            format!("règles {revision} : la matrice d'habilitation est un EXEMPLE, inventé"),
            format!("policy {revision}: the habilitation matrix is an EXAMPLE, made up"),
        ))?;
    }
    let permits = answer
        .rules
        .iter()
        .any(|rule| rule.outcome() == proto::RuleOutcome::Permits);
    step.holds(
        permits,
        &say(
            "la règle qui permet est nommée",
            "the rule that permits is named",
        ),
    )
}

/// Shows a decision on one line.
pub(crate) fn shows_decision(
    step: &mut Step<'_>,
    decision: &proto::Decision,
) -> std::io::Result<()> {
    let documents = decision.permitted_document_ids.join(", ");
    let ground = decision.ground.clone().unwrap_or_default().kind();
    let ground = ground.as_str_name().trim_start_matches("GROUND_KIND_");
    let reason = decision
        .reason()
        .as_str_name()
        .trim_start_matches("DECISION_REASON_");
    if decision.effect() == proto::Effect::Permit {
        step.shows(&say(
            format!("PERMIS ({ground}) : {documents}"),
            format!("PERMIT ({ground}): {documents}"),
        ))
    } else {
        step.shows(&say(
            format!("REFUSÉ : {reason}"),
            format!("DENY: {reason}"),
        ))
    }
}
