//! The receipt of one event is checked offline, and so is a tampered copy.

use aval_merkle_log::checkpoint::Policy;
use aval_merkle_log::receipt::{Evidence, Receipt};
use aval_proto::audit::v1 as proto;

use crate::demo::act::patient::SignedInPatient;
use crate::demo::scene::Scene;
use crate::demo::stage::Stage;
use crate::language::say;

/// Gets the receipt of an event and checks it without any service.
pub(crate) async fn play(
    stage: &mut Stage,
    scene: &Scene,
    patient: &SignedInPatient,
    event: &proto::RecordedEvent,
) -> anyhow::Result<()> {
    stage.act(&say("La preuve", "The proof"))?;
    let policy = scene.stack.log_policy()?;
    let mut step = stage.step(
        &say(
            "Elle demande le reçu de l'accès en urgence",
            "She asks for the receipt of the emergency access",
        ),
        "TrailService.GetEvent (receipt)",
    )?;
    let request = patient.bearer.asks(proto::GetEventRequest {
        event_id: event.event.clone().unwrap_or_default().event_id,
        include_receipt: true,
        patient_id: String::new(),
        witnessed: false,
    });
    let answer = step.answer(scene.portal.trail().get_event(request)).await?;
    step.shows(&say(
        format!("un reçu de {} octets", answer.receipt.len()),
        format!("a receipt of {} bytes", answer.receipt.len()),
    ))?;
    let verified = verify(&answer.receipt, &answer.canonical_event, &policy);
    step.holds(
        verified.is_ok(),
        &say(
            "vérifié hors ligne, avec la seule clé publique du journal",
            "verified offline, with the log's public key alone",
        ),
    )?;

    let mut step = stage.step(
        &say(
            "Quelqu'un réécrit le motif dans une copie",
            "Somebody rewrites the reason in a copy",
        ),
        "aval audit verify",
    )?;
    let canonical = String::from_utf8(answer.canonical_event)?;
    let tampered = canonical.replace("inconsciente", "consentante");
    let verdict = verify(&answer.receipt, tampered.as_bytes(), &policy);
    let words = verdict
        .as_ref()
        .err()
        .map(ToString::to_string)
        .unwrap_or_default();
    step.shows(&say(&words, &words))?;
    step.holds(
        tampered != canonical && verdict.is_err(),
        &say(
            "la copie falsifiée est démasquée",
            "the tampered copy is caught",
        ),
    )
}

fn verify(receipt: &str, canonical_event: &[u8], policy: &Policy) -> anyhow::Result<()> {
    let receipt = Receipt::parse(receipt.as_bytes())?;
    receipt.verify(Evidence::Event(canonical_event), policy)?;
    Ok(())
}
