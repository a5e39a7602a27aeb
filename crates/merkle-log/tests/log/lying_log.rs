//! A log that does whatever a test wants.

use std::collections::BTreeMap;

use aval_merkle_log::{
    Hash,
    checkpoint::{Checkpoint, Policy},
    hash::hash_leaf,
    history::{HistoryError, HistoryProof, LastPlace, VerifiedHistory},
    leaf::{LeafContent, PatientLink, leaf_hash},
    map::{MapKey, MapProof, PatientHead, extension_line, subtree},
    note::{SignedNote, Signer},
    proof::{ConsistencyProof, InclusionProof},
    tree::{Frontier, KnownNodes},
};

use crate::fixture::ORIGIN;

pub(crate) const ANNE: [u8; 16] = [1; 16];
pub(crate) const BRUNO: [u8; 16] = [2; 16];
pub(crate) const CARLA: [u8; 16] = [3; 16];

/// A log that does whatever a test wants.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) signer: Signer,
    pub(crate) leaves: Vec<LeafContent>,
    pub(crate) heads: BTreeMap<MapKey, PatientHead>,
}

impl Log {
    pub(crate) fn new() -> Self {
        Self {
            signer: Signer::from_seed(ORIGIN, &[3; 32]).unwrap(),
            leaves: Vec::new(),
            heads: BTreeMap::new(),
        }
    }

    pub(crate) fn of(patients: &[[u8; 16]]) -> Self {
        let mut log = Self::new();
        for patient in patients {
            log.append(*patient);
        }
        log
    }

    /// Appends an event of this patient.
    pub(crate) fn append(&mut self, patient: [u8; 16]) {
        let number = self.leaves.len() as u64;
        let key = MapKey::of_patient(&patient);
        let head = self.heads.get(&key);
        let sequence = head.map_or(0, |head| head.sequence) + 1;
        let link = PatientLink::new(patient, sequence, head.map(|head| head.leaf)).unwrap();
        let leaf = LeafContent {
            event_id: [0; 16],
            patient: Some(link),
            recorded_at_micros: 0,
            commitment: hash_leaf(&number.to_be_bytes()),
        };
        let leaf_hash = leaf_hash(&leaf);
        self.heads.insert(
            key,
            PatientHead {
                sequence,
                leaf: leaf_hash,
            },
        );
        self.leaves.push(leaf);
    }

    pub(crate) fn tree(&self) -> (Frontier, KnownNodes) {
        let hashes: Vec<Hash> = self.leaves.iter().map(leaf_hash).collect();
        let mut frontier = Frontier::new();
        let nodes = frontier.append_all(&hashes).unwrap().into_iter().collect();
        (frontier, nodes)
    }

    pub(crate) fn entries(&self) -> Vec<(MapKey, PatientHead)> {
        self.heads.iter().map(|(key, head)| (*key, *head)).collect()
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        let (tree, _) = self.tree();
        Checkpoint {
            origin: ORIGIN.to_owned(),
            size: tree.size(),
            root: tree.root(),
            extensions: vec![extension_line(subtree(&self.entries()))],
        }
    }

    pub(crate) fn signed(&self) -> SignedNote {
        self.checkpoint().sign(&[&self.signer]).unwrap()
    }

    pub(crate) fn prove(&self, patient: [u8; 16]) -> HistoryProof {
        let own = |leaf: &&LeafContent| leaf.patient_id() == Some(patient);
        let leaves: Vec<_> = self.leaves.iter().filter(own).cloned().collect();
        let last = self.leaves.iter().rposition(|leaf| own(&leaf));
        let (tree, nodes) = self.tree();
        HistoryProof {
            patient_id: patient,
            map_proof: MapProof::in_entries(
                &MapKey::of_patient(&patient),
                &self.entries(),
                Vec::new(),
            ),
            leaves,
            last: last.map(|index| {
                let proof = InclusionProof::compute(&nodes, index as u64, tree.size()).unwrap();
                LastPlace {
                    index: proof.index,
                    path: proof.path,
                }
            }),
            checkpoint: self.signed(),
        }
    }

    pub(crate) fn policy(&self) -> Policy {
        Policy::of_log(ORIGIN, vec![self.signer.verifier().clone()])
    }

    pub(crate) fn verify(&self, proof: &HistoryProof) -> Result<VerifiedHistory, HistoryError> {
        let read = HistoryProof::parse(proof.format().as_bytes()).unwrap();
        assert_eq!(&read, proof);
        read.verify(&self.policy())
    }

    pub(crate) fn consistency(&self, old_size: u64) -> ConsistencyProof {
        let (tree, nodes) = self.tree();
        ConsistencyProof::compute(&nodes, old_size, tree.size()).unwrap()
    }
}
