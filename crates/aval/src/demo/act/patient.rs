//! The patient is registered, signs in, and has a record.

use aval_proto::consent::v1 as consent;
use aval_proto::identity::v1 as proto;
use aval_testing::provider::Realm;

use crate::client::Bearer;
use crate::demo::scene::{Scene, request_id};
use crate::demo::stage::Stage;
use crate::language::say;

/// The signed-in patient.
#[derive(Debug)]
pub(crate) struct SignedInPatient {
    /// The opaque id by which every other service knows them.
    pub(crate) patient_id: String,
    /// Their Aval token.
    pub(crate) bearer: Bearer,
}

/// Registers the patient, signs them in, opens the record.
pub(crate) async fn play(stage: &mut Stage, scene: &Scene) -> anyhow::Result<SignedInPatient> {
    stage.act(&say("La patiente", "The patient"))?;
    let patient_id = register(stage, scene).await?;
    let patient = sign_in(stage, scene, patient_id).await?;
    open_record(stage, scene, &patient).await?;
    Ok(patient)
}

async fn register(stage: &mut Stage, scene: &Scene) -> anyhow::Result<String> {
    let account = &scene.patient;
    let mut step = stage.step(
        &say(
            "Le portail enregistre une identité qualifiée (INS de test)",
            "The portal registers a qualified identity (test INS)",
        ),
        "PatientService.RegisterPatient",
    )?;
    let request = proto::RegisterPatientRequest {
        ins: Some(proto::Ins {
            matricule: account.ins.clone(),
            oid: account.ins_oid.clone(),
        }),
        traits: Some(proto::IdentityTraits {
            birth_name: account.family_name.clone(),
            birth_first_names: account.given_names.clone(),
            birth_date: account.birth_date.clone(),
            sex: proto::Sex::Female.into(),
            birth_place_code: account.birth_place.clone(),
        }),
        status: proto::IdentityStatus::Qualified.into(),
        request_id: request_id(),
    };
    let answer = step
        .answer(scene.portal.patients().register_patient(request))
        .await?;
    let patient_id = answer.patient.unwrap_or_default().patient_id;
    step.shows(&say(
        format!("patient_id {patient_id}"),
        format!("patient_id {patient_id}"),
    ))?;
    step.holds(
        !patient_id.contains(&account.ins),
        &say(
            "hors du service identité, nul ne connaît l'INS",
            "outside the identity service nobody knows the INS",
        ),
    )?;
    Ok(patient_id)
}

async fn sign_in(
    stage: &mut Stage,
    scene: &Scene,
    patient_id: String,
) -> anyhow::Result<SignedInPatient> {
    let mut step = stage.step(
        &say("Elle se connecte", "She signs in"),
        "SessionService.ExchangeToken (patient)",
    )?;
    let endpoint = scene.stack.token_endpoint(Realm::Patients);
    let nonce = request_id();
    let tokens = step
        .measured(
            scene
                .provider
                .sign_in(&endpoint, &scene.patient.username, &nonce, &[]),
        )
        .await?;
    let answer = step
        .answer(scene.portal.sessions().exchange_token(tokens.as_patient()))
        .await?;
    let bearer = answer.bearer.unwrap_or_default();
    let told = match bearer.person {
        Some(proto::bearer::Person::Patient(patient)) => patient.patient_id,
        _ => String::new(),
    };
    step.shows(&say(
        "un jeton Aval de quelques minutes, lié au certificat du portail",
        "an Aval token of a few minutes, bound to the portal's certificate",
    ))?;
    step.holds(
        told == patient_id,
        &say("c'est bien elle", "it is indeed her"),
    )?;
    Ok(SignedInPatient {
        patient_id,
        bearer: Bearer::new(&answer.access_token)?,
    })
}

async fn open_record(
    stage: &mut Stage,
    scene: &Scene,
    patient: &SignedInPatient,
) -> anyhow::Result<()> {
    let mut step = stage.step(
        &say("Son dossier est ouvert", "Her record is opened"),
        "RecordSettingsService.OpenRecord",
    )?;
    let request = patient.bearer.asks(consent::OpenRecordRequest {
        patient_id: patient.patient_id.clone(),
        request_id: request_id(),
    });
    let answer = step
        .answer(scene.portal.settings().open_record(request))
        .await?;
    let settings = answer.settings.unwrap_or_default();
    step.shows(&say(
        "ouvert ; aucune opposition à l'accès en urgence",
        "open; no opposition to emergency access",
    ))?;
    step.holds(
        settings.open && !settings.opposes_break_glass,
        &say("ouvert à personne encore", "open to nobody yet"),
    )
}
