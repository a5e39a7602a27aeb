//! Professionals sign in, in one practice situation.

use aval_domain::event::{Actor, EventKind, Outcome};
use aval_proto::common::v1::AuthenticationStrength;
use aval_proto::identity::v1 as proto;
use aval_testing::provider::{Layout, Realm};
use prost::Message;
use tonic::Status;
use tonic_types::pb;

use crate::calls::{NONCE, exchange, fields, practitioner, reason, sign_in};
use crate::clinic::{self, DOCTOR, SINGLE, STRANGER};
use crate::stand::Stand;

fn professional(answer: &proto::ExchangeTokenResponse) -> proto::PractitionerBearer {
    match answer.bearer.clone().unwrap().person.unwrap() {
        proto::bearer::Person::Practitioner(practitioner) => practitioner,
        proto::bearer::Person::Patient(_) => panic!("a professional signed in"),
    }
}

#[tokio::test]
async fn a_professional_leaves_with_a_token_for_the_situation_they_chose() {
    let stand = Stand::start().await;
    let request = stand.as_professional(DOCTOR, &clinic::at_the_hospital());
    let answer = stand
        .sessions("clinic")
        .exchange_token(request)
        .await
        .unwrap()
        .into_inner();
    let bearer = professional(&answer);
    assert_eq!(bearer.practitioner_id, clinic::practitioner_id(DOCTOR));
    assert_eq!(bearer.activity_id, clinic::at_the_hospital());
    assert_eq!(bearer.profession_code, "10");
    assert_eq!(bearer.speciality_code, "SM26");
    assert_eq!(bearer.function_code, "FON-32");
    assert_eq!(bearer.organization_name, "HOPITAL GENERIQUE");
    assert_eq!(bearer.display_name, "DR Éléonore Kit-Doc");
    let strength = answer.bearer.as_ref().unwrap().strength();
    assert_eq!(strength, AuthenticationStrength::Substantial);
    assert_eq!(answer.token_type, "Bearer");

    let opened = &stand.neighbours.events(EventKind::SessionOpened, 1).await[0];
    assert_eq!(
        (opened.outcome, opened.software.as_str()),
        (Outcome::Success, "clinic")
    );
    assert_eq!(opened.subject.as_ref().unwrap().id, answer.session_id);
    let Actor::Practitioner {
        practitioner_id,
        display_name,
        ..
    } = &opened.actor
    else {
        panic!("{opened:?}");
    };
    assert_eq!(practitioner_id.to_string(), bearer.practitioner_id);
    assert_eq!(display_name, "DR Éléonore Kit-Doc");
}

#[tokio::test]
async fn both_layouts_of_user_info_and_every_chosen_place_are_read() {
    let stand = Stand::start().await;
    for layout in [Layout::A, Layout::B] {
        for activity in [clinic::at_the_cabinet(), clinic::at_the_hospital()] {
            let request = sign_in(&format!("8{DOCTOR}")).with_layout(layout);
            let tokens = stand.sign_in(Realm::Professionals, &request);
            let request = exchange(&tokens, practitioner(&activity));
            let answer = stand
                .sessions("clinic")
                .exchange_token(request)
                .await
                .unwrap();
            assert_eq!(professional(answer.get_ref()).activity_id, activity);
        }
    }
}

