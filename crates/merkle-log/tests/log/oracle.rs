//! The same trees and proofs by an independent implementation, and proofs that must not hold.

use aval_merkle_log::{
    Hash,
    hash::hash_leaf,
    proof::{ConsistencyProof, InclusionProof, ProofError},
    tree::{Frontier, KnownNodes},
};
use ct_merkle::{
    ConsistencyProof as OracleConsistency, InclusionProof as OracleInclusion,
    mem_backed_tree::MemoryBackedTree,
};
use proptest::{prelude::*, sample::Index};
use sha2::Sha256;

type Oracle = MemoryBackedTree<Sha256, Vec<u8>>;

struct Log {
    leaves: Vec<Hash>,
    nodes: KnownNodes,
    roots: Vec<Hash>,
}

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

fn log(size: u64) -> Log {
    let leaves: Vec<_> = (0..size).map(|index| hash_leaf(&entry(index))).collect();
    let mut frontier = Frontier::new();
    let mut nodes = KnownNodes::new();
    let mut roots = vec![frontier.root()];
    for leaf in &leaves {
        nodes.extend(frontier.append(*leaf).unwrap());
        roots.push(frontier.root());
    }
    Log {
        leaves,
        nodes,
        roots,
    }
}

fn oracle(size: u64) -> Oracle {
    let mut oracle = Oracle::new();
    (0..size).for_each(|index| oracle.push(entry(index)));
    oracle
}

