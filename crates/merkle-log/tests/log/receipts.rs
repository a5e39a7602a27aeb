//! What a receipt proves, and how each refusal is named.

use aval_merkle_log::{
    Hash,
    checkpoint::{Checkpoint, Policy},
    leaf::leaf_hash,
    note::{SignedNote, Signer},
    proof::ProofError,
    receipt::{Evidence, Receipt, ReceiptError, VerifiedReceipt},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::fixture::{Fixture, ORIGIN};

fn verify(fixture: &Fixture) -> Result<VerifiedReceipt, ReceiptError> {
    let evidence = Evidence::Event(&fixture.event);
    fixture.receipt.verify(evidence, &fixture.policy)
}

#[test]
fn a_receipt_proves_that_the_log_recorded_the_event() {
    let fixture = Fixture::new();
    let read = Receipt::parse(fixture.receipt.format().as_bytes()).unwrap();
    assert_eq!(read, fixture.receipt);

    let verified = read
        .verify(Evidence::Event(&fixture.event), &fixture.policy)
        .unwrap();
    assert_eq!(verified.leaf, fixture.receipt.leaf);
    assert_eq!(verified.leaf_hash, leaf_hash(&fixture.receipt.leaf));
    assert_eq!(verified.index, 5);
    assert_eq!(verified.checkpoint.size, 11);
    assert!(verified.event_verified);
}

#[test]
fn erasing_the_event_and_the_salt_leaves_the_proof_valid() {
    let mut fixture = Fixture::new();
    fixture.receipt.salt = None;
    let read = Receipt::parse(fixture.receipt.format().as_bytes()).unwrap();
    let verified = read.verify(Evidence::LeafOnly, &fixture.policy).unwrap();
    assert!(!verified.event_verified);
    assert_eq!(verified.leaf, fixture.receipt.leaf);
    assert_eq!(verify(&fixture), Err(ReceiptError::NoSalt));
}

#[test]
fn another_event_is_told_from_the_recorded_one() {
    let mut fixture = Fixture::new();
    fixture.event.push(b' ');
    assert_eq!(verify(&fixture), Err(ReceiptError::EventAltered));
}

#[test]
fn another_salt_does_not_open_the_commitment() {
    let mut fixture = Fixture::new();
    fixture.receipt.salt = Some([0; 32]);
    assert_eq!(verify(&fixture), Err(ReceiptError::EventAltered));
}

#[test]
fn another_leaf_is_not_in_the_log() {
    let mut fixture = Fixture::new();
    fixture.receipt.leaf.recorded_at_micros += 1;
    let refusal = ReceiptError::NotIncluded(ProofError::RootMismatch);
    assert_eq!(verify(&fixture), Err(refusal));
}

#[test]
fn another_index_is_not_the_leafs() {
    for (index, expected) in [
        (4, ProofError::RootMismatch),
        (10, ProofError::TooLong),
        (
            11,
            ProofError::IndexOutOfRange {
                index: 11,
                tree_size: 11,
            },
        ),
    ] {
        let mut fixture = Fixture::new();
        fixture.receipt.index = index;
        assert_eq!(verify(&fixture), Err(ReceiptError::NotIncluded(expected)));
    }
}

#[test]
fn a_path_longer_or_shorter_proves_nothing() {
    let mut fixture = Fixture::new();
    fixture.receipt.path.push(Hash::from_bytes([0; 32]));
    assert_eq!(
        verify(&fixture),
        Err(ReceiptError::NotIncluded(ProofError::TooLong))
    );
    fixture.receipt.path.truncate(3);
    assert_eq!(
        verify(&fixture),
        Err(ReceiptError::NotIncluded(ProofError::TooShort))
    );
}

#[test]
fn a_checkpoint_altered_after_signing_is_refused() {
    let mut fixture = Fixture::new();
    let altered = fixture
        .receipt
        .checkpoint
        .format()
        .replace("\n11\n", "\n12\n");
    fixture.receipt.checkpoint = SignedNote::parse(altered.as_bytes()).unwrap();
    let name = fixture.signer.verifier().name().clone();
    assert_eq!(verify(&fixture), Err(ReceiptError::BadSignature(name)));
}

#[test]
fn a_signature_repeated_is_refused() {
    let mut fixture = Fixture::new();
    let note = fixture.receipt.checkpoint.format();
    let (_, signature) = note.split_once("\n\n").unwrap();
    fixture.receipt.checkpoint =
        SignedNote::parse(format!("{note}{signature}").as_bytes()).unwrap();
    let name = fixture.signer.verifier().name().clone();
    assert_eq!(verify(&fixture), Err(ReceiptError::RepeatedSignature(name)));
}

#[test]
fn a_checkpoint_signed_by_another_key_is_refused() {
    let mut fixture = Fixture::new();
    let stranger = Signer::from_seed(ORIGIN, &[4; 32]).unwrap();
    fixture.policy = Policy::of_log(ORIGIN, vec![stranger.verifier().clone()]);
    assert_eq!(verify(&fixture), Err(ReceiptError::UnknownSigner));
    fixture.policy.logs.clear();
    assert_eq!(verify(&fixture), Err(ReceiptError::UnknownSigner));
}

#[test]
fn a_checkpoint_of_another_log_is_refused() {
    let mut fixture = Fixture::new();
    let own = vec![fixture.signer.verifier().clone()];
    fixture.policy = Policy::of_log("audit.example/other", own);
    let refusal = ReceiptError::WrongOrigin {
        expected: "audit.example/other".to_owned(),
        found: ORIGIN.to_owned(),
    };
    assert_eq!(verify(&fixture), Err(refusal));
}

#[test]
fn the_root_of_another_tree_does_not_hold_the_leaf() {
    let mut fixture = Fixture::new();
    let other = Checkpoint {
        origin: ORIGIN.to_owned(),
        size: 11,
        root: Hash::from_bytes([9; 32]),
        extensions: Vec::new(),
    };
    fixture.receipt.checkpoint = other.sign(&[&fixture.signer]).unwrap();
    let refusal = ReceiptError::NotIncluded(ProofError::RootMismatch);
    assert_eq!(verify(&fixture), Err(refusal));
}

#[test]
fn what_is_not_a_receipt_is_refused_at_its_line() {
    let text = Fixture::new().receipt.format();
    let lines: Vec<_> = text.lines().collect();
    // header, extra, index, four hashes, empty, origin, size, root, empty, signature
    assert_eq!(lines.len(), 13);
    let with = |number: usize, line: &str| {
        let mut lines = lines.clone();
        lines[number - 1] = line;
        lines.join("\n") + "\n"
    };
    let extra = STANDARD.decode(&lines[1][6..]).unwrap();
    let with_extra = |extra: &[u8]| with(2, &format!("extra {}", STANDARD.encode(extra)));
    assert_eq!(with_extra(&extra), text);
    let refusals = [
        (with_extra(&[extra.as_slice(), &[0]].concat()), 2),
        (with_extra(&extra[..extra.len() - 1]), 2),
        (with_extra(&[&[2], &extra[1..]].concat()), 2),
        (String::new(), 1),
        (with(1, "c2sp.org/tlog-proof@v2"), 1),
        (with(1, "c2sp.org/tlog-proof@v1\r"), 1),
        (with(2, "index 5"), 2),
        (with(2, "extra "), 2),
        (with(2, "extra AQ=="), 2),
        (with(2, &lines[1].replace("extra ", "extra  ")), 2),
        (with(3, "index 05"), 3),
        (with(3, "index 5 "), 3),
        (with(3, "Index 5"), 3),
        (with(4, "not a hash"), 4),
        (with(7, &lines[6][1..]), 7),
        (with(9, ""), 9),
        (with(10, "eleven"), 10),
        (with(11, "root"), 11),
        (with(13, "- name signature"), 13),
        (lines[..7].join("\n"), 8),
        (lines[..7].join("\n") + "\n", 8),
        (lines[..8].join("\n") + "\n", 9),
        (lines.join("\n"), 13),
        (text.clone() + "more\n", 14),
        (text.replace("\n\naudit", "\naudit"), 8),
    ];
    for (text, line) in refusals {
        match Receipt::parse(text.as_bytes()) {
            Err(ReceiptError::Malformed(malformed)) => assert_eq!(malformed.line, line, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn a_path_that_no_tree_has_is_not_even_read() {
    let mut fixture = Fixture::new();
    fixture.receipt.path = vec![Hash::from_bytes([0; 32]); 64];
    assert!(Receipt::parse(fixture.receipt.format().as_bytes()).is_ok());
    fixture.receipt.path.push(Hash::from_bytes([0; 32]));
    let refused = Receipt::parse(fixture.receipt.format().as_bytes()).unwrap_err();
    assert!(matches!(refused, ReceiptError::Malformed(malformed) if malformed.line == 68));
}

#[test]
fn a_receipt_does_not_display_its_salt() {
    let shown = format!("{:?}", Fixture::new().receipt);
    assert!(shown.contains("has_salt: true"));
    assert!(!shown.contains("90, 90") && !shown.contains("5a5a"));
}
