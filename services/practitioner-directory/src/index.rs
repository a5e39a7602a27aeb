//! Whom a search finds, from memory: everybody, under the words of their names.
//!
//! People are numbered in the order of the answer, so that a number, the rank, says who comes
//! first. A word, a town and a rank are one number of 64 bits; sorted, those of a word stand
//! together, and among them those of a town. The words stand in their order too, so all that
//! begin alike are one stretch of them. A profession, a town and a postal code of one practice
//! situation are one number as well, a practice: many share each.
//!
//! It is made of the whole directory, and is followed from then on by what changed: whoever
//! did stands in an index of their own, and is left out of the first ([`Searchable`]).
//!
//! It holds what people are searched and sorted by. What is shown of them is read from a file
//! ([`records`](crate::records)) or from the database, with the revision at which they are;
//! whoever asks compares that with the revision of the index.
//!
//! It takes some 90 bytes a person.

mod answering;
mod building;
mod filter;
mod near;
mod searchable;
mod texts;

use aval_domain::id::PractitionerId;

pub use answering::{Among, Pass};
pub use building::Building;
use filter::Filter;
pub use searchable::{Searchable, Standing};
use texts::Texts;

/// Somebody as they are searched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Searched {
    /// Who.
    pub practitioner_id: PractitionerId,
    /// The place in the order of answers, and what homonyms share.
    pub sort_name: String,
    /// Whether they practise.
    pub active: bool,
    /// Family and given names, of the entry and of all that lead to it.
    pub names: Vec<String>,
    /// Of the practice situations that are current, in any order; several may be the same.
    pub practices: Vec<Practice>,
}

/// What is searched of a practice situation.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Practice {
    /// The profession's code.
    pub profession: String,
    /// The search key of the town's name; empty: none.
    pub town: String,
    /// Empty: none.
    pub postal_code: String,
}

/// People, by what they are searched by.
#[derive(Debug, Default)]
pub struct PeopleIndex {
    words: Texts,
    /// Asked before a word is looked for that hardly is one.
    filter: Filter,
    /// Of which the words are made.
    letters: Vec<char>,
    towns: Texts,
    professions: Texts,
    postal_codes: Texts,
    practices: Vec<Practised>,
    /// In the order of names; their places are their ranks.
    people: Vec<PractitionerId>,
    names: Texts,
    active: Vec<bool>,
    /// Where the facts of each rank begin, and where the last ones end.
    begins: Vec<u32>,
    facts: Vec<u32>,
    entries: Vec<Entry>,
    /// Where the entries of each word begin, and where the last ones end.
    words_begin: Vec<u32>,
}

/// A practice, in the numbers of its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Practised {
    profession: u32,
    town: Option<u32>,
    postal_code: Option<u32>,
}

/// One word of one person in one of their towns. They sort by these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry(u64);

const WORD_BITS: u32 = 23;
const TOWN_BITS: u32 = 17;
const RANK_BITS: u32 = 24;

impl Entry {
    /// `None` where a number is too large.
    fn of(word: u32, town: Option<u32>, rank: u32) -> Option<Self> {
        let town = town.map_or(0, |town| town + 1);
        let fits = word >> WORD_BITS == 0 && town >> TOWN_BITS == 0 && rank >> RANK_BITS == 0;
        fits.then(|| Self::packed(word, town, rank))
    }

    fn packed(word: u32, town: u32, rank: u32) -> Self {
        let (word, town) = (u64::from(word), u64::from(town));
        Self((((word << TOWN_BITS) | town) << RANK_BITS) | u64::from(rank))
    }

    fn word(self) -> u32 {
        low(self.0 >> (TOWN_BITS + RANK_BITS), WORD_BITS)
    }

    /// One more than the town's number; 0: none.
    fn place(self) -> u32 {
        low(self.0 >> RANK_BITS, TOWN_BITS)
    }

    fn rank(self) -> u32 {
        low(self.0, RANK_BITS)
    }
}

/// The lowest bits of a number.
fn low(number: u64, bits: u32) -> u32 {
    u32::try_from(number & ((1 << bits) - 1)).expect("fewer than 32 bits are left")
}

/// Where the kind of a fact stands in it: the number of a word, or of a practice.
const IS_PRACTICE: u32 = 1 << 31;

impl PeopleIndex {
    /// How many people are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether nobody is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// How much memory it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts = [
            &self.words,
            &self.towns,
            &self.professions,
            &self.postal_codes,
            &self.names,
        ];
        let numbers = [&self.begins, &self.facts, &self.words_begin];
        texts.map(Texts::bytes).iter().sum::<usize>()
            + numbers.map(Vec::capacity).iter().sum::<usize>() * size_of::<u32>()
            + self.filter.bytes()
            + self.people.capacity() * (size_of::<PractitionerId>() + size_of::<bool>())
            + self.practices.capacity() * size_of::<Practised>()
            + self.entries.capacity() * size_of::<Entry>()
    }

    /// Theirs come first, and are their numbers.
    fn words_of(&self, rank: u32) -> &[u32] {
        let facts = self.facts_of(rank);
        let words = facts.iter().take_while(|fact| **fact < IS_PRACTICE);
        &facts[..words.count()]
    }

    fn practices_of(&self, rank: u32) -> impl Iterator<Item = Practised> + '_ {
        let practices = &self.facts_of(rank)[self.words_of(rank).len()..];
        let numbers = practices.iter().map(|fact| fact & !IS_PRACTICE);
        numbers.map(|number| self.practices[number as usize])
    }

    /// They are sorted, so that the words come first.
    fn facts_of(&self, rank: u32) -> &[u32] {
        let place = rank as usize;
        &self.facts[self.begins[place] as usize..self.begins[place + 1] as usize]
    }
}

#[cfg(test)]
mod tests;
