//! The matrix of access rights, as an operator keeps it.

use aval_domain::event::Actor;
use aval_proto::common::v1::DocumentClass;
use aval_proto::consent::v1 as proto;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::people::Person;
use crate::stand::{Stand, fields, question, reason, request_id};

const OFFICIAL: &str = "revision = 'official-1'\n[[row]]\nprofession = '10'\npermits = ['42']";

fn load(content: &str) -> proto::LoadMatrixRequest {
    proto::LoadMatrixRequest {
        content: content.to_owned(),
        effective_at: None,
        request_id: request_id(),
    }
}

impl Stand {
    async fn matrix(&self) -> proto::GetMatrixResponse {
        let request = proto::GetMatrixRequest {};
        let answer = self.policy("operator").get_matrix(request).await;
        answer.unwrap().into_inner()
    }

    async fn check_matrix(&self, content: &str) -> Result<proto::CheckMatrixResponse, Status> {
        let content = content.to_owned();
        let request = proto::CheckMatrixRequest { content };
        let answer = self.policy("operator").check_matrix(request).await;
        answer.map(tonic::Response::into_inner)
    }

    async fn load_matrix(
        &self,
        request: proto::LoadMatrixRequest,
    ) -> Result<proto::LoadMatrixResponse, Status> {
        let answer = self.policy("operator").load_matrix(request).await;
        answer.map(tonic::Response::into_inner)
    }
}

#[tokio::test]
async fn a_matrix_is_checked_loaded_decided_by_traced_and_shown() {
    let stand = Stand::start().await;
    stand.grant_to_doctor().await;
    let before = stand.matrix().await;
    let example = before.in_force.unwrap();
    assert!(example.example && example.revision.ends_with("+example"));
    assert!(before.policy_revision.ends_with(&example.revision));
    assert!(before.loaded.is_empty() && !before.cells.is_empty());
    assert!(before.cells.iter().all(|cell| cell.permits));

    let checked = stand.check_matrix(OFFICIAL).await.unwrap();
    assert_eq!(checked.faults, []);
    assert_eq!(checked.in_force, Some(example.clone()));
    let official = checked.matrix.unwrap();
    assert_eq!(
        (official.revision.as_str(), official.example),
        ("official-1", false)
    );
    let of_reports = |cell: &&proto::MatrixCell| {
        cell.profession_code == "10"
            && cell.function_code.is_empty()
            && cell.document_class() == DocumentClass::Report
    };
    let lost = checked.changes.iter().find(of_reports).unwrap();
    assert_eq!((lost.permits, lost.document_type.as_str()), (false, ""));
    assert_eq!(stand.matrix().await.in_force, Some(example.clone()));

    let request = load(OFFICIAL);
    let loaded = stand.load_matrix(request.clone()).await.unwrap();
    assert_eq!(loaded.policy_revision, "2/official-1");
    assert_eq!(stand.load_matrix(request).await.unwrap(), loaded);
    assert_eq!(stand.load_matrix(load(OFFICIAL)).await.unwrap(), loaded);
    let decision = stand.check(question(), Person::Doctor).await;
    assert_eq!(decision.policy_revision, "2/official-1");

    let after = stand.matrix().await;
    assert_eq!(after.in_force, loaded.matrix);
    assert_eq!(after.loaded, [loaded.matrix.unwrap()]);
    let cells: Vec<_> = after.cells.iter().map(|cell| cell.document_class).collect();
    assert_eq!(cells, [i32::from(DocumentClass::Prescription)]);

    // The record opened, the grant, and one load: repetitions are none.
    let events = stand.neighbours.events(3).await;
    let [_, _, event] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(event.kind.code(), "policy.matrix_loaded");
    let name = "operator".to_owned();
    assert_eq!(event.actor, Actor::Service { name });
    assert!(event.software.ends_with("operator"), "{}", event.software);
    assert_eq!(event.before["sha256"], example.sha256);
    assert_eq!(event.after["sha256"], official.sha256);
    stand.stop().await;
}

#[tokio::test]
async fn a_faulty_matrix_is_told_with_every_fault_and_never_loaded() {
    let stand = Stand::start().await;
    let faulty = "revision = 'a b'\n[[row]]\nprofession = '11'";
    let checked = stand.check_matrix(faulty).await.unwrap();
    assert_eq!((checked.matrix, checked.changes.len()), (None, 0));
    let places: Vec<_> = checked
        .faults
        .iter()
        .map(|fault| (fault.line, fault.column, fault.field.as_str()))
        .collect();
    assert_eq!(places, [(1, 12, "revision"), (3, 14, "row[0].profession")]);
    let refused = stand.load_matrix(load(faulty)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(fields(&refused), ["content", "content"]);
    let many = "[[row]]\nprofession = '11'\n".repeat(5_000);
    let refused = stand.load_matrix(load(&format!("revision = 'a'\n{many}")));
    let refused = refused.await.unwrap_err();
    let details = refused.get_details_bad_request().unwrap();
    let last = details.field_violations.last().unwrap();
    assert_eq!(last.description, "and 4980 more");
    assert!(stand.matrix().await.loaded.is_empty());
}

#[tokio::test]
async fn what_cannot_be_loaded_is_refused_in_the_words_of_the_contract() {
    let stand = Stand::start().await;
    stand.load_matrix(load(OFFICIAL)).await.unwrap();
    let other = stand.load_matrix(load("revision = 'official-1'")).await;
    let other = other.unwrap_err();
    assert_eq!(
        (other.code(), reason(&other).as_str()),
        (Code::FailedPrecondition, "STATE_CONFLICT")
    );
    let past = proto::LoadMatrixRequest {
        effective_at: Some(prost_types::Timestamp {
            seconds: 1_600_000_000,
            nanos: 0,
        }),
        ..load("revision = 'official-2'")
    };
    let past = stand.load_matrix(past).await.unwrap_err();
    assert_eq!(fields(&past), ["effective_at"]);
    let nothing = proto::LoadMatrixRequest::default();
    let nothing = stand.load_matrix(nothing).await.unwrap_err();
    assert_eq!(fields(&nothing), ["request_id", "content"]);
    let large = stand.check_matrix(&"#".repeat(256 * 1024 + 1)).await;
    assert_eq!(fields(&large.unwrap_err()), ["content"]);
    assert_eq!(stand.matrix().await.loaded.len(), 1);
}
