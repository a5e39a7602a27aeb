//! `TransparencyService`: checked with nothing but the log's public key.

use aval_merkle_log::checkpoint::{Checkpoint, Policy};
use aval_merkle_log::hash::Hash;
use aval_merkle_log::leaf::{LeafContent, leaf_hash};
use aval_merkle_log::note::{SignedNote, Verifier};
use aval_merkle_log::proof::{ConsistencyProof, InclusionProof};
use aval_merkle_log::tree::Frontier;
use aval_proto::audit::v1::{
    GetCheckpointRequest, GetConsistencyProofRequest, GetInclusionProofRequest, GetTileRequest,
};
use tonic::{Code, Status};

use crate::deeds::access;
use crate::people::{patient_id, practitioner_id};
use crate::stand::{PATIENCE, Stand, fields, reason};

const SIZE: u64 = 300;

impl Stand {
    pub(crate) async fn policy(&self) -> Policy {
        let answer = self
            .transparency("gateway")
            .get_checkpoint(GetCheckpointRequest {})
            .await;
        let key = Verifier::parse(&answer.unwrap().into_inner().verifier_key).unwrap();
        Policy::of_log("audit.example/trail", vec![key])
    }

    pub(crate) async fn checkpoint(&self) -> Checkpoint {
        let answer = self
            .transparency("gateway")
            .get_checkpoint(GetCheckpointRequest {})
            .await;
        let note = answer.unwrap().into_inner().checkpoint;
        let note = SignedNote::parse(note.as_bytes()).unwrap();
        self.policy().await.open(&note).unwrap()
    }

    /// Waits until the log has as many entries, and no more.
    pub(crate) async fn until_the_log_has(&self, size: u64) {
        let reached = async {
            while self.checkpoint().await.size < size {
                tokio::task::yield_now().await;
            }
        };
        let reached = tokio::time::timeout(PATIENCE, reached).await;
        reached.expect("the log grows");
        assert_eq!(self.checkpoint().await.size, size);
    }

    async fn grow(&self) {
        let patient = patient_id();
        let events = (0..SIZE).map(|_| access(practitioner_id(), patient));
        self.record(&events.collect::<Vec<_>>()).await;
    }

    async fn tile(&self, path: &str) -> Result<(Vec<u8>, bool), Status> {
        let path = path.to_owned();
        let answer = self
            .transparency("operator")
            .get_tile(GetTileRequest { path })
            .await;
        answer.map(|answer| {
            let tile = answer.into_inner();
            (tile.data, tile.immutable)
        })
    }
}

pub(crate) fn hash(bytes: &[u8]) -> Hash {
    Hash::try_from(bytes).unwrap()
}

pub(crate) fn path(path: &[Vec<u8>]) -> Vec<Hash> {
    path.iter().map(|element| hash(element)).collect()
}

#[tokio::test]
async fn an_empty_log_has_a_checkpoint() {
    let stand = Stand::start().await;
    let checkpoint = stand.checkpoint().await;
    assert_eq!(checkpoint.size, 0);
    assert_eq!(checkpoint.root, aval_merkle_log::hash::empty_root());
}

#[tokio::test]
async fn inclusion_is_proved_in_the_newest_and_in_older_trees() {
    let stand = Stand::start().await;
    stand.grow().await;
    let root = stand.checkpoint().await.root;
    let mut transparency = stand.transparency("records");
    for (log_index, tree_size) in [(0, 0), (299, 0), (17, 300), (17, 18), (0, 1), (255, 256)] {
        let request = GetInclusionProofRequest {
            log_index,
            tree_size,
        };
        let answer = transparency
            .get_inclusion_proof(request)
            .await
            .unwrap()
            .into_inner();
        let proof = InclusionProof {
            index: answer.log_index,
            tree_size: answer.tree_size,
            path: path(&answer.path),
        };
        assert_eq!(proof.index, log_index);
        let is_newest = matches!(tree_size, 0 | SIZE);
        assert_eq!(answer.checkpoint.is_empty(), !is_newest);
        if is_newest {
            assert_eq!(proof.tree_size, SIZE);
            proof.verify(hash(&answer.leaf_hash), root).unwrap();
        } else {
            // The older root is itself proved by consistency.
            let older = proof.root(hash(&answer.leaf_hash)).unwrap();
            stand.assert_consistent(tree_size, older, root).await;
        }
    }
}

