//! A history of which something is withheld is proved whole, and never said to be all shown.

use std::fs;

use crate::continued::{ANNE, Desk, is};
use crate::small_log::SmallLog;

#[test]
fn what_is_withheld_is_counted_and_none_of_it_may_be_missing() {
    let log = SmallLog::of(&[(ANNE, "a"), (ANNE, "b"), (ANNE, "c")]);
    let desk = Desk::of(&log);
    let history = log.save_history(ANNE, &desk.at("history"));
    let export = log.save_withheld(&desk.at("export"));
    let verified = || desk.audit(&["verify-history", &history, "--export", &export]);
    let whole = verified();
    is(&whole, 26, "no event is missing");
    assert!(!whole.stdout.contains("all are shown"), "{whole:?}");
    let alone = desk.audit(&["verify", "--export", &export]);
    is(
        &alone,
        0,
        "Of 3 more, withheld for now, the place is proved.",
    );

    let lines = fs::read_to_string(&export).unwrap();
    let without_one: Vec<&str> = lines.lines().skip(1).collect();
    fs::write(&export, without_one.join("\n") + "\n").unwrap();
    is(&verified(), 16, "not whole");
    // Of the same place nothing else is believed.
    let erased = lines.replace("withheld", "erased");
    fs::write(&export, erased).unwrap();
    is(&verified(), 24, "nothing in the log says so");
}
