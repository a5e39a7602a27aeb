//! The history of a patient into whom another was merged: saved, and checked offline.

use std::fs;
use std::path::{Path, PathBuf};

use aval::stack::StackConfig;
use aval_domain::id::PatientId;
use aval_domain::ins::{Ins, InsKind};
use aval_merkle_log::note::Signer;

use crate::small_log::SmallLog;
use crate::stand::{Answer, Up};

/// Registers another patient; answers their `patient_id`.
pub(crate) fn register(up: &Up) -> String {
    let ins = Ins::with_key("2880651215003", InsKind::Test).unwrap();
    let ins = ins.reveal();
    let registered = up.ask(&[
        "patient",
        "register",
        "--ins",
        &ins,
        "--birth-name",
        "VERLAINE",
        "--first-names",
        "ODETTE",
        "--birth-date",
        "1988-06-17",
        "--sex",
        "f",
        "--birth-place",
        "51215",
    ]);
    registered["patient_id"].as_str().unwrap().to_owned()
}

fn merge(up: &Up, source: &str, target: &str) {
    let merged = up.ask(&[
        "patient",
        "merge",
        source,
        target,
        "--reason",
        "same papers",
    ]);
    assert_eq!(merged["patient_id"], target);
}

/// Until identity has told the trail.
fn until_read_as_one(up: &Up) {
    for _ in 0..600 {
        let history = up.ask(&["history"]).to_string();
        if history.matches("duplicate").count() == 2 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("the two histories were not joined in a minute");
}

struct Files {
    proof: PathBuf,
    of_other: PathBuf,
    export: PathBuf,
}

impl Files {
    fn verify(&self, up: &Up) -> Answer {
        self.verify_with(up, &[])
    }

    fn verify_with(&self, up: &Up, kept: &[&str]) -> Answer {
        let [proof, export] = [&self.proof, &self.export].map(|path| path.to_str().unwrap());
        let words = ["audit", "verify-history", proof, "--export", export];
        up.run(&[&words[..], kept].concat())
    }
}

/// Takes the lines that say this out of a file; answers how many.
fn cut(file: &Path, what: impl Fn(&str) -> bool) -> usize {
    let text = fs::read_to_string(file).unwrap();
    let (cut, kept): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| what(line));
    fs::write(file, kept.join("\n") + "\n").unwrap();
    cut.len()
}

#[test]
fn an_export_is_verified_under_every_identifier_and_what_is_left_out_is_found() {
    let up = Up::start();
    let (own, other) = (up.patient_id(), register(&up));
    merge(&up, &other, &own);
    until_read_as_one(&up);
    let path = |name: &str| up.folder.path().join(name);
    let files = Files {
        proof: path("proof"),
        of_other: path(&format!("proof.{other}")),
        export: path("export"),
    };
    for (what, file) in [("proof", &files.proof), ("export", &files.export)] {
        let saved = up.run(&["audit", what, file.to_str().unwrap()]);
        assert_eq!(saved.code, Some(0), "{saved:?}");
    }
    let whole = files.verify(&up);
    assert_eq!(whole.code, Some(0), "{whole:?}");
    assert!(whole.stdout.contains("under 2 identifier"), "{whole:?}");

    // A service that keeps back the proof of the other, or any event of theirs.
    let kept = fs::read(&files.of_other).unwrap();
    fs::remove_file(&files.of_other).unwrap();
    let hidden = files.verify(&up);
    assert_eq!(hidden.code, Some(16), "{hidden:?}");
    assert!(hidden.stderr.contains(&other), "{hidden:?}");
    fs::write(&files.of_other, kept).unwrap();
    assert_eq!(files.verify(&up).code, Some(0));

    let theirs = format!("\\\"patient_id\\\":\\\"{other}\\\"");
    let whole = fs::read(&files.export).unwrap();
    let registered = |line: &str| line.contains("patient.registered") && line.contains(&theirs);
    assert_eq!(cut(&files.export, registered), 1);
    let left_out = files.verify(&up);
    assert_eq!(left_out.code, Some(16), "{left_out:?}");
    fs::write(&files.export, &whole).unwrap();
    assert!(cut(&files.export, |line| line.contains(&theirs)) >= 2);
    assert_eq!(files.verify(&up).code, Some(16));
    // Nor can the merge itself be kept back.
    fs::write(&files.export, &whole).unwrap();
    assert_eq!(
        cut(&files.export, |line| line.contains("patients.merged")),
        2
    );
    assert_eq!(files.verify(&up).code, Some(16));
    fs::write(&files.export, &whole).unwrap();

    // What was kept of the other shows an event that is gone.
    let kept = save_other_history(&up, &other, &path("kept"));
    let against = ["--checkpoint", &kept];
    let gone = files.verify_with(&up, &against);
    assert_eq!(gone.code, Some(18), "{gone:?}");
}

/// Saves another history of a patient, which the log signed when it was shorter.
fn save_other_history(up: &Up, patient_id: &str, file: &Path) -> String {
    let config = StackConfig::of_folder(up.folder.path()).unwrap();
    let key = fs::read_to_string(config.layout.log_signer()).unwrap();
    let signer = Signer::parse(key.trim()).unwrap();
    let patient_id: PatientId = patient_id.parse().unwrap();
    let patient_id = *patient_id.as_uuid().as_bytes();
    let mut log = SmallLog::of(&[]);
    log.signer = signer;
    log.append(patient_id, "a");
    log.save_history_of(patient_id, file)
}

#[test]
fn two_patients_are_merged_and_taken_apart_again() {
    let up = Up::start();
    let (own, other) = (up.patient_id(), register(&up));
    let of = |kind: &str| {
        let issues = up.ask(&["patient", "issues", "--kind", kind]).to_string();
        (issues.contains(&own), issues.contains(&other))
    };
    assert_eq!(of("unqualified"), (false, true));
    assert_eq!(of("duplicate"), (false, false));
    assert_eq!(of("collision"), (false, false));
    assert_eq!(of("alike"), (false, false));

    merge(&up, &other, &own);
    let shown = up.ask(&["patient", "show", &other]);
    assert_eq!(shown["patient_id"], own);
    let (code, reason) =
        up.is_refused(&["patient", "merge", &other, &own, "--reason", "once more"]);
    assert_eq!(code, 64 + 9, "{reason}");
    assert!(reason.contains("STATE_CONFLICT"), "{reason}");

    let apart = up.ask(&["patient", "unmerge", &other, "--reason", "two people"]);
    assert_eq!(apart[0]["patient_id"], other);
    assert_eq!(apart[1]["patient_id"], own);
    let shown = up.ask(&["patient", "show", &other]);
    assert_eq!(shown["patient_id"], other);
}
