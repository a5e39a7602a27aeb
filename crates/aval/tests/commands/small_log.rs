//! A small log that signs whatever a test wants, and what its readers save of it.

use std::fs;
use std::path::Path;

use aval_merkle_log::canonical::to_canonical_bytes;
use aval_merkle_log::checkpoint::Checkpoint;
use aval_merkle_log::history::{HistoryProof, LastPlace};
use aval_merkle_log::leaf::{LeafContent, PatientLink, commitment, leaf_hash};
use aval_merkle_log::map::{MapKey, MapProof, PatientHead, extension_line, subtree};
use aval_merkle_log::note::{SignedNote, Signer};
use aval_merkle_log::proof::{ConsistencyProof, InclusionProof};
use aval_merkle_log::receipt::Receipt;
use aval_merkle_log::tree::{Frontier, KnownNodes};
use aval_merkle_log::witness::AddCheckpoint;
use serde_json::json;

pub(crate) const ORIGIN: &str = "audit.example/log";

/// A log of events of two patients, each told in a word.
pub(crate) struct SmallLog {
    pub(crate) signer: Signer,
    events: Vec<Vec<u8>>,
    leaves: Vec<LeafContent>,
    heads: Vec<(MapKey, PatientHead)>,
}

impl SmallLog {
    /// A log of these events: whose, and what.
    pub(crate) fn of(events: &[(u8, &str)]) -> Self {
        let mut log = Self {
            signer: Signer::from_seed(ORIGIN, &[1; 32]).unwrap(),
            events: Vec::new(),
            leaves: Vec::new(),
            heads: Vec::new(),
        };
        for (patient, what) in events {
            log.append([*patient; 16], what);
        }
        log
    }

    /// Forgets that a patient ever had an event: what comes is told as their first.
    pub(crate) fn forget(&mut self, patient: u8) {
        let key = MapKey::of_patient(&[patient; 16]);
        self.heads.retain(|(other, _)| *other != key);
    }

    pub(crate) fn append(&mut self, patient: [u8; 16], what: &str) {
        let key = MapKey::of_patient(&patient);
        let before = self.heads.iter().find(|(other, _)| *other == key);
        let before = before.map(|(_, head)| *head);
        let sequence = before.map_or(0, |head| head.sequence) + 1;
        let event = to_canonical_bytes(&json!({ "kind": what })).unwrap();
        let leaf = LeafContent {
            event_id: [1; 16],
            patient: Some(
                PatientLink::new(patient, sequence, before.map(|head| head.leaf)).unwrap(),
            ),
            recorded_at_micros: 1_790_000_000_000_000,
            commitment: commitment(&[7; 32], &event),
        };
        let head = PatientHead {
            sequence,
            leaf: leaf_hash(&leaf),
        };
        self.heads.retain(|(other, _)| *other != key);
        self.heads.push((key, head));
        self.heads.sort_by_key(|(key, _)| *key.as_bytes());
        self.events.push(event);
        self.leaves.push(leaf);
    }

    fn tree(&self) -> (Frontier, KnownNodes) {
        let hashes: Vec<_> = self.leaves.iter().map(leaf_hash).collect();
        let mut frontier = Frontier::new();
        let nodes = frontier.append_all(&hashes).unwrap().into_iter().collect();
        (frontier, nodes)
    }

    fn signed(&self) -> SignedNote {
        let (tree, _) = self.tree();
        let checkpoint = Checkpoint {
            origin: self.signer.verifier().name().to_string(),
            size: tree.size(),
            root: tree.root(),
            extensions: vec![extension_line(subtree(&self.heads))],
        };
        checkpoint.sign(&[&self.signer]).unwrap()
    }

    /// Where its last leaf stands.
    fn place(&self, index: u64) -> InclusionProof {
        let (tree, nodes) = self.tree();
        InclusionProof::compute(&nodes, index, tree.size()).unwrap()
    }

    /// Saves its public key.
    pub(crate) fn save_key(&self, file: &Path) -> String {
        fs::write(file, self.signer.verifier().to_string()).unwrap();
        named(file)
    }

    /// Saves its newest checkpoint.
    pub(crate) fn save_checkpoint(&self, file: &Path) -> String {
        fs::write(file, self.signed().format()).unwrap();
        named(file)
    }

    /// The receipt of an event.
    fn receipt(&self, index: usize) -> Receipt {
        let place = self.place(index as u64);
        Receipt {
            leaf: self.leaves[index].clone(),
            salt: Some([7; 32]),
            index: place.index,
            path: place.path,
            checkpoint: self.signed(),
        }
    }

    /// Saves its first event, and beside it as `<file>.receipt` the receipt.
    pub(crate) fn save_first_event(&self, file: &Path) -> [String; 2] {
        let files = [named(file), named(&file.with_extension("receipt"))];
        fs::write(&files[0], &self.events[0]).unwrap();
        fs::write(&files[1], self.receipt(0).format()).unwrap();
        files
    }

    /// Saves all events, each with its receipt.
    pub(crate) fn save_export(&self, file: &Path) -> String {
        let lines = self.events.iter().enumerate().map(|(index, event)| {
            let event = str::from_utf8(event).unwrap();
            let receipt = self.receipt(index).format();
            json!({ "canonical_event": event, "receipt": receipt }).to_string() + "\n"
        });
        fs::write(file, lines.collect::<String>()).unwrap();
        named(file)
    }

    /// Saves the receipts of all events, and says of each that it is withheld.
    pub(crate) fn save_withheld(&self, file: &Path) -> String {
        let lines = (0..self.events.len()).map(|index| {
            let receipt = Receipt {
                salt: None,
                ..self.receipt(index)
            };
            json!({ "withheld": true, "receipt": receipt.format() }).to_string() + "\n"
        });
        fs::write(file, lines.collect::<String>()).unwrap();
        named(file)
    }

    /// Saves what proves this patient's history whole.
    pub(crate) fn save_history(&self, patient: u8, file: &Path) -> String {
        self.save_history_of([patient; 16], file)
    }

    pub(crate) fn save_history_of(&self, patient_id: [u8; 16], file: &Path) -> String {
        let key = MapKey::of_patient(&patient_id);
        let (_, head) = self.heads.iter().find(|(other, _)| *other == key).unwrap();
        let own = |leaf: &LeafContent| leaf.patient_id() == Some(patient_id);
        let last = self.leaves.iter().rposition(own).unwrap();
        let leaves: Vec<_> = self.leaves.iter().filter(|leaf| own(leaf)).collect();
        let known = leaves.len() - usize::try_from(head.sequence).unwrap();
        let place = self.place(last as u64);
        let proof = HistoryProof {
            patient_id,
            map_proof: MapProof::in_entries(&key, &self.heads, Vec::new()),
            leaves: leaves[known..].iter().copied().cloned().collect(),
            last: Some(LastPlace {
                index: place.index,
                path: place.path,
            }),
            checkpoint: self.signed(),
        };
        fs::write(file, proof.format()).unwrap();
        named(file)
    }

    /// Saves what it answers of its growth since that size.
    pub(crate) fn save_growth(&self, old_size: u64, file: &Path) -> String {
        let (tree, nodes) = self.tree();
        let proof = ConsistencyProof::compute(&nodes, old_size, tree.size()).unwrap();
        let request = AddCheckpoint {
            old_size,
            path: proof.path,
            checkpoint: self.signed(),
        };
        fs::write(file, request.format()).unwrap();
        named(file)
    }
}

fn named(file: &Path) -> String {
    file.to_str().unwrap().to_owned()
}
