//! `GetPatientProof`: these are all of them, and who may know.

use aval_domain::event::Event;
use aval_domain::id::PatientId;
use aval_merkle_log::Hash;
use aval_merkle_log::history::{HistoryError, HistoryProof, LastPlace, VerifiedHistory};
use aval_merkle_log::leaf::LeafContent;
use aval_merkle_log::map::MapProof;
use aval_merkle_log::note::SignedNote;
use aval_merkle_log::proof::ConsistencyProof;
use aval_proto::audit::v1::{
    GetConsistencyProofRequest, GetPatientProofRequest, GetPatientProofResponse,
};
use tonic::{Code, Status};

use crate::deeds::{access, delivery};
use crate::people::{Person, patient_id, practitioner_id};
use crate::stand::{Stand, fields, reason};

impl Stand {
    async fn patient_proof(
        &self,
        person: Person,
        request: GetPatientProofRequest,
    ) -> Result<GetPatientProofResponse, Status> {
        let request = self.request(request, "gateway", person);
        let answer = self
            .transparency("gateway")
            .get_patient_proof(request)
            .await;
        answer.map(tonic::Response::into_inner)
    }

    async fn own_proof(&self, patient: PatientId) -> GetPatientProofResponse {
        let request = GetPatientProofRequest::default();
        self.patient_proof(Person::Patient(patient), request)
            .await
            .unwrap()
    }

    async fn verified(&self, patient: PatientId) -> VerifiedHistory {
        let answer = self.own_proof(patient).await;
        read(patient, &answer).verify(&self.policy().await).unwrap()
    }
}

/// The answer as a client puts it together.
fn read(patient: PatientId, answer: &GetPatientProofResponse) -> HistoryProof {
    let leaves = answer.leaves.iter();
    let path = answer.last_inclusion_path.iter();
    HistoryProof {
        patient_id: *patient.as_uuid().as_bytes(),
        map_proof: MapProof::decode(&answer.map_proof).unwrap(),
        leaves: leaves
            .map(|leaf| LeafContent::decode(leaf).unwrap())
            .collect(),
        last: (answer.event_count > 0).then(|| LastPlace {
            index: answer.last_log_index,
            path: path
                .map(|hash| Hash::try_from(hash.as_slice()).unwrap())
                .collect(),
        }),
        checkpoint: SignedNote::parse(answer.checkpoint.as_bytes()).unwrap(),
    }
}

fn accesses(patients: &[PatientId]) -> Vec<Event> {
    let accesses = patients.iter();
    accesses
        .map(|patient| access(practitioner_id(), *patient))
        .collect()
}

#[tokio::test]
async fn a_patient_sees_that_their_history_is_whole() {
    let stand = Stand::start().await;
    let (anna, bela, nobody) = (patient_id(), patient_id(), patient_id());
    let events = accesses(&[anna, bela, anna, bela, anna]);
    stand.record(&events).await;
    for patient in [anna, bela, nobody] {
        let own = events
            .iter()
            .filter(|event| event.patient_id == Some(patient));
        let ids: Vec<_> = own
            .map(|event| *event.event_id.as_uuid().as_bytes())
            .collect();
        let verified = stand.verified(patient).await;
        let proved: Vec<_> = verified.leaves.iter().map(|leaf| leaf.event_id).collect();
        assert_eq!(proved, ids);
    }
}

#[tokio::test]
async fn a_later_proof_continues_the_one_that_was_kept() {
    let stand = Stand::start().await;
    let (anna, bela) = (patient_id(), patient_id());
    stand.record(&accesses(&[anna, bela, anna])).await;
    let kept = stand.verified(anna).await;
    let later = delivery("consent", 4, &accesses(&[bela, anna, bela]));
    stand.trail("consent").append_events(later).await.unwrap();
    let now = stand.verified(anna).await;
    assert_eq!(now.head().sequence, 3);
    now.require_continues(&kept.head()).unwrap();
    let request = GetConsistencyProofRequest {
        old_size: kept.checkpoint.size,
        new_size: now.checkpoint.size,
    };
    let answer = stand
        .transparency("gateway")
        .get_consistency_proof(request)
        .await;
    let answer = answer.unwrap().into_inner();
    let path = answer.path.iter();
    let proof = ConsistencyProof {
        old_size: answer.old_size,
        new_size: answer.new_size,
        path: path
            .map(|hash| Hash::try_from(hash.as_slice()).unwrap())
            .collect(),
    };
    let continued = now
        .checkpoint
        .require_continues(&kept.checkpoint, Some(&proof));
    assert_eq!(continued, Ok(()));
}

