//! A small log whose every text is known. Its signatures are the same in every process.

use aval_merkle_log::canonical::to_canonical_bytes;
use aval_merkle_log::checkpoint::{Checkpoint, Policy};
use aval_merkle_log::cosignature::Cosigner;
use aval_merkle_log::history::{HistoryProof, LastPlace};
use aval_merkle_log::leaf::{LeafContent, PatientLink, commitment, leaf_hash};
use aval_merkle_log::map::{MapKey, MapProof, PatientHead, extension_line, subtree};
use aval_merkle_log::note::{SignedNote, Signer};
use aval_merkle_log::proof::{ConsistencyProof, InclusionProof};
use aval_merkle_log::receipt::Receipt;
use aval_merkle_log::tree::{Frontier, KnownNodes};
use aval_merkle_log::witness::AddCheckpoint;
use serde_json::json;

const ORIGIN: &str = "audit.example/log";
const PATIENT: [u8; 16] = [2; 16];
const SALT: [u8; 32] = [5; 32];
/// As many events are in it, all of one patient.
const EVENTS: u64 = 5;
/// And so many when it was seen before.
const SEEN: usize = 3;

pub(super) struct Log {
    pub(super) policy: Policy,
    /// The log's own, and those of two witnesses of whom the first cosigned.
    pub(super) keys: [String; 3],
    /// The last event.
    pub(super) event: Vec<u8>,
    pub(super) checkpoint: SignedNote,
    /// Of the last event.
    pub(super) receipt: Receipt,
    pub(super) history: HistoryProof,
    /// The log when it had fewer events, and what shows how it grew.
    pub(super) earlier: Checkpoint,
    pub(super) growth: AddCheckpoint,
}

impl Log {
    pub(super) fn new() -> Self {
        let event = json!({ "kind": "record.consulted", "outcome": "permitted", "documents": 2 });
        let event = to_canonical_bytes(&event).unwrap();
        let mut leaves: Vec<LeafContent> = Vec::new();
        for sequence in 1..=EVENTS {
            let previous = leaves.last().map(leaf_hash);
            leaves.push(LeafContent {
                event_id: [1; 16],
                patient: Some(PatientLink::new(PATIENT, sequence, previous).unwrap()),
                recorded_at_micros: 1_790_000_000_000_000,
                commitment: commitment(&SALT, &event),
            });
        }
        let hashes: Vec<_> = leaves.iter().map(leaf_hash).collect();
        let mut tree = Frontier::new();
        let nodes: KnownNodes = tree.append_all(&hashes).unwrap().into_iter().collect();
        let mut seen = Frontier::new();
        for hash in &hashes[..SEEN] {
            seen.append(*hash).unwrap();
        }
        let grown = ConsistencyProof::compute(&nodes, seen.size(), EVENTS).unwrap();
        let key = MapKey::of_patient(&PATIENT);
        let (sequence, leaf) = (EVENTS, hashes[hashes.len() - 1]);
        let heads = [(key, PatientHead { sequence, leaf })];

        let signer = Signer::from_seed(ORIGIN, &[3; 32]).unwrap();
        let checkpoint = Checkpoint {
            origin: ORIGIN.to_owned(),
            size: tree.size(),
            root: tree.root(),
            extensions: vec![extension_line(subtree(&heads))],
        };
        let earlier = Checkpoint {
            size: seen.size(),
            root: seen.root(),
            ..checkpoint.clone()
        };
        let mut checkpoint = checkpoint.sign(&[&signer]).unwrap();
        let witnesses = [4, 5].map(|seed| {
            Cosigner::from_seed(&format!("witness.example/{seed}"), &[seed; 32]).unwrap()
        });
        let cosignature = witnesses[0].cosign(&checkpoint, 1_790_000_000);
        checkpoint.add_line(&cosignature).unwrap();
        let [one, two] = witnesses.map(|witness| witness.witness().to_string());
        let last = InclusionProof::compute(&nodes, EVENTS - 1, EVENTS).unwrap();
        Self {
            keys: [signer.verifier().to_string(), one, two],
            policy: Policy::of_log(ORIGIN, vec![signer.verifier().clone()]),
            receipt: Receipt {
                leaf: leaves[leaves.len() - 1].clone(),
                salt: Some(SALT),
                index: last.index,
                path: last.path.clone(),
                checkpoint: checkpoint.clone(),
            },
            history: HistoryProof {
                patient_id: PATIENT,
                map_proof: MapProof::in_entries(&key, &heads, Vec::new()),
                leaves,
                last: Some(LastPlace {
                    index: last.index,
                    path: last.path,
                }),
                checkpoint: checkpoint.clone(),
            },
            earlier,
            growth: AddCheckpoint {
                old_size: seen.size(),
                path: grown.path,
                checkpoint: checkpoint.clone(),
            },
            event,
            checkpoint,
        }
    }
}
