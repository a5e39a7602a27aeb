//! What was saved before is held offline against what is shown now.

use std::fs;
use std::path::PathBuf;

use aval_merkle_log::cosignature::Cosigner;
use aval_merkle_log::note::{SignedNote, Signer};
use tempfile::TempDir;

use crate::small_log::SmallLog;
use crate::stand::{Answer, run};

pub(crate) const ANNE: u8 = 1;
pub(crate) const BRUNO: u8 = 2;

/// What a person saved, in a folder of theirs.
pub(crate) struct Desk {
    folder: TempDir,
    key: String,
}

impl Desk {
    pub(crate) fn of(log: &SmallLog) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = log.save_key(&folder.path().join("key"));
        Self { folder, key }
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn audit(&self, words: &[&str]) -> Answer {
        let words = [&["--lang", "en", "audit"], words, &["--key", &self.key]].concat();
        run(self.folder.path(), &words)
    }

    /// Checks a receipt against a checkpoint that was saved before.
    fn receipt(&self, [event, receipt]: &[String; 2], kept: &str, grown: &[&str]) -> Answer {
        let mut words = vec!["verify", event, receipt, "--checkpoint", kept];
        words.extend(grown.iter().flat_map(|grown| ["--consistency", grown]));
        self.audit(&words)
    }
}

pub(crate) fn is(answer: &Answer, code: i32, words: &str) {
    assert_eq!(answer.code, Some(code), "{answer:?}");
    let said = format!("{}{}", answer.stdout, answer.stderr);
    assert!(said.contains(words), "{answer:?}");
}

#[test]
fn a_receipt_is_of_a_log_that_only_continues_the_checkpoint_that_was_kept() {
    let before = SmallLog::of(&[(ANNE, "a"), (BRUNO, "b"), (ANNE, "c")]);
    let now = SmallLog::of(&[(ANNE, "a"), (BRUNO, "b"), (ANNE, "c"), (BRUNO, "d")]);
    let desk = Desk::of(&now);
    let kept = before.save_checkpoint(&desk.at("kept"));
    let then = before.save_first_event(&desk.at("then"));
    let shown = now.save_first_event(&desk.at("shown"));

    // Of one size no proof is needed.
    is(&desk.receipt(&then, &kept, &[]), 0, "continues the one");
    // A receipt that was saved before is kept as well as a checkpoint.
    is(&desk.receipt(&then, &then[1], &[]), 0, "continues the one");
    // Of another it is, and without one that is said, beside what is true.
    let not_compared = desk.receipt(&shown, &kept, &[]);
    is(&not_compared, 21, "Not compared");
    assert!(not_compared.stdout.contains("True"), "{not_compared:?}");
    let grown = now.save_growth(3, &desk.at("grown"));
    is(&desk.receipt(&shown, &kept, &[&grown]), 0, "True");
    let of_other_sizes = now.save_growth(2, &desk.at("of-other-sizes"));
    is(
        &desk.receipt(&shown, &kept, &[&of_other_sizes]),
        21,
        "from one of 3 and 4",
    );
    let both = [of_other_sizes.as_str(), &grown];
    is(&desk.receipt(&shown, &kept, &both), 0, "True");

    // A receipt that is older than what was kept needs the proof that leads up to it.
    let newest = now.save_checkpoint(&desk.at("newest"));
    is(&desk.receipt(&then, &newest, &[]), 20, "older state");
    is(&desk.receipt(&then, &newest, &[&grown]), 0, "leads to it");
}

#[test]
fn a_log_that_was_forked_rewritten_or_cut_is_found_by_who_kept_a_checkpoint() {
    let honest = SmallLog::of(&[(ANNE, "a"), (BRUNO, "b"), (ANNE, "c")]);
    let desk = Desk::of(&honest);
    let kept = honest.save_checkpoint(&desk.at("kept"));
    // Each is signed with the log's own key, and each receipt is true by itself.
    let forked = SmallLog::of(&[(ANNE, "a"), (BRUNO, "other"), (ANNE, "c")]);
    let forked = forked.save_first_event(&desk.at("forked"));
    is(&desk.receipt(&forked, &kept, &[]), 19, "contradict");
    let rewritten = SmallLog::of(&[(ANNE, "a"), (BRUNO, "x"), (ANNE, "c"), (ANNE, "d")]);
    let grown = rewritten.save_growth(3, &desk.at("rewritten.consistency"));
    let rewritten = rewritten.save_first_event(&desk.at("rewritten"));
    is(&desk.receipt(&rewritten, &kept, &[]), 21, "Not compared");
    is(
        &desk.receipt(&rewritten, &kept, &[&grown]),
        19,
        "not the beginning",
    );
    let shorter = SmallLog::of(&[(ANNE, "a"), (BRUNO, "b")]);
    let cut = shorter.save_first_event(&desk.at("cut"));
    is(&desk.receipt(&cut, &kept, &[]), 20, "older state");
    // Nor does a proof lead up to what was kept from a shorter tree that is another one.
    let other = SmallLog::of(&[(ANNE, "a"), (BRUNO, "x")]);
    let other = other.save_first_event(&desk.at("other"));
    let grown = honest.save_growth(2, &desk.at("honest.consistency"));
    is(&desk.receipt(&cut, &kept, &[&grown]), 0, "True");
    is(&desk.receipt(&other, &kept, &[&grown]), 19, "contradict");
}

