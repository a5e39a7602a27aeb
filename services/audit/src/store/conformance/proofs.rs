//! Proofs are made of what is stored, and hold against what was signed.

use aval_domain::event::Event;
use aval_domain::random::{self, Random};
use aval_merkle_log::hash::Hash;
use aval_merkle_log::leaf::leaf_hash;
use aval_merkle_log::note::SignedNote;
use aval_merkle_log::proof::{ConsistencyProof, InclusionProof};
use aval_merkle_log::receipt::{Evidence, Receipt};
use aval_merkle_log::tile::{Tile, TileKind};
use aval_merkle_log::tree::{Frontier, KnownNodes, NodeId, Nodes};

use super::fixture::Fixture;
use crate::examination::Fault;
use crate::store::Store;
use crate::store::sql::damage;

const SIZE: u64 = 300;

fn at(index: u64) -> usize {
    usize::try_from(index).unwrap()
}

/// Appends [`SIZE`] events in batches of every size, and gives them with the root
/// after each.
async fn grow(fixture: &Fixture) -> (Vec<Event>, Vec<Hash>) {
    let mut hand = fixture.take_over().await;
    let events: Vec<Event> = (0..SIZE).map(|_| fixture.sample.access(None)).collect();
    let mut rest = events.as_slice();
    let mut step = 1;
    while !rest.is_empty() {
        let (batch, after) = rest.split_at(step.min(rest.len()));
        fixture.append(&mut hand, batch).await;
        (rest, step) = (after, step + 1);
    }
    let leaves = fixture.store.leaves(0..SIZE).await.unwrap();
    let mut tree = Frontier::new();
    let mut roots = vec![tree.root()];
    for leaf in &leaves {
        tree.append(leaf_hash(leaf)).unwrap();
        roots.push(tree.root());
    }
    assert_eq!(fixture.checkpoint().await.root, roots[at(SIZE)]);
    (events, roots)
}

/// Sizes around every power of two, and a dozen by chance.
fn sizes(random: &dyn Random) -> Vec<u64> {
    let around = [1, 2, 4, 8, 16, 32, 64, 128, 256].into_iter();
    let around = around.flat_map(|power| power - 1..=power + 1);
    let chance = (0..12).map(|_| 1 + u64::from_be_bytes(random::bytes(random)) % SIZE);
    let mut sizes: Vec<u64> = around.chain(chance).chain([SIZE]).collect();
    sizes.retain(|size| *size > 0);
    sizes
}

pub(super) async fn every_proof_from_the_store_verifies(fixture: &Fixture) {
    let (_, roots) = grow(fixture).await;
    let leaves = fixture.store.leaves(0..SIZE).await.unwrap();
    let sizes = sizes(&fixture.sample.random);
    for size in sizes.iter().copied() {
        let root = roots[at(size)];
        for index in (0..size).filter(|index| index % 37 == 0 || index + 3 > size) {
            let needed = InclusionProof::needed(index, size).unwrap();
            let nodes = fixture.store.nodes(&needed).await.unwrap();
            let proof = InclusionProof::compute(&nodes, index, size).unwrap();
            let leaf = leaf_hash(&leaves[at(index)]);
            proof.verify(leaf, root).unwrap();
        }
        for old_size in sizes.iter().copied().filter(|old_size| *old_size <= size) {
            let needed = ConsistencyProof::needed(old_size, size).unwrap();
            let nodes = fixture.store.nodes(&needed).await.unwrap();
            let proof = ConsistencyProof::compute(&nodes, old_size, size).unwrap();
            let old_root = roots[at(old_size)];
            proof.verify(old_root, root).unwrap();
        }
    }
}

/// Nodes that were read are not read again, until somebody found that they are not those of
/// the log that was signed.
pub(super) async fn nodes_are_remembered_until_they_are_to_be_forgotten(fixture: &Fixture) {
    grow(fixture).await;
    let needed = InclusionProof::needed(5, SIZE).unwrap();
    let before = fixture.store.nodes(&needed).await.unwrap();
    damage::execute(
        &fixture.db,
        "UPDATE events SET nodes = commitment WHERE log_index = 4",
    )
    .await;
    let remembered = fixture.store.nodes(&needed).await.unwrap();
    assert_eq!(remembered, before);
    let elsewhere = fixture.again().store.nodes(&needed).await.unwrap();
    assert_ne!(elsewhere, before);
    fixture.store.forget_nodes();
    let anew = fixture.store.nodes(&needed).await.unwrap();
    assert_eq!(anew, elsewhere);
}

/// A store that has remembered nothing yet, and knows how far the log reaches.
async fn read_anew(fixture: &Fixture, needed: &[NodeId]) -> KnownNodes {
    let store = fixture.again().store;
    let last = NodeId {
        level: 0,
        index: fixture.checkpoint().await.size - 1,
    };
    store.nodes(&[last]).await.unwrap();
    store.nodes(needed).await.unwrap()
}

pub(super) async fn the_nodes_of_a_whole_group_are_read_out_of_one_row(fixture: &Fixture) {
    grow(fixture).await;
    let needed = InclusionProof::needed(5, SIZE).unwrap();
    let before = read_anew(fixture, &needed).await;
    damage::execute(
        &fixture.db,
        "UPDATE events SET nodes = commitment WHERE log_index < 31",
    )
    .await;
    assert_eq!(read_anew(fixture, &needed).await, before);
}

