//! The story that everything serves: a patient lets a professional into their record,
//! sees what came of it, and takes it back. Then the services stop and start again,
//! and nothing is lost.

mod asking;
mod at_once;
mod history;
mod other_ways_in;

use aval_domain::time::{Clock, SystemClock};
use aval_proto::common::v1 as common;
use aval_proto::consent::v1 as consent;
use aval_proto::practitioner_directory::v1 as directory;
use common::DocumentClass;
use consent::{DecisionReason, Effect, GroundKind};
use directory::resolve_identifier_response::Resolved;
use prost_types::Timestamp;
use std::time::Duration;

use crate::scene::{Patient, Scene, anne, fresh_id};
use crate::world::practitioner;
use asking::{Asker, break_glass, regulate};

pub(crate) use asking::usual;

const REASON: &str = "Patiente inconsciente, antécédents inconnus";
/// What Anne's record holds: a report, an image and a prescription.
pub(crate) const REPORT: &str = "report-1";
pub(crate) const IMAGE: &str = "image-2";
pub(crate) const PRESCRIPTION: &str = "prescription-3";

#[tokio::test]
async fn a_patient_lets_a_professional_in_and_shuts_them_out_again() {
    let scene = Scene::set().await;
    let anne = scene.patient(anne()).await;
    let doctor = find_among_homonyms(&scene).await;
    let hospital = find_hospital(&scene).await;

    let cast = scene.cast.clone();
    let doctor_asks = Asker::signed_in(&scene, &cast.generalist, &scene.clinic).await;
    let midwife_asks = Asker::signed_in(&scene, &cast.midwife, &scene.other_clinic).await;
    let stranger_asks = Asker::signed_in(&scene, &cast.colleague, &scene.other_clinic).await;
    let mut decided = Vec::new();

    // Nobody was let in yet.
    let denied = doctor_asks.authorizes(usual(&anne), &mut decided).await;
    assert_denied(&denied, DecisionReason::NoGrant);

    // The doctor for reports and prescriptions, the hospital for a month, for images.
    let classes = [DocumentClass::Report, DocumentClass::Prescription];
    let grant = authorise(
        &scene,
        &anne,
        practitioner(&doctor.practitioner_id),
        &classes,
    )
    .await;
    let everybody = common::Grantee {
        grantee: Some(common::grantee::Grantee::OrganizationId(hospital)),
    };
    authorise(&scene, &anne, everybody, &[DocumentClass::Imaging]).await;

    let seen = doctor_asks.authorizes(usual(&anne), &mut decided).await;
    assert_permitted(&seen, GroundKind::Grant, &[REPORT, PRESCRIPTION]);
    assert_eq!(seen.ground.unwrap().id, grant.grant_id);
    let seen = midwife_asks.authorizes(usual(&anne), &mut decided).await;
    assert_permitted(&seen, GroundKind::Grant, &[IMAGE]);
    let denied = stranger_asks.authorizes(usual(&anne), &mut decided).await;
    assert_denied(&denied, DecisionReason::NoGrant);

    // A masked document is gone, and nothing says that it exists.
    mask(&scene, &anne, REPORT).await;
    let seen = doctor_asks.authorizes(usual(&anne), &mut decided).await;
    assert_permitted(&seen, GroundKind::Grant, &[PRESCRIPTION]);
    assert!(doctor_asks.is_told_of_nothing_hidden(usual(&anne)).await);

    // Revoked: from the moment the call returns.
    let request = consent::RevokeGrantRequest {
        grant_id: grant.grant_id.clone(),
        etag: grant.etag.clone(),
        request_id: fresh_id(),
    };
    let revoked = scene
        .portal
        .grants()
        .revoke_grant(anne.bearer.asks(request))
        .await
        .unwrap();
    assert_eq!(
        revoked.into_inner().grant.unwrap().state(),
        consent::GrantState::Revoked
    );
    let denied = doctor_asks.authorizes(usual(&anne), &mut decided).await;
    assert_denied(&denied, DecisionReason::NoGrant);

    // The emergency: a reason in words is needed, and a regulator for the centre 15.
    let denied = doctor_asks
        .authorizes(break_glass(&anne, ""), &mut decided)
        .await;
    assert_denied(&denied, DecisionReason::EmergencyReasonMissing);
    let seen = doctor_asks
        .authorizes(break_glass(&anne, REASON), &mut decided)
        .await;
    assert_eq!(seen.ground.unwrap().kind(), GroundKind::BreakGlass);
    let denied = doctor_asks.authorizes(regulate(&anne), &mut decided).await;
    assert_denied(&denied, DecisionReason::RegulatorFunctionRequired);
    let regulator_asks = Asker::signed_in(&scene, &cast.regulator, &scene.clinic).await;
    let seen = regulator_asks
        .authorizes(regulate(&anne), &mut decided)
        .await;
    assert_eq!(seen.ground.unwrap().kind(), GroundKind::RegulationCenter);
    oppose_break_glass(&scene, &anne).await;
    let denied = doctor_asks
        .authorizes(break_glass(&anne, REASON), &mut decided)
        .await;
    assert_denied(&denied, DecisionReason::EmergencyOpposed);

    // A block beats the hospital's grant.
    block(&scene, &anne, &midwife_asks.practitioner_id).await;
    let denied = midwife_asks.authorizes(usual(&anne), &mut decided).await;
    assert_denied(&denied, DecisionReason::Blocked);

    let told = history::one_event_for_each(&scene, &anne, &decided).await;
    history::receipts_verify(&scene, &anne, &told).await;
    restart_keeps_everything(scene, anne, told).await;
}

