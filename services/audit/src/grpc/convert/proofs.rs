//! Proofs.

use aval_domain::id::PatientId;
use aval_merkle_log::Hash;
use aval_merkle_log::leaf::LeafContent;
use aval_proto::audit::v1::{
    GetConsistencyProofResponse, GetInclusionProofResponse, GetPatientProofResponse,
};

use crate::app::{Consistency, Inclusion, PatientProof};

/// A size as the contract gives it: 0 is the newest checkpoint's.
pub(in crate::grpc) fn size(size: u64) -> Option<u64> {
    Some(size).filter(|size| *size > 0)
}

pub(in crate::grpc) fn inclusion(inclusion: Inclusion) -> GetInclusionProofResponse {
    GetInclusionProofResponse {
        log_index: inclusion.proof.index,
        tree_size: inclusion.proof.tree_size,
        leaf_hash: bytes(&inclusion.leaf_hash),
        path: inclusion.proof.path.iter().map(bytes).collect(),
        checkpoint: inclusion.checkpoint.unwrap_or_default(),
    }
}

pub(in crate::grpc) fn consistency(consistency: Consistency) -> GetConsistencyProofResponse {
    GetConsistencyProofResponse {
        old_size: consistency.proof.old_size,
        new_size: consistency.proof.new_size,
        path: consistency.proof.path.iter().map(bytes).collect(),
        checkpoint: consistency.checkpoint.unwrap_or_default(),
    }
}

pub(in crate::grpc) fn patient_proof(proof: &PatientProof) -> GetPatientProofResponse {
    let path = proof.last.iter().flat_map(|last| &last.path);
    GetPatientProofResponse {
        event_count: proof.event_count,
        leaves: proof.leaves.iter().map(LeafContent::encode).collect(),
        last_log_index: proof.last.as_ref().map_or(0, |last| last.index),
        map_proof: proof.map_proof.encode(),
        checkpoint: proof.checkpoint.clone(),
        last_inclusion_path: path.map(bytes).collect(),
        patient_ids: proof.patient_ids.iter().map(PatientId::to_string).collect(),
    }
}

fn bytes(hash: &Hash) -> Vec<u8> {
    hash.as_bytes().to_vec()
}
