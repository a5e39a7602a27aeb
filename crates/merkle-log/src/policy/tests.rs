use std::fmt::Write as _;

use super::*;
use crate::{
    checkpoint::{Checkpoint, CheckpointError},
    cosignature::Cosigner,
    hash::empty_root,
    note::{SignatureError, SignedNote, Signer},
};

const ORIGIN: &str = "audit.example/log";

fn log(origin: &str, seed: u8) -> Signer {
    Signer::from_seed(origin, &[seed; 32]).unwrap()
}

fn witness(number: u8) -> Cosigner {
    Cosigner::from_seed(&format!("witness.example/{number}"), &[100 + number; 32]).unwrap()
}

/// The policy with these lines behind those of one log and six witnesses `1` to `6`.
fn policy(lines: &str) -> Result<Policy, Malformed> {
    let mut text = format!("log {}\n", log(ORIGIN, 1).verifier());
    for number in 1..=6 {
        writeln!(text, "witness {number} {}", witness(number).witness()).unwrap();
    }
    Policy::parse((text + lines).as_bytes())
}

/// The log's checkpoint with the cosignatures of these witnesses.
fn checkpoint(signer: &Signer, witnesses: &[u8]) -> SignedNote {
    let checkpoint = Checkpoint {
        origin: signer.verifier().name().to_string(),
        size: 0,
        root: empty_root(),
        extensions: Vec::new(),
    };
    let mut note = checkpoint.sign(&[signer]).unwrap();
    for number in witnesses {
        let line = witness(*number).cosign(&note, 1_790_000_000);
        note.add_line(&line).unwrap();
    }
    note
}