async fn restart_keeps_everything(scene: Scene, anne: Patient, told: Vec<String>) {
    let before = history::Kept::of(&scene, &anne).await;
    let scene = scene.restarted().await;
    let anne = scene.signed_in_patient(crate::scene::anne()).await;
    let after = history::Kept::of(&scene, &anne).await;
    before.is_kept_by(&after);
    history::checkpoints_are_consistent(&scene, &before, &after).await;
    history::receipts_verify(&scene, &anne, &told).await;

    // The block holds, and so does the hospital's grant for whoever is not blocked.
    let midwife = scene.cast.midwife.clone();
    let asks = Asker::signed_in(&scene, &midwife, &scene.other_clinic).await;
    let denied = asks.authorizes(usual(&anne), &mut Vec::new()).await;
    assert_denied(&denied, DecisionReason::Blocked);
    scene.stack.stop().await;
}

/// Her name alone says three people; with the town it says the one she means.
async fn find_among_homonyms(scene: &Scene) -> directory::Practitioner {
    let search = |town: &str| directory::SearchPractitionersRequest {
        name: "zoe le goff".to_owned(),
        town: town.to_owned(),
        ..Default::default()
    };
    let answer = scene
        .portal
        .directory()
        .search_practitioners(search(""))
        .await
        .unwrap();
    let matches = answer.into_inner().matches;
    assert!(matches.len() >= 3, "{matches:?}");
    assert!(matches.iter().take(3).all(|found| found.homonym));

    let place = scene.cast.generalist.activities[0]
        .organization
        .as_ref()
        .unwrap();
    let request = search(place.address.town.name);
    let answer = scene.portal.directory().search_practitioners(request).await;
    let found = answer
        .unwrap()
        .into_inner()
        .matches
        .into_iter()
        .next()
        .unwrap();
    let found = found.practitioner.unwrap();
    assert_eq!(found, scene.practitioner(&scene.cast.generalist).await);
    found
}

/// The midwife's hospital, by its FINESS number.
async fn find_hospital(scene: &Scene) -> String {
    let hospital = scene.cast.midwife.activities[0]
        .organization
        .as_ref()
        .unwrap();
    let request = directory::ResolveIdentifierRequest {
        identifier: Some(directory::Identifier {
            kind: directory::IdentifierKind::Finess.into(),
            value: hospital.finess_site.clone(),
        }),
    };
    let answer = scene
        .portal
        .directory()
        .resolve_identifier(request)
        .await
        .unwrap();
    let Resolved::Organization(found) = answer.into_inner().resolved.unwrap() else {
        panic!("a FINESS number leads to a structure");
    };
    assert_eq!(found.name, hospital.name);
    found.organization_id
}

