//! Exports, as they were saved and with something changed, checked offline.

use std::fs;
use std::path::Path;

use crate::continued::is;
use crate::grown::until_traced;
use crate::stand::{Answer, Up, run};

/// Each form, and what of an event it shows in what words: `success`, and another outcome.
const FORMS: [(&str, &str, &str, &str); 6] = [
    (
        "balp-ndjson",
        "\"outcome\":\"0\"",
        "\"outcome\":\"8\"",
        "outcome",
    ),
    (
        "balp-bundle",
        "\"outcome\":\"0\"",
        "\"outcome\":\"8\"",
        "resource.outcome",
    ),
    (
        "tde-ndjson",
        "\"outcome\":\"0\"",
        "\"outcome\":\"8\"",
        "outcome",
    ),
    (
        "tde-bundle",
        "\"outcome\":\"0\"",
        "\"outcome\":\"8\"",
        "resource.outcome",
    ),
    ("csv", ",success,", ",refused,", "outcome"),
    (
        "receipts",
        "success",
        "refused",
        "not the one that was recorded",
    ),
];

/// An export of the sample patient's history in this form.
fn saved(up: &Up, form: &str) -> String {
    let file = up.folder.path().join(form).to_str().unwrap().to_owned();
    let answer = up.run(&["audit", "export", &file, "--form", form]);
    is(&answer, 0, "saved");
    file
}

fn check(up: &Up, file: &str) -> Answer {
    up.run(&["audit", "verify", "--export", file])
}

/// What is found when the file is saved with this text.
fn check_with(up: &Up, file: &str, text: &str) -> Answer {
    fs::write(file, text).unwrap();
    check(up, file)
}

#[test]
fn an_export_in_any_form_is_checked_and_what_it_shows_otherwise_is_found() {
    let up = Up::start();
    until_traced(&up, "record.opened");
    for (form, shown, other, name) in FORMS {
        let file = saved(&up, form);
        let answer = check(&up, &file);
        is(&answer, 0, "shown as they stand");
        let code = if form == "csv" || form == "receipts" {
            form.to_owned()
        } else {
            format!("fhir-{form}")
        };
        let told = up.ask(&["audit", "verify", "--export", &file]);
        assert_eq!(told["form"], code.as_str());
        let count = told["events"].as_u64().unwrap();
        assert!(count >= 2, "{told}");
        assert!(
            answer.stdout.contains(&format!("{count} events")),
            "{answer:?}"
        );
        let sound = fs::read_to_string(&file).unwrap();

        // The last event is shown to have ended otherwise.
        let place = sound.rfind(shown).unwrap();
        let mut text = sound.clone();
        text.replace_range(place..place + shown.len(), other);
        let answer = check_with(&up, &file, &text);
        let expected = if form == "receipts" { 14 } else { 25 };
        is(&answer, expected, name);
        let line = 1 + sound[..place].matches('\n').count();
        let counted = format!("1 of {count} events are refuted, the first is number");
        assert!(answer.stderr.contains(&counted), "{answer:?}");
        assert!(
            answer.stderr.contains(&format!("line {line}")),
            "{answer:?}"
        );
        assert!(!answer.stdout.contains("True"), "{answer:?}");

        // A letter of the evidence is another one: of the base64, or of the event itself.
        let evidence = if form == "receipts" {
            "event_id"
        } else {
            "eyJ"
        };
        let place = sound.find(evidence).unwrap() + evidence.len();
        let mut text = sound.clone();
        let letter = if text[place..].starts_with('h') {
            "i"
        } else {
            "h"
        };
        text.replace_range(place..=place, letter);
        let answer = check_with(&up, &file, &text);
        assert!(
            [10, 14].contains(&answer.code.unwrap()),
            "{form}: {answer:?}"
        );

        // The end is missing.
        let cut = &sound[..sound.floor_char_boundary(sound.len() - 2)];
        is(&check_with(&up, &file, cut), 10, "refuted");
    }
}

#[test]
fn an_export_of_another_log_is_believed_by_nobody_and_a_file_that_is_none_is_named_so() {
    let up = Up::start();
    until_traced(&up, "record.opened");
    let file = saved(&up, "csv");
    let other = Up::start();
    let answer = run(
        other.folder.path(),
        &["--lang", "en", "audit", "verify", "--export", &file],
    );
    is(&answer, 11, "did not sign");
    is(
        &check_with(&up, &file, "name,birth date\r\n"),
        10,
        "any of its forms",
    );
    let both = up.run(&["audit", "verify", "event", "receipt", "--export", &file]);
    assert_eq!(both.code, Some(2), "{both:?}");
    let half = up.run(&["audit", "verify", "event"]);
    assert_eq!(half.code, Some(2), "{half:?}");
}

#[test]
fn an_export_continues_what_was_kept_and_shows_a_whole_history_in_any_form() {
    let up = Up::start();
    until_traced(&up, "record.opened");
    let path = |name: &str| up.folder.path().join(name).to_str().unwrap().to_owned();
    let (kept, proof, export) = (path("kept"), path("proof"), path("export"));
    is(&up.run(&["audit", "checkpoint", &kept]), 0, "saved");
    up.ask(&["document", "mask", "irm-4"]);
    until_traced(&up, "mask.set");
    is(&up.run(&["audit", "proof", &proof]), 0, "saved");
    let save = [
        "audit", "export", &export, "--form", "csv", "--since", &kept,
    ];
    is(&up.run(&save), 0, "only grown");
    let grown = path("export.consistency");
    assert!(Path::new(&grown).exists());
    let check = [
        "audit",
        "verify",
        "--export",
        &export,
        "--checkpoint",
        &kept,
    ];
    is(&up.run(&check), 21, "Not compared");
    let proved = [&check[..], &["--consistency", &grown]].concat();
    is(&up.run(&proved), 0, "continues the one");
    let whole = ["audit", "verify-history", &proof, "--export", &export];
    is(&up.run(&whole), 0, "all are shown");
    // A record is taken out: each other one is as true as before.
    let text = fs::read_to_string(&export).unwrap();
    let (left_out, left): (Vec<&str>, Vec<&str>) = text
        .split_inclusive("\r\n")
        .partition(|record| record.contains(",mask.set,"));
    assert_eq!(left_out.len(), 1);
    fs::write(&export, left.concat()).unwrap();
    is(
        &up.run(&["audit", "verify", "--export", &export]),
        0,
        "True",
    );
    is(&up.run(&whole), 16, "not whole");
}
