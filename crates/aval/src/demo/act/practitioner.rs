//! The doctors sign in, each in one practice situation.

use aval_proto::identity::v1 as proto;
use aval_proto::practitioner_directory::v1 as directory;
use aval_testing::provider::Realm;
use aval_testing::synthesize::Person;

use crate::client::{Bearer, ProviderTokens, Software};
use crate::demo::act::search::Found;
use crate::demo::scene::{Scene, request_id};
use crate::demo::stage::Stage;
use crate::language::say;

/// The signed-in doctors.
#[derive(Debug)]
pub(crate) struct SignedInDoctors {
    /// The doctor whom the patient means.
    pub(crate) doctor: Bearer,
    /// The author of one of her documents.
    pub(crate) author: Bearer,
}

/// Signs the doctor in without, then with a practice situation; then the author.
pub(crate) async fn play(
    stage: &mut Stage,
    scene: &Scene,
    found: &Found,
) -> anyhow::Result<SignedInDoctors> {
    stage.act(&say(
        "Les médecins se connectent par Pro Santé Connect (fournisseur de développement)",
        "The doctors sign in through Pro Santé Connect (development provider)",
    ))?;
    let tokens = provider_tokens(scene, &scene.doctor).await?;
    without_activity(stage, scene, &tokens).await?;
    let activity = found.doctor.activities.first().cloned().unwrap_or_default();
    let doctor = with_activity(stage, scene, &tokens, &activity).await?;
    let author = only_activity(stage, scene).await?;
    Ok(SignedInDoctors { doctor, author })
}

async fn without_activity(
    stage: &mut Stage,
    scene: &Scene,
    tokens: &ProviderTokens,
) -> anyhow::Result<()> {
    let mut step = stage.step(
        &say(
            "Son médecin exerce en plusieurs lieux et n'en choisit aucun",
            "Her doctor practises in several places and chooses none",
        ),
        "SessionService.ExchangeToken (practitioner)",
    )?;
    let exchange = scene.clinic.sessions();
    let request = tokens.as_practitioner("");
    step.refusal(
        async { exchange.clone().exchange_token(request).await },
        "ACTIVITY_REQUIRED",
    )
    .await?;
    Ok(())
}

async fn with_activity(
    stage: &mut Stage,
    scene: &Scene,
    tokens: &ProviderTokens,
    activity: &directory::Activity,
) -> anyhow::Result<Bearer> {
    let mut step = stage.step(
        &say("Il en choisit un", "They choose one"),
        format!(
            "SessionService.ExchangeToken (activity {})",
            activity.activity_id
        ),
    )?;
    let request = tokens.as_practitioner(&activity.activity_id);
    let answer = step
        .answer(scene.clinic.sessions().exchange_token(request))
        .await?;
    let person = match answer.bearer.unwrap_or_default().person {
        Some(proto::bearer::Person::Practitioner(person)) => person,
        _ => proto::PractitionerBearer::default(),
    };
    let line = format!("{}, {}", person.display_name, person.organization_name);
    step.shows(&say(&line, &line))?;
    step.holds(
        person.activity_id == activity.activity_id,
        &say(
            "le jeton porte une seule qualité : celle-ci",
            "the token carries one capacity: this one",
        ),
    )?;
    Bearer::new(&answer.access_token)
}

async fn only_activity(stage: &mut Stage, scene: &Scene) -> anyhow::Result<Bearer> {
    let mut step = stage.step(
        &say(
            "L'autre médecin n'a qu'un lieu d'exercice : nul besoin de choisir",
            "The other doctor has a single practice: no need to choose",
        ),
        "SessionService.ExchangeToken (practitioner)",
    )?;
    let tokens = step.measured(provider_tokens(scene, &scene.author)).await?;
    let bearer = exchange(&mut step, &scene.other_clinic, &tokens).await?;
    step.shows(&say("accepté", "accepted"))?;
    Ok(bearer)
}

async fn exchange(
    step: &mut crate::demo::stage::Step<'_>,
    software: &Software,
    tokens: &ProviderTokens,
) -> anyhow::Result<Bearer> {
    let request = tokens.as_practitioner("");
    let answer = step
        .answer(software.sessions().exchange_token(request))
        .await?;
    Bearer::new(&answer.access_token)
}

/// Signs a professional in at the provider.
pub(crate) async fn provider_tokens(
    scene: &Scene,
    person: &Person,
) -> anyhow::Result<ProviderTokens> {
    let endpoint = scene.stack.token_endpoint(Realm::Professionals);
    scene
        .provider
        .sign_in(&endpoint, &person.national_id(), &request_id(), &[])
        .await
}
