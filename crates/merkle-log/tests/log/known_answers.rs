//! The reference answers of Certificate Transparency for its eight classic leaves.

use aval_merkle_log::{
    Hash,
    hash::{empty_root, hash_leaf},
    proof::{ConsistencyProof, InclusionProof},
    tree::{Frontier, KnownNodes},
};

const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];

/// The root over the first leaves: none, one, … all eight.
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// Index, tree size, path.
const INCLUSIONS: [(u64, u64, &[&str]); 7] = [
    (0, 1, &[]),
    (
        0,
        2,
        &["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"],
    ),
    (
        1,
        2,
        &["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"],
    ),
    (
        2,
        3,
        &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    ),
    (
        1,
        5,
        &[
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
    (
        0,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        &[
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
];

/// Old size, new size, path.
const CONSISTENCIES: [(u64, u64, &[&str]); 4] = [
    (1, 1, &[]),
    (
        1,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        2,
        5,
        &[
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
    (
        6,
        8,
        &[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
];

fn leaf(index: usize) -> Hash {
    hash_leaf(&hex::decode(LEAVES[index]).unwrap())
}

fn root(size: usize) -> Hash {
    Hash::from_hex(ROOTS[size]).unwrap()
}

fn hashes(texts: &[&str]) -> Vec<Hash> {
    texts
        .iter()
        .map(|text| Hash::from_hex(text).unwrap())
        .collect()
}

fn stored_nodes() -> KnownNodes {
    let mut nodes = KnownNodes::new();
    let mut frontier = Frontier::new();
    nodes.extend(
        frontier
            .append_all(&std::array::from_fn::<_, 8, _>(leaf))
            .unwrap(),
    );
    nodes
}

#[test]
fn every_root_is_the_published_one() {
    let mut frontier = Frontier::new();
    assert_eq!(frontier.root(), root(0));
    assert_eq!(empty_root(), root(0));
    for index in 0..8 {
        frontier.append(leaf(index)).unwrap();
        assert_eq!(frontier.root(), root(index + 1), "{} leaves", index + 1);
    }
}

#[test]
fn every_inclusion_path_is_the_published_one() {
    let nodes = stored_nodes();
    for (index, tree_size, path) in INCLUSIONS {
        let proof = InclusionProof::compute(&nodes, index, tree_size).unwrap();
        assert_eq!(proof.path, hashes(path), "{index} of {tree_size}");
        let (leaf, root) = (
            leaf(index.try_into().unwrap()),
            root(tree_size.try_into().unwrap()),
        );
        assert_eq!(proof.verify(leaf, root), Ok(()));
    }
}

#[test]
fn every_consistency_path_is_the_published_one() {
    let nodes = stored_nodes();
    for (old_size, new_size, path) in CONSISTENCIES {
        let proof = ConsistencyProof::compute(&nodes, old_size, new_size).unwrap();
        assert_eq!(proof.path, hashes(path), "{old_size} to {new_size}");
        let (old, new) = (
            root(old_size.try_into().unwrap()),
            root(new_size.try_into().unwrap()),
        );
        assert_eq!(proof.verify(old, new), Ok(()));
    }
}
