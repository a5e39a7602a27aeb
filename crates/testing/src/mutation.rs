//! Sound inputs with something wrong in them, for parsers of what others send.
//!
//! A text made of nothing is refused at its first character; one that is almost sound
//! gets as far as there is code. Each round has a seed of its own, so that what fails is
//! found again, and the rounds are the same on every run. How many there are is said by
//! [`ROUNDS_VARIABLE`]: a few thousand take a second, some millions a night.

#![expect(
    clippy::missing_panics_doc,
    reason = "it is for tests, and panics where the test is to fail"
)]

use std::io::{self, Write as _};
use std::{env, thread};

use aval_domain::random::{self, SeededRandom};
use serde_json::{Map, Value, json};

/// The environment variable that says how many rounds there are.
pub const ROUNDS_VARIABLE: &str = "AVAL_MUTATIONS";
/// Without it.
const ROUNDS: u64 = 2_000;

/// Makes something wrong, as its seed says.
#[derive(Debug)]
pub struct Mutator {
    random: SeededRandom,
}

/// Runs `check` once a round. The seed of a round that fails is on standard error.
pub fn every_round(mut check: impl FnMut(&mut Mutator)) {
    let rounds = env::var(ROUNDS_VARIABLE).map(|text| {
        text.parse()
            .expect("the number of rounds is a whole number")
    });
    for seed in 0..rounds.unwrap_or(ROUNDS) {
        let told = TellSeed(seed);
        check(&mut Mutator::new(seed));
        drop(told);
    }
}

/// Says the seed when its round panics.
struct TellSeed(u64);

impl Drop for TellSeed {
    fn drop(&mut self) {
        if thread::panicking() {
            // Nobody reads a standard error that cannot be written to.
            let _ = writeln!(io::stderr(), "the seed of this round is {}", self.0);
        }
    }
}

impl Mutator {
    /// What this seed says.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            random: SeededRandom::new(seed),
        }
    }

    /// One of these numbers below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let number = u64::from_be_bytes(random::bytes(&self.random));
        let bound = u64::try_from(bound).expect("an address has 64 bits");
        usize::try_from(number % bound).expect("it is smaller than the bound")
    }

    /// One of these, of which there is at least one.
    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// A few changes of these bytes: flipped, taken out, doubled, cut, or with something
    /// inserted.
    pub fn bytes(&mut self, sound: &[u8]) -> Vec<u8> {
        let mut bytes = sound.to_vec();
        for _ in 0..=self.below(4) {
            self.change(&mut bytes);
        }
        bytes
    }

    /// The same as a text.
    pub fn text(&mut self, sound: &str) -> String {
        String::from_utf8_lossy(&self.bytes(sound.as_bytes())).into_owned()
    }

    /// A few members or elements of this value changed, taken out or wrapped.
    pub fn json(&mut self, sound: &Value) -> Value {
        let mut value = sound.clone();
        for _ in 0..=self.below(3) {
            let nodes = count(&value);
            let chosen = self.below(nodes);
            self.change_node(&mut value, &mut { chosen });
        }
        value
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let place = self.below(bytes.len() + 1);
        let end = (place + self.below(16)).min(bytes.len());
        match self.below(7) {
            0 if place < bytes.len() => bytes[place] ^= 1 << self.below(8),
            1 if place < bytes.len() => bytes[place] = *self.one_of(TELLING_BYTES),
            2 => drop(bytes.drain(place..end)),
            3 => {
                let doubled = bytes[place..end].to_vec();
                bytes.splice(place..place, doubled);
            }
            4 => bytes.truncate(place),
            5 => {
                let (byte, length) = (*self.one_of(TELLING_BYTES), *self.one_of(LENGTHS));
                bytes.splice(place..place, std::iter::repeat_n(byte, length));
            }
            _ => {
                let inserted = *self.one_of(TELLING_TEXTS);
                bytes.splice(place..place, inserted.bytes());
            }
        }
    }

    /// Changes the node that comes after so many others.
    fn change_node(&mut self, value: &mut Value, others: &mut usize) {
        if *others == 0 {
            *value = self.something_else(value);
            *others = usize::MAX;
            return;
        }
        *others -= 1;
        match value {
            Value::Array(elements) => {
                for element in elements {
                    if *others == usize::MAX {
                        return;
                    }
                    self.change_node(element, others);
                }
            }
            Value::Object(members) => {
                if *others == 0 && self.below(3) == 0 {
                    self.change_members(members);
                    *others = usize::MAX;
                    return;
                }
                for (_, member) in members.iter_mut() {
                    if *others == usize::MAX {
                        return;
                    }
                    self.change_node(member, others);
                }
            }
            _ => {}
        }
    }

    fn change_members(&mut self, members: &mut Map<String, Value>) {
        let names: Vec<String> = members.keys().cloned().collect();
        if names.is_empty() {
            return;
        }
        let name = self.one_of(&names).clone();
        let value = members.remove(&name).unwrap_or_default();
        match self.below(3) {
            0 => {}
            1 => drop(members.insert(self.text(&name), value)),
            _ => drop(members.insert(self.one_of(&names).clone(), value)),
        }
    }

    fn something_else(&mut self, value: &Value) -> Value {
        match self.below(10) {
            0 => Value::Null,
            1 => json!(self.below(2) == 0),
            2 => json!(*self.one_of(&[0, 1, -1, i64::MIN, i64::MAX])),
            3 => json!(*self.one_of(&[u64::MAX, 1 << 53, 4_294_967_296])),
            4 => json!(*self.one_of(&[0.5, -0.0, 1e308, 1.8e9])),
            5 => json!(*self.one_of(TELLING_TEXTS)),
            6 => json!("x".repeat(*self.one_of(LENGTHS))),
            7 => json!([value]),
            8 => nested(*self.one_of(&[2, 100, 200])),
            _ => match value {
                Value::String(text) => json!(self.text(text)),
                _ => json!({ "": value }),
            },
        }
    }
}

