//! Making the index, person by person.

use std::collections::{BTreeSet, HashMap};

use aval_domain::id::PractitionerId;

use super::filter::Filter;
use super::texts::{Texts, TooMuch};
use super::{Entry, IS_PRACTICE, PeopleIndex, Practice, Practised, Searched};
use crate::words::index_words;

/// What is known of people until they are all known.
#[derive(Debug, Default)]
pub struct Building {
    words: Numbered,
    /// The words of names that were said before: many are said again and again.
    words_of_names: HashMap<Box<str>, Box<[u32]>>,
    towns: Numbered,
    professions: Numbered,
    postal_codes: Numbered,
    /// In provisional numbers.
    practices: HashMap<Practised, u32>,
    people: Vec<PractitionerId>,
    /// One behind the other, and where each ends.
    names: String,
    names_end: Vec<usize>,
    active: Vec<bool>,
    /// Where the facts of each begin; they have provisional numbers.
    begins: Vec<u32>,
    facts: Vec<u32>,
}

/// Texts with numbers in the order in which they were first said.
#[derive(Debug, Default)]
struct Numbered(HashMap<Box<str>, u32>);

impl Building {
    /// Takes somebody.
    pub fn take(&mut self, somebody: &Searched) {
        self.people.push(somebody.practitioner_id);
        self.names.push_str(&somebody.sort_name);
        self.names_end.push(self.names.len());
        self.active.push(somebody.active);
        self.begins.push(number_of(self.facts.len()));
        for name in &somebody.names {
            self.take_words(name);
        }
        for practice in &somebody.practices {
            let practised = self.practised(practice);
            let next = number_of(self.practices.len());
            let number = *self.practices.entry(practised).or_insert(next);
            self.facts.push(number | IS_PRACTICE);
        }
    }

    fn take_words(&mut self, name: &str) {
        if let Some(words) = self.words_of_names.get(name) {
            self.facts.extend_from_slice(words);
            return;
        }
        let words: Box<[u32]> = index_words(&[name])
            .iter()
            .map(|word| self.words.of(word))
            .collect();
        self.facts.extend_from_slice(&words);
        self.words_of_names.insert(name.into(), words);
    }

    fn practised(&mut self, practice: &Practice) -> Practised {
        let some = |texts: &mut Numbered, text: &str| (!text.is_empty()).then(|| texts.of(text));
        Practised {
            profession: self.professions.of(&practice.profession),
            town: some(&mut self.towns, &practice.town),
            postal_code: some(&mut self.postal_codes, &practice.postal_code),
        }
    }

    /// The index of all of them; `None` of more than it has numbers for.
    #[must_use]
    pub fn finish(self) -> Option<PeopleIndex> {
        self.sorted().ok()
    }