#[tokio::test]
async fn an_answer_that_leaves_an_event_out_is_refused_by_its_reader() {
    let stand = Stand::start().await;
    let anna = patient_id();
    stand.record(&accesses(&[anna, anna, anna])).await;
    let policy = stand.policy().await;
    let mut answer = stand.own_proof(anna).await;
    answer.leaves.remove(1);
    let refused = read(anna, &answer).verify(&policy);
    let expected = HistoryError::Incomplete {
        expected: 3,
        found: 2,
    };
    assert_eq!(refused, Err(expected));
}

#[tokio::test]
async fn the_rest_of_a_history_is_given_from_any_place() {
    let stand = Stand::start().await;
    let anna = patient_id();
    stand.record(&accesses(&[anna; 5])).await;
    let whole = stand.own_proof(anna).await;
    for from_sequence in 0..=6 {
        let request = GetPatientProofRequest {
            from_sequence,
            ..GetPatientProofRequest::default()
        };
        let answer = stand
            .patient_proof(Person::Patient(anna), request)
            .await
            .unwrap();
        let first = usize::try_from(from_sequence.max(1)).unwrap() - 1;
        assert_eq!(answer.leaves, whole.leaves[first..]);
        assert_eq!(answer.event_count, 5);
    }
    for from_sequence in [7, u64::MAX] {
        let request = GetPatientProofRequest {
            from_sequence,
            ..GetPatientProofRequest::default()
        };
        let refused = stand.patient_proof(Person::Patient(anna), request).await;
        assert_eq!(fields(&refused.unwrap_err()), ["from_sequence"]);
    }
}

#[tokio::test]
async fn nobody_proves_somebody_else_s_history() {
    let stand = Stand::start().await;
    let other = patient_id();
    for (person, whose) in [
        (Person::Patient(patient_id()), other.to_string()),
        (Person::RepresentativeOf(patient_id()), other.to_string()),
        (Person::Practitioner(practitioner_id()), other.to_string()),
        (Person::Practitioner(practitioner_id()), String::new()),
    ] {
        let request = GetPatientProofRequest {
            patient_id: whose,
            ..GetPatientProofRequest::default()
        };
        let status = stand.patient_proof(person, request).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied);
        assert_eq!(reason(&status), "ACTOR_NOT_ALLOWED");
    }
}

#[tokio::test]
async fn a_representative_s_proof_is_shown_to_the_patient() {
    let stand = Stand::start().await;
    let anna = patient_id();
    stand.record(&accesses(&[anna])).await;
    let reader = Person::RepresentativeOf(anna);
    let request = GetPatientProofRequest::default();
    stand.patient_proof(reader, request).await.unwrap();
    stand.until_the_log_has(2).await;
    assert_eq!(stand.verified(anna).await.leaves.len(), 2);
}

#[tokio::test]
async fn a_head_that_somebody_changed_is_not_given_away() {
    let stand = Stand::start().await;
    let anna = patient_id();
    stand.record(&accesses(&[anna, anna])).await;
    for (change, restore) in [
        (
            "UPDATE patient_heads SET sequence = 1",
            "UPDATE patient_heads SET sequence = 2",
        ),
        (
            "UPDATE events SET patient_sequence = 3 WHERE log_index = 1",
            "UPDATE events SET patient_sequence = 2 WHERE log_index = 1",
        ),
    ] {
        stand.execute(change).await;
        let request = GetPatientProofRequest::default();
        let refused = stand.patient_proof(Person::Patient(anna), request).await;
        assert_eq!(refused.unwrap_err().code(), Code::Internal, "{change}");
        stand.execute(restore).await;
        assert_eq!(stand.verified(anna).await.leaves.len(), 2);
    }
}