/// What parsers look at.
const TELLING_BYTES: &[u8] = b"\0\n \"'\\,.:;=&%+-_/0189azAZ[]{}\x7f\x80\xc3\xe2\xff";
/// What is almost what was meant.
const TELLING_TEXTS: &[&str] = &[
    "",
    "\u{0}",
    "null",
    "\\u0000",
    "\\ud800",
    "\u{feff}",
    "\u{301}",
    "é",
    "٣",
    "\u{202e}",
    "..",
    "-1",
    "1e999",
    "99999999999999999999",
    "{\"alg\":\"none\"}",
    "\"iss\":1,",
];
const LENGTHS: &[usize] = &[1, 2, 16, 127, 129, 4_096, 20_000];

fn nested(depth: usize) -> Value {
    (0..depth).fold(Value::Null, |value, _| json!([value]))
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(elements) => elements.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_seed_says_the_same_each_time_and_another_something_else() {
        let sound = json!({ "a": [1, { "b": "c" }], "d": null });
        let made = |seed| {
            let mut mutator = Mutator::new(seed);
            (mutator.bytes(b"sound"), mutator.json(&sound).to_string())
        };
        let distinct: HashSet<_> = (0..200).map(made).collect();
        assert!(distinct.len() > 100, "{}", distinct.len());
        for seed in 0..200 {
            assert_eq!(made(seed), made(seed));
        }
    }

    #[test]
    fn every_node_of_a_value_is_reached() {
        let sound = json!({ "a": [1, { "b": "c" }], "d": null });
        let differs = |pointer: &str, made: &Value| made.pointer(pointer) != sound.pointer(pointer);
        for pointer in ["", "/a", "/a/0", "/a/1", "/a/1/b", "/d"] {
            let reached = (0..500).any(|seed| differs(pointer, &Mutator::new(seed).json(&sound)));
            assert!(reached, "{pointer}");
        }
    }

    #[test]
    fn an_empty_input_can_be_changed_too() {
        let made = (0..100).map(|seed| Mutator::new(seed).bytes(b""));
        assert!(made.map(|bytes| bytes.len()).max() > Some(0));
        for seed in 0..100 {
            Mutator::new(seed).json(&json!({}));
        }
    }
}
