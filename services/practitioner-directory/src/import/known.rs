//! What the directory knows already, small enough to be held: 16 or 24 bytes and a few
//! bits for each fact; and the names of what the file brings, 17 to 34 bytes each.

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
    sorted: Sorted<(FactKey, Wording)>,
    met: Bits,
    new: Keys,
}

/// Facts that hold or do not.
#[derive(Debug, Default)]
pub struct Rows {
    sorted: Sorted<FactKey>,
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
    pub fn new(facts: Vec<(FactKey, Wording)>) -> Self {
        Self {
            met: Bits::of(facts.len()),
            sorted: Sorted::new(facts),
            new: Keys::default(),
        }
    }

    /// Meets a fact in the file. The first meeting counts: the fact is settled from
    /// then on, whatever later rows say.
    pub fn meet(&mut self, key: FactKey, wording: Wording) -> Standing {
        let Some(place) = self.sorted.place_of(key) else {
            return if self.new.insert(key) {
                Standing::New
            } else {
                Standing::Settled
            };
        };
        let said_before = self.met.set(place);
        if said_before || self.sorted.facts[place].1 == wording {
            return Standing::Settled;
        }
        Standing::Changed
    }
}

impl Rows {
    /// These facts, in any order, each once.
    #[must_use]
    pub fn new(rows: Vec<FactKey>) -> Self {
        Self {
            met: Bits::of(rows.len()),
            sorted: Sorted::new(rows),
            new: Keys::default(),
        }
    }

    /// Meets a row of the file, and says whether it is known or was met before.
    pub fn meet(&mut self, key: FactKey) -> bool {
        match self.sorted.place_of(key) {
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
            .facts
            .iter()
            .enumerate()
            .filter(|(place, _)| !self.met.get(*place))
            .map(|(_, key)| *key)
    }
}

/// Facts in the order of their keys, and where those begin whose keys begin alike. Keys are
/// digests, which are spread evenly: some eight of them begin alike, and stand beside each
/// other. So a key is looked for in two places of memory, however many there are.
#[derive(Debug)]
struct Sorted<T> {
    facts: Vec<T>,
    /// Of each beginning, and behind the last one where all end.
    begins: Vec<u32>,
    /// How many bits begin alike.
    bits: u32,
}

/// What has a key.
trait Keyed: Ord {
    fn key(&self) -> FactKey;
}

impl Keyed for FactKey {
    fn key(&self) -> FactKey {
        *self
    }
}

impl Keyed for (FactKey, Wording) {
    fn key(&self) -> FactKey {
        self.0
    }
}

impl<T: Keyed> Sorted<T> {
    /// How many keys begin alike, at least, if there are so many.
    const ALIKE: usize = 8;

    fn new(mut facts: Vec<T>) -> Self {
        facts.sort_unstable();
        let bits = (facts.len() / Self::ALIKE).max(1).ilog2();
        let mut begins = Vec::with_capacity((1 << bits) + 1);
        for (fact, place) in facts.iter().zip(0..) {
            begins.resize(begins.len().max(beginning(fact.key(), bits) + 1), place);
        }
        let end = u32::try_from(facts.len()).expect("there are fewer people than numbers");
        begins.resize((1 << bits) + 1, end);
        Self {
            facts,
            begins,
            bits,
        }
    }

    fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    fn place_of(&self, key: FactKey) -> Option<usize> {
        let begun = beginning(key, self.bits);
        let (from, to) = (self.begins[begun] as usize, self.begins[begun + 1] as usize);
        let place = self.facts[from..to].binary_search_by_key(&key, Keyed::key);
        Some(from + place.ok()?)
    }
}

impl<T: Keyed> Default for Sorted<T> {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

/// The first bits of a key.
fn beginning(key: FactKey, bits: u32) -> usize {
    let [a, b, c, d, ..] = key.0;
    let head = u64::from(u32::from_be_bytes([a, b, c, d]));
    usize::try_from((head << bits) >> u32::BITS).unwrap_or(usize::MAX)
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
    use std::collections::BTreeSet;

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
            let keys: BTreeSet<FactKey> = keys.into_iter().map(key).collect();
            let sorted = Sorted::new(keys.iter().rev().copied().collect());
            for (place, key) in keys.iter().enumerate() {
                prop_assert_eq!(sorted.place_of(*key), Some(place));
            }
            let expected = keys.iter().position(|known| *known == key(other));
            prop_assert_eq!(sorted.place_of(key(other)), expected);
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
