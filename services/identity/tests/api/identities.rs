//! Identities change, and what a person has to look at is listed.

use std::time::Duration;

use aval_domain::event::EventKind;
use aval_domain::ins::{Ins, InsKind};
use aval_proto::identity::v1 as proto;
use aval_testing::provider::PatientAccount;
use tonic::Status;

use crate::calls::{fields, new_request_id, reason, registration, traits, with_token};
use crate::clinic;
use crate::stand::Stand;

/// The waiting number and the number for life of somebody.
pub(crate) const WAITING: &str = "2790351215190";
pub(crate) const FOR_LIFE: &str = "2790351215191";

pub(crate) fn ins(matricule: &str, kind: InsKind) -> proto::Ins {
    proto::Ins {
        matricule: Ins::with_key(matricule, kind).unwrap().reveal(),
        oid: kind.oid().to_owned(),
    }
}

pub(crate) async fn register(stand: &Stand, ins: proto::Ins, birth_name: &str) -> proto::Patient {
    let request = proto::RegisterPatientRequest {
        ins: Some(ins),
        traits: Some(proto::IdentityTraits {
            birth_name: birth_name.to_owned(),
            ..traits()
        }),
        ..registration()
    };
    let answer = stand.patients("gateway").register_patient(request).await;
    answer.unwrap().into_inner().patient.unwrap()
}

pub(crate) async fn resolve(stand: &Stand, ins: proto::Ins) -> Option<proto::Patient> {
    let request = proto::ResolvePatientRequest {
        by: Some(proto::resolve_patient_request::By::Ins(ins)),
    };
    let answer = stand.patients("records").resolve_patient(request).await;
    answer.unwrap().into_inner().patient
}

pub(crate) fn change(
    patient: &proto::Patient,
    paths: &[&str],
    new_ins: Option<proto::Ins>,
) -> proto::UpdateIdentityRequest {
    let mut request = proto::UpdateIdentityRequest {
        patient: Some(patient.clone()),
        ins: new_ins,
        request_id: new_request_id(),
        ..proto::UpdateIdentityRequest::default()
    };
    let mask = request.update_mask.get_or_insert_default();
    mask.paths = paths.iter().map(|path| (*path).to_owned()).collect();
    request
}

pub(crate) async fn update(
    stand: &Stand,
    request: proto::UpdateIdentityRequest,
) -> Result<proto::Patient, Status> {
    let answer = stand.patients("operator").update_identity(request).await;
    answer.map(|answer| answer.into_inner().patient.unwrap())
}

pub(crate) async fn get(stand: &Stand, patient_id: &str) -> proto::Patient {
    let request = proto::GetPatientRequest {
        patient_id: patient_id.to_owned(),
    };
    let answer = stand.patients("operator").get_patient(request).await;
    answer.unwrap().into_inner().patient.unwrap()
}

pub(crate) async fn issues(
    stand: &Stand,
    kind: proto::IdentityIssueKind,
) -> Vec<proto::IdentityIssue> {
    let request = proto::ListIdentityIssuesRequest {
        kind: kind.into(),
        ..proto::ListIdentityIssuesRequest::default()
    };
    let answer = stand
        .patients("operator")
        .list_identity_issues(request)
        .await;
    answer.unwrap().into_inner().issues
}

/// Whether this token is still good.
pub(crate) async fn is_good(stand: &Stand, token: &str) -> bool {
    let request = with_token(token, proto::ListSessionsRequest::default());
    match stand.sessions("gateway").list_sessions(request).await {
        Ok(_) => true,
        Err(status) => {
            assert_eq!(reason::<()>(Err(status)), "TOKEN_EXPIRED");
            false
        }
    }
}