    fn sorted(mut self) -> Result<PeopleIndex, TooMuch> {
        self.words_of_names.clear();
        let (words, of_words) = self.words.sorted()?;
        let (towns, of_towns) = self.towns.sorted()?;
        let (professions, of_professions) = self.professions.sorted()?;
        let (postal_codes, of_postal_codes) = self.postal_codes.sorted()?;
        let practices = self.practices.into_iter().map(|(practised, number)| {
            let known = |places: &[u32], number: u32| places[number as usize];
            let practised = Practised {
                profession: known(&of_professions, practised.profession),
                town: practised.town.map(|town| known(&of_towns, town)),
                postal_code: practised
                    .postal_code
                    .map(|code| known(&of_postal_codes, code)),
            };
            (practised, number)
        });
        let (practices, of_practices) = in_order(practices.collect());
        for fact in &mut self.facts {
            *fact = if *fact < IS_PRACTICE {
                of_words[*fact as usize]
            } else {
                of_practices[(*fact & !IS_PRACTICE) as usize] | IS_PRACTICE
            };
        }
        self.begins.push(number_of(self.facts.len()));

        let name = |place: u32| {
            let place = place as usize;
            let begin = place
                .checked_sub(1)
                .map_or(0, |before| self.names_end[before]);
            &self.names[begin..self.names_end[place]]
        };
        let order = order_of(&self.people, name);
        let names = Texts::of(order.iter().map(|place| name(*place)))?;
        let mut begins = Vec::with_capacity(self.begins.len());
        let mut facts = Vec::with_capacity(self.facts.len());
        for place in &order {
            let place = *place as usize;
            begins.push(number_of(facts.len()));
            let of_one = self.begins[place] as usize..self.begins[place + 1] as usize;
            // A word may be one of several names, and a practice one of several situations.
            let mut of_one = self.facts[of_one].to_vec();
            of_one.sort_unstable();
            of_one.dedup();
            facts.extend(of_one);
        }
        begins.push(number_of(facts.len()));
        facts.shrink_to_fit();
        let letters: BTreeSet<char> = (0..words.len())
            .flat_map(|word| words.get(word).chars())
            .collect();
        let mut index = PeopleIndex {
            filter: Filter::of(&words),
            words,
            letters: letters.into_iter().collect(),
            towns,
            professions,
            postal_codes,
            practices,
            people: order.iter().map(|at| self.people[*at as usize]).collect(),
            names,
            active: order.iter().map(|at| self.active[*at as usize]).collect(),
            begins,
            facts,
            entries: Vec::new(),
            words_begin: Vec::new(),
        };
        index.entries = entries_of(&index).ok_or(TooMuch)?;
        index.words_begin = words_begin(&index.entries, index.words.len());
        Ok(index)
    }
}

/// A number that is too large is no number of anything: entries have fewer bits.
fn number_of(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// The places of people in the order of their names, and of their identifiers where they
/// share one. Most names differ in their first letters, which are compared as a number.
fn order_of<'a>(people: &[PractitionerId], name: impl Fn(u32) -> &'a str) -> Vec<u32> {
    let begins = |name: &str| {
        let mut first = [0; 8];
        for (into, byte) in first.iter_mut().zip(name.bytes()) {
            *into = byte;
        }
        u64::from_be_bytes(first)
    };
    let places = 0..number_of(people.len());
    let mut places: Vec<(u64, u32)> = places.map(|at| (begins(name(at)), at)).collect();
    places.sort_unstable_by(|(first, one), (second, other)| {
        first
            .cmp(second)
            .then_with(|| name(*one).cmp(name(*other)))
            .then_with(|| people[*one as usize].cmp(&people[*other as usize]))
    });
    places.into_iter().map(|(_, place)| place).collect()
}

/// Those in order, and the place in it of each number.
fn in_order<T: Ord>(mut numbered: Vec<(T, u32)>) -> (Vec<T>, Vec<u32>) {
    numbered.sort_unstable();
    let mut places = vec![0; numbered.len()];
    for ((_, number), place) in numbered.iter().zip(0..) {
        places[*number as usize] = place;
    }
    (numbered.into_iter().map(|(of, _)| of).collect(), places)
}

/// Everybody under each of their words, in each of their towns.
fn entries_of(index: &PeopleIndex) -> Option<Vec<Entry>> {
    let ranks = 0..u32::try_from(index.people.len()).ok()?;
    let mut entries = Vec::with_capacity(index.facts.len());
    for rank in ranks {
        let mut places: Vec<Option<u32>> = index.practices_of(rank).map(|of| of.town).collect();
        if places.is_empty() {
            places.push(None);
        }
        places.sort_unstable();
        places.dedup();
        for place in places {
            for word in index.words_of(rank) {
                entries.push(Entry::of(*word, place, rank)?);
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
        begins.push(number_of(place));
    }
    begins
}

impl Numbered {
    fn of(&mut self, text: &str) -> u32 {
        if let Some(number) = self.0.get(text) {
            return *number;
        }
        let number = number_of(self.0.len());
        self.0.insert(text.into(), number);
        number
    }

    /// The texts in order, and the place in it of each number.
    fn sorted(&mut self) -> Result<(Texts, Vec<u32>), TooMuch> {
        let (texts, places) = in_order(std::mem::take(&mut self.0).into_iter().collect());
        Ok((Texts::of(texts.iter().map(|text| &**text))?, places))
    }
}
