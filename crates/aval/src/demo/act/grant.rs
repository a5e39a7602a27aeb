//! The patient authorises two doctors.

use std::time::Duration;

use aval_domain::time::{Clock, SystemClock};
use aval_proto::common::v1 as common;
use aval_proto::consent::v1 as proto;
use prost_types::Timestamp;

use crate::demo::act::patient::SignedInPatient;
use crate::demo::act::search::Found;
use crate::demo::scene::{Scene, request_id};
use crate::demo::stage::Stage;
use crate::language::say;

const DAY: Duration = Duration::from_hours(24);

/// Grants the doctor two classes for 30 days, the author everything for 30 days;
/// answers the doctor's grant.
pub(crate) async fn play(
    stage: &mut Stage,
    scene: &Scene,
    patient: &SignedInPatient,
    found: &Found,
) -> anyhow::Result<proto::Grant> {
    stage.act(&say("Elle autorise", "She authorises"))?;
    let grant = grant_to_doctor(stage, scene, patient, found).await?;
    grant_to_author(stage, scene, patient, found).await?;
    Ok(grant)
}

async fn grant_to_doctor(
    stage: &mut Stage,
    scene: &Scene,
    patient: &SignedInPatient,
    found: &Found,
) -> anyhow::Result<proto::Grant> {
    let mut step = stage.step(
        &say(
            "Son médecin verra les comptes rendus et les prescriptions, 30 jours",
            "Her doctor will see reports and prescriptions, for 30 days",
        ),
        "GrantService.CreateGrant",
    )?;
    let classes = [
        common::DocumentClass::Report,
        common::DocumentClass::Prescription,
    ];
    let request = request(patient, &found.doctor.practitioner_id, &classes);
    let again = request.clone();
    let answer = step
        .answer(
            scene
                .portal
                .grants()
                .create_grant(patient.bearer.asks(request)),
        )
        .await?;
    let grant = answer.grant.unwrap_or_default();
    step.shows(&say(
        format!("autorisation {}, etag {}", grant.grant_id, grant.etag),
        format!("grant {}, etag {}", grant.grant_id, grant.etag),
    ))?;
    step.holds(
        grant.state() == proto::GrantState::Active,
        &say("elle est en vigueur", "it is in force"),
    )?;
    let repeated = step
        .answer(
            scene
                .portal
                .grants()
                .create_grant(patient.bearer.asks(again)),
        )
        .await?;
    step.holds(
        repeated.grant.unwrap_or_default().grant_id == grant.grant_id,
        &say(
            "le même appel répété ne crée rien de plus",
            "the same call again creates nothing more",
        ),
    )?;
    Ok(grant)
}

async fn grant_to_author(
    stage: &mut Stage,
    scene: &Scene,
    patient: &SignedInPatient,
    found: &Found,
) -> anyhow::Result<()> {
    let mut step = stage.step(
        &say(
            "Elle autorise aussi l'autre médecin, pour toutes les catégories",
            "She authorises the other doctor too, for every class",
        ),
        "GrantService.CreateGrant",
    )?;
    let classes: Vec<_> = (1..=11)
        .filter_map(|number| common::DocumentClass::try_from(number).ok())
        .collect();
    let request = request(patient, &found.author.practitioner_id, &classes);
    step.answer(
        scene
            .portal
            .grants()
            .create_grant(patient.bearer.asks(request)),
    )
    .await?;
    let list = proto::ListGrantsRequest {
        of: Some(proto::list_grants_request::Of::PatientId(
            patient.patient_id.clone(),
        )),
        ..proto::ListGrantsRequest::default()
    };
    let answer = step
        .answer(scene.portal.grants().list_grants(patient.bearer.asks(list)))
        .await?;
    step.shows(&say(
        format!(
            "qui peut voir mon dossier : {} autorisations",
            answer.grants.len()
        ),
        format!("who may see my record: {} grants", answer.grants.len()),
    ))?;
    step.holds(
        answer.grants.len() == 2,
        &say("deux, et pas une de plus", "two, and not one more"),
    )
}

fn request(
    patient: &SignedInPatient,
    practitioner_id: &str,
    classes: &[common::DocumentClass],
) -> proto::CreateGrantRequest {
    let until = SystemClock.now().saturating_add(30 * DAY);
    proto::CreateGrantRequest {
        patient_id: patient.patient_id.clone(),
        grantee: Some(common::Grantee {
            grantee: Some(common::grantee::Grantee::PractitionerId(
                practitioner_id.to_owned(),
            )),
        }),
        document_classes: classes.iter().map(|class| i32::from(*class)).collect(),
        period: Some(common::Period {
            from_at: None,
            until_at: Some(Timestamp {
                seconds: until.unix_seconds(),
                nanos: 0,
            }),
        }),
        request_id: request_id(),
    }
}