#[tokio::test]
async fn a_waiting_number_that_a_nir_replaces_leaves_the_same_patient() {
    let stand = Stand::start().await;
    let waiting = || ins(WAITING, InsKind::Nia);
    let known = register(&stand, waiting(), "PAT-TROIS").await;
    let request = change(&known, &["ins"], Some(ins(FOR_LIFE, InsKind::Nir)));
    let updated = update(&stand, request.clone()).await.unwrap();
    assert_eq!(updated.patient_id, known.patient_id);
    assert_ne!(updated.etag, known.etag);
    assert_eq!(update(&stand, request).await.unwrap(), updated);
    for number in [waiting(), ins(FOR_LIFE, InsKind::Nir)] {
        assert_eq!(resolve(&stand, number).await.as_ref(), Some(&updated));
    }
    let again = register(&stand, waiting(), "PAT-TROIS").await;
    assert_eq!(again, updated);
    let event = &stand
        .neighbours
        .events(EventKind::PatientIdentityUpdated, 1)
        .await[0];
    assert_eq!(event.patient_id.unwrap().to_string(), known.patient_id);
    assert_eq!(event.before["ins_oid"], InsKind::Nia.oid());
    assert_eq!(event.after["ins_oid"], InsKind::Nir.oid());
    let said = format!("{:?}{:?}", event.before, event.after);
    assert!(!said.contains(WAITING) && !said.contains(FOR_LIFE));
}

#[tokio::test]
async fn traits_and_status_change_under_the_etag_that_was_read() {
    let stand = Stand::start().await;
    let known = register(&stand, ins(WAITING, InsKind::Test), "PAT-TROIS").await;
    let mut changed = known.clone();
    changed.traits.as_mut().unwrap().birth_name = "PAT-QUATRE".to_owned();
    changed.status = proto::IdentityStatus::Validated.into();
    let request = change(&changed, &["traits", "status"], None);
    let updated = update(&stand, request).await.unwrap();
    assert_eq!(
        (&updated.traits, updated.status),
        (&changed.traits, changed.status)
    );
    let stale = change(&changed, &["status"], None);
    assert_eq!(reason(update(&stand, stale).await), "ETAG_MISMATCH");
    // What the mask does not name stays.
    let mut other = updated.clone();
    other.traits.as_mut().unwrap().birth_name = "PAT-CINQ".to_owned();
    other.status = proto::IdentityStatus::Qualified.into();
    let again = update(&stand, change(&other, &["status"], None))
        .await
        .unwrap();
    assert_eq!(again.traits, updated.traits);
    assert_eq!(again.status(), proto::IdentityStatus::Qualified);
    let event = &stand
        .neighbours
        .events(EventKind::PatientIdentityUpdated, 2)
        .await[0];
    assert_eq!(event.after["changed_traits"], "birth_name");
    assert_eq!(event.before["status"], "qualified");
    assert!(!format!("{:?}", event.after).contains("PAT-"));
}

#[tokio::test]
async fn a_change_names_what_changes_and_only_what_may() {
    let stand = Stand::start().await;
    let known = register(&stand, ins(WAITING, InsKind::Test), "PAT-TROIS").await;
    for paths in [&[][..], &["etag"], &["status", "patient_id"], &["*"]] {
        let refused = update(&stand, change(&known, paths, None)).await;
        assert_eq!(reason(refused), "UPDATE_MASK_INVALID");
    }
    let refused = update(&stand, change(&known, &["ins"], None)).await;
    assert_eq!(fields(refused), ["ins"]);
    let untold = proto::Patient {
        traits: None,
        etag: String::new(),
        ..known.clone()
    };
    let refused = update(&stand, change(&untold, &["traits"], None)).await;
    assert_eq!(fields(refused), ["patient.etag", "patient.traits"]);
    let nobody = proto::Patient {
        patient_id: new_request_id(),
        ..known
    };
    let refused = update(&stand, change(&nobody, &["status"], None)).await;
    assert_eq!(reason(refused), "NOT_FOUND");
}

#[tokio::test]
async fn a_matricule_that_another_patient_has_is_refused_and_waits_for_a_person() {
    let stand = Stand::start().await;
    let holder = register(&stand, ins(FOR_LIFE, InsKind::Test), "PAT-UN").await;
    let claimant = register(&stand, ins(WAITING, InsKind::Test), "PAT-DEUX").await;
    let claim = change(&claimant, &["ins"], Some(ins(FOR_LIFE, InsKind::Test)));
    for _ in 0..2 {
        let refused = update(&stand, claim.clone()).await;
        assert_eq!(reason(refused), "ALREADY_EXISTS");
    }
    let found = issues(&stand, proto::IdentityIssueKind::Collision).await;
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].patient_ids,
        [holder.patient_id, claimant.patient_id]
    );
    assert_eq!(found[0].evidence, ["ins"]);
}

