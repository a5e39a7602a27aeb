//! Every parser and verifier takes anything, and answers; what it accepts, it writes back the same.

use aval_merkle_log::{
    Hash, bundle,
    canonical::{from_canonical_bytes, to_canonical_bytes},
    checkpoint::Checkpoint,
    leaf::LeafContent,
    note::{SignedNote, Signer, Verifier},
    proof::{ConsistencyProof, InclusionProof, ProofError},
    receipt::Receipt,
    tile::Tile,
    tree::Frontier,
};
use proptest::prelude::*;

use crate::fixture::Fixture;

fn check_every_parser(bytes: &[u8]) {
    if let Ok(note) = SignedNote::parse(bytes) {
        assert_eq!(note.format().as_bytes(), bytes);
    }
    if let Ok(receipt) = Receipt::parse(bytes) {
        assert_eq!(receipt.format().as_bytes(), bytes);
    }
    if let Ok(leaf) = LeafContent::decode(bytes) {
        assert_eq!(leaf.encode(), bytes);
    }
    if let Ok(frontier) = Frontier::parse(bytes) {
        assert_eq!(frontier.to_bytes(), bytes);
    }
    if let Ok(entries) = bundle::decode(bytes) {
        assert_eq!(bundle::encode(&entries).unwrap(), bytes);
    }
    if let Ok(value) = from_canonical_bytes(bytes) {
        assert_eq!(to_canonical_bytes(&value).unwrap(), bytes);
    }
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.text(), text);
    }
    if let Ok(tile) = Tile::parse(text) {
        assert_eq!(tile.to_string(), text);
    }
    if let Ok(verifier) = Verifier::parse(text) {
        assert_eq!(verifier.to_string(), text);
    }
    if let Ok(signer) = Signer::parse(text) {
        assert_eq!(*signer.to_private_text(), text);
    }
}

/// One specimen of everything that a parser accepts.
fn specimens() -> Vec<Vec<u8>> {
    let fixture = Fixture::new();
    let signer = Signer::from_seed("log.example", &[1; 32]).unwrap();
    let mut frontier = Frontier::new();
    frontier
        .append_all(&[Hash::from_bytes([1; 32]); 7])
        .unwrap();
    vec![
        fixture.receipt.format().into_bytes(),
        fixture.receipt.checkpoint.format().into_bytes(),
        fixture
            .receipt
            .checkpoint
            .unverified_text()
            .as_bytes()
            .to_vec(),
        fixture.receipt.leaf.encode(),
        fixture.event.clone(),
        frontier.to_bytes(),
        bundle::encode(&[b"one".as_slice(), b"two"]).unwrap(),
        b"tile/3/x001/x002/003.p/4".to_vec(),
        signer.verifier().to_string().into_bytes(),
        signer.to_private_text().as_bytes().to_vec(),
    ]
}

#[test]
fn every_specimen_is_accepted_by_its_parser() {
    for specimen in specimens() {
        check_every_parser(&specimen);
    }
    let [
        receipt,
        note,
        checkpoint,
        leaf,
        event,
        frontier,
        entries,
        tile,
        verifier,
        signer,
    ] = specimens().try_into().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    assert!(Receipt::parse(&receipt).is_ok());
    assert!(SignedNote::parse(&note).is_ok());
    assert!(Checkpoint::parse(&text(checkpoint)).is_ok());
    assert!(LeafContent::decode(&leaf).is_ok());
    assert!(from_canonical_bytes(&event).is_ok());
    assert!(Frontier::parse(&frontier).is_ok());
    assert!(bundle::decode(&entries).is_ok());
    assert!(Tile::parse(&text(tile)).is_ok());
    assert!(Verifier::parse(&text(verifier)).is_ok());
    assert!(Signer::parse(&text(signer)).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        check_every_parser(&bytes);
    }

    #[test]
    fn any_lines_are_read_or_refused(lines in prop::collection::vec("c2sp.org/tlog-proof@v1|extra [A-Za-z0-9+/=]{0,8}|index [0-9]{1,21}|— [a-z]{1,3} [A-Za-z0-9+/]{8}|[A-Za-z0-9+/]{43}=|[0-9]{1,21}|.{0,12}|", 0..12)) {
        check_every_parser(lines.join("\n").as_bytes());
        check_every_parser((lines.join("\n") + "\n").as_bytes());
    }

    #[test]
    fn any_frontier_of_the_right_length_is_read_back_and_grows(size: u64, leaf: [u8; 32]) {
        let mut bytes = size.to_be_bytes().to_vec();
        bytes.resize(8 + 32 * size.count_ones() as usize, 7);
        let mut frontier = Frontier::parse(&bytes).unwrap();
        prop_assert_eq!(frontier.to_bytes(), bytes);
        let grown = frontier.append(Hash::from_bytes(leaf));
        prop_assert_eq!(grown.is_ok(), size < u64::MAX);
    }

    #[test]
    fn a_specimen_edited_anywhere_is_read_or_refused(which: prop::sample::Index, place: prop::sample::Index, byte: u8, edit in 0..3_u8) {
        let mut bytes = which.get(&specimens()).clone();
        let place = place.index(bytes.len());
        match edit {
            0 => bytes[place] = byte,
            1 => bytes.insert(place, byte),
            _ => bytes.truncate(place),
        }
        check_every_parser(&bytes);
    }

    #[test]
    fn any_proof_is_verified_or_refused(first: u64, second: u64, length in 0..70_usize) {
        let path = vec![Hash::from_bytes([7; 32]); length];
        let hash = Hash::from_bytes([1; 32]);

        let inclusion = InclusionProof { index: first, tree_size: second, path: path.clone() };
        match InclusionProof::needed(first, second) {
            Ok(_) => prop_assert!(inclusion.verify(hash, hash).is_err()),
            Err(refusal) => prop_assert_eq!(inclusion.verify(hash, hash), Err(refusal)),
        }
        let consistency = ConsistencyProof { old_size: first, new_size: second, path };
        match ConsistencyProof::needed(first, second) {
            Ok(_) if first != second => prop_assert!(consistency.verify(hash, hash).is_err()),
            Ok(_) => prop_assert_eq!(consistency.verify(hash, hash).is_ok(), length == 0),
            Err(refusal) => prop_assert_eq!(consistency.verify(hash, hash), Err(refusal)),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_index_of_every_tree_takes_one_length_of_path(index: u64, more in 1..u64::MAX) {
        let tree_size = index.saturating_add(more);
        prop_assume!(index < tree_size);
        let leaf = Hash::from_bytes([1; 32]);
        let accepted: Vec<usize> = (0..=65)
            .filter(|length| {
                let path = vec![leaf; *length];
                match (InclusionProof { index, tree_size, path }).root(leaf) {
                    Ok(_) => true,
                    Err(ProofError::TooShort | ProofError::TooLong) => false,
                    Err(other) => panic!("{other}"),
                }
            })
            .collect();
        prop_assert_eq!(accepted.len(), 1);
        prop_assert!(accepted[0] <= 64);
    }
}
