//! What the directory knows already, small enough to be held: 16 or 24 bytes and a
//! bit for each fact; and the names of what the file brings, 17 to 34 bytes each.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use aval_domain::id::ImportId;

use super::facts::{FactKey, Wording};

/// The facts of the directory when a comparison began.
#[derive(Debug, Default)]
pub struct Known {
    /// The import in use then: what is staged against it may only be applied to it.
    pub base: Option<ImportId>,
    /// People and their names.
    pub people: Worded,
    /// Structures and what they are.
    pub structures: Worded,
    /// Active rows of the source that is compared.
    pub rows: Rows,
}

impl Known {
    /// Whether it is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.people.sorted.is_empty()
            && self.structures.sorted.is_empty()
            && self.rows.sorted.is_empty()
    }
}

/// Facts that can be worded in one way only at a time.
#[derive(Debug, Default)]
pub struct Worded {
    sorted: Vec<(FactKey, Wording)>,
    met: Bits,
    new: Keys,
}

/// Facts that hold or do not.
#[derive(Debug, Default)]
pub struct Rows {
    sorted: Vec<FactKey>,
    met: Bits,
    new: Keys,
}

/// Keys are digests: any part of one is as good as a hash of it.
pub(super) type Keys = HashSet<FactKey, BuildHasherDefault<PartOfKey>>;

/// Something of each key.
pub(super) type OfKeys<V> = HashMap<FactKey, V, BuildHasherDefault<PartOfKey>>;

#[derive(Debug, Default)]
pub(super) struct PartOfKey(u64);

/// What a fact of the file is to the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Unknown, and said for the first time in this file.
    New,
    /// Known in other words.
    Changed,
    /// Known, or said before in this file.
    Settled,
}

impl Worded {
    /// These facts, in any order; of one key only one.
    #[must_use]
    pub fn new(mut facts: Vec<(FactKey, Wording)>) -> Self {
        facts.sort_unstable();
        Self {
            met: Bits::of(facts.len()),
            sorted: facts,
            new: Keys::default(),
        }
    }

    /// Meets a fact in the file. The first meeting counts: the fact is settled from
    /// then on, whatever later rows say.
    pub fn meet(&mut self, key: FactKey, wording: Wording) -> Standing {
        let Some(place) = place_of(&self.sorted, key, |(known, _)| *known) else {
            return if self.new.insert(key) {
                Standing::New
            } else {
                Standing::Settled
            };
        };
        let said_before = self.met.set(place);
        if said_before || self.sorted[place].1 == wording {
            return Standing::Settled;
        }
        Standing::Changed
    }
}

impl Rows {
    /// These facts, in any order, each once.
    #[must_use]
    pub fn new(mut rows: Vec<FactKey>) -> Self {
        rows.sort_unstable();
        Self {
            met: Bits::of(rows.len()),
            sorted: rows,
            new: Keys::default(),
        }
    }

    /// Meets a row of the file, and says whether it is known or was met before.
    pub fn meet(&mut self, key: FactKey) -> bool {
        match place_of(&self.sorted, key, |known| *known) {
            Some(place) => {
                self.met.set(place);
                true
            }
            None => !self.new.insert(key),
        }
    }

    /// The rows that the file did not hold.
    pub fn unmet(&self) -> impl Iterator<Item = FactKey> + '_ {
        self.sorted
            .iter()
            .enumerate()
            .filter(|(place, _)| !self.met.get(*place))
            .map(|(_, key)| *key)
    }
}

/// How often it is guessed where a key is before the rest is halved.
const GUESSES: u32 = 12;

