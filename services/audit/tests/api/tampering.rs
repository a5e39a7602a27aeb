//! Whoever changes the database is noticed by those who read.

use aval_database::{Database, DatabaseError};
use aval_merkle_log::proof::InclusionProof;
use aval_proto::audit::v1::{
    GetConsistencyProofRequest, GetInclusionProofRequest, ListEventsRequest,
};
use sea_orm::ConnectionTrait;
use tonic::Code;

use crate::deeds::{access, delivery};
use crate::people::{Person, patient_id, practitioner_id};
use crate::stand::{Stand, reason};
use crate::transparency::{hash, path};
use crate::witness::Witness;
use crate::witnessed::{Watched, is_shown, listen, until};

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
    // Another byte than the last one, whatever that is.
    let altered = "UPDATE events SET payload = substr(payload, 1, length(payload) - 1) || \
        CASE substr(payload, -1) WHEN x'00' THEN x'01' ELSE x'00' END";
    stand.execute(altered).await;
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

/// What is remembered, or stored, of the tree at one entry is not what was signed.
struct OtherNodes<'a>(&'a Stand);

impl<'a> OtherNodes<'a> {
    async fn at(stand: &'a Stand, log_index: u64) -> Self {
        let keep = format!(
            "CREATE TABLE kept AS SELECT log_index, nodes FROM events \
             WHERE log_index = {log_index}"
        );
        stand.execute(&keep).await;
        let change = "UPDATE events SET nodes = commitment \
            WHERE log_index IN (SELECT log_index FROM kept)";
        stand.execute(change).await;
        Self(stand)
    }

    async fn restore(self) {
        let restore = "UPDATE events SET nodes = (SELECT nodes FROM kept) \
            WHERE log_index IN (SELECT log_index FROM kept)";
        self.0.execute(restore).await;
    }
}

/// Nodes are remembered; what is remembered of a tree that was not signed is not for ever.
#[tokio::test]
async fn a_proof_that_does_not_lead_to_the_signed_root_is_not_given_away() {
    let stand = Stand::start().await;
    let patient = patient_id();
    let events = [0; 8].map(|_| access(practitioner_id(), patient));
    stand.record(&events).await;
    let other = OtherNodes::at(&stand, 4).await;
    let mut transparency = stand.transparency("records");
    let inclusion = |tree_size| GetInclusionProofRequest {
        log_index: 5,
        tree_size,
    };
    // In the newest tree, of which the root is signed, and in one that it continues.
    for tree_size in [0, 7] {
        let request = inclusion(tree_size);
        let refused = transparency.get_inclusion_proof(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::Internal);
    }
    other.restore().await;
    let root = stand.checkpoint().await.root;
    for tree_size in [0, 7] {
        let request = inclusion(tree_size);
        let answer = transparency.get_inclusion_proof(request).await;
        let answer = answer.unwrap().into_inner();
        let proof = InclusionProof {
            index: answer.log_index,
            tree_size: answer.tree_size,
            path: path(&answer.path),
        };
        let leaf = hash(&answer.leaf_hash);
        if tree_size == 0 {
            proof.verify(leaf, root).unwrap();
        } else {
            let older = proof.root(leaf).unwrap();
            stand.assert_consistent(tree_size, older, root).await;
        }
    }
}

#[tokio::test]
async fn a_proof_of_growth_that_does_not_lead_to_the_signed_root_is_not_given_away() {
    let stand = Stand::start().await;
    let patient = patient_id();
    let events = [0; 8].map(|_| access(practitioner_id(), patient));
    stand.record(&events).await;
    let other = OtherNodes::at(&stand, 4).await;
    let mut transparency = stand.transparency("gateway");
    for new_size in [0, 7] {
        let request = GetConsistencyProofRequest {
            old_size: 5,
            new_size,
        };
        let refused = transparency.get_consistency_proof(request).await;
        assert_eq!(refused.unwrap_err().code(), Code::Internal);
    }
    other.restore().await;
    for new_size in [0, 7] {
        let request = GetConsistencyProofRequest {
            old_size: 5,
            new_size,
        };
        let answer = transparency.get_consistency_proof(request).await;
        assert_eq!(answer.unwrap().into_inner().old_size, 5);
    }
}

/// A proof that leads elsewhere would be an alarm about a log that was not forked.
#[tokio::test]
async fn a_witness_is_shown_no_proof_that_does_not_lead_to_the_checkpoint() {
    let (stand, log) = Watched::start().await;
    let witness = Witness::of("unmoved.example/w", &log);
    let address = witness.serve(listen().await);
    let mut watched = Watched::of(stand, &[(&witness, address)], 1).await;
    watched.record(5).await;
    watched.until_witnessed(5).await;
    let other = OtherNodes::at(&watched.stand, 4).await;
    let mut trail = watched.stand.trail("consent");
    let events = [0; 3].map(|_| access(practitioner_id(), patient_id()));
    trail
        .append_events(delivery("consent", 6, &events))
        .await
        .unwrap();
    until("no proof is made", async || {
        is_shown("aval_audit_witness_failures_total{reason=\"own\",witness=\"unmoved.example/w\"}")
    })
    .await;
    assert!(!is_shown(
        "aval_audit_witness_conflict{witness=\"unmoved.example/w\"} 1"
    ));
    other.restore().await;
    watched.until_witnessed(8).await;
}
