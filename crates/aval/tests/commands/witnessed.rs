//! A receipt that is checked offline by a policy: the log's word alone is not enough.

use std::fs;
use std::path::Path;

use aval_merkle_log::canonical::to_canonical_bytes;
use aval_merkle_log::checkpoint::Checkpoint;
use aval_merkle_log::cosignature::Cosigner;
use aval_merkle_log::leaf::{LeafContent, PatientLink, commitment, leaf_hash};
use aval_merkle_log::note::Signer;
use aval_merkle_log::receipt::Receipt;
use aval_merkle_log::tree::Frontier;
use serde_json::json;

use crate::stand::run;

const ORIGIN: &str = "audit.example/log";

fn witness(seed: u8) -> Cosigner {
    Cosigner::from_seed(&format!("witness.example/{seed}"), &[seed; 32]).unwrap()
}

fn log() -> Signer {
    Signer::from_seed(ORIGIN, &[1; 32]).unwrap()
}

/// A log of one event: the event, and its receipt with these cosignatures.
fn event_and_receipt(witnesses: &[&Cosigner]) -> (Vec<u8>, Receipt) {
    let event = to_canonical_bytes(&json!({ "kind": "grant.revoked" })).unwrap();
    let salt = [7; 32];
    let leaf = LeafContent {
        event_id: [1; 16],
        patient: Some(PatientLink::first([2; 16])),
        recorded_at_micros: 1_790_000_000_000_000,
        commitment: commitment(&salt, &event),
    };
    let mut tree = Frontier::new();
    tree.append(leaf_hash(&leaf)).unwrap();
    let checkpoint = Checkpoint {
        origin: ORIGIN.to_owned(),
        size: tree.size(),
        root: tree.root(),
        extensions: Vec::new(),
    };
    let mut checkpoint = checkpoint.sign(&[&log()]).unwrap();
    for witness in witnesses {
        let line = witness.cosign(&checkpoint, 1_790_000_000);
        checkpoint.add_line(&line).unwrap();
    }
    let receipt = Receipt {
        leaf,
        salt: Some(salt),
        index: 0,
        path: Vec::new(),
        checkpoint,
    };
    (event, receipt)
}

/// How `aval audit verify` ends, and what it says of a failure.
fn verified(folder: &Path, policy: &str, witnesses: &[&Cosigner]) -> (i32, String) {
    let (event, receipt) = event_and_receipt(witnesses);
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    fs::write(path("event"), event).unwrap();
    fs::write(path("receipt"), receipt.format()).unwrap();
    fs::write(path("policy"), policy).unwrap();
    let files = [path("event"), path("receipt"), path("policy")];
    let [event, receipt, policy] = files.each_ref().map(String::as_str);
    let verify = ["audit", "verify", event, receipt, "--policy", policy];
    let answer = run(folder, &[&["--lang", "en"], &verify[..]].concat());
    (answer.code.unwrap(), answer.stderr)
}

#[test]
fn a_receipt_is_true_when_enough_witnesses_saw_its_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two, stranger] = [2, 3, 4].map(witness);
    let policy = |quorum: &str| {
        let keys = [one.witness(), two.witness()];
        let [one, two] = keys.map(ToString::to_string);
        let log = log().verifier().to_string();
        format!("log {log}\nwitness one {one}\nwitness two {two}\ngroup both all one two\n{quorum}")
    };
    let verified =
        |quorum, witnesses: &[&Cosigner]| verified(folder.path(), &policy(quorum), witnesses);
    assert_eq!(verified("quorum none\n", &[]).0, 0);
    assert_eq!(verified("quorum one\n", &[&one]).0, 0);
    assert_eq!(verified("quorum both\n", &[&one, &two]).0, 0);
    for (quorum, witnesses) in [
        ("quorum one\n", &[][..]),
        ("quorum one\n", &[&two]),
        ("quorum both\n", &[&one, &stranger]),
    ] {
        let (code, words) = verified(quorum, witnesses);
        assert_eq!(code, 23, "{quorum} {words}");
        assert!(words.contains("too few witnesses"), "{words}");
    }
    // One who signs under the name of a witness is none.
    let impostor = Cosigner::from_seed("witness.example/2", &[9; 32]).unwrap();
    assert_eq!(verified("quorum one\n", &[&impostor]).0, 23);
}

#[test]
fn a_policy_of_other_logs_believes_none_of_it_and_one_that_is_none_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let other = Signer::from_seed(ORIGIN, &[8; 32]).unwrap();
    let policy = format!("log {}\nquorum none\n", other.verifier());
    assert_eq!(verified(folder.path(), &policy, &[]).0, 11);
    let (code, words) = verified(folder.path(), "quorum most\n", &[]);
    assert_eq!(code, 1, "{words}");
    assert!(words.contains("line 1"), "{words}");
    let files = ["audit", "verify", "event", "receipt"];
    let both = [&files[..], &["--policy", "p", "--key", "k"]].concat();
    assert_eq!(run(folder.path(), &both).code, Some(2));
}
