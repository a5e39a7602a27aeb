//! No change to a receipt's text makes it prove anything else.

use aval_merkle_log::{
    checkpoint::Policy,
    note::Signer,
    receipt::{Evidence, Receipt, ReceiptError, VerifiedReceipt},
};
use proptest::prelude::*;

use crate::fixture::Fixture;

fn read(
    bytes: &[u8],
    evidence: Evidence<'_>,
    policy: &Policy,
) -> Result<VerifiedReceipt, ReceiptError> {
    Receipt::parse(bytes)?.verify(evidence, policy)
}

/// Every text that differs from this one in a single bit, with the byte's offset.
fn flips(text: &str) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..text.len() * 8).map(move |bit| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        (bit / 8, bytes)
    })
}

/// Where the checkpoint begins.
fn head_length(text: &str) -> usize {
    text.find("\n\n").expect("a receipt has an empty line") + 2
}

#[test]
fn every_bit_of_the_checkpoint_matters() {
    let Fixture {
        policy, receipt, ..
    } = Fixture::new();
    let text = receipt.format();
    assert!(read(text.as_bytes(), Evidence::LeafOnly, &policy).is_ok());
    let head = head_length(&text);
    for (offset, flipped) in flips(&text).filter(|(offset, _)| *offset >= head) {
        let outcome = read(&flipped, Evidence::LeafOnly, &policy);
        assert!(outcome.is_err(), "byte {offset} of {text}");
    }
}

#[test]
fn every_bit_before_the_checkpoint_matters_but_the_salts_without_the_event() {
    let Fixture {
        event,
        policy,
        receipt,
        ..
    } = Fixture::new();
    let text = receipt.format();
    let opened = policy.open(&receipt.checkpoint).unwrap();
    let proved = receipt.verify_in(Evidence::LeafOnly, &opened).unwrap();
    let head = head_length(&text);
    let mut harmless = 0;
    for (offset, flipped) in flips(&text).filter(|(offset, _)| *offset < head) {
        let Ok(read) = Receipt::parse(&flipped) else {
            continue;
        };
        // The same signed checkpoint, which verifies: once for all flips.
        assert_eq!(read.checkpoint, receipt.checkpoint, "byte {offset}");
        let outcome = read.verify_in(Evidence::Event(&event), &opened);
        assert!(outcome.is_err(), "byte {offset} of {text}");

        if let Ok(outcome) = read.verify_in(Evidence::LeafOnly, &opened) {
            assert_eq!(outcome, proved, "byte {offset}");
            let restored = Receipt {
                salt: receipt.salt,
                ..read
            };
            assert_eq!(restored, receipt, "byte {offset}");
            harmless += 1;
        }
    }
    assert!(harmless > 0, "the salt is in the text");
}

#[test]
fn a_strangers_signature_may_change_and_nothing_verified_does() {
    let Fixture {
        event,
        policy,
        mut receipt,
        ..
    } = Fixture::new();
    let evidence = Evidence::Event(&event);
    let log_alone = receipt.format();
    receipt
        .checkpoint
        .add_signature(&Signer::from_seed("witness.example", &[8; 32]).unwrap())
        .unwrap();
    let text = receipt.format();
    let proved = read(text.as_bytes(), evidence, &policy).unwrap();
    let mut harmless = 0;
    for (offset, flipped) in flips(&text).filter(|(offset, _)| *offset >= log_alone.len()) {
        if let Ok(outcome) = read(&flipped, evidence, &policy) {
            assert_eq!(outcome, proved, "byte {offset}");
            harmless += 1;
        }
    }
    assert!(harmless > 0, "unknown signatures are ignored");
}

#[test]
fn every_bit_of_the_event_matters() {
    let Fixture {
        event,
        policy,
        receipt,
        ..
    } = Fixture::new();
    let opened = policy.open(&receipt.checkpoint).unwrap();
    for (_, flipped) in flips(str::from_utf8(&event).unwrap()) {
        let outcome = receipt.verify_in(Evidence::Event(&flipped), &opened);
        assert_eq!(outcome, Err(ReceiptError::EventAltered));
    }
}

proptest! {
    #[test]
    fn an_edit_of_any_kind_proves_nothing_else(place: prop::sample::Index, removed in 0..60_usize, inserted: Vec<u8>) {
        let Fixture { event, policy, receipt, .. } = Fixture::new();
        let evidence = Evidence::Event(&event);
        let text = receipt.format().into_bytes();
        let start = place.index(text.len() + 1);
        let end = text.len().min(start + removed);
        let edited = [&text[..start], &inserted, &text[end..]].concat();
        let outcome = read(&edited, evidence, &policy);
        prop_assert_eq!(outcome.is_ok(), edited == text, "{:?}", outcome);
    }

    #[test]
    fn lines_taken_from_elsewhere_in_the_receipt_prove_nothing_else(from: prop::sample::Index, to: prop::sample::Index) {
        let Fixture { event, policy, receipt, .. } = Fixture::new();
        let text = receipt.format();
        let mut lines: Vec<_> = text.lines().collect();
        let moved = lines.remove(from.index(lines.len()));
        lines.insert(to.index(lines.len() + 1), moved);
        let edited = lines.join("\n") + "\n";
        let outcome = read(edited.as_bytes(), Evidence::Event(&event), &policy);
        prop_assert_eq!(outcome.is_ok(), edited == text, "{}", edited);
    }
}