async fn authorise(
    scene: &Scene,
    anne: &Patient,
    grantee: common::Grantee,
    classes: &[DocumentClass],
) -> consent::Grant {
    let until = SystemClock
        .now()
        .saturating_add(Duration::from_hours(30 * 24));
    let request = consent::CreateGrantRequest {
        patient_id: anne.patient_id.clone(),
        grantee: Some(grantee),
        document_classes: classes.iter().map(|class| i32::from(*class)).collect(),
        period: Some(common::Period {
            from_at: None,
            until_at: Some(Timestamp {
                seconds: until.unix_seconds(),
                nanos: 0,
            }),
        }),
        request_id: fresh_id(),
    };
    let answer = scene
        .portal
        .grants()
        .create_grant(anne.bearer.asks(request))
        .await
        .unwrap();
    let grant = answer.into_inner().grant.unwrap();
    assert_eq!(grant.state(), consent::GrantState::Active);
    grant
}

async fn mask(scene: &Scene, anne: &Patient, document_id: &str) {
    let request = consent::SetDocumentVisibilityRequest {
        patient_id: anne.patient_id.clone(),
        document_id: document_id.to_owned(),
        kind: consent::VisibilityKind::Masked.into(),
        practitioner_id: String::new(),
        remove: false,
        request_id: fresh_id(),
    };
    let request = anne.bearer.asks(request);
    let answer = scene
        .portal
        .settings()
        .set_document_visibility(request)
        .await
        .unwrap();
    assert_eq!(answer.into_inner().visibilities.len(), 1);
}

async fn oppose_break_glass(scene: &Scene, anne: &Patient) {
    let request = consent::GetRecordSettingsRequest {
        patient_id: anne.patient_id.clone(),
    };
    let answer = scene
        .portal
        .settings()
        .get_record_settings(anne.bearer.asks(request))
        .await;
    let request = consent::SetEmergencyOppositionsRequest {
        patient_id: anne.patient_id.clone(),
        opposes_break_glass: Some(true),
        opposes_regulation_center: None,
        etag: answer.unwrap().into_inner().settings.unwrap().etag,
        request_id: fresh_id(),
    };
    let request = anne.bearer.asks(request);
    let answer = scene
        .portal
        .settings()
        .set_emergency_oppositions(request)
        .await
        .unwrap();
    let settings = answer.into_inner().settings.unwrap();
    assert!(settings.opposes_break_glass && !settings.opposes_regulation_center);
}

async fn block(scene: &Scene, anne: &Patient, practitioner_id: &str) {
    let request = consent::BlockGranteeRequest {
        patient_id: anne.patient_id.clone(),
        grantee: Some(practitioner(practitioner_id)),
        period: None,
        request_id: fresh_id(),
    };
    scene
        .portal
        .grants()
        .block_grantee(anne.bearer.asks(request))
        .await
        .unwrap();
}

fn assert_permitted(decision: &consent::Decision, ground: GroundKind, documents: &[&str]) {
    assert_eq!(decision.effect(), Effect::Permit, "{decision:?}");
    assert_eq!(decision.permitted_document_ids, documents);
    assert_eq!(decision.ground.as_ref().unwrap().kind(), ground);
    assert!(
        decision.policy_revision.ends_with("+example"),
        "{}",
        decision.policy_revision
    );
}

fn assert_denied(decision: &consent::Decision, reason: DecisionReason) {
    assert_eq!(decision.effect(), Effect::Deny, "{decision:?}");
    assert_eq!(decision.reason(), reason, "{decision:?}");
    assert!(decision.permitted_document_ids.is_empty(), "{decision:?}");
}
