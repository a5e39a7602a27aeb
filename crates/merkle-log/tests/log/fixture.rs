//! A small log with one receipt in it.

use aval_merkle_log::{
    canonical::to_canonical_bytes,
    checkpoint::{Checkpoint, Policy},
    hash::hash_leaf,
    leaf::{LeafContent, PatientLink, commitment, leaf_hash},
    note::Signer,
    proof::InclusionProof,
    receipt::Receipt,
    tree::{Frontier, KnownNodes},
};
use serde_json::json;

pub(crate) const ORIGIN: &str = "audit.example/log";

pub(crate) struct Fixture {
    pub(crate) event: Vec<u8>,
    pub(crate) policy: Policy,
    pub(crate) signer: Signer,
    pub(crate) receipt: Receipt,
}

impl Fixture {
    /// The event is the sixth of eleven leaves; the log's key alone signed.
    pub(crate) fn new() -> Self {
        let event = json!({ "kind": "record.consulted", "outcome": "permitted", "documents": 2 });
        let event = to_canonical_bytes(&event).unwrap();
        let salt = [0x5a; 32];
        let leaf = LeafContent {
            event_id: [1; 16],
            patient: Some(PatientLink::new([2; 16], 4, Some(hash_leaf(b"third"))).unwrap()),
            recorded_at_micros: 1_790_000_000_000_000,
            commitment: commitment(&salt, &event),
        };

        let mut leaves: Vec<_> = (0..11_u8).map(|entry| hash_leaf(&[entry])).collect();
        leaves[5] = leaf_hash(&leaf);
        let mut frontier = Frontier::new();
        let nodes: KnownNodes = frontier.append_all(&leaves).unwrap().into_iter().collect();
        let proof = InclusionProof::compute(&nodes, 5, 11).unwrap();

        let signer = Signer::from_seed(ORIGIN, &[3; 32]).unwrap();
        let checkpoint = Checkpoint {
            origin: ORIGIN.to_owned(),
            size: frontier.size(),
            root: frontier.root(),
            extensions: Vec::new(),
        };
        let receipt = Receipt {
            leaf,
            salt: Some(salt),
            index: proof.index,
            path: proof.path,
            checkpoint: checkpoint.sign(&[&signer]).unwrap(),
        };
        let policy = Policy::of_log(ORIGIN, vec![signer.verifier().clone()]);
        Self {
            event,
            policy,
            signer,
            receipt,
        }
    }
}
