//! Every checkpoint commits to every patient's head.

use std::collections::BTreeMap;

use aval_database::migrate::{self, MigratorTrait as _};
use aval_domain::id::PatientId;
use aval_merkle_log::history::{HistoryProof, LastPlace};
use aval_merkle_log::leaf::leaf_hash;
use aval_merkle_log::map::{MapKey, PatientHead, root_in, subtree};
use aval_merkle_log::note::SignedNote;
use aval_merkle_log::proof::InclusionProof;

use super::fixture::Fixture;
use crate::head_map::{HeadMap, HeadMapError, key_of};
use crate::store::Store;
use crate::store::sql::{Migrator, damage};

/// Appends batches of these patients' accesses, and of nobody's.
async fn grow(fixture: &Fixture, patients: &[PatientId]) {
    let mut hand = fixture.take_over().await;
    for turn in 1..8 {
        let concerned = patients.iter().skip(turn % 3).step_by(turn);
        let mut batch: Vec<_> = concerned
            .map(|patient| fixture.sample.access(Some(*patient)))
            .collect();
        batch.push(fixture.sample.access(None));
        batch.extend(patients.first().map(|id| fixture.sample.access(Some(*id))));
        fixture.append(&mut hand, &batch).await;
    }
}

fn patients(fixture: &Fixture, count: usize) -> Vec<PatientId> {
    std::iter::repeat_with(|| fixture.sample.patient_id())
        .take(count)
        .collect()
}

/// What the leaves of the log say of heads, and nothing else.
async fn heads_in_the_log(fixture: &Fixture) -> BTreeMap<MapKey, PatientHead> {
    let leaves = fixture.store.leaves(0..100_000).await.unwrap();
    let head = |leaf: &aval_merkle_log::leaf::LeafContent| {
        let key = MapKey::of_patient(&leaf.patient_id()?);
        let sequence = leaf.patient_sequence();
        let leaf = leaf_hash(leaf);
        Some((key, PatientHead { sequence, leaf }))
    };
    leaves.iter().filter_map(head).collect()
}

async fn prove(fixture: &Fixture, patient_id: PatientId) -> HistoryProof {
    let head = fixture.store.head_proof(patient_id).await.unwrap().unwrap();
    let size = fixture.key.open(&head.checkpoint).unwrap().size;
    let mut last = None;
    if let Some(index) = head.last_log_index {
        let needed = InclusionProof::needed(index, size).unwrap();
        let nodes = fixture.store.nodes(&needed).await.unwrap();
        let path = InclusionProof::compute(&nodes, index, size).unwrap().path;
        last = Some(LastPlace { index, path });
    }
    let leaves = fixture.store.patient_leaves(patient_id, 1, 1_000);
    HistoryProof {
        patient_id: *patient_id.as_uuid().as_bytes(),
        map_proof: head.proof,
        leaves: leaves.await.unwrap(),
        last,
        checkpoint: SignedNote::parse(head.checkpoint.as_bytes()).unwrap(),
    }
}

pub(super) async fn the_checkpoint_commits_to_the_heads_that_the_leaves_tell(fixture: &Fixture) {
    let mut hand = fixture.take_over().await;
    let patients = patients(fixture, 5);
    for turn in 0..6 {
        let batch = [
            fixture.sample.access(Some(patients[turn % 5])),
            fixture.sample.access(Some(patients[turn * 3 % 5])),
        ];
        fixture.append(&mut hand, &batch).await;
        let heads: Vec<_> = heads_in_the_log(fixture).await.into_iter().collect();
        let signed = root_in(&fixture.checkpoint().await).unwrap();
        assert_eq!(signed, subtree(&heads));
        assert_eq!(HeadMap::read(&fixture.store).await.unwrap().root(), signed);
    }
}

pub(super) async fn a_history_from_the_store_is_proved_whole(fixture: &Fixture) {
    let patients = patients(fixture, 40);
    grow(fixture, &patients).await;
    let heads = heads_in_the_log(fixture).await;
    for patient_id in patients.into_iter().chain([fixture.sample.patient_id()]) {
        let proof = prove(fixture, patient_id).await;
        let verified = proof.verify(fixture.key.policy()).unwrap();
        let sequence = heads.get(&key_of(patient_id)).map(|head| head.sequence);
        assert_eq!(verified.head().sequence, sequence.unwrap_or(0));
    }
}

pub(super) async fn leaves_of_a_patient_come_from_any_place_and_outlive_their_payloads(
    fixture: &Fixture,
) {
    let patients = patients(fixture, 3);
    grow(fixture, &patients).await;
    let erase = "UPDATE events SET payload = NULL, key_id = NULL WHERE log_index < 5";
    damage::execute(&fixture.db, erase).await;
    let proof = prove(fixture, patients[0]).await;
    assert!(proof.verify(fixture.key.policy()).is_ok());
    let some = fixture
        .store
        .patient_leaves(patients[0], 2, 3)
        .await
        .unwrap();
    assert_eq!(some, proof.leaves[1..4]);
}

pub(super) async fn an_altered_head_is_never_built_upon(fixture: &Fixture) {
    let patients = patients(fixture, 2);
    grow(fixture, &patients).await;
    let wanted = patients.iter().copied().collect();
    for change in [
        "UPDATE patient_heads SET sequence = sequence + 1",
        "UPDATE patient_heads SET leaf = (SELECT other.leaf FROM patient_heads other \
         ORDER BY other.patient_id LIMIT 1)",
        "UPDATE patient_heads SET bucket = (bucket + 1) % 65536",
        "DELETE FROM patient_heads",
        "DELETE FROM map_tiles WHERE level = 3",
        "DELETE FROM map_tiles WHERE level = 1",
        "UPDATE map_tiles SET position = (position + 1) % 4096 WHERE level = 3",
    ] {
        let keep = "CREATE TABLE kept_heads AS SELECT * FROM patient_heads; \
                    CREATE TABLE kept_tiles AS SELECT * FROM map_tiles";
        damage::execute(&fixture.db, keep).await;
        damage::execute(&fixture.db, change).await;
        let mut map = HeadMap::read(&fixture.store).await.unwrap();
        let refused = map.heads(&fixture.store, &wanted).await.unwrap_err();
        assert!(matches!(refused, HeadMapError::Altered), "{change}");
        let restore = "DELETE FROM patient_heads; DELETE FROM map_tiles; \
                       INSERT INTO patient_heads SELECT * FROM kept_heads; \
                       INSERT INTO map_tiles SELECT * FROM kept_tiles; \
                       DROP TABLE kept_heads; DROP TABLE kept_tiles";
        damage::execute(&fixture.db, restore).await;
        assert_eq!(fixture.heads(&patients).await.len(), 2, "{change}");
    }
}

pub(super) async fn heads_from_before_there_was_a_map_are_in_it(fixture: &Fixture) {
    let patients = patients(fixture, 30);
    grow(fixture, &patients).await;
    let before = HeadMap::read(&fixture.store).await.unwrap().root();
    let table = Migrator::migration_table_name().to_string();
    let take_back = format!(
        "DROP TABLE map_tiles; DROP INDEX patient_heads_bucket; \
         ALTER TABLE patient_heads DROP COLUMN bucket; \
         DELETE FROM {table} WHERE version = 'm0002_create_head_map'"
    );
    damage::execute(&fixture.db, &take_back).await;
    migrate::migrate::<Migrator>(&fixture.db).await.unwrap();
    assert_eq!(HeadMap::read(&fixture.store).await.unwrap().root(), before);
    let proof = prove(fixture, patients[7]).await;
    assert!(proof.verify(fixture.key.policy()).is_ok());
}
