//! Whoever the directory no longer knows as practising is signed out everywhere.

use aval_proto::consent::v1 as consent;
use aval_proto::identity::v1 as identity;
use aval_proto::practitioner_directory::v1 as directory;
use aval_proto::practitioner_directory::v1::ImportState;

use crate::health::get;
use crate::patience::eventually;
use crate::refusal::{Refused, refused};
use crate::scene::{Professional, Scene, file_of, fresh_id, plan, this_minute};

/// What changes from now on is told to identity.
async fn followed(scene: &Scene) {
    let [_, identity, ..] = scene.ports.ops;
    eventually("identity follows the directory", async || {
        let (_, metrics) = get(identity, "/metrics").await;
        metrics
            .contains("aval_identity_directory_age")
            .then_some(())
    })
    .await;
}

/// What consent says to a call of this professional's in which nothing is right.
async fn said_to(scene: &Scene, professional: &Professional) -> String {
    let request = professional
        .bearer
        .asks(consent::RequestGrantRequest::default());
    let answer = scene.clinic.grants().request_grant(request).await;
    refused(answer).reason
}

async fn is_signed_out(scene: &Scene, professional: &Professional) {
    eventually("the token is refused where it was good", async || {
        (said_to(scene, professional).await == "TOKEN_EXPIRED").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_professional_who_leaves_the_directory_is_signed_out_everywhere() {
    let scene = Scene::set().await;
    followed(&scene).await;
    let leaves = scene
        .professional(&scene.cast.generalist, &scene.clinic)
        .await;
    let stays = scene
        .professional(&scene.cast.colleague, &scene.clinic)
        .await;
    assert_eq!(said_to(&scene, &leaves).await, "FIELD_INVALID");
    let mut next = plan().directory();
    let number = scene.cast.generalist.national_id();
    next.people.retain(|person| person.national_id() != number);
    let import = scene.import(&this_minute(), file_of(&next)).await.unwrap();
    assert_eq!(import.state(), ImportState::Applied);
    is_signed_out(&scene, &leaves).await;
    assert_eq!(said_to(&scene, &stays).await, "FIELD_INVALID");
    scene.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_professional_whose_entry_is_merged_is_signed_out_and_signs_in_as_who_they_are() {
    let scene = Scene::set().await;
    followed(&scene).await;
    let person = &scene.cast.generalist;
    let merged = scene.professional(person, &scene.clinic).await;
    let into = scene
        .professional(&scene.cast.colleague, &scene.clinic)
        .await;
    let request = directory::MergePractitionersRequest {
        source_practitioner_id: merged.practitioner_id.clone(),
        target_practitioner_id: into.practitioner_id.clone(),
        undo: false,
        reason: "même personne, pièce vue".to_owned(),
        request_id: fresh_id(),
    };
    let mut admin = scene.operator.directory_admin();
    admin.merge_practitioners(request).await.unwrap();
    is_signed_out(&scene, &merged).await;
    assert_eq!(said_to(&scene, &into).await, "FIELD_INVALID");
    // The sign-in is proven by the same number, in the same situation.
    let tokens = scene.provider_professional(person, &[]).await;
    let exchange = tokens.as_practitioner(&merged.activity.activity_id);
    let answer = scene.clinic.sessions().exchange_token(exchange).await;
    let answer = answer.map_err(Refused::read).unwrap().into_inner();
    let Some(identity::bearer::Person::Practitioner(bearer)) = answer.bearer.unwrap().person else {
        panic!("a professional's token speaks of a professional");
    };
    assert_eq!(bearer.practitioner_id, into.practitioner_id);
    scene.stack.stop().await;
}