#[test]
fn what_was_kept_is_believed_by_the_same_key_and_read_in_its_format() {
    let log = SmallLog::of(&[(ANNE, "a"), (BRUNO, "b"), (ANNE, "c")]);
    let desk = Desk::of(&log);
    let shown = log.save_first_event(&desk.at("shown"));
    let mut stranger = SmallLog::of(&[(ANNE, "a")]);
    stranger.signer = Signer::from_seed("audit.example/log", &[2; 32]).unwrap();
    let kept = stranger.save_checkpoint(&desk.at("of-a-stranger"));
    is(&desk.receipt(&shown, &kept, &[]), 11, "of-a-stranger");
    let no_checkpoint = desk.at("no-checkpoint").to_str().unwrap().to_owned();
    fs::write(&no_checkpoint, "nothing\n").unwrap();
    is(
        &desk.receipt(&shown, &no_checkpoint, &[]),
        10,
        "no-checkpoint",
    );
    let kept = log.save_checkpoint(&desk.at("kept"));
    is(
        &desk.receipt(&shown, &kept, &[&no_checkpoint]),
        10,
        "no-checkpoint",
    );
    let words = ["verify", &shown[0], &shown[1], "--consistency", &kept];
    let without = desk.audit(&words);
    assert_eq!(without.code, Some(2), "{without:?}");

    // A policy may name two logs; neither continues the other.
    let mut another = SmallLog::of(&[(ANNE, "a"), (BRUNO, "b"), (ANNE, "c")]);
    another.signer = Signer::from_seed("audit.example/another", &[3; 32]).unwrap();
    let kept = another.save_checkpoint(&desk.at("of-another"));
    let [one, other] = [&log, &another].map(|log| log.signer.verifier().to_string());
    let policy = desk.at("policy");
    fs::write(&policy, format!("log {one}\nlog {other}\nquorum none\n")).unwrap();
    let [event, receipt] = shown.each_ref().map(String::as_str);
    let policy = policy.to_str().unwrap();
    let verify = ["--lang", "en", "audit", "verify", event, receipt];
    let options = ["--checkpoint", &kept, "--policy", policy];
    let verify = [&verify[..], &options].concat();
    is(&run(desk.folder.path(), &verify), 12, "another log");
}

#[test]
fn two_patients_who_are_shown_two_trees_find_out_with_each_other_s_checkpoint() {
    let to_anne = SmallLog::of(&[(ANNE, "a"), (BRUNO, "b"), (ANNE, "c")]);
    let to_bruno = SmallLog::of(&[(ANNE, "a"), (BRUNO, "b"), (BRUNO, "c")]);
    let desk = Desk::of(&to_anne);
    let annes = to_anne.save_history(ANNE, &desk.at("annes"));
    let brunos = to_bruno.save_history(BRUNO, &desk.at("brunos"));
    for whole in [&annes, &brunos] {
        is(
            &desk.audit(&["verify-history", whole]),
            0,
            "none is missing",
        );
    }
    let against =
        |shown: &str, kept: &str| desk.audit(&["verify-history", shown, "--checkpoint", kept]);
    is(&against(&annes, &annes), 0, "continues the one");
    is(&against(&annes, &brunos), 19, "contradict");
    is(&against(&brunos, &annes), 19, "contradict");

    // Of trees of two sizes a proof tells, which the log gives for the one that it shows.
    let later = SmallLog::of(&[(ANNE, "a"), (BRUNO, "b"), (BRUNO, "c"), (ANNE, "d")]);
    let brunos = later.save_history(BRUNO, &desk.at("later"));
    let grown = later.save_growth(3, &desk.at("grown"));
    is(&against(&brunos, &annes), 21, "Not compared");
    let proved = |shown: &str, kept: &str, grown: &str| {
        let kept = ["--checkpoint", kept, "--consistency", grown];
        desk.audit(&[&["verify-history", shown], &kept[..]].concat())
    };
    is(&proved(&brunos, &annes, &grown), 19, "not the beginning");
    let sound = to_bruno.save_checkpoint(&desk.at("sound"));
    is(&proved(&brunos, &sound, &grown), 0, "continues the one");
    is(&against(&annes, &brunos), 20, "older state");
}

