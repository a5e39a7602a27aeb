//! Approving and rejecting imports that wait for a person.

use std::time::Duration;

use aval_domain::id::{ImportId, RequestId};
use aval_domain::random::SystemRandom;
use aval_domain::time::{Clock, SystemClock};
use aval_proto::practitioner_directory::v1 as proto;
use aval_proto::practitioner_directory::v1::ImportState;
use tonic::Code;

use crate::stand::{Stand, fields, name_before, name_now, reason, synthesized, text_of, until};

fn approval(import_id: &str) -> proto::ApproveImportRequest {
    proto::ApproveImportRequest {
        import_id: import_id.to_owned(),
        reason: "clôture annoncée par l'Ordre".to_owned(),
        request_id: RequestId::new(&SystemRandom).to_string(),
    }
}

fn rejection(import_id: &str) -> proto::RejectImportRequest {
    let approval = approval(import_id);
    proto::RejectImportRequest {
        import_id: approval.import_id,
        reason: approval.reason,
        request_id: approval.request_id,
    }
}

/// A hundred people, and a file that waits for it to be decided that thirty leave.
async fn held(stand: &Stand) -> proto::Import {
    let mut directory = synthesized(100);
    let earlier = name_before(Duration::from_hours(24));
    stand
        .send_file(&earlier, &text_of(&directory))
        .await
        .unwrap();
    directory.people.truncate(70);
    let held = stand.send_file(&name_now(), &text_of(&directory)).await;
    let held = held.unwrap();
    assert_eq!(held.state(), ImportState::Suspended);
    held
}

async fn practitioner_count(stand: &Stand) -> i64 {
    let request = proto::GetFreshnessRequest {};
    let freshness = stand.directory("records").get_freshness(request).await;
    freshness.unwrap().into_inner().practitioner_count
}

#[tokio::test]
async fn an_approved_import_is_applied_and_says_who_decided_and_why() {
    let stand = Stand::start().await;
    let held = held(&stand).await;
    assert!(held.decided_by.is_empty() && held.decision_reason.is_empty());
    let request = approval(&held.import_id);
    let mut admin = stand.admin("operator");
    let approved = admin.approve_import(request.clone()).await.unwrap();
    let approved = approved.into_inner().import.unwrap();
    assert_eq!(approved.state(), ImportState::Applied);
    assert!(approved.decided_by.contains("operator"));
    assert_eq!(approved.decision_reason, request.reason);
    assert_eq!(approved.report, held.report);
    assert!(approved.finished_at.is_some());
    assert_eq!(practitioner_count(&stand).await, 70);
    let again = admin.approve_import(request.clone()).await.unwrap();
    assert_eq!(again.into_inner().import.unwrap(), approved);

    until("the trail is told", || async {
        stand.trail.told().len() == 3
    })
    .await;
    let told = stand.trail.told().remove(2);
    assert_eq!(told.kind, "directory.import_applied");
    assert_eq!(told.after["decision_reason"], request.reason);
    assert_eq!(told.subject.unwrap().id, held.import_id);
}

#[tokio::test]
async fn a_file_that_became_the_older_one_while_it_waited_is_shown_once_more() {
    let stand = Stand::start().await;
    let mut directory = synthesized(100);
    let hours_ago = |hours| name_before(Duration::from_hours(hours));
    let first = stand.send_file(&hours_ago(48), &text_of(&directory)).await;
    assert_eq!(first.unwrap().state(), ImportState::Applied);
    let mut waits = Vec::new();
    for (name, people) in [(hours_ago(24), 72), (name_now(), 70)] {
        directory.people.truncate(people);
        let held = stand.send_file(&name, &text_of(&directory)).await.unwrap();
        assert_eq!(held.state(), ImportState::Suspended);
        waits.push(held.import_id);
    }
    let [older, newer] = waits.as_slice() else {
        panic!("two wait");
    };
    let approve = async |import_id: &str| {
        let approved = stand
            .admin("operator")
            .approve_import(approval(import_id))
            .await;
        approved.unwrap().into_inner().import.unwrap()
    };
    assert_eq!(approve(newer).await.state(), ImportState::Applied);
    let again = approve(older).await;
    assert_eq!(again.state(), ImportState::Suspended);
    assert!(
        format!("{again:?}").contains("older than the newest one"),
        "{again:?}"
    );
    assert_eq!(practitioner_count(&stand).await, 70);
    assert_eq!(approve(older).await.state(), ImportState::Applied);
    assert_eq!(practitioner_count(&stand).await, 72);
}

#[tokio::test]
async fn a_rejected_import_ends_and_changes_nothing() {
    let stand = Stand::start().await;
    let held = held(&stand).await;
    let request = rejection(&held.import_id);
    let mut admin = stand.admin("operator");
    let rejected = admin.reject_import(request.clone()).await.unwrap();
    let rejected = rejected.into_inner().import.unwrap();
    assert_eq!(rejected.state(), ImportState::Rejected);
    assert_eq!(rejected.decision_reason, request.reason);
    assert_eq!(practitioner_count(&stand).await, 100);
    let late = admin.approve_import(approval(&held.import_id)).await;
    let status = late.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::FailedPrecondition, "STATE_CONFLICT")
    );
    until("the trail is told", || async {
        stand.trail.told().len() == 3
    })
    .await;
    assert_eq!(stand.trail.told()[2].kind, "directory.import_rejected");
}

#[tokio::test]
async fn a_decision_names_an_import_a_reason_and_a_request() {
    let stand = Stand::start().await;
    let mut admin = stand.admin("operator");
    let empty = proto::ApproveImportRequest::default();
    let status = admin.approve_import(empty).await.unwrap_err();
    assert_eq!(fields(&status), ["import_id", "reason", "request_id"]);
    let empty = proto::RejectImportRequest::default();
    let status = admin.reject_import(empty).await.unwrap_err();
    assert_eq!(fields(&status), ["import_id", "reason", "request_id"]);
    let wordy = proto::ApproveImportRequest {
        reason: "a".repeat(501),
        ..approval(&ImportId::new(SystemClock.now(), &SystemRandom).to_string())
    };
    let status = admin.approve_import(wordy).await.unwrap_err();
    assert_eq!(fields(&status), ["reason"]);
}

#[tokio::test]
async fn whoever_is_not_the_operator_learns_nothing_of_an_import_and_decides_nothing() {
    let stand = Stand::start().await;
    let held = held(&stand).await;
    let unknown = ImportId::new(SystemClock.now(), &SystemRandom).to_string();
    for import_id in [&held.import_id, &unknown] {
        let mut admin = stand.admin("gateway");
        let status = admin.approve_import(approval(import_id)).await.unwrap_err();
        assert_eq!(reason(&status), "CALLER_NOT_ALLOWED");
        let status = admin.reject_import(rejection(import_id)).await.unwrap_err();
        assert_eq!(reason(&status), "CALLER_NOT_ALLOWED");
    }
    let mut admin = stand.admin("operator");
    let status = admin.approve_import(approval(&unknown)).await;
    assert_eq!(reason(&status.unwrap_err()), "NOT_FOUND");
    assert_eq!(practitioner_count(&stand).await, 100);
}
