//! Whom a search finds, from memory: everybody who practises, under the words of their names.
//!
//! It is made of what PostgreSQL searches by, the keys of people (`store::sql::search_keys`):
//! a word (`/MARTIN`), the same in a town (`LYON/MARTIN`), a profession (`%10`) and a postal
//! code (`#69003`). People are numbered in the order of the answer, so that a number, the
//! rank, says who comes first. A word, a town and a rank are one number of 64 bits; sorted,
//! those of a word stand together, and among them those of a town. The words stand in their
//! order too, so all that begin alike are one stretch of them.
//!
//! It holds no names: what is shown of people is read from the database, with the revision at
//! which they are. Whoever asks compares that with the revision of the index.
//!
//! At the size of the country it takes some 70 bytes a person.

mod answering;
mod building;
mod near;
mod texts;

use aval_domain::id::PractitionerId;

use crate::search::Likeness;
pub use building::Building;
use texts::Texts;

/// Everybody who practises, by what they are searched by.
#[derive(Debug)]
pub struct PeopleIndex {
    words: Texts,
    /// Of which the words are made.
    letters: Vec<char>,
    /// Whole names of towns, not their parts.
    towns: Texts,
    professions: Texts,
    postal_codes: Texts,
    /// In the order of names; their places are their ranks.
    people: Vec<PractitionerId>,
    /// Where the facts of each rank begin, and where the last ones end.
    begins: Vec<u32>,
    facts: Vec<u32>,
    entries: Vec<Entry>,
    /// Where the entries of each word begin, and where the last ones end.
    words_begin: Vec<u32>,
}

/// Somebody who answers a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// How well.
    pub likeness: Likeness,
    /// Who.
    pub practitioner_id: PractitionerId,
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

/// What is known of a person. A fact is its kind and the number of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Town,
    Profession,
    PostalCode,
}

/// Where the kind stands in a fact.
const KIND_BEGINS: u32 = 30;
/// The bits of the number.
const NUMBER: u32 = (1 << KIND_BEGINS) - 1;

impl Kind {
    const ALL: [Self; 4] = [Self::Word, Self::Town, Self::Profession, Self::PostalCode];

    fn fact(self, number: u32) -> u32 {
        ((self as u32) << KIND_BEGINS) | (number & NUMBER)
    }

    fn of(fact: u32) -> (Self, u32) {
        (Self::ALL[(fact >> KIND_BEGINS) as usize], fact & NUMBER)
    }
}

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
        ];
        let numbers = [&self.begins, &self.facts, &self.words_begin];
        texts.map(Texts::bytes).iter().sum::<usize>()
            + numbers.map(Vec::capacity).iter().sum::<usize>() * size_of::<u32>()
            + self.people.capacity() * size_of::<PractitionerId>()
            + self.entries.capacity() * size_of::<Entry>()
    }

    /// Theirs is the first kind: these facts come first and are their numbers.
    fn words_of(&self, rank: u32) -> &[u32] {
        let facts = self.facts_of(rank);
        let words = facts.iter().take_while(|fact| **fact <= NUMBER);
        &facts[..words.count()]
    }

    fn towns_of(&self, rank: u32) -> impl Iterator<Item = u32> + '_ {
        self.numbers_of(rank, Kind::Town)
    }

    fn professions_of(&self, rank: u32) -> impl Iterator<Item = u32> + '_ {
        self.numbers_of(rank, Kind::Profession)
    }

    fn postal_codes_of(&self, rank: u32) -> impl Iterator<Item = u32> + '_ {
        self.numbers_of(rank, Kind::PostalCode)
    }

    fn numbers_of(&self, rank: u32, kind: Kind) -> impl Iterator<Item = u32> + '_ {
        let facts = self.facts_of(rank).iter().map(|fact| Kind::of(*fact));
        facts.filter_map(move |(of, number)| (of == kind).then_some(number))
    }

    /// They are sorted, those of a kind together.
    fn facts_of(&self, rank: u32) -> &[u32] {
        let place = rank as usize;
        &self.facts[self.begins[place] as usize..self.begins[place + 1] as usize]
    }
}

#[cfg(test)]
mod tests;