#[tokio::test]
async fn who_is_no_longer_qualified_is_signed_out_and_comes_in_no_more() {
    let stand = Stand::start().await;
    let patient_id = stand.register_patient().await;
    let token = stand.patient_token("gateway").await;
    let mut known = get(&stand, &patient_id).await;
    assert!(is_good(&stand, &token).await);
    known.status = proto::IdentityStatus::Retrieved.into();
    update(&stand, change(&known, &["status"], None))
        .await
        .unwrap();
    assert!(!is_good(&stand, &token).await);
    let closed = &stand.neighbours.events(EventKind::SessionClosed, 1).await[0];
    assert_eq!(closed.after["closing"], "identity_changed");
    let refused = stand
        .sessions("gateway")
        .exchange_token(stand.as_patient())
        .await;
    assert_eq!(reason(refused), "IDENTITY_NOT_QUALIFIED");
    let found = issues(&stand, proto::IdentityIssueKind::Unqualified).await;
    assert_eq!(found[0].patient_ids, [patient_id]);
}

#[tokio::test]
async fn issues_come_in_pages_that_belong_to_their_kind() {
    let stand = Stand::start().await;
    for (number, name) in [
        ("2790351215192", "UN"),
        ("2790351215193", "DEUX"),
        (WAITING, "TROIS"),
    ] {
        let mut weak = register(&stand, ins(number, InsKind::Test), name).await;
        weak.status = proto::IdentityStatus::Provisional.into();
        update(&stand, change(&weak, &["status"], None))
            .await
            .unwrap();
        stand.clock.advance(Duration::from_secs(1));
    }
    let page = async |kind: proto::IdentityIssueKind, page_token: &str| {
        let request = proto::ListIdentityIssuesRequest {
            kind: kind.into(),
            page_size: 2,
            page_token: page_token.to_owned(),
        };
        let answer = stand
            .patients("operator")
            .list_identity_issues(request)
            .await;
        answer.map(tonic::Response::into_inner)
    };
    let unqualified = proto::IdentityIssueKind::Unqualified;
    let first = page(unqualified, "").await.unwrap();
    let second = page(unqualified, &first.next_page_token).await.unwrap();
    assert_eq!((first.issues.len(), second.issues.len()), (2, 1));
    assert!(second.next_page_token.is_empty());
    let all: Vec<_> = first.issues.iter().chain(&second.issues).collect();
    assert!(all.is_sorted_by_key(|issue| issue.found_at.unwrap().seconds));
    for (kind, token) in [
        (
            proto::IdentityIssueKind::Collision,
            first.next_page_token.as_str(),
        ),
        (unqualified, "forged"),
    ] {
        assert_eq!(reason(page(kind, token).await), "PAGE_TOKEN_INVALID");
    }
}

#[tokio::test]
async fn a_patient_whose_matricule_was_another_s_is_signed_out() {
    let stand = Stand::start().await;
    let patient_id = stand.register_patient().await;
    let token = stand.patient_token("gateway").await;
    let known = get(&stand, &patient_id).await;
    let request = change(&known, &["ins"], Some(ins(FOR_LIFE, InsKind::Test)));
    update(&stand, request).await.unwrap();
    assert!(!is_good(&stand, &token).await);
    // The old one, no waiting number, leads nowhere.
    let refused = stand
        .sessions("gateway")
        .exchange_token(stand.as_patient())
        .await;
    assert_eq!(reason(refused), "PATIENT_UNKNOWN");
    stand.provider.put_patient(PatientAccount {
        ins: Ins::with_key(FOR_LIFE, InsKind::Test).unwrap().reveal(),
        ..clinic::patient()
    });
    stand.patient_token("gateway").await;
}