#[tokio::test]
async fn several_situations_and_none_chosen_are_refused_with_the_choices() {
    let stand = Stand::start().await;
    let request = stand.as_professional(DOCTOR, "");
    let status = stand
        .sessions("clinic")
        .exchange_token(request)
        .await
        .unwrap_err();
    let choices = choices(&status);
    let ids: Vec<_> = choices
        .iter()
        .map(|choice| choice.activity_id.clone())
        .collect();
    assert_eq!(ids, [clinic::at_the_cabinet(), clinic::at_the_hospital()]);
    assert_eq!(choices[1].profession_label, "Médecin");
    assert_eq!(choices[1].speciality_label, "Qualifié en médecine générale");
    assert_eq!(choices[1].organization_name, "HOPITAL GENERIQUE");
    assert_eq!(choices[1].town, "LYON");
    assert_eq!(reason::<()>(Err(status)), "ACTIVITY_REQUIRED");

    let refused = &stand.neighbours.events(EventKind::SessionRefused, 1).await[0];
    assert_eq!(refused.outcome, Outcome::Refused);
    assert_eq!(refused.after["reason"], "ACTIVITY_REQUIRED");
    let subject = refused.subject.as_ref().unwrap();
    assert_eq!(
        (subject.kind.as_str(), subject.id.clone()),
        ("practitioner", clinic::practitioner_id(DOCTOR))
    );
}

fn choices(status: &Status) -> Vec<proto::ActivityChoice> {
    let details = pb::Status::decode(status.details()).unwrap().details;
    let refusal = details.iter().find(|detail| {
        detail
            .type_url
            .ends_with("/aval.identity.v1.ExchangeTokenRefusal")
    });
    proto::ExchangeTokenRefusal::decode(refusal.unwrap().value.as_slice())
        .unwrap()
        .choices
}

#[tokio::test]
async fn the_only_situation_needs_no_choice() {
    let stand = Stand::start().await;
    let request = stand.as_professional(SINGLE, "");
    let answer = stand
        .sessions("clinic")
        .exchange_token(request)
        .await
        .unwrap();
    let bearer = professional(answer.get_ref());
    assert_eq!(bearer.practitioner_id, clinic::practitioner_id(SINGLE));
    assert_eq!(bearer.organization_name, "CABINET M DOC");
}

#[tokio::test]
async fn a_situation_that_is_not_theirs_at_the_provider_or_in_the_directory_is_refused() {
    let stand = Stand::start().await;
    let of_another_doctor = stand.as_professional(SINGLE, &clinic::at_the_hospital());
    let answer = stand
        .sessions("clinic")
        .exchange_token(of_another_doctor)
        .await;
    assert_eq!(reason(answer), "ACTIVITY_MISMATCH");

    // The directory closed it; the provider still states it.
    stand
        .neighbours
        .change(DOCTOR, |doctor| doctor.activities[1].active = false);
    let closed = stand.as_professional(DOCTOR, &clinic::at_the_hospital());
    let answer = stand.sessions("clinic").exchange_token(closed).await;
    assert_eq!(reason(answer), "ACTIVITY_MISMATCH");

    // The directory has it elsewhere than the provider.
    stand.neighbours.change(SINGLE, |doctor| {
        doctor.activities[0]
            .organization
            .as_mut()
            .unwrap()
            .identifiers[0]
            .value = "R2".to_owned();
    });
    let elsewhere = stand.as_professional(SINGLE, "");
    let answer = stand.sessions("clinic").exchange_token(elsewhere).await;
    assert_eq!(reason(answer), "ACTIVITY_MISMATCH");
}

#[tokio::test]
async fn whom_the_directory_does_not_know_is_refused() {
    let stand = Stand::start().await;
    let unknown = stand.as_professional(STRANGER, "");
    let answer = stand.sessions("clinic").exchange_token(unknown).await;
    assert_eq!(reason(answer), "PRACTITIONER_UNKNOWN");
    // A software editor's test identity is in no directory.
    let tokens = stand.sign_in(Realm::Professionals, &sign_in("ANS20231122132732"));
    let request = exchange(&tokens, practitioner(""));
    let answer = stand.sessions("clinic").exchange_token(request).await;
    assert_eq!(reason(answer), "PRACTITIONER_UNKNOWN");
}

