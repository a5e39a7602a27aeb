//! Making the index, person by person.

use std::collections::{BTreeSet, HashMap};

use aval_domain::id::PractitionerId;

use super::texts::{Texts, TooMuch};
use super::{Entry, Kind, PeopleIndex};

/// What is known of people until they are all known. They come in the order of their names.
#[derive(Debug, Default)]
pub struct Building {
    words: Numbered,
    towns: Numbered,
    professions: Numbered,
    postal_codes: Numbered,
    people: Vec<PractitionerId>,
    /// Where the facts of each begin; their texts have provisional numbers.
    begins: Vec<u32>,
    facts: Vec<u32>,
}

/// Texts with numbers in the order in which they were first said.
#[derive(Debug, Default)]
struct Numbered(HashMap<Box<str>, u32>);

impl Building {
    /// Takes the next person, who is found by these [search keys](super).
    pub fn take<'a>(&mut self, person: PractitionerId, keys: impl Iterator<Item = &'a str>) {
        self.people.push(person);
        let begin = u32::try_from(self.facts.len()).unwrap_or(u32::MAX);
        self.begins.push(begin);
        let mut towns = BTreeSet::new();
        for key in keys {
            if let Some(code) = key.strip_prefix('%') {
                self.facts
                    .push(Kind::Profession.fact(self.professions.of(code)));
            } else if let Some(code) = key.strip_prefix('#') {
                self.facts
                    .push(Kind::PostalCode.fact(self.postal_codes.of(code)));
            } else if let Some((town, word)) = key.split_once('/') {
                if town.is_empty() {
                    self.facts.push(Kind::Word.fact(self.words.of(word)));
                } else {
                    towns.insert(town);
                }
            }
        }
        // `LYON` is also whoever practises in a part of it: whole names stand for their parts.
        let mut towns = towns.into_iter().peekable();
        while let Some(town) = towns.next() {
            let is_part = towns.peek().is_some_and(|next| is_part(town, next));
            if !is_part {
                self.facts.push(Kind::Town.fact(self.towns.of(town)));
            }
        }
    }

    /// The index of all of them; `None` of more than it has numbers for.
    #[must_use]
    pub fn finish(self) -> Option<PeopleIndex> {
        self.sorted().ok().flatten()
    }

    fn sorted(mut self) -> Result<Option<PeopleIndex>, TooMuch> {
        let (words, of_words) = self.words.sorted()?;
        let (towns, of_towns) = self.towns.sorted()?;
        let (professions, of_professions) = self.professions.sorted()?;
        let (postal_codes, of_postal_codes) = self.postal_codes.sorted()?;
        let places = [of_words, of_towns, of_professions, of_postal_codes];
        for fact in &mut self.facts {
            let (kind, number) = Kind::of(*fact);
            *fact = kind.fact(places[kind as usize][number as usize]);
        }
        self.begins
            .push(u32::try_from(self.facts.len()).map_err(|_| TooMuch)?);
        for of_one in self.begins.windows(2) {
            self.facts[of_one[0] as usize..of_one[1] as usize].sort_unstable();
        }
        self.facts.shrink_to_fit();
        self.begins.shrink_to_fit();
        self.people.shrink_to_fit();
        let letters: BTreeSet<char> = (0..words.len())
            .flat_map(|word| words.get(word).chars())
            .collect();
        let mut index = PeopleIndex {
            words,
            letters: letters.into_iter().collect(),
            towns,
            professions,
            postal_codes,
            people: self.people,
            begins: self.begins,
            facts: self.facts,
            entries: Vec::new(),
            words_begin: Vec::new(),
        };
        let Some(entries) = entries_of(&index) else {
            return Ok(None);
        };
        index.words_begin = words_begin(&entries, index.words.len());
        index.entries = entries;
        Ok(Some(index))
    }
}

/// Whether a town's name is the beginning of this one that ends before a space.
fn is_part(town: &str, of: &str) -> bool {
    of.strip_prefix(town)
        .is_some_and(|rest| rest.starts_with(' '))
}

/// Everybody under each of their words, in each of their towns.
fn entries_of(index: &PeopleIndex) -> Option<Vec<Entry>> {
    let ranks = 0..u32::try_from(index.people.len()).ok()?;
    let mut entries = Vec::with_capacity(index.facts.len() / 2);
    for rank in ranks {
        let mut towns = index.towns_of(rank).peekable();
        if towns.peek().is_none() {
            for word in index.words_of(rank).iter().copied() {
                entries.push(Entry::of(word, None, rank)?);
            }
            continue;
        }
        for town in towns {
            for word in index.words_of(rank).iter().copied() {
                entries.push(Entry::of(word, Some(town), rank)?);
            }
        }
    }
    entries.sort_unstable();
    entries.shrink_to_fit();
    Some(entries)
}

/// Where the entries of each word begin, and where those of the last one end.
fn words_begin(entries: &[Entry], words: u32) -> Vec<u32> {
    let mut begins = Vec::with_capacity(words as usize + 1);
    let mut place = 0;
    for word in 0..=words {
        while entries.get(place).is_some_and(|entry| entry.word() < word) {
            place += 1;
        }
        begins.push(u32::try_from(place).unwrap_or(u32::MAX));
    }
    begins
}

impl Numbered {
    fn of(&mut self, text: &str) -> u32 {
        if let Some(number) = self.0.get(text) {
            return *number;
        }
        let number = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.insert(text.into(), number);
        number
    }

    /// The texts in order, and the place in it of each number.
    fn sorted(&mut self) -> Result<(Texts, Vec<u32>), TooMuch> {
        let mut texts: Vec<(Box<str>, u32)> = std::mem::take(&mut self.0).into_iter().collect();
        texts.sort_unstable();
        let mut places = vec![0; texts.len()];
        for ((_, number), place) in texts.iter().zip(0..) {
            places[*number as usize] = place;
        }
        Ok((Texts::of(texts.iter().map(|(text, _)| &**text))?, places))
    }
}
