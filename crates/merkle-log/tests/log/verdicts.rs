//! Proofs with something wrong in them, and sound ones: three verifiers agree on each.

use aval_merkle_log::{
    Hash,
    hash::{hash_children, hash_leaf},
    proof::{ConsistencyProof, InclusionProof},
};
use proptest::{prelude::*, sample::Index};

use crate::tiled::{their_path, theirs};
use crate::vast::{Growth, growths};

/// Every size that there is.
const BITS: u32 = 64;

/// What a proof, or what it is held against, is changed by.
#[derive(Debug, Clone)]
enum Change {
    Nothing,
    FlippedBit(Index, usize),
    Without(Index),
    OneMore(Index),
    Swapped(Index, Index),
    /// The two numbers that go with it.
    Numbers(i64, i64),
    /// The two hashes that it leads from and to.
    Ends(Option<usize>, Option<usize>),
}

fn changes() -> impl Strategy<Value = Change> {
    let bit = || 0..8 * Hash::LENGTH;
    prop_oneof![
        Just(Change::Nothing),
        (any::<Index>(), bit()).prop_map(|(place, bit)| Change::FlippedBit(place, bit)),
        any::<Index>().prop_map(Change::Without),
        any::<Index>().prop_map(Change::OneMore),
        any::<(Index, Index)>().prop_map(|(one, other)| Change::Swapped(one, other)),
        (-2..=2_i64, -2..=2_i64).prop_map(|(one, other)| Change::Numbers(one, other)),
        (prop::option::of(bit()), prop::option::of(bit()))
            .prop_map(|(from, to)| Change::Ends(from, to)),
    ]
}

impl Change {
    fn applied_to(&self, path: &mut Vec<Hash>) {
        match self {
            Self::OneMore(place) => {
                path.insert(place.index(path.len() + 1), hash_leaf(b"one more"));
            }
            // Nothing can be taken from an empty path.
            _ if path.is_empty() => {}
            Self::FlippedBit(place, bit) => {
                let place = place.index(path.len());
                path[place] = flipped(path[place], *bit);
            }
            Self::Without(place) => {
                path.remove(place.index(path.len()));
            }
            Self::Swapped(one, other) => {
                let (one, other) = (one.index(path.len()), other.index(path.len()));
                path.swap(one, other);
            }
            Self::Nothing | Self::Numbers(..) | Self::Ends(..) => {}
        }
    }

    fn of_numbers(&self, one: u64, other: u64) -> (u64, u64) {
        match self {
            Self::Numbers(by, other_by) => (
                one.wrapping_add_signed(*by),
                other.wrapping_add_signed(*other_by),
            ),
            _ => (one, other),
        }
    }

    fn of_ends(&self, from: Hash, to: Hash) -> (Hash, Hash) {
        let end = |hash, bit: &Option<usize>| bit.map_or(hash, |bit| flipped(hash, bit));
        match self {
            Self::Ends(from_bit, to_bit) => (end(from, from_bit), end(to, to_bit)),
            _ => (from, to),
        }
    }

    fn is_none(&self) -> bool {
        matches!(
            self,
            Self::Nothing | Self::Numbers(0, 0) | Self::Ends(None, None)
        )
    }
}

fn flipped(hash: Hash, bit: usize) -> Hash {
    let mut bytes = *hash.as_bytes();
    bytes[bit / 8] ^= 1 << (bit % 8);
    Hash::from_bytes(bytes)
}

/// As the third of them has it.
fn third<H: From<[u8; Hash::LENGTH]>>(hash: Hash) -> H {
    H::from(*hash.as_bytes())
}

fn third_path<H: From<[u8; Hash::LENGTH]>>(path: &[Hash]) -> Vec<H> {
    path.iter().copied().map(third).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn three_verifiers_agree_on_every_inclusion_proof(
        growth in growths(BITS),
        change in changes(),
    ) {
        let Growth { log, size, index, .. } = growth;
        let mut proof = InclusionProof::compute(&log, index, size).unwrap();
        change.applied_to(&mut proof.path);
        (proof.index, proof.tree_size) = change.of_numbers(index, size);
        let (leaf, root) = change.of_ends(log.leaf(index), log.root(size));

        let InclusionProof { index, tree_size, path } = &proof;
        let (index, size) = (*index, *tree_size);
        let ours = proof.verify(leaf, root).is_ok();
        let second_says =
            tlog_tiles::check_record(&their_path(path), size, theirs(root), index, theirs(leaf));
        prop_assert_eq!(second_says.is_ok(), ours, "{:?} of {}, {:?}", index, size, change);
        let third_says = sigstore_merkle::verify_inclusion_proof(
            &third(leaf), index, size, &third_path(path), &third(root),
        );
        prop_assert_eq!(third_says.is_ok(), ours, "{:?} of {}, {:?}", index, size, change);
        prop_assert!(ours || !change.is_none());
    }

    #[test]
    fn three_verifiers_agree_on_every_consistency_proof(
        growth in growths(BITS),
        change in changes(),
    ) {
        let Growth { log, old, size, .. } = growth;
        let mut proof = ConsistencyProof::compute(&log, old, size).unwrap();
        change.applied_to(&mut proof.path);
        (proof.old_size, proof.new_size) = change.of_numbers(old, size);
        let (before, root) = change.of_ends(log.root(old), log.root(size));

        let ConsistencyProof { old_size, new_size, path } = &proof;
        let (old, size) = (*old_size, *new_size);
        // Of the tree without a leaf the three ask different things.
        prop_assume!(old > 0);
        let ours = proof.verify(before, root).is_ok();
        let second_says =
            tlog_tiles::check_tree(&their_path(path), size, theirs(root), old, theirs(before));
        prop_assert_eq!(second_says.is_ok(), ours, "{} to {}, {:?}", old, size, change);
        let third_says = sigstore_merkle::verify_consistency_proof(
            old, size, &third_path(path), &third(before), &third(root),
        );
        prop_assert_eq!(third_says.is_ok(), ours, "{} to {}, {:?}", old, size, change);
        prop_assert!(ours || !change.is_none());
    }

    #[test]
    fn leaves_and_nodes_are_hashed_alike(entry: Vec<u8>, left: [u8; 32], right: [u8; 32]) {
        let leaf = hash_leaf(&entry);
        prop_assert_eq!(theirs(leaf), tlog_tiles::record_hash(&entry));
        prop_assert_eq!(*leaf.as_bytes(), *sigstore_merkle::hash_leaf(&entry).as_bytes());
        let (left, right) = (Hash::from_bytes(left), Hash::from_bytes(right));
        let node = hash_children(&left, &right);
        prop_assert_eq!(theirs(node), tlog_tiles::node_hash(theirs(left), theirs(right)));
        let same = sigstore_merkle::hash_children(&third(left), &third(right));
        prop_assert_eq!(*node.as_bytes(), *same.as_bytes());
    }
}
