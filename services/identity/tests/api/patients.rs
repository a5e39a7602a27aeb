//! Patients are registered, found and read; their identity stands nowhere in clear.

use aval_domain::event::EventKind;
use aval_proto::identity::v1 as proto;
use aval_proto::identity::v1::resolve_patient_request::By;

use crate::calls::{fields, ins, new_request_id, reason, registration, traits, with_token};
use crate::clinic;
use crate::stand::Stand;

async fn resolve(stand: &Stand, by: By) -> proto::ResolvePatientResponse {
    let request = proto::ResolvePatientRequest { by: Some(by) };
    stand
        .patients("records")
        .resolve_patient(request)
        .await
        .unwrap()
        .into_inner()
}

#[tokio::test]
async fn a_registered_patient_is_shown_and_found_by_ins_and_by_traits() {
    let stand = Stand::start().await;
    let request = registration();
    let answer = stand
        .patients("gateway")
        .register_patient(request)
        .await
        .unwrap();
    let patient = answer.into_inner().patient.unwrap();
    assert_eq!(patient.traits, Some(traits()));
    assert_eq!(patient.status(), proto::IdentityStatus::Qualified);
    assert_eq!(patient.etag, "\"1\"");
    for by in [By::Ins(ins()), By::Traits(traits())] {
        let found = resolve(&stand, by).await;
        assert_eq!(found.resolution(), proto::Resolution::One);
        assert_eq!(found.patient.as_ref(), Some(&patient));
    }
    let traced = &stand
        .neighbours
        .events(EventKind::PatientRegistered, 1)
        .await[0];
    assert_eq!(traced.patient_id.unwrap().to_string(), patient.patient_id);
    assert_eq!(
        (traced.software.as_str(), traced.after["status"].as_str()),
        ("gateway", "qualified")
    );
}

#[tokio::test]
async fn registering_again_answers_the_same_patient_whatever_the_request() {
    let stand = Stand::start().await;
    let request = registration();
    let mut ids = Vec::new();
    for request in [request.clone(), request, registration()] {
        let answer = stand
            .patients("gateway")
            .register_patient(request)
            .await
            .unwrap();
        ids.push(answer.into_inner().patient.unwrap().patient_id);
    }
    assert!(ids.iter().all(|id| *id == ids[0]));
}

#[tokio::test]
async fn a_matricule_with_other_traits_is_refused_each_time() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let mut other = registration();
    other.traits.as_mut().unwrap().birth_name = "PAT TROIS".to_owned();
    for request in [other.clone(), other] {
        let answer = stand.patients("gateway").register_patient(request).await;
        assert_eq!(reason(answer), "ALREADY_EXISTS");
    }
    let by_ins = resolve(&stand, By::Ins(ins())).await;
    assert_eq!(by_ins.patient.unwrap().traits, Some(traits()));
}

#[tokio::test]
async fn a_request_id_stands_for_one_request() {
    let stand = Stand::start().await;
    let first = registration();
    stand
        .patients("gateway")
        .register_patient(first.clone())
        .await
        .unwrap();
    let mut second = registration();
    second.request_id = first.request_id;
    second.status = proto::IdentityStatus::Provisional.into();
    let answer = stand.patients("gateway").register_patient(second).await;
    assert_eq!(reason(answer), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn traits_are_proof_and_not_search() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let spelt = |change: fn(&mut proto::IdentityTraits)| {
        let mut traits = traits();
        change(&mut traits);
        By::Traits(traits)
    };
    for by in [
        spelt(|traits| traits.birth_name = "PAT TROIS".to_owned()),
        spelt(|traits| traits.birth_name = "Pat-Trois".to_owned()),
        spelt(|traits| traits.birth_first_names[1] = "ANDREE".to_owned()),
        spelt(|traits| traits.birth_first_names.truncate(1)),
        spelt(|traits| traits.sex = proto::Sex::Male.into()),
    ] {
        let found = resolve(&stand, by).await;
        assert_eq!(
            (found.resolution(), found.patient),
            (proto::Resolution::None, None)
        );
    }
}

#[tokio::test]
async fn twins_of_one_description_are_ambiguous_and_none_is_named() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let mut twin = registration();
    twin.ins.as_mut().unwrap().matricule = "279035121519080".to_owned();
    stand
        .patients("gateway")
        .register_patient(twin)
        .await
        .unwrap();
    let found = resolve(&stand, By::Traits(traits())).await;
    assert_eq!(
        (found.resolution(), found.patient),
        (proto::Resolution::Ambiguous, None)
    );
}