fn bytes(path: &[Hash]) -> Vec<u8> {
    path.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

fn at(position: u64) -> usize {
    usize::try_from(position).unwrap()
}

#[test]
fn every_proof_between_small_trees_holds_both_here_and_there() {
    const SIZE: u64 = 40;
    let log = log(SIZE);
    for new in 1..=SIZE {
        let oracle = oracle(new);
        assert_eq!(
            oracle.root().as_bytes().as_slice(),
            log.roots[at(new)].as_bytes()
        );
        for index in 0..new {
            let proof = InclusionProof::compute(&log.nodes, index, new).unwrap();
            assert_eq!(
                bytes(&proof.path),
                oracle.prove_inclusion(at(index)).as_bytes()
            );
            assert_eq!(
                proof.verify(log.leaves[at(index)], log.roots[at(new)]),
                Ok(())
            );
        }
        for old in 1..=new {
            let proof = ConsistencyProof::compute(&log.nodes, old, new).unwrap();
            let path = oracle.prove_consistency(at(new - old));
            assert_eq!(bytes(&proof.path), path.as_bytes(), "{old} to {new}");
            assert_eq!(proof.verify(log.roots[at(old)], log.roots[at(new)]), Ok(()));
        }
        let from_nothing = ConsistencyProof::compute(&log.nodes, 0, new).unwrap();
        assert_eq!(
            from_nothing.verify(log.roots[0], log.roots[at(new)]),
            Ok(())
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_oracle_agrees_on_larger_trees(size in 1..1500_u64, index: Index, old: Index) {
        let log = log(size);
        let oracle = oracle(size);
        let root = oracle.root();
        prop_assert_eq!(root.as_bytes().as_slice(), log.roots[at(size)].as_bytes());

        let index = index.index(at(size)) as u64;
        let ours = InclusionProof::compute(&log.nodes, index, size).unwrap();
        let theirs = OracleInclusion::<Sha256>::from_bytes(bytes(&ours.path));
        prop_assert!(root.verify_inclusion(&entry(index), index, &theirs).is_ok());
        let path = oracle.prove_inclusion(at(index));
        prop_assert_eq!(bytes(&ours.path), path.as_bytes());

        let old = old.index(at(size)) as u64 + 1;
        let ours = ConsistencyProof::compute(&log.nodes, old, size).unwrap();
        let theirs = OracleConsistency::<Sha256>::try_from_bytes(bytes(&ours.path)).unwrap();
        let mut older = Oracle::new();
        (0..old).for_each(|index| older.push(entry(index)));
        prop_assert!(root.verify_consistency(&older.root(), &theirs).is_ok());
        let path = oracle.prove_consistency(at(size - old));
        prop_assert_eq!(bytes(&ours.path), path.as_bytes());
    }

    #[test]
    fn what_a_proof_needs_is_what_it_reads(size in 1..400_u64, index: Index, old: Index) {
        let log = log(size);
        let fetch = |ids: Vec<_>| -> KnownNodes {
            use aval_merkle_log::tree::Nodes;
            ids.into_iter().map(|id| (id, log.nodes.node(id).unwrap())).collect()
        };
        let index = index.index(at(size)) as u64;
        let fetched = fetch(InclusionProof::needed(index, size).unwrap());
        let proof = InclusionProof::compute(&fetched, index, size).unwrap();
        prop_assert_eq!(proof.verify(log.leaves[at(index)], log.roots[at(size)]), Ok(()));

        let old = old.index(at(size) + 1) as u64;
        let fetched = fetch(ConsistencyProof::needed(old, size).unwrap());
        let proof = ConsistencyProof::compute(&fetched, old, size).unwrap();
        prop_assert_eq!(proof.verify(log.roots[at(old)], log.roots[at(size)]), Ok(()));

        let fetched = fetch(Frontier::needed(old));
        prop_assert_eq!(Frontier::from_nodes(&fetched, old).unwrap().root(), log.roots[at(old)]);
    }

    #[test]
    fn an_inclusion_proof_altered_anywhere_does_not_hold(size in 2..400_u64, index: Index, place: Index, bit in 0..256_usize) {
        let log = log(size);
        let index = index.index(at(size)) as u64;
        let (leaf, root) = (log.leaves[at(index)], log.roots[at(size)]);
        let proof = InclusionProof::compute(&log.nodes, index, size).unwrap();
        let place = place.index(proof.path.len());

        let mut altered = proof.clone();
        altered.path[place] = flip(altered.path[place], bit);
        prop_assert_eq!(altered.verify(leaf, root), Err(ProofError::RootMismatch));

        let mut shorter = proof.clone();
        shorter.path.remove(place);
        prop_assert_eq!(shorter.verify(leaf, root), Err(ProofError::TooShort));

        let mut longer = proof.clone();
        longer.path.insert(place, log.leaves[0]);
        prop_assert_eq!(longer.verify(leaf, root), Err(ProofError::TooLong));

        prop_assert_eq!(proof.verify(flip(leaf, bit), root), Err(ProofError::RootMismatch));
        prop_assert_eq!(proof.verify(leaf, flip(root, bit)), Err(ProofError::RootMismatch));
    }

    #[test]
    fn a_leaf_is_proved_at_no_other_index(size in 2..400_u64, index: Index, other: Index) {
        let log = log(size);
        let (index, other) = (index.index(at(size)) as u64, other.index(at(size)) as u64);
        prop_assume!(index != other);
        let mut proof = InclusionProof::compute(&log.nodes, index, size).unwrap();
        proof.index = other;
        prop_assert!(proof.verify(log.leaves[at(index)], log.roots[at(size)]).is_err());
    }

    #[test]
    fn a_consistency_proof_altered_anywhere_does_not_hold(size in 2..400_u64, old: Index, place: Index, bit in 0..256_usize) {
        let log = log(size);
        let old = old.index(at(size) - 1) as u64 + 1;
        let (old_root, new_root) = (log.roots[at(old)], log.roots[at(size)]);
        let proof = ConsistencyProof::compute(&log.nodes, old, size).unwrap();
        let place = place.index(proof.path.len());

        let mut altered = proof.clone();
        altered.path[place] = flip(altered.path[place], bit);
        prop_assert!(altered.verify(old_root, new_root).is_err());

        let mut shorter = proof.clone();
        shorter.path.remove(place);
        prop_assert_eq!(shorter.verify(old_root, new_root), Err(ProofError::TooShort));

        let mut longer = proof.clone();
        longer.path.insert(place, log.leaves[0]);
        prop_assert_eq!(longer.verify(old_root, new_root), Err(ProofError::TooLong));

        prop_assert!(proof.verify(flip(old_root, bit), new_root).is_err());
        prop_assert_eq!(proof.verify(old_root, flip(new_root, bit)), Err(ProofError::RootMismatch));
    }

    #[test]
    fn a_rewritten_history_is_not_a_continuation(size in 2..200_u64, old: Index, rewritten: Index) {
        let log = log(size);
        let old = old.index(at(size) - 1) as u64 + 1;
        let rewritten = rewritten.index(at(old));
        let mut leaves = log.leaves.clone();
        leaves[rewritten] = hash_leaf(b"another entry");
        let mut frontier = Frontier::new();
        let nodes: KnownNodes = frontier.append_all(&leaves).unwrap().into_iter().collect();
        let proof = ConsistencyProof::compute(&nodes, old, size).unwrap();
        prop_assert!(proof.verify(log.roots[at(old)], frontier.root()).is_err());
    }
}

fn flip(hash: Hash, bit: usize) -> Hash {
    let mut bytes = *hash.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Hash::from_bytes(bytes)
}
