//! The events that a file from before shows are held offline against the history of now.

use std::fs;

use crate::continued::{ANNE, BRUNO, Desk, is};
use crate::small_log::SmallLog;

const BEFORE: [(u8, &str); 3] = [(ANNE, "a"), (BRUNO, "b"), (ANNE, "c")];

/// What it says of a history when this was kept, with the proofs that the log has grown.
fn against(desk: &Desk, history: &str, kept: &str, grown: &[&str]) -> crate::stand::Answer {
    let mut words = vec!["verify-history", history, "--checkpoint", kept];
    words.extend(grown.iter().flat_map(|grown| ["--consistency", grown]));
    desk.audit(&words)
}

#[test]
fn a_log_that_has_only_grown_and_forgot_a_patient_is_found_by_whatever_was_kept_of_them() {
    let before = SmallLog::of(&BEFORE);
    let mut honest = SmallLog::of(&BEFORE);
    honest.append([ANNE; 16], "d");
    // Its tree grows as the honest one does, and what it shows of Anne is whole by itself.
    let mut forgetful = SmallLog::of(&BEFORE);
    forgetful.forget(ANNE);
    forgetful.append([ANNE; 16], "d");
    let desk = Desk::of(&before);
    let [_, receipt] = before.save_first_event(&desk.at("first"));
    let history = before.save_history(ANNE, &desk.at("history"));
    let export = before.save_export(&desk.at("export"));
    let checkpoint = before.save_checkpoint(&desk.at("checkpoint"));
    let brunos = before.save_history(BRUNO, &desk.at("brunos"));
    for (log, code) in [(&honest, 0), (&forgetful, 18)] {
        let now = log.save_history(ANNE, &desk.at("now"));
        let grown = log.save_growth(3, &desk.at("grown"));
        is(&desk.audit(&["verify-history", &now]), 0, "none is missing");
        for kept in [&receipt, &history, &export] {
            let answer = against(&desk, &now, kept, &[&grown]);
            assert_eq!(answer.code, Some(code), "{kept}: {answer:?}");
        }
        // A checkpoint by itself, and another's history, say nothing of her events.
        for kept in [&checkpoint, &brunos] {
            is(
                &against(&desk, &now, kept, &[&grown]),
                0,
                "continues the one",
            );
        }
    }
    // It is said before that two states could not be compared.
    let now = forgetful.save_history(ANNE, &desk.at("now"));
    for kept in [&receipt, &history, &export] {
        is(&against(&desk, &now, kept, &[]), 18, "are gone");
    }
    let brunos = forgetful.save_history(BRUNO, &desk.at("brunos-now"));
    let grown = forgetful.save_growth(3, &desk.at("grown"));
    is(&against(&desk, &brunos, &export, &[&grown]), 0, "True");
}

#[test]
fn an_older_history_shows_what_was_known_at_its_time() {
    let before = SmallLog::of(&BEFORE);
    let mut now = SmallLog::of(&BEFORE);
    now.append([ANNE; 16], "d");
    let mut forgetful = SmallLog::of(&BEFORE);
    forgetful.forget(ANNE);
    forgetful.append([ANNE; 16], "d");
    let desk = Desk::of(&before);
    let then = before.save_history(ANNE, &desk.at("then"));
    let grown = now.save_growth(3, &desk.at("grown"));
    let export = now.save_export(&desk.at("export"));
    let history = now.save_history(ANNE, &desk.at("history"));
    for kept in [&export, &history] {
        is(&against(&desk, &then, kept, &[&grown]), 0, "leads to it");
        is(&against(&desk, &then, kept, &[]), 20, "older state");
    }
    let history = forgetful.save_history(ANNE, &desk.at("forgetful"));
    let grown = forgetful.save_growth(3, &desk.at("grown"));
    is(&against(&desk, &then, &history, &[&grown]), 18, "are gone");
}

#[test]
fn what_was_kept_is_proved_itself_before_a_history_is_held_against_it() {
    let log = SmallLog::of(&BEFORE);
    let desk = Desk::of(&log);
    let now = log.save_history(ANNE, &desk.at("now"));
    let refused = |kept: &str, from: &str, to: &str, code| {
        let text = fs::read_to_string(kept).unwrap();
        fs::write(kept, text.replacen(from, to, 1)).unwrap();
        is(&against(&desk, &now, kept, &[]), code, kept);
    };
    let [_, receipt] = log.save_first_event(&desk.at("first"));
    refused(&receipt, "index 0", "index 1", 13);
    let export = log.save_export(&desk.at("export"));
    refused(&export, "index 1", "index 0", 13);
    let history = log.save_history(ANNE, &desk.at("history"));
    refused(&history, "index 2", "index 1", 13);
}

#[test]
fn an_export_without_an_event_continues_nothing() {
    let log = SmallLog::of(&BEFORE);
    let desk = Desk::of(&log);
    let kept = log.save_checkpoint(&desk.at("kept"));
    let empty = desk.at("empty").to_str().unwrap().to_owned();
    fs::write(&empty, "").unwrap();
    is(&desk.audit(&["verify", "--export", &empty]), 0, "True");
    let against = ["verify", "--export", &empty, "--checkpoint", &kept];
    is(&desk.audit(&against), 21, "Not compared");
}
