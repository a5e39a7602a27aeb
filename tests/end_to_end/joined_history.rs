//! Two patients turn out to be one human, and two again: their history follows.

use aval_proto::audit::v1 as audit;
use aval_proto::identity::v1 as identity;

use crate::patience::eventually;
use crate::scene::{Patient, Scene, anne, bruno, fresh_id};

#[tokio::test]
async fn who_stays_sees_the_history_of_who_was_merged_until_they_are_two_again() {
    let scene = Scene::set().await;
    let (source, target) = (bruno(), anne());
    let merged = scene.patient(source.clone()).await;
    let stays = scene.patient(target.clone()).await;
    let of_source = |event: &audit::Event| event.patient_id == merged.patient_id;
    let own = history(&scene, &stays).await;
    assert!(!own.iter().any(of_source));

    let request = identity::MergePatientsRequest {
        source_patient_id: merged.patient_id.clone(),
        target_patient_id: stays.patient_id.clone(),
        reason: "deux dossiers pour une personne".to_owned(),
        request_id: fresh_id(),
    };
    let mut patients = scene.operator.patients();
    patients.merge_patients(request).await.unwrap();
    // Whatever number they sign in with, they are the one who stays.
    let again = scene.signed_in_patient(source.clone()).await;
    assert_eq!(again.patient_id, stays.patient_id);
    eventually("the history of both is read as one", async || {
        let events = history(&scene, &again).await;
        let opened = |event: &audit::Event| event.kind == "record.opened";
        let opened = events.iter().filter(|event| opened(event)).count();
        (opened == 2 && events.iter().any(of_source)).then_some(())
    })
    .await;

    let request = identity::UnmergePatientsRequest {
        source_patient_id: merged.patient_id.clone(),
        reason: "deux personnes".to_owned(),
        request_id: fresh_id(),
    };
    patients.unmerge_patients(request).await.unwrap();
    let stays = scene.signed_in_patient(target).await;
    let merged = scene.signed_in_patient(source).await;
    eventually("each has their own history again", async || {
        let own = history(&scene, &stays).await;
        (!own
            .iter()
            .any(|event| event.patient_id == merged.patient_id))
        .then_some(())
    })
    .await;
    let own = history(&scene, &merged).await;
    assert!(own.iter().any(|event| event.kind == "record.opened"));
    assert!(
        own.iter()
            .all(|event| event.patient_id == merged.patient_id)
    );
    scene.stack.stop().await;
}

async fn history(scene: &Scene, patient: &Patient) -> Vec<audit::Event> {
    let request = audit::ListEventsRequest {
        page_size: 200,
        ..audit::ListEventsRequest::default()
    };
    let mut trail = scene.portal.trail();
    let listed = trail.list_events(patient.bearer.asks(request)).await;
    let events = listed.unwrap().into_inner().events.into_iter();
    events.filter_map(|recorded| recorded.event).collect()
}
