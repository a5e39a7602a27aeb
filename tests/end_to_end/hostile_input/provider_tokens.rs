//! What an identity provider would never give, and what it gave to somebody else.

use aval_proto::identity::v1 as identity;
use aval_testing::provider::{Hostility, ProfessionalAccount, Realm};
use prost::Message;
use tonic_types::StatusExt;

use crate::refusal::{Refused, refused};
use crate::scene::{Scene, anne, bruno, fresh_id};

/// Makes a sound request a wrong one.
type Spoil = Box<dyn Fn(&mut identity::ExchangeTokenRequest)>;

#[tokio::test]
async fn every_flawed_token_of_a_professional_opens_nothing() {
    let scene = Scene::set().await;
    let person = scene.cast.generalist.clone();
    for flaw in Hostility::ALL {
        let tokens = scene
            .provider_professional(&person, &[("hostile", flaw.name())])
            .await;
        let request = tokens.as_practitioner("");
        let answer = scene
            .clinic
            .sessions()
            .exchange_token(request.clone())
            .await;
        let refusal = refused(answer).silent_about(&request.id_token);
        assert_eq!(refusal.reason, flaw.reason().error_reason(), "{flaw}");
    }
    // The same person without a flaw comes in: it was the flaws.
    scene.professional(&person, &scene.clinic).await;
}

#[tokio::test]
async fn every_flawed_token_of_a_patient_opens_nothing() {
    let scene = Scene::empty().await;
    scene.register(&anne()).await;
    for flaw in Hostility::ALL {
        let tokens = scene
            .provider_patient(anne(), &[("hostile", flaw.name())])
            .await;
        let request = tokens.as_patient();
        let answer = scene
            .portal
            .sessions()
            .exchange_token(request.clone())
            .await;
        let refusal = refused(answer).silent_about(&request.id_token);
        assert_eq!(refusal.reason, flaw.reason().error_reason(), "{flaw}");
    }
    scene.signed_in_patient(anne()).await;
}

#[tokio::test]
async fn a_sound_token_in_a_wrong_request_opens_nothing() {
    let scene = Scene::set().await;
    scene.register(&anne()).await;
    let person = scene.cast.generalist.clone();
    let tokens = scene.provider_professional(&person, &[]).await;
    let sound = tokens.as_practitioner("");
    let other = scene
        .provider_professional(&scene.cast.nurse, &[])
        .await
        .as_practitioner("");
    let flaws: Vec<(&str, Spoil)> = vec![
        (
            "NONCE_MISMATCH",
            Box::new(|request| request.nonce = fresh_id()),
        ),
        (
            "FIELD_INVALID",
            Box::new(|request| request.nonce = String::new()),
        ),
        (
            "FIELD_INVALID",
            Box::new(|request| request.grant_type = "password".into()),
        ),
        (
            "FIELD_INVALID",
            Box::new(|request| request.subject_token_type = "jwt".into()),
        ),
        (
            "FIELD_INVALID",
            Box::new(|request| request.subject_token = String::new()),
        ),
        (
            "FIELD_INVALID",
            Box::new(|request| request.subject_token = "x".repeat(17_000)),
        ),
        ("FIELD_INVALID", Box::new(|request| request.capacity = None)),
        // An access token that the provider never gave.
        (
            "SUBJECT_TOKEN_INVALID",
            Box::new(|request| request.subject_token = fresh_id()),
        ),
        // One person's ID token with another's access token: it is not the one that the
        // ID token names (`at_hash`).
        (
            "SUBJECT_TOKEN_INVALID",
            Box::new(move |request| request.subject_token.clone_from(&other.subject_token)),
        ),
    ];
    for (number, (reason, spoil)) in flaws.iter().enumerate() {
        let mut request = sound.clone();
        spoil(&mut request);
        let answer = scene.clinic.sessions().exchange_token(request).await;
        assert_eq!(refused(answer).reason, *reason, "flaw {number}");
    }
    // A professional's tokens are no patient's, nor the other way round.
    refused(
        scene
            .portal
            .sessions()
            .exchange_token(tokens.as_patient())
            .await,
    )
    .is("SUBJECT_TOKEN_INVALID");
    let tokens = scene.provider_patient(anne(), &[]).await;
    refused(
        scene
            .clinic
            .sessions()
            .exchange_token(tokens.as_practitioner(""))
            .await,
    )
    .is("SUBJECT_TOKEN_INVALID");
}