/// Where a key is among sorted ones. Keys are digests, which are spread evenly: of a hundred
/// thousand, the first guess is some hundred places off, the second ten, and from there on
/// it is a step or two beside each other. Nothing is divided for that: so many keys stand
/// between two numbers as all of them say on average.
fn place_of<T>(sorted: &[T], key: FactKey, key_of: impl Fn(&T) -> FactKey) -> Option<usize> {
    let head = |key: FactKey| u64::from_be_bytes(*key.0.first_chunk().unwrap_or(&[0; 8]));
    let between = |least: u64, most: u64| {
        let part = (u128::from(most - least) * sorted.len() as u128) >> u64::BITS;
        usize::try_from(part).unwrap_or(usize::MAX)
    };
    // It is at `from` or behind, and before `to`.
    let (mut from, mut to) = (0, sorted.len());
    let mut guess = between(0, head(key));
    for _ in 0..GUESSES {
        if from == to {
            return None;
        }
        guess = guess.clamp(from, to - 1);
        let found = key_of(&sorted[guess]);
        match found.cmp(&key) {
            Ordering::Equal => return Some(guess),
            Ordering::Less => {
                from = guess + 1;
                guess += between(head(found), head(key)).max(1);
            }
            Ordering::Greater => {
                to = guess;
                guess = guess.saturating_sub(between(head(key), head(found)).max(1));
            }
        }
    }
    let place = sorted[from..to].binary_search_by_key(&key, key_of).ok()?;
    Some(from + place)
}

impl Hasher for PartOfKey {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    /// The length of a key, which all have.
    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// One bit for each place.
#[derive(Debug, Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn of(places: usize) -> Self {
        Self(vec![0; places.div_ceil(64)])
    }

    /// Sets the bit, and says whether it was set.
    fn set(&mut self, place: usize) -> bool {
        let was = self.get(place);
        self.0[place / 64] |= 1 << (place % 64);
        was
    }

    fn get(&self, place: usize) -> bool {
        self.0[place / 64] >> (place % 64) & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(byte: u8) -> FactKey {
        FactKey([byte; 16])
    }

    #[test]
    fn the_first_wording_in_the_file_holds() {
        let mut people = Worded::new(vec![(key(2), 20), (key(1), 10)]);
        assert_eq!(people.meet(key(1), 11), Standing::Changed);
        assert_eq!(people.meet(key(1), 12), Standing::Settled);
        assert_eq!(people.meet(key(2), 20), Standing::Settled);
        assert_eq!(people.meet(key(2), 21), Standing::Settled);
        assert_eq!(people.meet(key(3), 30), Standing::New);
        assert_eq!(people.meet(key(3), 31), Standing::Settled);
    }

    proptest! {
        /// Whether they are spread evenly or not.
        #[test]
        fn a_key_is_found_where_it_is(
            keys in proptest::collection::btree_set(any::<(bool, u8, u64)>(), 0..300),
            other in any::<(bool, u8, u64)>(),
        ) {
            let key = |(is_spread, narrow, wide): (bool, u8, u64)| {
                let head = if is_spread { wide } else { u64::from(narrow) };
                let mut key = [narrow; 16];
                key[..8].copy_from_slice(&head.to_be_bytes());
                FactKey(key)
            };
            let mut sorted: Vec<FactKey> = keys.into_iter().map(key).collect();
            sorted.sort_unstable();
            sorted.dedup();
            for (place, key) in sorted.iter().enumerate() {
                prop_assert_eq!(place_of(&sorted, *key, |key| *key), Some(place));
            }
            let expected = sorted.binary_search(&key(other)).ok();
            prop_assert_eq!(place_of(&sorted, key(other), |key| *key), expected);
        }

        #[test]
        fn rows_are_new_once_and_those_that_are_not_met_are_told(
            known in proptest::collection::btree_set(any::<u8>(), 0..200),
            file in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let mut rows = Rows::new(known.iter().map(|byte| key(*byte)).collect());
            for (place, byte) in file.iter().enumerate() {
                let was_met = file[..place].contains(byte);
                prop_assert_eq!(rows.meet(key(*byte)), was_met || known.contains(byte));
            }
            let expected: Vec<FactKey> = known
                .iter()
                .filter(|byte| !file.contains(byte))
                .map(|byte| key(*byte))
                .collect();
            prop_assert_eq!(rows.unmet().collect::<Vec<_>>(), expected);
        }
    }
}
