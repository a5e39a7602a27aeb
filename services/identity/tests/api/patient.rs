//! Patients sign in, and those who would act for them.

use aval_domain::event::{Actor, EventKind};
use aval_proto::common::v1::AuthenticationStrength;
use aval_proto::identity::v1 as proto;
use aval_proto::identity::v1::exchange_token_request::Capacity;
use aval_testing::provider::{PatientAccount, Realm};

use crate::calls::{exchange, reason, registration, sign_in};
use crate::clinic;
use crate::stand::Stand;

fn patient_id(answer: &proto::ExchangeTokenResponse) -> String {
    match answer.bearer.clone().unwrap().person.unwrap() {
        proto::bearer::Person::Patient(patient) => patient.patient_id,
        proto::bearer::Person::Practitioner(_) => panic!("a patient signed in"),
    }
}

fn as_themselves() -> Capacity {
    Capacity::Patient(proto::PatientCapacity {})
}

#[tokio::test]
async fn a_registered_patient_leaves_with_a_token_and_the_strength_of_their_sign_in() {
    let stand = Stand::start().await;
    let registered = stand.register_patient().await;
    for (acr, strength) in [
        ("eidas2", AuthenticationStrength::Substantial),
        ("eidas3", AuthenticationStrength::High),
    ] {
        let tokens = stand.sign_in(Realm::Patients, &sign_in("dominique").with_acr(acr));
        let request = exchange(&tokens, as_themselves());
        let answer = stand
            .sessions("gateway")
            .exchange_token(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(patient_id(&answer), registered);
        assert_eq!(answer.bearer.unwrap().strength(), strength);
    }
    let opened = &stand.neighbours.events(EventKind::SessionOpened, 2).await[0];
    assert!(
        matches!(&opened.actor, Actor::Patient { patient_id } if patient_id.to_string() == registered)
    );
    assert_eq!(opened.patient_id.unwrap().to_string(), registered);
}

#[tokio::test]
async fn a_level_that_is_not_accepted_for_patients_is_refused() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    // The professionals' level is none of the patients'.
    for acr in ["eidas1", "eidas4", "EIDAS2", " eidas2"] {
        let tokens = stand.sign_in(Realm::Patients, &sign_in("dominique").with_acr(acr));
        let request = exchange(&tokens, as_themselves());
        let answer = stand.sessions("gateway").exchange_token(request).await;
        assert_eq!(reason(answer), "ACR_INSUFFICIENT");
    }
}

#[tokio::test]
async fn who_is_not_registered_is_unknown() {
    let stand = Stand::start().await;
    let answer = stand
        .sessions("gateway")
        .exchange_token(stand.as_patient())
        .await;
    assert_eq!(reason(answer), "PATIENT_UNKNOWN");
}

#[tokio::test]
async fn who_is_not_qualified_is_not_signed_in() {
    let stand = Stand::start().await;
    let mut unqualified = registration();
    unqualified.status = proto::IdentityStatus::Validated.into();
    let registered = stand
        .patients("gateway")
        .register_patient(unqualified)
        .await
        .unwrap();
    let answer = stand
        .sessions("gateway")
        .exchange_token(stand.as_patient())
        .await;
    assert_eq!(reason(answer), "IDENTITY_NOT_QUALIFIED");
    let refused = &stand.neighbours.events(EventKind::SessionRefused, 1).await[0];
    let expected = registered.into_inner().patient.unwrap().patient_id;
    assert_eq!(refused.patient_id.unwrap().to_string(), expected);
}

#[tokio::test]
async fn a_provider_that_states_no_sound_ins_proves_nobody() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    for (ins, oid) in [
        ("", clinic::TEST_OID),
        ("2790351215189", clinic::TEST_OID),
        (clinic::MATRICULE, "1.2.250.1.213.1.4.2"),
        (clinic::MATRICULE, ""),
    ] {
        stand.provider.put_patient(PatientAccount {
            ins: ins.to_owned(),
            ins_oid: oid.to_owned(),
            ..clinic::patient()
        });
        let answer = stand
            .sessions("gateway")
            .exchange_token(stand.as_patient())
            .await;
        assert_eq!(reason(answer), "USER_INFO_INVALID");
    }
}

#[tokio::test]
async fn the_same_matricule_of_another_kind_is_another_person() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    stand.provider.put_patient(PatientAccount {
        ins_oid: "1.2.250.1.213.1.4.8".to_owned(),
        ..clinic::patient()
    });
    let answer = stand
        .sessions("gateway")
        .exchange_token(stand.as_patient())
        .await;
    assert_eq!(reason(answer), "PATIENT_UNKNOWN");
}

#[tokio::test]
async fn the_claims_of_the_ins_are_found_where_the_configuration_says() {
    let change = |config: &mut aval_identity::config::Config, _: &_| {
        config.patient_claims.ins = "birthplace".to_owned();
    };
    let stand = Stand::start_with(change).await;
    stand.register_patient().await;
    let answer = stand
        .sessions("gateway")
        .exchange_token(stand.as_patient())
        .await;
    assert_eq!(reason(answer), "USER_INFO_INVALID");
}

#[tokio::test]
async fn test_identities_are_unknown_where_they_are_not_accepted() {
    let stand = Stand::start_with(|config, _| config.accept_test_identities = false).await;
    let answer = stand
        .sessions("gateway")
        .exchange_token(stand.as_patient())
        .await;
    assert_eq!(reason(answer), "PATIENT_UNKNOWN");
    let answer = stand
        .patients("gateway")
        .register_patient(registration())
        .await;
    assert_eq!(reason(answer), "FIELD_INVALID");
}

#[tokio::test]
async fn nobody_acts_for_somebody_else_without_a_representation() {
    let stand = Stand::start().await;
    let as_representative = |patient_id: &str| {
        let tokens = stand.sign_in(Realm::Patients, &sign_in("dominique"));
        let patient_id = patient_id.to_owned();
        let capacity = Capacity::Representative(proto::RepresentativeCapacity { patient_id });
        exchange(&tokens, capacity)
    };
    let somebody = "018bcfe5-6800-7abc-8def-0123456789ab";
    let answer = stand
        .sessions("gateway")
        .exchange_token(as_representative(somebody))
        .await;
    assert_eq!(reason(answer), "PATIENT_UNKNOWN");
    let registered = stand.register_patient().await;
    for patient_id in [somebody, &registered] {
        let answer = stand
            .sessions("gateway")
            .exchange_token(as_representative(patient_id))
            .await;
        assert_eq!(reason(answer), "MANDATE_INSUFFICIENT");
    }
}

#[tokio::test]
async fn a_professional_s_sign_in_is_none_of_a_patient_and_the_other_way_round() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let mut professional = stand.as_professional(clinic::SINGLE, "");
    professional.capacity = Some(as_themselves());
    let answer = stand.sessions("gateway").exchange_token(professional).await;
    assert_eq!(reason(answer), "SUBJECT_TOKEN_INVALID");
    let mut patient = stand.as_patient();
    patient.capacity = Some(crate::calls::practitioner(""));
    let answer = stand.sessions("gateway").exchange_token(patient).await;
    assert_eq!(reason(answer), "SUBJECT_TOKEN_INVALID");
}
