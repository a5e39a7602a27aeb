//! Checkpoints and the notes that carry them, by implementations of C2SP tlog-checkpoint and
//! signed-note: what one writes the other reads, and both refuse the same.

use aval_merkle_log::{
    Hash,
    checkpoint::Checkpoint,
    note::{SignedNote, Signer, Verifier},
};
use proptest::{collection::vec, prelude::*, sample::Index};
use signed_note::{Note, StandardSigner, StandardVerifier, VerifierList};

use crate::tiled::theirs;

const NAME: &str = "audit.example/log";

/// What is put into a text, or in the place of a letter of it.
const LETTERS: [&str; 14] = [
    "", "\n", "\n\n", " ", "0", "1", "A", "=", "+", "/", "-", "—", "é", "\u{a0}",
];

fn checkpoints() -> impl Strategy<Value = Checkpoint> {
    let line = || "[ -~é—]{1,40}";
    (line(), any::<u64>(), any::<[u8; 32]>(), vec(line(), 0..3)).prop_map(
        |(origin, size, root, extensions)| Checkpoint {
            origin,
            size,
            root: Hash::from_bytes(root),
            extensions,
        },
    )
}

/// The text with other letters in the place of so many, somewhere.
fn with_other_letters(text: &str, place: Index, count: usize, letters: &str) -> String {
    let all: Vec<char> = text.chars().collect();
    let place = place.index(all.len() + 1);
    let rest = all.iter().skip(place + count);
    let mut other: String = all[..place].iter().collect();
    other.push_str(letters);
    other.extend(rest);
    other
}

fn signer(seed: [u8; 32]) -> Signer {
    Signer::from_seed(NAME, &seed).unwrap()
}

fn their_signer(signer: &Signer) -> StandardSigner {
    StandardSigner::new(&signer.to_private_text()).unwrap()
}

fn known(verifier: &Verifier) -> VerifierList {
    let same = StandardVerifier::new(&verifier.to_string()).unwrap();
    VerifierList::new(vec![Box::new(same)])
}

/// Whether they read the note, and find this key's signature of this text.
fn they_believe(note: &str, verifier: &Verifier) -> Option<Vec<u8>> {
    let note = Note::from_bytes(note.as_bytes()).ok()?;
    note.verify(&known(verifier)).ok()?;
    Some(note.text().to_vec())
}

fn we_believe(note: &str, verifier: &Verifier) -> Option<Vec<u8>> {
    let note = SignedNote::parse(note.as_bytes()).ok()?;
    let believed = note.verify(std::slice::from_ref(verifier)).ok()?;
    Some(believed.text.as_bytes().to_vec())
}

proptest! {
    #[test]
    fn a_checkpoint_is_written_and_read_alike(checkpoint in checkpoints()) {
        let text = checkpoint.text();
        let same = tlog_tiles::Checkpoint::from_bytes(text.as_bytes()).unwrap();
        prop_assert_eq!(same.origin(), &checkpoint.origin);
        prop_assert_eq!(same.size(), checkpoint.size);
        prop_assert_eq!(*same.hash(), theirs(checkpoint.root));
        let extensions: Vec<&str> = same.extension().lines().collect();
        prop_assert_eq!(&extensions, &checkpoint.extensions);
        prop_assert_eq!(same.to_bytes(), text.as_bytes());
    }

    #[test]
    fn a_text_that_is_almost_a_checkpoint_is_read_or_refused_alike(
        checkpoint in checkpoints(),
        place: Index,
        count in 0..3_usize,
        letters in prop::sample::select(&LETTERS),
    ) {
        let text = with_other_letters(&checkpoint.text(), place, count, letters);
        let ours = Checkpoint::parse(&text).map(|read| read.text());
        let same = tlog_tiles::Checkpoint::from_bytes(text.as_bytes());
        let same = same.map(|read| String::from_utf8(read.to_bytes()).unwrap());
        prop_assert_eq!(ours.ok(), same.ok(), "{:?}", text);
    }

    #[test]
    fn keys_and_signatures_are_the_same(checkpoint in checkpoints(), seed: [u8; 32]) {
        let signer = signer(seed);
        let ours = checkpoint.sign(&[&signer]).unwrap().format();
        let mut same = Note::new(checkpoint.text().as_bytes(), &[]).unwrap();
        same.add_sigs(&[&their_signer(&signer)]).unwrap();
        // Ed25519 leaves nothing to chance.
        prop_assert_eq!(ours.as_bytes(), same.to_bytes());
        let text = Some(checkpoint.text().into_bytes());
        prop_assert_eq!(&we_believe(&ours, signer.verifier()), &text);
        prop_assert_eq!(&they_believe(&ours, signer.verifier()), &text);
    }

    #[test]
    fn a_note_that_is_almost_signed_is_believed_or_refused_alike(
        checkpoint in checkpoints(),
        seed: [u8; 32],
        stranger: [u8; 32],
        place: Index,
        count in 0..3_usize,
        letters in prop::sample::select(&LETTERS),
    ) {
        let (signer, stranger) = (signer(seed), Signer::from_seed("stranger", &stranger).unwrap());
        let note = checkpoint.sign(&[&signer, &stranger]).unwrap().format();
        let note = with_other_letters(&note, place, count, letters);
        for verifier in [signer.verifier(), stranger.verifier()] {
            let ours = we_believe(&note, verifier);
            prop_assert_eq!(ours, they_believe(&note, verifier), "{:?}", note);
        }
    }
}