#[test]
fn a_history_kept_before_is_also_held_against_what_its_checkpoint_says_of_others() {
    let before = SmallLog::of(&[(ANNE, "a"), (BRUNO, "b")]);
    // Anne's own events are as they were.
    let forked = SmallLog::of(&[(ANNE, "a"), (BRUNO, "x")]);
    let grown = SmallLog::of(&[(ANNE, "a"), (BRUNO, "b"), (BRUNO, "c")]);
    let desk = Desk::of(&before);
    let [before, forked, grown] = [(before, "before"), (forked, "forked"), (grown, "grown")]
        .map(|(log, name)| log.save_history(ANNE, &desk.at(name)));
    let continued = |now: &str, then: &str| desk.audit(&["verify-history", now, "--before", then]);
    is(&continued(&grown, &before), 0, "True");
    is(&continued(&forked, &before), 19, "contradict");
    is(&continued(&before, &grown), 20, "older state");
}

#[test]
fn a_checkpoint_of_today_is_held_against_yesterday_s() {
    let before = SmallLog::of(&[(ANNE, "a"), (BRUNO, "b"), (ANNE, "c")]);
    let now = SmallLog::of(&[(ANNE, "a"), (BRUNO, "b"), (ANNE, "c"), (BRUNO, "d")]);
    let forked = SmallLog::of(&[(ANNE, "a"), (BRUNO, "b"), (ANNE, "x")]);
    let desk = Desk::of(&now);
    let kept = before.save_checkpoint(&desk.at("kept"));
    let today = now.save_checkpoint(&desk.at("today"));
    let forked = forked.save_checkpoint(&desk.at("forked"));
    let grown = now.save_growth(3, &desk.at("grown"));
    is(
        &desk.audit(&["verify-checkpoint", &today]),
        0,
        "of 4 entries",
    );
    let against =
        |shown: &str, kept: &str| desk.audit(&["verify-checkpoint", shown, "--checkpoint", kept]);
    is(&against(&today, &kept), 21, "Not compared");
    is(&against(&forked, &kept), 19, "contradict");
    is(&against(&kept, &today), 20, "older state");
    let proved = |shown: &str, kept: &str, grown: &str| {
        let kept = ["--checkpoint", kept, "--consistency", grown];
        desk.audit(&[&["verify-checkpoint", shown], &kept[..]].concat())
    };
    is(&proved(&today, &kept, &grown), 0, "continues the one");
    is(&proved(&today, &forked, &grown), 19, "not the beginning");
}

#[test]
fn what_has_no_cosignature_is_believed_where_it_leads_up_to_what_witnesses_saw() {
    let before = SmallLog::of(&[(ANNE, "a"), (BRUNO, "b"), (ANNE, "c")]);
    let now = SmallLog::of(&[(ANNE, "a"), (BRUNO, "b"), (ANNE, "c"), (BRUNO, "d")]);
    let forked = SmallLog::of(&[(ANNE, "a"), (BRUNO, "x"), (ANNE, "c")]);
    let witness = Cosigner::from_seed("witness.example/w", &[2; 32]).unwrap();
    let cosigned = |file: String| {
        let mut note = SignedNote::parse(&fs::read(&file).unwrap()).unwrap();
        note.add_line(&witness.cosign(&note, 1_790_000_000))
            .unwrap();
        fs::write(&file, note.format()).unwrap();
        file
    };
    let desk = Desk::of(&now);
    let log = now.signer.verifier();
    let policy = format!("log {log}\nwitness w {}\nquorum w\n", witness.witness());
    let policy_file = desk.at("policy");
    fs::write(&policy_file, policy).unwrap();
    let policy_file = policy_file.to_str().unwrap();
    let verify = |[event, receipt]: &[String; 2], kept: &[&str]| {
        let words = ["--lang", "en", "audit", "verify", event, receipt];
        let words = [&words[..], &["--policy", policy_file], kept].concat();
        run(desk.folder.path(), &words)
    };
    let then = before.save_first_event(&desk.at("then"));
    let other = forked.save_first_event(&desk.at("other"));
    let newest = now.save_first_event(&desk.at("newest"));
    let grown = now.save_growth(3, &desk.at("grown"));
    let seen = cosigned(now.save_checkpoint(&desk.at("seen")));
    let seen_then = cosigned(before.save_checkpoint(&desk.at("seen-then")));

    is(&verify(&then, &[]), 23, "too few witnesses");
    is(&verify(&then, &["--checkpoint", &seen_then]), 0, "True");
    is(
        &verify(&then, &["--checkpoint", &seen]),
        23,
        "too few witnesses",
    );
    let proved = ["--checkpoint", &seen, "--consistency", &grown];
    is(&verify(&then, &proved), 0, "leads to it");
    is(&verify(&newest, &["--checkpoint", &seen]), 0, "True");
    // What was forked before is not what they saw, and of what came later they saw nothing.
    is(&verify(&other, &proved), 19, "not the beginning");
    is(
        &verify(&other, &["--checkpoint", &seen_then]),
        19,
        "contradict",
    );
    let later = ["--checkpoint", &seen_then, "--consistency", &grown];
    is(&verify(&newest, &later), 23, "too few witnesses");
    // Nor does a checkpoint that they did not see itself lend anything.
    is(
        &verify(&then, &["--checkpoint", &then[1]]),
        23,
        "too few witnesses",
    );
}
