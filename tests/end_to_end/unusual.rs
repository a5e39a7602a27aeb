//! A patient who asked for it is told of an unusual access, once; others are not.

use aval::client::Bearer;
use aval_proto::consent::v1 as consent;
use aval_proto::consent::v1::NotificationKind;
use aval_proto::consent::v1::watch_notifications_response::Item;

use crate::patience::eventually;
use crate::procedure::usual;
use crate::scene::{Patient, Professional, Scene, anne, bruno, fresh_id};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patient_who_asked_is_told_once_of_somebody_without_relation_and_others_are_not() {
    let scene = Scene::set().await;
    let (anne, bruno) = (scene.patient(anne()).await, scene.patient(bruno()).await);
    ask_to_be_told(&scene, &anne).await;
    let mut watched = watch(&scene, &anne).await;
    let stranger = scene
        .professional(&scene.cast.generalist, &scene.clinic)
        .await;
    for patient in [&bruno, &anne] {
        is_refused(&scene, &stranger, patient).await;
    }
    let told = eventually("Anne is told", async || {
        let told = told(&scene, &anne).await;
        (!told.is_empty()).then_some(told)
    })
    .await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].practitioner_id, stranger.practitioner_id);
    assert_eq!(told[0].patient_id, anne.patient_id);
    assert!(told[0].sentence_fr.contains("sort de l'ordinaire"));
    assert!(told[0].sentence_en.contains("unusual"));
    is_in_the_history(&scene, &anne, &told[0].subject_id).await;
    let pushed = loop {
        let item = watched.message().await.unwrap().unwrap();
        if let Some(Item::Notification(pushed)) = item.item {
            break pushed;
        }
    };
    assert_eq!(pushed, told[0]);
    drop(watched);

    // Every service begins anew, consent among them: the same is not told again, and what
    // comes after it is.
    let account = crate::scene::anne();
    let scene = scene.restarted().await;
    let anne = scene.signed_in_patient(account).await;
    let other = scene
        .professional(&scene.cast.colleague, &scene.clinic)
        .await;
    is_refused(&scene, &other, &anne).await;
    let again = eventually("Anne is told of the next one", async || {
        let told = self::told(&scene, &anne).await;
        (told.len() > 1).then_some(told)
    })
    .await;
    assert_eq!(again.len(), 2);
    assert_eq!(again[1], told[0]);
    assert_eq!(again[0].practitioner_id, other.practitioner_id);
    // Bruno's came before both, and he did not ask.
    let bruno = scene.signed_in_patient(crate::scene::bruno()).await;
    assert_eq!(self::told(&scene, &bruno).await, []);
    scene.stack.stop().await;
}

async fn ask_to_be_told(scene: &Scene, patient: &Patient) {
    let request = consent::GetNotificationPreferencesRequest {};
    let mut client = scene.portal.notifications();
    let present = client.get_notification_preferences(patient.bearer.asks(request));
    let present = present.await.unwrap().into_inner().preferences.unwrap();
    assert!(present.wanted_kinds.is_empty());
    let request = consent::SetNotificationPreferencesRequest {
        preferences: Some(consent::NotificationPreferences {
            wanted_kinds: vec![NotificationKind::UnusualAccess.into()],
            ..present
        }),
        request_id: fresh_id(),
    };
    let chosen = client.set_notification_preferences(patient.bearer.asks(request));
    chosen.await.unwrap();
}

async fn watch(
    scene: &Scene,
    patient: &Patient,
) -> tonic::Streaming<consent::WatchNotificationsResponse> {
    let request = consent::WatchNotificationsRequest::default();
    let mut client = scene.portal.notifications();
    let watched = client.watch_notifications(patient.bearer.asks(request));
    watched.await.unwrap().into_inner()
}

/// What a patient was told of unusual accesses, the newest first.
async fn told(scene: &Scene, patient: &Patient) -> Vec<consent::Notification> {
    let request = consent::ListNotificationsRequest::default();
    let mut client = scene.portal.notifications();
    let listed = client.list_notifications(patient.bearer.asks(request));
    let mut told = listed.await.unwrap().into_inner().notifications;
    told.retain(|one| one.kind() == NotificationKind::UnusualAccess);
    told
}

/// Somebody asks about a patient whom nothing joins to them.
async fn is_refused(scene: &Scene, who: &Professional, patient: &Patient) {
    let request = consent::AuthorizeRequest {
        question: Some(usual(patient)),
        request_id: fresh_id(),
    };
    let mut client = scene.clinic.decisions();
    let bearer: &Bearer = &who.bearer;
    let decided = client.authorize(bearer.asks(request)).await;
    let decision = decided.unwrap().into_inner().decision.unwrap();
    assert_eq!(decision.reason(), consent::DecisionReason::NoGrant);
}

async fn is_in_the_history(scene: &Scene, patient: &Patient, event_id: &str) {
    let request = aval_proto::audit::v1::GetEventRequest {
        event_id: event_id.to_owned(),
        ..aval_proto::audit::v1::GetEventRequest::default()
    };
    let mut trail = scene.portal.trail();
    let found = trail.get_event(patient.bearer.asks(request)).await;
    let event = found.unwrap().into_inner().event.unwrap();
    assert_eq!(event.event.unwrap().kind, "access.decided");
}
