//! What shows that the log has only grown, fetched with what is saved.

use std::fs;
use std::path::Path;

use aval::stack::StackConfig;
use aval_merkle_log::Hash;
use aval_merkle_log::checkpoint::Checkpoint;
use aval_merkle_log::hash::hash_leaf;
use aval_merkle_log::note::{SignedNote, Signer};

use crate::continued::is;
use crate::stand::Up;

#[test]
fn what_shows_that_the_log_has_only_grown_is_fetched_with_what_is_saved() {
    let up = Up::start();
    let path = |name: &str| up.folder.path().join(name).to_str().unwrap().to_owned();
    let audit = |words: &[&str]| up.run(&[&["audit"], words].concat());
    let (kept, newest) = (path("kept"), path("newest"));
    until_traced(&up, "record.opened");
    is(&audit(&["checkpoint", &kept]), 0, "saved");
    up.ask(&["document", "mask", "irm-4"]);
    let event = until_traced(&up, "mask.set");
    let since = ["--since", kept.as_str()];
    let fetched = audit(&[&["checkpoint", newest.as_str()][..], &since].concat());
    is(&fetched, 0, "only grown");
    let against = |grown: &str| {
        let grown = path(grown);
        [
            "--checkpoint".to_owned(),
            kept.clone(),
            "--consistency".to_owned(),
            grown,
        ]
    };
    let checked = |verify: &[&str], grown: &str| {
        let against = against(grown);
        audit(&[verify, &against.each_ref().map(String::as_str)].concat())
    };
    is(
        &checked(&["verify-checkpoint", &newest], "newest.consistency"),
        0,
        "True",
    );
    let (folder, proof) = (path(""), path("proof"));
    is(
        &audit(&[&["receipt", &event, "--folder", &folder][..], &since].concat()),
        0,
        "only grown",
    );
    let files = [
        path(&format!("{event}.json")),
        path(&format!("{event}.receipt")),
    ];
    let verify = ["verify", &files[0], &files[1]];
    is(
        &checked(&verify, &format!("{event}.receipt.consistency")),
        0,
        "True",
    );
    is(
        &audit(&[&["proof", proof.as_str()][..], &since].concat()),
        0,
        "only grown",
    );
    is(
        &checked(&["verify-history", &proof], "proof.consistency"),
        0,
        "True",
    );
}

#[test]
fn a_log_that_does_not_continue_what_was_saved_is_found_as_it_is_asked() {
    let up = Up::start();
    let path = |name: &str| up.folder.path().join(name).to_str().unwrap().to_owned();
    let config = StackConfig::of_folder(up.folder.path()).unwrap();
    let key = fs::read_to_string(config.layout.log_signer()).unwrap();
    let signer = Signer::parse(key.trim()).unwrap();
    let (kept, newest) = (path("kept"), path("newest"));
    until_traced(&up, "record.opened");
    let saved = up.run(&["audit", "checkpoint", &kept]);
    is(&saved, 0, "saved");
    let note = SignedNote::parse(&fs::read(&kept).unwrap()).unwrap();
    let true_one = Checkpoint::parse(note.unverified_text()).unwrap();
    // What the log had signed before somebody set its database back, or made another one.
    let after_state = |size: u64, root: Hash| {
        let other = Checkpoint {
            size,
            root,
            ..true_one.clone()
        };
        let note = other.sign(&[&signer]).unwrap();
        fs::write(&kept, note.format()).unwrap();
        let _ = fs::remove_file(&newest);
        let answer = up.run(&["audit", "checkpoint", &newest, "--since", &kept]);
        assert!(
            Path::new(&newest).exists(),
            "the evidence is kept: {answer:?}"
        );
        answer
    };
    let other = hash_leaf(b"another log");
    is(&after_state(true_one.size + 1000, other), 20, "older state");
    is(
        &after_state(true_one.size - 1, other),
        19,
        "not the beginning",
    );
}

/// The newest event of this kind in the patient's history, once the trail has it.
pub(crate) fn until_traced(up: &Up, kind: &str) -> String {
    for _ in 0..600 {
        let history = up.ask(&["history", "--kind", kind]);
        if let Some(event) = history[0]["event_id"].as_str() {
            return event.to_owned();
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("{kind} was not traced in a minute");
}
