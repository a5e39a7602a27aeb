use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;

use super::*;
use crate::hash::hash_leaf;

/// Keys that share long beginnings, so that small maps have deep forks.
fn keys() -> impl Strategy<Value = MapKey> {
    let byte = prop_oneof![Just(0_u8), Just(1), Just(0x80), Just(0xff), any::<u8>()];
    let bytes = prop::collection::vec(byte, 32);
    prop_oneof![
        bytes.prop_map(|bytes| MapKey(Hash::try_from(bytes.as_slice()).unwrap())),
        any::<[u8; 16]>().prop_map(|id| MapKey::of_patient(&id)),
    ]
}

fn heads() -> impl Strategy<Value = PatientHead> {
    (1..1_000_u64, any::<u64>()).prop_map(|(sequence, leaf)| PatientHead {
        sequence,
        leaf: hash_leaf(&leaf.to_be_bytes()),
    })
}

fn maps() -> impl Strategy<Value = BTreeMap<MapKey, PatientHead>> {
    prop::collection::btree_map(keys(), heads(), 0..40)
}

fn entries(map: &BTreeMap<MapKey, PatientHead>) -> Vec<(MapKey, PatientHead)> {
    map.iter().map(|(key, head)| (*key, *head)).collect()
}

/// The definition, bit by bit, over the whole map.
fn by_definition(entries: &[(MapKey, PatientHead)], depth: u8) -> MapRoot {
    match entries {
        [] => None,
        [(key, head)] => Some(entry_hash(key, &head.value())),
        _ => {
            let half = |right| -> Vec<_> {
                let half = entries.iter().filter(|(key, _)| key.bit(depth) == right);
                half.copied().collect()
            };
            let below = |half: &[_]| match half {
                [] | [_] => by_definition(half, depth),
                _ => by_definition(half, depth + 1),
            };
            join(depth, below(&half(false)), below(&half(true)))
        }
    }
}

/// The crown as a log keeps it, filled entry by entry.
#[derive(Default)]
struct Crown {
    tiles: HashMap<TileId, MapTile>,
    buckets: BTreeMap<u16, BTreeMap<MapKey, PatientHead>>,
}

impl Crown {
    fn set(&mut self, key: MapKey, head: PatientHead) {
        let bucket = key.bucket();
        let entries_below = self.buckets.entry(bucket).or_default();
        entries_below.insert(key, head);
        let mut root = subtree(&entries(entries_below));
        let (mut id, mut child) = TileId::above_bucket(bucket);
        loop {
            let tile = self.tiles.entry(id).or_default();
            tile.set_child(child, root);
            assert_eq!(MapTile::decode(&tile.encode()), Ok(*tile));
            root = tile.root(id.level);
            match id.parent() {
                Some(above) => (id, child) = above,
                None => return,
            }
        }
    }

    fn root(&self) -> MapRoot {
        self.tiles.get(&TileId::ROOT).and_then(|tile| tile.root(0))
    }

    fn prove(&self, key: MapKey) -> MapProof {
        let mut descent = Descent::new(key);
        while let Some(id) = descent.tile() {
            descent.through(&self.tiles.get(&id).copied().unwrap_or_default());
        }
        let bucket = descent
            .bucket()
            .and_then(|bucket| self.buckets.get(&bucket));
        descent.finish(&bucket.map(entries).unwrap_or_default())
    }
}