#[tokio::test]
async fn every_field_that_is_wrong_is_named_and_no_value_is_repeated() {
    let stand = Stand::start().await;
    let wrong = proto::RegisterPatientRequest {
        ins: Some(proto::Ins {
            matricule: "255081416802500".to_owned(),
            oid: "1.2.250.1.213.1.4.8".to_owned(),
        }),
        traits: Some(proto::IdentityTraits {
            birth_name: "NOT-TO-BE-REPEATED".to_owned(),
            birth_first_names: Vec::new(),
            birth_date: "1979-02-30".to_owned(),
            sex: 0,
            birth_place_code: "Reims".to_owned(),
        }),
        status: 99,
        request_id: "once".to_owned(),
    };
    let answer = stand
        .patients("gateway")
        .register_patient(wrong.clone())
        .await;
    let said = format!("{:?}", answer.as_ref().unwrap_err());
    for value in ["NOT-TO-BE-REPEATED", "2550814168025", "Reims", "1979-02-30"] {
        assert!(!said.contains(value), "{value}");
    }
    let expected = [
        "ins.matricule",
        "traits.birth_first_names",
        "traits.birth_date",
        "traits.sex",
        "traits.birth_place_code",
        "status",
        "request_id",
    ];
    assert_eq!(fields(answer), expected);
    let nameless = proto::RegisterPatientRequest {
        traits: Some(proto::IdentityTraits {
            birth_first_names: Vec::new(),
            ..traits()
        }),
        ..registration()
    };
    let answer = stand.patients("gateway").register_patient(nameless).await;
    assert_eq!(fields(answer), ["traits.birth_first_names"]);
    let empty = proto::RegisterPatientRequest::default();
    let answer = stand.patients("gateway").register_patient(empty).await;
    assert_eq!(fields(answer), ["ins", "traits", "request_id"]);
    let by_nothing = proto::ResolvePatientRequest { by: None };
    let answer = stand.patients("gateway").resolve_patient(by_nothing).await;
    assert_eq!(fields(answer), ["by"]);
}

#[tokio::test]
async fn a_patient_reads_themselves_and_nobody_else() {
    let stand = Stand::start().await;
    let registered = stand.register_patient().await;
    let token = stand.patient_token("clinic").await;
    let get = |patient_id: &str| proto::GetPatientRequest {
        patient_id: patient_id.to_owned(),
    };
    let own = stand
        .patients("clinic")
        .get_patient(with_token(&token, get(&registered)))
        .await;
    assert_eq!(
        own.unwrap().into_inner().patient.unwrap().traits,
        Some(traits())
    );
    // Whether somebody else exists is not said.
    let somebody = "018bcfe5-6800-7abc-8def-0123456789ab";
    let other = stand
        .patients("clinic")
        .get_patient(with_token(&token, get(somebody)))
        .await;
    assert_eq!(reason(other), "ACTOR_NOT_ALLOWED");
    let by_service = stand
        .patients("records")
        .get_patient(get(&registered))
        .await;
    assert_eq!(
        by_service.unwrap().into_inner().patient.unwrap().patient_id,
        registered
    );
    let nobody = stand.patients("records").get_patient(get(somebody)).await;
    assert_eq!(reason(nobody), "NOT_FOUND");
    let malformed = stand.patients("records").get_patient(get("1")).await;
    assert_eq!(fields(malformed), ["patient_id"]);
}

#[tokio::test]
async fn nothing_of_an_identity_stands_in_the_database_in_clear() {
    let stand = Stand::start().await;
    stand.register_patient().await;
    let mut collision = registration();
    collision.request_id = new_request_id();
    collision.traits.as_mut().unwrap().birth_name = "COLLISION-NAME".to_owned();
    let answer = stand.patients("gateway").register_patient(collision).await;
    assert_eq!(reason(answer), "ALREADY_EXISTS");
    stand.patient_token("clinic").await;
    let answer = stand
        .sessions("clinic")
        .exchange_token(stand.as_professional(clinic::SINGLE, ""))
        .await;
    answer.unwrap();
    let database = stand.database();
    let _folder = stand.stop().await;

    let mut bytes = Vec::new();
    for suffix in ["", "-wal", "-shm"] {
        let mut path = database.clone().into_os_string();
        path.push(suffix);
        bytes.extend(std::fs::read(path).unwrap_or_default());
    }
    let stands = |text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    // What must be there shows that the right bytes are looked at.
    assert!(stands("sessions") && stands("collision") && stands("birth_name"));
    for clear in [
        clinic::MATRICULE,
        "2790351215189",
        "PAT-TROIS",
        "DOMINIQUE",
        "ANDRÉE",
        "1979-03-28",
        "51215",
        "COLLISION-NAME",
        clinic::TEST_OID,
    ] {
        assert!(!stands(clear), "{clear}");
    }
    // Not as a blob of digits either.
    let digits: Vec<u8> = clinic::MATRICULE
        .bytes()
        .map(|digit| digit - b'0')
        .collect();
    assert!(!bytes.windows(digits.len()).any(|window| window == digits));
}
