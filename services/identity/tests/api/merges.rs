//! Two entries turn out to be one human, or not after all.

use std::time::Duration;

use aval_domain::event::EventKind;
use aval_domain::ins::InsKind;
use aval_proto::identity::v1 as proto;
use aval_testing::provider::Realm;
use tonic::Status;

use crate::calls::{exchange, fields, new_request_id, reason, sign_in};
use crate::clinic;
use crate::identities::{
    FOR_LIFE, WAITING, change, get, ins, is_good, issues, register, resolve, update,
};
use crate::stand::Stand;

pub(crate) async fn merge(
    stand: &Stand,
    source: &str,
    target: &str,
) -> Result<proto::Patient, Status> {
    let request = proto::MergePatientsRequest {
        source_patient_id: source.to_owned(),
        target_patient_id: target.to_owned(),
        reason: "Deux dossiers pour une personne".to_owned(),
        request_id: new_request_id(),
    };
    let answer = stand.patients("operator").merge_patients(request).await;
    answer.map(|answer| answer.into_inner().patient.unwrap())
}

pub(crate) async fn unmerge(
    stand: &Stand,
    source: &str,
) -> Result<proto::UnmergePatientsResponse, Status> {
    let request = proto::UnmergePatientsRequest {
        source_patient_id: source.to_owned(),
        reason: "Deux personnes".to_owned(),
        request_id: new_request_id(),
    };
    let answer = stand.patients("operator").unmerge_patients(request).await;
    answer.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn two_entries_of_one_human_are_found_merged_and_lead_to_the_one_that_stays() {
    let stand = Stand::start().await;
    let source = stand.register_patient().await;
    stand.clock.advance(Duration::from_secs(1));
    let name = clinic::patient().family_name;
    let target = register(&stand, ins(FOR_LIFE, InsKind::Test), &name).await;
    let target = target.patient_id;
    let found = issues(&stand, proto::IdentityIssueKind::Duplicate).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].patient_ids, [source.clone(), target.clone()]);
    assert_eq!(found[0].evidence.len(), 5);

    let token = stand.patient_token("gateway").await;
    let merged = merge(&stand, &source, &target).await.unwrap();
    assert_eq!(merged.patient_id, target);
    assert!(!is_good(&stand, &token).await);
    assert_eq!(get(&stand, &source).await.patient_id, target);
    let by_matricule = resolve(&stand, crate::calls::ins()).await.unwrap();
    assert_eq!(by_matricule.patient_id, target);
    assert!(
        issues(&stand, proto::IdentityIssueKind::Duplicate)
            .await
            .is_empty()
    );
    // Who signs in under the source's matricule is the target.
    let exchanged = stand
        .sessions("gateway")
        .exchange_token(stand.as_patient())
        .await;
    let exchanged = exchanged.unwrap().into_inner();
    let person = exchanged.bearer.unwrap().person.unwrap();
    assert!(
        matches!(person, proto::bearer::Person::Patient(patient) if patient.patient_id == target)
    );
    let events = stand.neighbours.events(EventKind::PatientsMerged, 2).await;
    let mut histories: Vec<_> = events
        .iter()
        .map(|event| event.patient_id.unwrap().to_string())
        .collect();
    histories.sort_unstable();
    let mut both = vec![source.clone(), target.clone()];
    both.sort_unstable();
    assert_eq!(histories, both);
    for event in &events {
        assert_eq!(event.after["source_patient_id"], source);
        assert_eq!(event.after["target_patient_id"], target);
    }

    // Who came in under the source's matricule may be somebody else after all.
    let apart = unmerge(&stand, &source).await.unwrap();
    assert_eq!(apart.source.unwrap().patient_id, source);
    assert_eq!(apart.target.unwrap().patient_id, target);
    assert!(!is_good(&stand, &exchanged.access_token).await);
    assert_eq!(get(&stand, &source).await.patient_id, source);
    stand
        .neighbours
        .events(EventKind::PatientsUnmerged, 2)
        .await;
    let refused = unmerge(&stand, &source).await;
    assert_eq!(reason(refused), "STATE_CONFLICT");
}