impl Stand {
    pub(crate) async fn assert_consistent(&self, old_size: u64, older: Hash, newer: Hash) {
        let request = GetConsistencyProofRequest {
            old_size,
            new_size: 0,
        };
        let answer = self
            .transparency("gateway")
            .get_consistency_proof(request)
            .await;
        let answer = answer.unwrap().into_inner();
        assert!(!answer.checkpoint.is_empty());
        let proof = ConsistencyProof {
            old_size: answer.old_size,
            new_size: answer.new_size,
            path: path(&answer.path),
        };
        proof.verify(older, newer).unwrap();
    }
}

#[tokio::test]
async fn a_monitor_follows_the_whole_log_through_tiles() {
    let stand = Stand::start().await;
    stand.grow().await;
    let mut tree = Frontier::new();
    for (index, (name, full)) in [("000", true), ("001.p/44", false)].into_iter().enumerate() {
        let (hashes, is_full) = stand.tile(&format!("tile/0/{name}")).await.unwrap();
        let (bundle, _) = stand.tile(&format!("tile/entries/{name}")).await.unwrap();
        assert_eq!(is_full, full);
        let entries = aval_merkle_log::bundle::decode(&bundle).unwrap();
        assert_eq!(entries.len() * 32, hashes.len());
        for (entry, leaf) in entries.into_iter().zip(hashes.chunks(32)) {
            let content = LeafContent::decode(entry).unwrap();
            assert_eq!(leaf_hash(&content), hash(leaf));
            tree.append(hash(leaf)).unwrap();
            assert_eq!(content.patient_sequence(), tree.size());
        }
        if index == 0 {
            let (above, is_full) = stand.tile("tile/1/000.p/1").await.unwrap();
            assert!(!is_full);
            assert_eq!(hash(&above), tree.root());
        }
    }
    let checkpoint = stand.checkpoint().await;
    assert_eq!(
        (tree.size(), tree.root()),
        (checkpoint.size, checkpoint.root)
    );
}

#[tokio::test]
async fn what_is_beyond_the_log_is_refused_by_field() {
    let stand = Stand::start().await;
    stand
        .record(&[
            access(practitioner_id(), patient_id()),
            access(practitioner_id(), patient_id()),
        ])
        .await;
    let mut transparency = stand.transparency("gateway");
    for (log_index, tree_size, field) in [
        (2, 0, "log_index"),
        (1, 1, "log_index"),
        (u64::MAX, 0, "log_index"),
        (0, 3, "tree_size"),
        (0, u64::MAX, "tree_size"),
    ] {
        let request = GetInclusionProofRequest {
            log_index,
            tree_size,
        };
        let status = transparency.get_inclusion_proof(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(fields(&status), [field]);
    }
    for (old_size, new_size, field) in [
        (0, 0, "old_size"),
        (3, 0, "old_size"),
        (2, 1, "old_size"),
        (1, 3, "new_size"),
        (u64::MAX, u64::MAX, "new_size"),
    ] {
        let request = GetConsistencyProofRequest { old_size, new_size };
        let status = transparency
            .get_consistency_proof(request)
            .await
            .unwrap_err();
        assert_eq!(reason(&status), "FIELD_INVALID");
        assert_eq!(fields(&status), [field]);
    }
    for malformed in [
        "",
        "tile/0/0",
        "tile/00/000",
        "tile/8/000",
        "checkpoint",
        "tile/0/000.p/256",
    ] {
        let status = stand.tile(malformed).await.unwrap_err();
        assert_eq!(fields(&status), ["path"], "{malformed}");
    }
    for absent in [
        "tile/0/000",
        "tile/0/000.p/3",
        "tile/1/000.p/1",
        "tile/entries/001.p/1",
    ] {
        let status = stand.tile(absent).await.unwrap_err();
        assert_eq!(reason(&status), "NOT_FOUND", "{absent}");
    }
    assert!(stand.tile("tile/0/000.p/1").await.is_ok());
}
