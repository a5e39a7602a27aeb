//! The patient looks her doctor up, among homonyms.

use aval_proto::practitioner_directory::v1 as proto;

use crate::demo::scene::Scene;
use crate::demo::stage::Stage;
use crate::language::say;

/// Searches by name alone, then with the town; answers whom she meant, and the id of
/// the other doctor.
pub(crate) async fn play(stage: &mut Stage, scene: &Scene) -> anyhow::Result<Found> {
    stage.act(&say("Elle cherche son médecin", "She looks her doctor up"))?;
    ambiguous(stage, scene).await?;
    let doctor = exact(stage, scene).await?;
    let author = by_number(stage, scene).await?;
    Ok(Found { doctor, author })
}

/// Whom she found.
#[derive(Debug)]
pub(crate) struct Found {
    /// The doctor whom she meant.
    pub(crate) doctor: proto::Practitioner,
    /// The author of one of her documents.
    pub(crate) author: proto::Practitioner,
}

async fn ambiguous(stage: &mut Stage, scene: &Scene) -> anyhow::Result<()> {
    let name = full_name(scene);
    let typed = name.to_lowercase();
    let mut step = stage.step(
        &say(
            format!("Elle tape « {typed} », sans accents ni majuscules"),
            format!("She types “{typed}”, no capitals"),
        ),
        "DirectoryService.SearchPractitioners",
    )?;
    let request = proto::SearchPractitionersRequest {
        name: typed,
        ..proto::SearchPractitionersRequest::default()
    };
    let answer = step
        .answer(scene.portal.directory().search_practitioners(request))
        .await?;
    for matched in answer.matches.iter().take(4) {
        let line = described(&matched.practitioner.clone().unwrap_or_default());
        step.shows(&say(&line, &line))?;
    }
    let homonyms = answer
        .matches
        .iter()
        .filter(|matched| matched.homonym && !matched.near)
        .count();
    step.holds(
        homonyms >= 2,
        &say(
            format!("{homonyms} homonymes, montrés comme tels : à elle de choisir"),
            format!("{homonyms} homonyms, shown as such: hers to choose"),
        ),
    )
}

async fn exact(stage: &mut Stage, scene: &Scene) -> anyhow::Result<proto::Practitioner> {
    let place = scene
        .doctor
        .activities
        .iter()
        .find_map(|activity| activity.organization.as_ref());
    let town = place
        .map(|place| place.address.town.name.to_owned())
        .unwrap_or_default();
    let mut step = stage.step(
        &say(
            format!("Elle précise : médecin, à {town}"),
            format!("She adds: a doctor, in {town}"),
        ),
        "DirectoryService.SearchPractitioners",
    )?;
    let request = proto::SearchPractitionersRequest {
        name: full_name(scene),
        profession_code: "10".to_owned(),
        town,
        ..proto::SearchPractitionersRequest::default()
    };
    let answer = step
        .answer(scene.portal.directory().search_practitioners(request))
        .await?;
    let rpps = scene.doctor.rpps().unwrap_or_default();
    let meant = answer
        .matches
        .iter()
        .filter_map(|matched| matched.practitioner.clone());
    let meant = meant
        .into_iter()
        .find(|practitioner| is_known_under(practitioner, rpps));
    if let Some(practitioner) = &meant {
        let line = described(practitioner);
        step.shows(&say(&line, &line))?;
    }
    step.holds(
        meant.is_some(),
        &say(
            "le professionnel voulu est trouvé",
            "the professional she meant is found",
        ),
    )?;
    Ok(meant.unwrap_or_default())
}

async fn by_number(stage: &mut Stage, scene: &Scene) -> anyhow::Result<proto::Practitioner> {
    let rpps = scene.author.rpps().unwrap_or_default().to_owned();
    let mut step = stage.step(
        &say(
            format!("Elle retrouve un autre médecin par son RPPS, {rpps}"),
            format!("She finds another doctor by RPPS number, {rpps}"),
        ),
        "DirectoryService.ResolveIdentifier",
    )?;
    let request = proto::ResolveIdentifierRequest {
        identifier: Some(proto::Identifier {
            kind: proto::IdentifierKind::Rpps.into(),
            value: rpps,
        }),
    };
    let answer = step
        .answer(scene.portal.directory().resolve_identifier(request))
        .await?;
    let found = match answer.resolved {
        Some(proto::resolve_identifier_response::Resolved::Practitioner(found)) => found,
        _ => proto::Practitioner::default(),
    };
    let line = described(&found);
    step.shows(&say(&line, &line))?;
    step.holds(
        found.family_name == scene.author.family_name,
        &say("un numéro, une personne", "one number, one human"),
    )?;
    Ok(found)
}

fn full_name(scene: &Scene) -> String {
    format!("{} {}", scene.doctor.given_name, scene.doctor.family_name)
}

fn is_known_under(practitioner: &proto::Practitioner, number: &str) -> bool {
    practitioner
        .identifiers
        .iter()
        .any(|identifier| identifier.value == number)
}

/// One line that tells homonyms apart: name, profession, speciality, place.
fn described(practitioner: &proto::Practitioner) -> String {
    let places = practitioner.activities.iter().map(|activity| {
        let skill = activity
            .skills
            .first()
            .map_or("", |skill| skill.label.as_str());
        let organization = activity.organization.clone().unwrap_or_default();
        let parts = [
            activity.profession_label.as_str(),
            skill,
            organization.name.as_str(),
            organization.town.as_str(),
        ];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(", ")
    });
    let places: Vec<_> = places.collect();
    format!(
        "{} {} — {}",
        practitioner.given_name,
        practitioner.family_name,
        places.join(" · ")
    )
}
