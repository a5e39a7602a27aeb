//! The patient masks a document; its author still sees it.

use aval_proto::consent::v1 as proto;

use crate::client::{Bearer, Software};
use crate::demo::act::access::shows_decision;
use crate::demo::act::patient::SignedInPatient;
use crate::demo::act::practitioner::SignedInDoctors;
use crate::demo::act::search::Found;
use crate::demo::question::{MASKED, authorize, consult_all};
use crate::demo::scene::{Scene, request_id};
use crate::demo::stage::Stage;
use crate::language::{Text, say};

/// Masks one document, and looks at it through both doctors' eyes.
pub(crate) async fn play(
    stage: &mut Stage,
    scene: &Scene,
    patient: &SignedInPatient,
    found: &Found,
    doctors: &SignedInDoctors,
) -> anyhow::Result<()> {
    stage.act(&say("Elle masque un document", "She masks a document"))?;
    let mut step = stage.step(
        &say(
            format!("Elle masque {MASKED} aux professionnels"),
            format!("She masks {MASKED} from professionals"),
        ),
        "RecordSettingsService.SetDocumentVisibility",
    )?;
    let request = patient.bearer.asks(proto::SetDocumentVisibilityRequest {
        patient_id: patient.patient_id.clone(),
        document_id: MASKED.to_owned(),
        kind: proto::VisibilityKind::Masked.into(),
        practitioner_id: String::new(),
        remove: false,
        request_id: request_id(),
    });
    let answer = step
        .answer(scene.portal.settings().set_document_visibility(request))
        .await?;
    step.holds(
        answer.visibilities.len() == 1,
        &say(
            "masqué dès le retour de l'appel",
            "masked from the moment the call returns",
        ),
    )?;

    let question = consult_all(&patient.patient_id, &found.author.practitioner_id);
    looks(
        stage,
        (&scene.clinic, &doctors.doctor),
        question.clone(),
        &say(
            "Son médecin redemande tout",
            "Her doctor asks for everything again",
        ),
        false,
    )
    .await?;
    looks(
        stage,
        (&scene.other_clinic, &doctors.author),
        question,
        &say(
            "L'auteur du document demande tout",
            "The document's author asks for everything",
        ),
        true,
    )
    .await
}

async fn looks(
    stage: &mut Stage,
    (software, bearer): (&Software, &Bearer),
    question: proto::AccessQuestion,
    title: &Text,
    sees_it: bool,
) -> anyhow::Result<()> {
    let mut step = stage.step(title, "DecisionService.Authorize")?;
    let request = bearer.asks(authorize(question));
    let answer = step.answer(software.decisions().authorize(request)).await?;
    let decision = answer.decision.unwrap_or_default();
    shows_decision(&mut step, &decision)?;
    let seen = decision
        .permitted_document_ids
        .iter()
        .any(|id| id == MASKED);
    let what = if sees_it {
        say(
            "l'auteur le voit encore (CSP R.1111-49)",
            "its author still sees it (CSP R.1111-49)",
        )
    } else {
        say(
            "il a disparu, sans que rien ne dise qu'il existe",
            "it is gone, and nothing says that it exists",
        )
    };
    step.holds(
        seen == sees_it && !decision.permitted_document_ids.is_empty(),
        &what,
    )
}