#[tokio::test]
async fn merges_are_followed_from_one_to_the_next_and_make_no_circle() {
    let stand = Stand::start().await;
    let numbers = ["2790351215192", "2790351215193", "2790351215194"];
    let mut ids = Vec::new();
    for (number, name) in numbers.into_iter().zip(["UN", "DEUX", "TROIS"]) {
        let patient = register(&stand, ins(number, InsKind::Test), name).await;
        ids.push(patient.patient_id);
    }
    merge(&stand, &ids[0], &ids[1]).await.unwrap();
    merge(&stand, &ids[1], &ids[2]).await.unwrap();
    assert_eq!(get(&stand, &ids[0]).await.patient_id, ids[2]);
    for (source, target) in [(2, 0), (2, 1), (0, 2), (1, 0)] {
        let refused = merge(&stand, &ids[source], &ids[target]).await;
        assert_eq!(reason(refused), "STATE_CONFLICT");
    }
    let refused = merge(&stand, &ids[2], &ids[2]).await;
    assert_eq!(fields(refused), ["target_patient_id"]);
    let nobody = new_request_id();
    for (source, target) in [(&nobody, &ids[2]), (&ids[2], &nobody)] {
        assert_eq!(reason(merge(&stand, source, target).await), "NOT_FOUND");
    }
    assert_eq!(reason(unmerge(&stand, &nobody).await), "NOT_FOUND");
    // A merged entry is changed where it leads to.
    let mut merged = get(&stand, &ids[2]).await;
    merged.patient_id.clone_from(&ids[0]);
    let refused = update(&stand, change(&merged, &["status"], None)).await;
    assert_eq!(reason(refused), "STATE_CONFLICT");
}

#[tokio::test]
async fn a_merge_is_done_once_per_request_and_says_why() {
    let stand = Stand::start().await;
    let one = register(&stand, ins(WAITING, InsKind::Test), "UN")
        .await
        .patient_id;
    let two = register(&stand, ins(FOR_LIFE, InsKind::Test), "DEUX")
        .await
        .patient_id;
    let request = proto::MergePatientsRequest {
        source_patient_id: one.clone(),
        target_patient_id: two.clone(),
        reason: "Doublon".to_owned(),
        request_id: new_request_id(),
    };
    for _ in 0..2 {
        let answer = stand
            .patients("operator")
            .merge_patients(request.clone())
            .await;
        assert_eq!(
            answer.unwrap().into_inner().patient.unwrap().patient_id,
            two
        );
    }
    assert_eq!(
        stand
            .neighbours
            .events(EventKind::PatientsMerged, 2)
            .await
            .len(),
        2
    );
    let other = proto::MergePatientsRequest {
        reason: "Autre motif".to_owned(),
        ..request.clone()
    };
    let refused = stand.patients("operator").merge_patients(other).await;
    assert_eq!(reason(refused), "REQUEST_ID_REUSED");
    for text in ["", "  ", &"x".repeat(501), "line\nbreak"] {
        let unsaid = proto::MergePatientsRequest {
            reason: text.to_owned(),
            request_id: new_request_id(),
            ..request.clone()
        };
        let refused = stand.patients("operator").merge_patients(unsaid).await;
        assert_eq!(fields(refused), ["reason"]);
    }
    let undone = proto::UnmergePatientsRequest {
        source_patient_id: one,
        reason: "Erreur".to_owned(),
        request_id: new_request_id(),
    };
    let mut answers = Vec::new();
    for _ in 0..2 {
        let answer = stand
            .patients("operator")
            .unmerge_patients(undone.clone())
            .await;
        answers.push(answer.unwrap().into_inner());
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn a_representative_of_a_merged_entry_acts_for_nobody_until_it_is_given_anew() {
    let stand = Stand::start().await;
    let source = register(&stand, ins(WAITING, InsKind::Test), "UN")
        .await
        .patient_id;
    let target = register(&stand, ins(FOR_LIFE, InsKind::Test), "DEUX")
        .await
        .patient_id;
    let guardian = stand.register_patient().await;
    let add = proto::AddRepresentativeRequest {
        patient_id: source.clone(),
        representative_patient_id: guardian,
        kind: proto::RepresentationKind::Guardian.into(),
        end_at: None,
        request_id: new_request_id(),
    };
    stand
        .patients("operator")
        .add_representative(add)
        .await
        .unwrap();
    let act_for = |patient_id: &str| {
        let tokens = stand.sign_in(Realm::Patients, &sign_in("dominique"));
        let capacity = proto::exchange_token_request::Capacity::Representative(
            proto::RepresentativeCapacity {
                patient_id: patient_id.to_owned(),
            },
        );
        exchange(&tokens, capacity)
    };
    let acting = stand
        .sessions("gateway")
        .exchange_token(act_for(&source))
        .await;
    let acting = acting.unwrap().into_inner().access_token;
    assert!(is_good(&stand, &acting).await);
    merge(&stand, &source, &target).await.unwrap();
    assert!(!is_good(&stand, &acting).await);
    for patient_id in [&source, &target] {
        let refused = stand
            .sessions("gateway")
            .exchange_token(act_for(patient_id))
            .await;
        assert_eq!(reason(refused), "MANDATE_INSUFFICIENT");
    }
}