proptest! {
    #[test]
    fn the_root_is_the_one_that_the_definition_gives(map in maps()) {
        let entries = entries(&map);
        prop_assert_eq!(subtree(&entries), by_definition(&entries, 0));
    }

    #[test]
    fn tiles_filled_in_any_order_have_the_map_s_root(map in maps(), order: u64) {
        let mut crown = Crown::default();
        let mut shuffled = entries(&map);
        shuffled.sort_by_key(|(key, _)| hash_leaf(&[key.as_bytes().as_slice(), &order.to_be_bytes()].concat()));
        for (key, head) in shuffled {
            // A head that moves leaves no trace of where it was.
            crown.set(key, PatientHead { sequence: 1, leaf: hash_leaf(b"first") });
            crown.set(key, head);
        }
        prop_assert_eq!(crown.root(), subtree(&entries(&map)));
    }

    #[test]
    fn every_head_is_proved_and_every_absence(map in maps(), strangers in prop::collection::vec(keys(), 1..10)) {
        let (whole, root) = (entries(&map), subtree(&entries(&map)));
        let mut crown = Crown::default();
        for (key, head) in &whole {
            crown.set(*key, *head);
        }
        for key in map.keys().copied().chain(strangers) {
            let proof = crown.prove(key);
            prop_assert_eq!(&proof, &MapProof::in_entries(&key, &whole, Vec::new()));
            let read = MapProof::decode(&proof.encode()).unwrap();
            prop_assert_eq!(&read, &proof);
            prop_assert_eq!(read.verify(&key, root), Ok(map.get(&key).copied()));
        }
    }

    #[test]
    fn a_proof_shows_one_key_alone(map in maps(), other in keys()) {
        let (whole, root) = (entries(&map), subtree(&entries(&map)));
        for key in map.keys().filter(|key| **key != other) {
            let proof = MapProof::in_entries(key, &whole, Vec::new());
            // Whatever it shows of another key is true.
            if let Ok(shown) = proof.verify(&other, root) {
                prop_assert_eq!(shown, map.get(&other).copied());
            }
        }
    }

    #[test]
    fn a_proof_with_one_bit_changed_shows_nothing_else(map in maps(), which: prop::sample::Index, bit: prop::sample::Index) {
        prop_assume!(!map.is_empty());
        let whole = entries(&map);
        let (key, head) = whole[which.index(whole.len())];
        let mut bytes = MapProof::in_entries(&key, &whole, Vec::new()).encode();
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let shown = MapProof::decode(&bytes).and_then(|proof| proof.verify(&key, subtree(&whole)));
        prop_assert!(shown.is_err(), "{:?} instead of {:?}", shown, head);
    }

    #[test]
    fn decoding_is_total(bytes: Vec<u8>) {
        if let Ok(proof) = MapProof::decode(&bytes) {
            prop_assert_eq!(proof.encode(), bytes);
        }
    }
}

#[test]
fn an_entry_that_a_log_hides_twice_cannot_be_shown_twice() {
    // A log that keeps two heads of one key must put them somewhere: at a node that
    // splits by a bit, only one side is on the key's way.
    let key = MapKey::of_patient(&[1; 16]);
    let head = |sequence| PatientHead {
        sequence,
        leaf: hash_leaf(b"leaf"),
    };
    let (one, two) = (
        entry_hash(&key, &head(1).value()),
        entry_hash(&key, &head(2).value()),
    );
    for depth in 0..=255 {
        let root = Some(node_hash(depth, &one, &two));
        let shown: Vec<u64> = [(head(1), two), (head(2), one)]
            .into_iter()
            .flat_map(|(head, hash)| {
                (0..=255).filter_map(move |depth| {
                    let proof = MapProof {
                        siblings: vec![Sibling { depth, hash }],
                        end: ProofEnd::Head(head),
                    };
                    proof.verify(&key, root).ok().flatten()
                })
            })
            .map(|head| head.sequence)
            .collect();
        assert_eq!(shown, [if key.bit(depth) { 2 } else { 1 }]);
    }
}

#[test]
fn the_map_has_these_hashes() {
    // Computed in another language from the definition in the module's documentation.
    let key = MapKey::of_patient(&[0; 16]);
    assert_eq!(
        key.0.to_string(),
        "36a1c300f3be5ffbf97aecc9d05016a334f1f2a849bdab1f6b5b2cf7ddf8917b"
    );
    let head = PatientHead {
        sequence: 1,
        leaf: hash_leaf(b""),
    };
    let root = subtree(&[(key, head)]);
    assert_eq!(
        root.unwrap().to_string(),
        "ac112c4f10447db8d9727c04463fe66979ae24c9011b8a089bfa634a8fecc6e2"
    );
}

#[test]
fn a_checkpoint_says_one_map_or_none() {
    let checkpoint = |extensions: &[&str]| Checkpoint {
        origin: "audit.example/log".to_owned(),
        size: 1,
        root: hash_leaf(b""),
        extensions: extensions.iter().map(|line| (*line).to_owned()).collect(),
    };
    let root = Some(hash_leaf(b"map"));
    let (line, empty) = (extension_line(root), extension_line(None));
    assert_eq!(root_in(&checkpoint(&["other", &line])), Ok(root));
    assert_eq!(root_in(&checkpoint(&[&empty])), Ok(None));
    for refused in [
        &[][..],
        &["other"],
        &[&line, &line],
        &[&line, &empty],
        &[&line[..line.len() - 1]],
        &["aval-patient-heads/v1 "],
        &["aval-patient-heads/v2 empty"],
    ] {
        assert_eq!(root_in(&checkpoint(refused)), Err(NoMapRoot), "{refused:?}");
    }
}