#[tokio::test]
async fn who_is_not_known_here_gets_nothing() {
    let scene = Scene::set().await;
    let tokens = scene.provider_professional(&scene.cast.absent, &[]).await;
    refused(
        scene
            .clinic
            .sessions()
            .exchange_token(tokens.as_practitioner(""))
            .await,
    )
    .is("PRACTITIONER_UNKNOWN");
    let tokens = scene.provider_patient(bruno(), &[]).await;
    refused(
        scene
            .portal
            .sessions()
            .exchange_token(tokens.as_patient())
            .await,
    )
    .is("PATIENT_UNKNOWN");
}

#[tokio::test]
async fn a_professional_acts_in_one_practice_situation_of_theirs() {
    let scene = Scene::set().await;
    let tokens = scene
        .provider_professional(&scene.cast.two_activities, &[])
        .await;
    let answer = scene
        .clinic
        .sessions()
        .exchange_token(tokens.as_practitioner(""))
        .await;
    let status = answer.unwrap_err();
    let choices = choices_in(&status);
    Refused::read(status).is("ACTIVITY_REQUIRED");
    let known = scene.practitioner(&scene.cast.two_activities).await;
    let known: Vec<_> = known
        .activities
        .iter()
        .map(|activity| &activity.activity_id)
        .collect();
    assert_eq!(choices.len(), 2);
    assert!(
        choices
            .iter()
            .all(|choice| known.contains(&&choice.activity_id))
    );

    let somebody_else = scene.practitioner(&scene.cast.nurse).await;
    for activity_id in [&somebody_else.activities[0].activity_id, &fresh_id()] {
        let request = tokens.as_practitioner(activity_id);
        refused(scene.clinic.sessions().exchange_token(request).await).is("ACTIVITY_MISMATCH");
    }
    let request = tokens.as_practitioner("not an id");
    refused(scene.clinic.sessions().exchange_token(request).await)
        .is("FIELD_INVALID")
        .names("practitioner.activity_id");
}

#[tokio::test]
async fn an_account_that_claims_another_s_practice_situation_does_not_get_it() {
    let scene = Scene::set().await;
    let person = &scene.cast.generalist;
    // At the provider, the nurse's situation; in the directory, not.
    let claimed = ProfessionalAccount::from_directory(&scene.cast.nurse);
    scene
        .stack
        .provider()
        .put_professional(ProfessionalAccount {
            activities: claimed.activities,
            profession: claimed.profession,
            ..ProfessionalAccount::from_directory(person)
        });
    let endpoint = scene.stack.token_endpoint(Realm::Professionals);
    let username = person.national_id();
    let tokens = scene
        .provider
        .sign_in(&endpoint, &username, &fresh_id(), &[])
        .await
        .unwrap();
    let activity = &scene.practitioner(&scene.cast.nurse).await.activities[0];
    let request = tokens.as_practitioner(&activity.activity_id);
    refused(scene.clinic.sessions().exchange_token(request).await).is("ACTIVITY_MISMATCH");
}

fn choices_in(status: &tonic::Status) -> Vec<identity::ActivityChoice> {
    assert!(status.get_details_error_info().is_some());
    let details = tonic_types::pb::Status::decode(status.details())
        .unwrap()
        .details;
    let refusal = details
        .iter()
        .find(|any| any.type_url.ends_with("ExchangeTokenRefusal"));
    let refusal = refusal.expect("the refusal names the choices");
    identity::ExchangeTokenRefusal::decode(refusal.value.as_slice())
        .unwrap()
        .choices
}