pub(super) async fn a_log_from_before_there_were_groups_is_proved_and_whole(fixture: &Fixture) {
    grow(fixture).await;
    let needed = InclusionProof::needed(5, SIZE).unwrap();
    let before = read_anew(fixture, &needed).await;
    // What the entry at 31 completes itself are six hashes.
    let cut = "UPDATE events SET nodes = substr(nodes, 1, 192) WHERE log_index = 31; \
        UPDATE events SET sequence = log_index + 1; \
        INSERT INTO producers (source, epoch, last_sequence) VALUES ('consent', 1, 300)";
    damage::execute(&fixture.db, cut).await;
    assert_eq!(read_anew(fixture, &needed).await, before);
    let found = fixture.store.examine(&fixture.key).await.unwrap();
    assert!(found.is_whole(), "{:?}", found.faults);
    // A writer makes the groups that it completes of what there is.
    let mut hand = fixture.take_over().await;
    let more: Vec<Event> = (0..40).map(|_| fixture.sample.access(None)).collect();
    fixture.append(&mut hand, &more).await;
    let found = fixture.store.examine(&fixture.key).await.unwrap();
    let is_of_the_tree = |fault: &Fault| matches!(fault, Fault::Tree { .. });
    let of_the_tree = found.faults.iter().find(|fault| is_of_the_tree(fault));
    assert!(of_the_tree.is_none(), "{of_the_tree:?}");
    // The one of 288 to 319 is read out of the row of its last entry.
    let needed = InclusionProof::needed(290, SIZE + 40).unwrap();
    let needed: Vec<NodeId> = needed.into_iter().filter(|id| id.level < 5).collect();
    let before = read_anew(fixture, &needed).await;
    let cut = "UPDATE events SET nodes = commitment WHERE log_index BETWEEN 288 AND 318";
    damage::execute(&fixture.db, cut).await;
    assert_eq!(read_anew(fixture, &needed).await, before);
    let cut = "UPDATE events SET nodes = substr(nodes, 1, length(nodes) - 32) \
        WHERE log_index = 319";
    damage::execute(&fixture.db, cut).await;
    let found = fixture.store.examine(&fixture.key).await.unwrap();
    let is_told = |fault: &Fault| matches!(fault, Fault::Tree { log_index: 319 });
    assert!(found.faults.iter().any(is_told), "{:?}", found.faults);
}

pub(super) async fn tiles_hold_the_nodes_of_the_tree(fixture: &Fixture) {
    grow(fixture).await;
    let leaves = fixture.store.leaves(0..SIZE).await.unwrap();
    for (kind, index, width) in [
        (TileKind::Hashes(0), 0, 256),
        (TileKind::Hashes(0), 1, 44),
        (TileKind::Hashes(1), 0, 1),
    ] {
        let tile = Tile::in_tree(kind, index, SIZE).unwrap();
        assert_eq!(tile.width(), width);
        let ids: Vec<_> = tile.nodes().collect();
        let nodes = fixture.store.nodes(&ids).await.unwrap();
        for id in ids {
            let hash = nodes.node(id).unwrap();
            let width = 1 << id.level;
            let first = at(id.index) * width;
            let mut subtree = Frontier::new();
            for leaf in &leaves[first..first + width] {
                subtree.append(leaf_hash(leaf)).unwrap();
            }
            assert_eq!(hash, subtree.root(), "{id}");
        }
    }
    // A node that is not complete yet is not there.
    let beyond = Tile::new(TileKind::Hashes(1), 0, 2).unwrap();
    let ids: Vec<_> = beyond.nodes().collect();
    let nodes = fixture.store.nodes(&ids).await.unwrap();
    assert!(nodes.node(ids[0]).is_ok());
    assert!(nodes.node(ids[1]).is_err());
}

pub(super) async fn receipts_prove_events(fixture: &Fixture) {
    let (events, _) = grow(fixture).await;
    let note = fixture.store.checkpoint().await.unwrap().unwrap();
    for event in events.iter().step_by(41) {
        let entry = fixture.store.event(event.event_id).await.unwrap().unwrap();
        let entry = entry.open().unwrap();
        let needed = InclusionProof::needed(entry.log_index, SIZE).unwrap();
        let nodes = fixture.store.nodes(&needed).await.unwrap();
        let proof = InclusionProof::compute(&nodes, entry.log_index, SIZE).unwrap();
        let receipt = Receipt {
            leaf: entry.leaf,
            salt: Some(entry.salt.0),
            index: entry.log_index,
            path: proof.path,
            checkpoint: SignedNote::parse(note.as_bytes()).unwrap(),
        };
        let evidence = Evidence::Event(&entry.canonical);
        let verified = receipt.verify(evidence, fixture.key.policy()).unwrap();
        assert!(verified.event_verified);
    }
}

pub(super) async fn erasing_payload_and_salt_leaves_every_proof_possible(fixture: &Fixture) {
    let (events, roots) = grow(fixture).await;
    damage::execute(
        &fixture.db,
        "UPDATE events SET payload = NULL, key_id = NULL WHERE log_index < 100",
    )
    .await;
    assert!(
        fixture
            .store
            .event(events[5].event_id)
            .await
            .unwrap()
            .is_none()
    );
    let ids = [events[5].event_id];
    assert_eq!(fixture.store.recorded(&ids).await.unwrap()[&ids[0]], None);
    let leaves = fixture.store.leaves(0..SIZE).await.unwrap();
    let needed = InclusionProof::needed(5, SIZE).unwrap();
    let nodes = fixture.store.nodes(&needed).await.unwrap();
    let proof = InclusionProof::compute(&nodes, 5, SIZE).unwrap();
    let root = roots[at(SIZE)];
    proof.verify(leaf_hash(&leaves[5]), root).unwrap();
}
