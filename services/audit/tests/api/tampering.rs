//! Whoever changes the database is noticed by those who read.

use aval_database::{Database, DatabaseError};
use aval_merkle_log::proof::InclusionProof;
use aval_proto::audit::v1::{GetInclusionProofRequest, ListEventsRequest};
use sea_orm::ConnectionTrait;
use tonic::Code;

use crate::deeds::access;
use crate::people::{Person, patient_id, practitioner_id};
use crate::stand::{Stand, reason};
use crate::transparency::{hash, path};

impl Stand {
    pub(crate) async fn execute(&self, sql: &str) {
        let db = Database::connect(&self.config().database).await.unwrap();
        db.transaction::<_, DatabaseError, _>("test.damage", async |tx| {
            Ok(tx.execute_unprepared(sql).await?)
        })
        .await
        .unwrap();
        db.close().await.unwrap();
    }
}

#[tokio::test]
async fn an_altered_payload_is_not_shown_as_if_nothing_were() {
    let stand = Stand::start().await;
    let patient = patient_id();
    let event = access(practitioner_id(), patient);
    stand.record(std::slice::from_ref(&event)).await;
    stand
        .execute("UPDATE events SET payload = substr(payload, 1, length(payload) - 1) || x'00'")
        .await;
    let me = Person::Patient(patient);
    let listed = stand
        .list(me, ListEventsRequest::default())
        .await
        .unwrap_err();
    let found = stand
        .event(me, &event.event_id.to_string())
        .await
        .unwrap_err();
    for status in [listed, found] {
        assert_eq!(status.code(), Code::Internal);
        assert_eq!(reason(&status), "INTERNAL");
    }
}

#[tokio::test]
async fn rows_that_changed_places_are_noticed() {
    let stand = Stand::start().await;
    let patient = patient_id();
    let events = [0; 3].map(|_| access(practitioner_id(), patient));
    stand.record(&events).await;
    for change in [
        "UPDATE events SET log_index = 9 WHERE log_index = 0",
        "UPDATE events SET log_index = 0 WHERE log_index = 1",
        "UPDATE events SET log_index = 1 WHERE log_index = 9",
    ] {
        stand.execute(change).await;
    }
    let me = Person::Patient(patient);
    let listed = stand.list(me, ListEventsRequest::default()).await;
    assert_eq!(listed.unwrap_err().code(), Code::Internal);
    // Each row agrees with its own hashes; its receipt does not lead to the signed root.
    for event in &events[..2] {
        let found = stand.event(me, &event.event_id.to_string()).await;
        assert_eq!(found.unwrap_err().code(), Code::Internal);
    }
}

#[tokio::test]
async fn an_event_taken_out_of_a_history_is_missed() {
    let stand = Stand::start().await;
    let patient = patient_id();
    let events = [0; 3].map(|_| access(practitioner_id(), patient));
    stand.record(&events).await;
    stand
        .execute("DELETE FROM events WHERE log_index = 1")
        .await;
    let listed = stand
        .list(Person::Patient(patient), ListEventsRequest::default())
        .await;
    assert_eq!(listed.unwrap_err().code(), Code::Internal);
}

/// Nodes are remembered; what is remembered of a tree that was not signed is not for ever.
#[tokio::test]
async fn a_proof_that_does_not_lead_to_the_signed_root_is_not_given_away() {
    let stand = Stand::start().await;
    let patient = patient_id();
    let events = [0; 8].map(|_| access(practitioner_id(), patient));
    stand.record(&events).await;
    stand
        .execute("CREATE TABLE kept AS SELECT nodes FROM events WHERE log_index = 4")
        .await;
    stand
        .execute("UPDATE events SET nodes = commitment WHERE log_index = 4")
        .await;
    let mut transparency = stand.transparency("records");
    let request = GetInclusionProofRequest {
        log_index: 5,
        tree_size: 0,
    };
    let refused = transparency.get_inclusion_proof(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::Internal);
    stand
        .execute("UPDATE events SET nodes = (SELECT nodes FROM kept) WHERE log_index = 4")
        .await;
    let root = stand.checkpoint().await.root;
    let answer = transparency.get_inclusion_proof(request).await;
    let answer = answer.unwrap().into_inner();
    let proof = InclusionProof {
        index: answer.log_index,
        tree_size: answer.tree_size,
        path: path(&answer.path),
    };
    proof.verify(hash(&answer.leaf_hash), root).unwrap();
}
