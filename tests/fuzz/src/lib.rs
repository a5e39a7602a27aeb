//! What others send: tokens, claims, files, proofs. Each target says of any bytes at all
//! what must hold once they were read, without the code that reads them.
//!
//! The tests try each with inputs that are almost sound, the same on every run.
//! `cargo xtask fuzz` tries them with what libFuzzer makes, guided by the branches that are
//! reached; what it finds is a file, which `cargo run -p aval-fuzz -- <target> <file>` tries
//! again. It builds this very package with `--cfg aval_fuzz` and instruments everything.

#![expect(
    clippy::unwrap_used,
    reason = "it is for tests, and panics where something does not hold"
)]

mod export;
mod extraction;
mod forge;
mod identifier;
mod json_token;
mod log_text;
mod matrix;
mod search;
mod user_info;

use aval_testing::mutation::Mutator;

/// One kind of input.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// What it is called on the command line.
    pub name: &'static str,
    /// Inputs that are sound.
    pub sound: fn() -> Vec<Vec<u8>>,
    /// An input that is almost sound.
    pub almost: fn(&mut Mutator) -> Vec<u8>,
    /// Panics if what must hold does not; answers whether the input was taken for sound.
    pub check: fn(&[u8]) -> bool,
}

/// Every kind.
pub static TARGETS: &[Target] = &[
    json_token::ID_TOKEN,
    json_token::LOGOUT_TOKEN,
    json_token::AVAL_TOKEN,
    json_token::CHANGED_TOKEN,
    json_token::PUBLISHED_KEYS,
    user_info::USER_INFO,
    identifier::IDENTIFIER,
    search::SEARCH,
    extraction::EXTRACTION,
    matrix::MATRIX,
    log_text::NOTE,
    log_text::POLICY,
    log_text::RECEIPT,
    log_text::HISTORY,
    log_text::BUNDLE,
    log_text::EVENT,
    log_text::GROWTH,
    export::EXPORT,
];

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// One of the sound inputs with a few bytes changed.
fn with_changed_bytes(mutator: &mut Mutator, sound: &[Vec<u8>]) -> Vec<u8> {
    let chosen = mutator.one_of(sound).clone();
    mutator.bytes(&chosen)
}

#[cfg(test)]
mod tests {
    use aval_testing::mutation::every_round;

    use super::*;

    fn try_each(targets: &[Target]) {
        for target in targets {
            for sound in (target.sound)() {
                assert!((target.check)(&sound), "{}", target.name);
            }
            let (mut taken, mut refused) = (0, 0);
            every_round(|mutator| {
                if (target.check)(&(target.almost)(mutator)) {
                    taken += 1;
                } else {
                    refused += 1;
                }
            });
            // Some changes do no harm: the inputs do get as far as there is code.
            assert!(
                taken > 0 && refused > 0,
                "{}: {taken} {refused}",
                target.name
            );
        }
    }

    #[test]
    fn almost_sound_tokens_and_keys_are_believed_for_what_they_must_say_or_refused() {
        try_each(&TARGETS[..5]);
    }

    #[test]
    fn almost_sound_claims_identifiers_and_names_are_read_as_they_are_or_refused() {
        try_each(&TARGETS[5..8]);
    }

    #[test]
    fn almost_sound_files_are_read_the_same_in_one_piece_or_in_many() {
        try_each(&TARGETS[8..10]);
    }

    #[test]
    fn almost_sound_texts_of_the_log_are_read_as_they_are_or_refused() {
        try_each(&TARGETS[10..]);
    }

    #[test]
    fn any_bytes_may_come_under_any_name() {
        for target in TARGETS {
            for bytes in [
                b"".as_slice(),
                b"\0",
                b"\n",
                b"{}",
                b"\xff\xff\xff\xff",
                b"\n\n",
            ] {
                (target.check)(bytes);
            }
            assert!(std::ptr::eq(super::target(target.name).unwrap(), target));
        }
    }
}
