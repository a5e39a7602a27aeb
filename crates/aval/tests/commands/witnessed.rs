//! A receipt that is checked offline by a policy: the log's word alone is not enough.

use std::fs;
use std::path::Path;

use aval::stack::StackConfig;
use aval_merkle_log::canonical::to_canonical_bytes;
use aval_merkle_log::checkpoint::{Checkpoint, Policy};
use aval_merkle_log::cosignature::Cosigner;
use aval_merkle_log::leaf::{LeafContent, PatientLink, commitment, leaf_hash};
use aval_merkle_log::note::{SignedNote, Signer, Verifier};
use aval_merkle_log::receipt::Receipt;
use aval_merkle_log::tree::Frontier;
use serde_json::json;

use crate::small_witness::SmallWitness;
use crate::stand::{Up, run};

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
    assert_eq!(code, 10, "{words}");
    assert!(words.contains("line 1"), "{words}");
    let files = ["audit", "verify", "event", "receipt"];
    let both = [&files[..], &["--policy", "p", "--key", "k"]].concat();
    assert_eq!(run(folder.path(), &both).code, Some(2));
}

/// What `aval audit` with these words ends with.
fn audit(up: &Up, words: &[&str]) -> (i32, String) {
    let answer = up.run(&[&["audit"], words].concat());
    (answer.code.unwrap(), answer.stderr)
}

#[test]
fn what_is_saved_is_cosigned_by_the_witnesses_of_the_policy_or_not_saved() {
    let up = Up::start();
    let config = StackConfig::of_folder(up.folder.path()).unwrap();
    let key = fs::read_to_string(config.layout.log_verifier()).unwrap();
    let log = Verifier::parse(key.trim()).unwrap();
    let witness = SmallWitness::of("witness.example/w", &[log]);
    let path = |name: &str| up.folder.path().join(name).to_str().unwrap().to_owned();
    let policy = |file: &str, address: &str| {
        let (key, witness) = (key.trim(), witness.key());
        let text = format!("log {key}\nwitness w {witness} http://{address}/w\nquorum w\n");
        fs::write(path(file), text).unwrap();
        path(file)
    };
    let answering = policy("policy", &witness.serve().to_string());
    let history = up.ask(&["history"]);
    let event = history[0]["event_id"].as_str().unwrap();
    let folder = path("");
    let save = ["receipt", event, "--folder", &folder, "--policy"];

    let dead = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let dead = policy("dead", &dead);
    let (code, words) = audit(&up, &[&save[..], &[&dead]].concat());
    assert_eq!(code, 23, "{words}");
    assert!(
        words.contains("witness.example/w did not cosign"),
        "{words}"
    );
    let receipt = path(&format!("{event}.receipt"));
    assert!(!Path::new(&receipt).exists());

    // Reading one's own history is no event: more than once the same, and then a longer log.
    for _ in 0..2 {
        assert_eq!(audit(&up, &[&save[..], &[&answering]].concat()).0, 0);
        up.ask(&["document", "mask", "irm-4"]);
        up.ask(&["document", "reveal", "irm-4"]);
    }
    let json = path(&format!("{event}.json"));
    let verify = ["verify", &json, &receipt, "--policy", &answering];
    assert_eq!(audit(&up, &verify), (0, String::new()));
    let proof = path("proof");
    assert_eq!(audit(&up, &["proof", &proof, "--policy", &answering]).0, 0);
    let verify = ["verify-history", &proof, "--policy", &answering];
    assert_eq!(audit(&up, &verify), (0, String::new()));
    let checkpoint = path("checkpoint");
    assert_eq!(audit(&up, &["checkpoint", &checkpoint]).0, 0);
    assert_eq!(
        audit(&up, &["checkpoint", &checkpoint, "--policy", &answering]).0,
        0
    );
    let note = SignedNote::parse(&fs::read(&checkpoint).unwrap()).unwrap();
    let policy = Policy::parse(&fs::read(&answering).unwrap()).unwrap();
    policy.open(&note).unwrap();
}
