//! Which texts are no word of the index, known without looking for them.
//!
//! Of the hundreds of words that slips make of a typed one hardly any is anybody's. Each word
//! has a few bits in one number of a table, chosen by its hash: where one of them is missing
//! there is no such word. Of texts that are no words one in a hundred has them all, and is
//! looked for in vain.

use super::texts::Texts;

/// How many words share a number of 64 bits, about.
const WORDS_EACH: usize = 5;

/// How many bits each has in it at most: they may coincide.
const BITS: u32 = 4;

/// What is known of the words of an index.
#[derive(Debug, Default)]
pub(super) struct Filter(Vec<u64>);

/// A word as it is filtered by: its letters are the digits of a number, so that the hash of
/// two texts one behind the other comes from theirs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Hash(u64);

/// The base of that number. It is odd, so that no digit is lost beyond 64 bits.
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hash {
    /// That of a text.
    pub(super) fn of(text: &str) -> Self {
        text.chars().fold(Self::default(), Self::and)
    }

    /// With this letter behind it.
    pub(super) fn and(self, letter: char) -> Self {
        let digit = u64::from(u32::from(letter));
        Self(self.0.wrapping_mul(BASE).wrapping_add(digit))
    }
}

/// The hashes of a word's beginnings, from which those of its slips come.
#[derive(Debug)]
pub(super) struct Beginnings {
    /// Of no letter, of the first, of the first two, to all of them.
    hashes: Vec<Hash>,
    /// By how much a hash is larger with so many letters behind it.
    powers: Vec<u64>,
}

impl Beginnings {
    pub(super) fn of(letters: &[char]) -> Self {
        let mut hashes = vec![Hash::default()];
        let mut powers = vec![1];
        let (mut hash, mut power) = (Hash::default(), 1_u64);
        for letter in letters {
            hash = hash.and(*letter);
            power = power.wrapping_mul(BASE);
            hashes.push(hash);
            powers.push(power);
        }
        Self { hashes, powers }
    }

    /// The hash of the letters before a place, then these, then those from another place on.
    pub(super) fn slipped(&self, place: usize, middle: &[char], from: usize) -> Hash {
        let begun = middle.iter().copied().fold(self.hashes[place], Hash::and);
        let all = self.hashes.len() - 1;
        // What follows is the whole without what stands before it.
        let other = begun.0.wrapping_sub(self.hashes[from].0);
        let behind = other.wrapping_mul(self.powers[all - from]);
        Hash(behind.wrapping_add(self.hashes[all].0))
    }
}

impl Filter {
    /// One that has these words.
    pub(super) fn of(words: &Texts) -> Self {
        let size = (words.len() as usize).div_ceil(WORDS_EACH);
        let mut filter = Self(vec![0; size]);
        for word in 0..words.len() {
            let (place, bits) = filter.bits_of(Hash::of(words.get(word)));
            filter.0[place] |= bits;
        }
        filter
    }

    /// Whether there may be a word of this hash; there is none if not.
    pub(super) fn may_have(&self, hash: Hash) -> bool {
        let (place, bits) = self.bits_of(hash);
        self.0.get(place).is_some_and(|of| of & bits == bits)
    }

    /// How many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<u64>()
    }

    /// In which number a hash has which bits.
    fn bits_of(&self, hash: Hash) -> (usize, u64) {
        // Each digit of a number moves its lowest bits little: they are mixed.
        let mixed = (hash.0 ^ (hash.0 >> 32)).wrapping_mul(BASE);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(BASE);
        let place = (u128::from(mixed) * self.0.len() as u128) >> u64::BITS;
        let bits = (0..BITS).map(|bit| 1 << ((mixed >> (bit * 6)) & 63));
        (
            usize::try_from(place).unwrap_or(usize::MAX),
            bits.fold(0, |all, bit: u64| all | bit),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn texts(words: &BTreeSet<String>) -> Texts {
        Texts::of(words.iter().map(String::as_str)).unwrap()
    }

    #[test]
    fn there_is_no_word_in_an_empty_one() {
        assert!(!Filter::default().may_have(Hash::of("MARTIN")));
        assert!(!Filter::of(&Texts::default()).may_have(Hash::of("")));
    }

    #[test]
    fn hardly_any_text_that_is_no_word_is_looked_for() {
        let words = (0..20_000).map(|number| format!("W{:X}", number * 7_919));
        let filter = Filter::of(&texts(&words.collect()));
        let others = (0..20_000).map(|number| format!("V{number:X}"));
        let looked_for = others.filter(|other| filter.may_have(Hash::of(other)));
        assert!(looked_for.count() < 800);
    }

    proptest! {
        #[test]
        fn no_word_is_lost(words in prop::collection::btree_set("[A-Z0-9É]{1,12}", 0..300)) {
            let filter = Filter::of(&texts(&words));
            prop_assert!(words.iter().all(|word| filter.may_have(Hash::of(word))));
        }

        #[test]
        fn a_hash_of_parts_is_that_of_the_whole(
            typed in "[A-Z0-9É]{0,12}", middle in "[A-ZÉ]{0,2}",
            place: prop::sample::Index, left_out in 0_usize..3,
        ) {
            let letters: Vec<char> = typed.chars().collect();
            let place = place.index(letters.len() + 1);
            let from = (place + left_out).min(letters.len());
            let middle: Vec<char> = middle.chars().collect();
            let parts = [&letters[..place], &middle, &letters[from..]];
            let whole: String = parts.concat().into_iter().collect();
            let hash = Beginnings::of(&letters).slipped(place, &middle, from);
            prop_assert_eq!(hash, Hash::of(&whole));
        }
    }
}
