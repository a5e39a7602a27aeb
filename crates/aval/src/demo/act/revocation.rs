//! The patient revokes; it holds at once.

use aval_proto::consent::v1 as proto;

use crate::demo::act::access::shows_decision;
use crate::demo::act::patient::SignedInPatient;
use crate::demo::act::practitioner::SignedInDoctors;
use crate::demo::act::search::Found;
use crate::demo::question::{authorize, consult_all};
use crate::demo::scene::{Scene, request_id};
use crate::demo::stage::Stage;
use crate::language::say;

/// Tries a stale etag, revokes with the right one, and asks again.
pub(crate) async fn play(
    stage: &mut Stage,
    scene: &Scene,
    patient: &SignedInPatient,
    found: &Found,
    doctors: &SignedInDoctors,
    grant: &proto::Grant,
) -> anyhow::Result<()> {
    stage.act(&say("Elle révoque", "She revokes"))?;
    stale_etag(stage, scene, patient, grant).await?;
    let mut step = stage.step(
        &say(
            "Elle révoque l'autorisation de son médecin",
            "She revokes her doctor's grant",
        ),
        "GrantService.RevokeGrant",
    )?;
    let request = patient.bearer.asks(revoke(grant, &grant.etag));
    let answer = step
        .answer(scene.portal.grants().revoke_grant(request))
        .await?;
    let revoked = answer.grant.unwrap_or_default();
    step.shows(&say("révoquée", "revoked"))?;
    step.holds(
        revoked.state() == proto::GrantState::Revoked,
        &say("l'autorisation est finie", "the grant has ended"),
    )?;
    let mut step = stage.step(
        &say(
            "Le médecin redemande aussitôt",
            "The doctor asks again at once",
        ),
        "DecisionService.Authorize",
    )?;
    let question = consult_all(&patient.patient_id, &found.author.practitioner_id);
    let request = doctors.doctor.asks(authorize(question));
    let answer = step
        .answer(scene.clinic.decisions().authorize(request))
        .await?;
    let decision = answer.decision.unwrap_or_default();
    shows_decision(&mut step, &decision)?;
    step.holds(
        decision.effect() == proto::Effect::Deny
            && decision.reason() == proto::DecisionReason::NoGrant,
        &say("refusé, sans délai", "refused, without delay"),
    )
}

async fn stale_etag(
    stage: &mut Stage,
    scene: &Scene,
    patient: &SignedInPatient,
    grant: &proto::Grant,
) -> anyhow::Result<()> {
    let mut step = stage.step(
        &say("D'abord avec un etag périmé", "First with a stale etag"),
        "GrantService.RevokeGrant",
    )?;
    let request = patient.bearer.asks(revoke(grant, "\"999\""));
    let grants = scene.portal.grants();
    step.refusal(
        async { grants.clone().revoke_grant(request).await },
        "ETAG_MISMATCH",
    )
    .await?;
    Ok(())
}

fn revoke(grant: &proto::Grant, etag: &str) -> proto::RevokeGrantRequest {
    proto::RevokeGrantRequest {
        grant_id: grant.grant_id.clone(),
        etag: etag.to_owned(),
        request_id: request_id(),
    }
}