#[tokio::test]
async fn who_no_longer_practises_is_refused() {
    let stand = Stand::start().await;
    stand
        .neighbours
        .change(SINGLE, |doctor| doctor.active = false);
    stand.neighbours.change(DOCTOR, |doctor| {
        doctor
            .activities
            .iter_mut()
            .for_each(|activity| activity.active = false);
    });
    for (rpps, activity) in [(SINGLE, String::new()), (DOCTOR, clinic::at_the_cabinet())] {
        let request = stand.as_professional(rpps, &activity);
        let answer = stand.sessions("clinic").exchange_token(request).await;
        assert_eq!(reason(answer), "PRACTITIONER_INACTIVE");
    }
}

#[tokio::test]
async fn while_the_directory_does_not_answer_nobody_signs_in() {
    let stand = Stand::start().await;
    for fault in [
        Status::unavailable("down"),
        Status::internal("broken"),
        Status::permission_denied("no"),
        Status::unimplemented("no"),
        Status::invalid_argument("what?"),
        Status::unknown("?"),
    ] {
        stand.neighbours.fail(Some(fault.clone()));
        let request = stand.as_professional(SINGLE, "");
        let answer = stand.sessions("clinic").exchange_token(request).await;
        assert_eq!(reason(answer), "DEPENDENCY_UNAVAILABLE", "{fault:?}");
    }
    stand.neighbours.fail(None);
    let request = stand.as_professional(SINGLE, "");
    stand
        .sessions("clinic")
        .exchange_token(request)
        .await
        .unwrap();
}

#[tokio::test]
async fn two_people_under_one_number_are_nobody() {
    let stand = Stand::start().await;
    stand
        .neighbours
        .fail(Some(Status::failed_precondition("several")));
    let request = stand.as_professional(SINGLE, "");
    let answer = stand.sessions("clinic").exchange_token(request).await;
    assert_eq!(reason(answer), "PRACTITIONER_UNKNOWN");
}

#[tokio::test]
async fn the_fields_of_the_exchange_are_checked_all_at_once() {
    let stand = Stand::start().await;
    let sound = stand.as_professional(SINGLE, "");
    let wrong = proto::ExchangeTokenRequest {
        grant_type: "password".to_owned(),
        subject_token: "with spaces".to_owned(),
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt".to_owned(),
        nonce: "n".repeat(256),
        scope: "everything".to_owned(),
        capacity: Some(practitioner("the second one")),
        ..sound.clone()
    };
    let answer = stand.sessions("clinic").exchange_token(wrong).await;
    let expected = [
        "grant_type",
        "subject_token_type",
        "subject_token",
        "nonce",
        "scope",
        "practitioner.activity_id",
    ];
    assert_eq!(fields(answer), expected);
    let incomplete = proto::ExchangeTokenRequest {
        capacity: None,
        nonce: String::new(),
        subject_token: "x".repeat(16 * 1024 + 1),
        ..sound
    };
    let answer = stand.sessions("clinic").exchange_token(incomplete).await;
    assert_eq!(fields(answer), ["subject_token", "nonce", "capacity"]);
}

#[tokio::test]
async fn tokens_of_two_sign_ins_do_not_go_together() {
    let stand = Stand::start().await;
    let of_the_doctor = stand.as_professional(DOCTOR, &clinic::at_the_cabinet());
    let of_another = stand.as_professional(SINGLE, "");
    let again = stand.as_professional(DOCTOR, "");
    for other in [of_another, again] {
        let mixed = proto::ExchangeTokenRequest {
            subject_token: other.subject_token,
            ..of_the_doctor.clone()
        };
        let answer = stand.sessions("clinic").exchange_token(mixed).await;
        assert_eq!(reason(answer), "SUBJECT_TOKEN_INVALID");
    }
    let other_nonce = proto::ExchangeTokenRequest {
        nonce: format!("{NONCE}!"),
        ..of_the_doctor
    };
    let answer = stand.sessions("clinic").exchange_token(other_nonce).await;
    assert_eq!(reason(answer), "NONCE_MISMATCH");
}
