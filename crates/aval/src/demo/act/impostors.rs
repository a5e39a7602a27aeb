//! Attempts that must fail: a weak sign-in, a shared or stolen token.

use aval_testing::provider::Realm;

use crate::client::ProviderTokens;
use crate::demo::act::patient::SignedInPatient;
use crate::demo::act::practitioner::SignedInDoctors;
use crate::demo::act::search::Found;
use crate::demo::question::{authorize, consult_all};
use crate::demo::scene::{Scene, request_id};
use crate::demo::stage::Stage;
use crate::language::{Text, say};

/// Tries a missing `acr`, a weak one, an unsigned token, and a borrowed token.
pub(crate) async fn play(
    stage: &mut Stage,
    scene: &Scene,
    patient: &SignedInPatient,
    found: &Found,
    doctors: &SignedInDoctors,
) -> anyhow::Result<()> {
    stage.act(&say(
        "Ceux qui ne doivent pas entrer",
        "Those who must not come in",
    ))?;
    sign_in(
        stage,
        scene,
        &say(
            "Un jeton sans niveau de garantie (acr)",
            "A token without an assurance level (acr)",
        ),
        ("hostile", "missing_acr"),
        "ACR_INSUFFICIENT",
    )
    .await?;
    sign_in(
        stage,
        scene,
        &say(
            "Un jeton non signé (alg: none)",
            "An unsigned token (alg: none)",
        ),
        ("hostile", "unsigned"),
        "SUBJECT_TOKEN_INVALID",
    )
    .await?;
    borrowed_token(stage, scene, patient, found, doctors).await
}

async fn sign_in(
    stage: &mut Stage,
    scene: &Scene,
    title: &Text,
    flaw: (&str, &str),
    reason: &str,
) -> anyhow::Result<()> {
    let mut step = stage.step(title, "SessionService.ExchangeToken (practitioner)")?;
    let tokens = spoilt_tokens(scene, flaw).await?;
    let sessions = scene.clinic.sessions();
    let request = tokens.as_practitioner("");
    step.refusal(
        async { sessions.clone().exchange_token(request).await },
        reason,
    )
    .await?;
    Ok(())
}

async fn spoilt_tokens(scene: &Scene, flaw: (&str, &str)) -> anyhow::Result<ProviderTokens> {
    let endpoint = scene.stack.token_endpoint(Realm::Professionals);
    let username = scene.author.national_id();
    scene
        .provider
        .sign_in(&endpoint, &username, &request_id(), &[flaw])
        .await
}

async fn borrowed_token(
    stage: &mut Stage,
    scene: &Scene,
    patient: &SignedInPatient,
    found: &Found,
    doctors: &SignedInDoctors,
) -> anyhow::Result<()> {
    let mut step = stage.step(
        &say(
            "Un compte partagé : le jeton de l'un, le logiciel d'un autre",
            "A shared account: one's token, another's software",
        ),
        "DecisionService.Authorize",
    )?;
    let question = consult_all(&patient.patient_id, &found.author.practitioner_id);
    let request = doctors.author.asks(authorize(question));
    let decisions = scene.clinic.decisions();
    step.refusal(
        async { decisions.clone().authorize(request).await },
        "TOKEN_BOUND_ELSEWHERE",
    )
    .await?;
    Ok(())
}