fn is_believed(policy: &Policy, witnesses: &[u8]) -> bool {
    match policy.open(&checkpoint(&log(ORIGIN, 1), witnesses)) {
        Ok(_) => true,
        Err(CheckpointError::NotWitnessed) => false,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn the_specifications_example_wants_two_of_three_and_one_of_three() {
    let policy = policy(
        "group X-witnesses 2 1 2 3\n\ngroup Y-witnesses any 4 5 6\n\
         group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n",
    )
    .unwrap();
    for enough in [&[1, 2, 4][..], &[2, 3, 6], &[1, 2, 3, 4, 5, 6]] {
        assert!(is_believed(&policy, enough), "{enough:?}");
    }
    for few in [
        &[][..],
        &[1, 4],
        &[1, 2],
        &[1, 2, 3],
        &[4, 5, 6],
        &[3, 4, 5, 6],
    ] {
        assert!(!is_believed(&policy, few), "{few:?}");
    }
}

#[test]
fn a_quorum_is_nobody_one_witness_or_a_group() {
    let nobody = policy("# nobody\n  quorum\tnone").unwrap();
    assert!(is_believed(&nobody, &[]) && is_believed(&nobody, &[1]));
    let one = policy("quorum 2\n").unwrap();
    assert!(is_believed(&one, &[2]) && !is_believed(&one, &[1]));
    let any = policy("group any any 1 2\nquorum any\n").unwrap();
    assert!(is_believed(&any, &[2]) && !is_believed(&any, &[3]));
}

#[test]
fn a_false_cosignature_refuses_the_checkpoint_needed_or_not() {
    let policy = policy("group g any 1 2\nquorum g\n").unwrap();
    let note = checkpoint(&log(ORIGIN, 1), &[1]);
    // The witness cosigned another text.
    let other = checkpoint(&log("audit.example/other", 1), &[]);
    let mut note_with_false = note;
    let line = witness(2).cosign(&other, 1_790_000_000);
    note_with_false.add_line(&line).unwrap();
    let name = witness(2).witness().name().clone();
    let refused = CheckpointError::Signature(SignatureError::Bad(name));
    assert_eq!(policy.open(&note_with_false), Err(refused));
}

#[test]
fn a_witness_alone_makes_no_checkpoint() {
    let policy = policy("quorum 1\n").unwrap();
    let stranger = checkpoint(&log(ORIGIN, 9), &[1]);
    let refused = CheckpointError::Signature(SignatureError::NoKnownSigner);
    assert_eq!(policy.open(&stranger), Err(refused));
}

#[test]
fn several_logs_and_several_keys_of_one_are_believed_each_for_its_own_log() {
    let other = "audit.example/other";
    let text = format!(
        "log {}\nlog {} https://audit.example/log\nlog {}\nquorum none\n",
        log(ORIGIN, 1).verifier(),
        log(ORIGIN, 2).verifier(),
        log(other, 3).verifier(),
    );
    let policy = Policy::parse(text.as_bytes()).unwrap();
    for signer in [log(ORIGIN, 1), log(ORIGIN, 2), log(other, 3)] {
        let opened = policy.open(&checkpoint(&signer, &[])).unwrap();
        assert_eq!(opened.origin, signer.verifier().name().as_str());
    }
    let crossed = Checkpoint {
        origin: other.to_owned(),
        size: 0,
        root: empty_root(),
        extensions: Vec::new(),
    };
    let crossed = crossed.sign(&[&log(ORIGIN, 1)]).unwrap();
    let refused = CheckpointError::WrongOrigin {
        expected: ORIGIN.to_owned(),
        found: other.to_owned(),
    };
    assert_eq!(policy.open(&crossed), Err(refused));
}

#[test]
fn what_is_no_policy_is_refused_at_its_line() {
    // Behind the log and the six witnesses the next line is the eighth.
    let known = witness(1).witness().to_string();
    let same_key_renamed = Cosigner::from_seed("witness.example/other", &[101; 32]).unwrap();
    let same_key_renamed = same_key_renamed.witness();
    let twice = log(ORIGIN, 1).verifier().to_string();
    for (lines, line) in [
        (String::new(), 8),
        ("quorum none\nquorum none\n".to_owned(), 9),
        ("quorum 7\n".to_owned(), 8),
        ("quorum\n".to_owned(), 8),
        ("quorum 1 2\n".to_owned(), 8),
        ("quorum g\ngroup g any 1\n".to_owned(), 8),
        ("group g any\nquorum g\n".to_owned(), 8),
        ("group g 0 1\nquorum g\n".to_owned(), 8),
        ("group g 3 1 2\nquorum g\n".to_owned(), 8),
        ("group g 02 1 2\nquorum g\n".to_owned(), 8),
        ("group g most 1 2\nquorum g\n".to_owned(), 8),
        ("group g 2 1 1\nquorum g\n".to_owned(), 8),
        ("group g any g\nquorum g\n".to_owned(), 8),
        ("group g any none\nquorum g\n".to_owned(), 8),
        ("group none any 1\nquorum none\n".to_owned(), 8),
        ("group 1 any 2\nquorum 1\n".to_owned(), 8),
        ("group g any 1\ngroup h all 1 2\nquorum h\n".to_owned(), 9),
        (format!("witness 7 {known}\nquorum none\n"), 8),
        (format!("witness 7 {same_key_renamed}\nquorum none\n"), 8),
        (format!("witness 7 {twice}\nquorum none\n"), 8),
        (format!("log {twice}\nquorum none\n"), 8),
        (format!("log {known}\nquorum none\n"), 8),
        ("log\nquorum none\n".to_owned(), 8),
        ("Quorum none\n".to_owned(), 8),
        ("quorum none\r\n".to_owned(), 8),
        ("quorum none\n\u{7f}\n".to_owned(), 9),
    ] {
        let refused = policy(&lines).expect_err(&lines);
        assert_eq!(refused.line, line, "{lines}: {refused}");
    }
}

#[test]
fn names_are_any_bytes() {
    let mut text = format!("log {}\nwitness ", log(ORIGIN, 1).verifier()).into_bytes();
    text.extend(b"\xff\xfe ");
    text.extend(format!("{} https://w.example\n", witness(1).witness()).bytes());
    text.extend(b"quorum \xff\xfe\n");
    let policy = Policy::parse(&text).unwrap();
    assert!(is_believed(&policy, &[1]) && !is_believed(&policy, &[]));
    let url = policy.witnesses[0].url.as_deref();
    assert_eq!(url, Some("https://w.example"));
}
