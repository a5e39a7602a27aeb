//! Answering a search.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{Entry, Hit, PeopleIndex};
use crate::search::{Likeness, PractitionerSearch};
use crate::words::{Clause, NameQuestion};

/// The most words that one clause is widened by, as in the database.
const MOST_NEAR: usize = 60;

/// How many entries of a word are looked at one by one rather than searched for a town.
const FEW: usize = 16;

/// A clause, in the numbers of words.
#[derive(Debug)]
struct Words {
    exact: Vec<u32>,
    beginning: Vec<Range<u32>>,
    near: Vec<u32>,
}

/// What else must hold of somebody.
#[derive(Debug)]
struct Practice {
    /// The places of entries: those of a town, or all.
    places: Range<u32>,
    profession: Option<u32>,
    postal_codes: Option<Range<u32>>,
}

/// By which of their words people are met.
#[derive(Debug, Clone, Copy)]
enum By {
    Word,
    Beginning,
    Near,
    BeginningOrNear,
}

/// The first of those who answer.
#[derive(Debug)]
struct First {
    wanted: usize,
    of: BTreeSet<(Likeness, u32)>,
}

/// Whether somebody's profession and place may be those of two practice situations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Unclear;

impl PeopleIndex {
    /// The first of those who are meant, in the order of the answer; `None` of a search that
    /// is not told from here: whose page is not the first, which asks for more than
    /// profession and place, or where it is not clear whether somebody's profession and
    /// place are of one practice situation.
    #[must_use]
    pub fn answer(&self, search: &PractitionerSearch, wanted: usize) -> Option<Vec<Hit>> {
        let question = search.name.as_ref()?;
        let asks_more = search.page.after.is_some()
            || search.include_inactive
            || search.speciality.is_some()
            || search.organization_id.is_some()
            || (search.place.town.is_some() && search.place.postal_code.is_some());
        if asks_more {
            return None;
        }
        let Some(practice) = self.practice(search) else {
            return Some(Vec::new());
        };
        let first = self.first(question, &practice, wanted).ok()?;
        let hits = first.of.into_iter().map(|(likeness, rank)| Hit {
            likeness,
            practitioner_id: self.people[rank as usize],
        });
        Some(hits.collect())
    }

    fn first(
        &self,
        question: &NameQuestion,
        practice: &Practice,
        wanted: usize,
    ) -> Result<First, Unclear> {
        let mut first = First {
            wanted,
            of: BTreeSet::new(),
        };
        let clauses = question.clauses.iter();
        let mut clauses: Vec<Words> = clauses.map(|clause| self.words(clause)).collect();
        self.meet(&clauses, practice, |_| By::Beginning, &mut first)?;
        if first.is_full() {
            return Ok(first);
        }
        for (words, clause) in clauses.iter_mut().zip(&question.clauses) {
            words.near = self.near_of(clause);
        }
        for place in 0..clauses.len() {
            let by = |at| if at == place { By::Near } else { By::Word };
            self.meet(&clauses, practice, by, &mut first)?;
        }
        if first.of.is_empty() {
            self.meet(&clauses, practice, |_| By::BeginningOrNear, &mut first)?;
        }
        Ok(first)
    }

    /// Adds whoever meets each clause in this way.
    fn meet(
        &self,
        clauses: &[Words],
        practice: &Practice,
        by: impl Fn(usize) -> By,
        first: &mut First,
    ) -> Result<(), Unclear> {
        // Those of the rarest words are looked at.
        let costs = clauses.iter().enumerate();
        let costs = costs.map(|(at, clause)| (self.borne(clause, by(at)), at));
        let Some((_, rarest)) = costs.min() else {
            return Ok(());
        };
        for words in clauses[rarest].met_by(by(rarest)) {
            for word in words {
                for entry in self.entries_of(word, &practice.places) {
                    let rank = entry.rank();
                    let mut others = clauses.iter().enumerate().filter(|(at, _)| *at != rarest);
                    let is_met =
                        others.all(|(at, clause)| clause.is_met(self.words_of(rank), by(at)));
                    if is_met {
                        let likeness = self.likeness(clauses, rank);
                        if first.would_take(likeness, rank) && self.practises(rank, practice)? {
                            first.take(likeness, rank);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn likeness(&self, clauses: &[Words], rank: u32) -> Likeness {
        let all = |by| {
            let mut clauses = clauses.iter();
            clauses.all(|clause| clause.is_met(self.words_of(rank), by))
        };
        if all(By::Word) {
            return Likeness::Words;
        }
        if all(By::Beginning) {
            return Likeness::Beginnings;
        }
        let slipped = |place| {
            let mut clauses = clauses.iter().enumerate();
            clauses.all(|(at, clause): (usize, &Words)| {
                let by = if at == place { By::Near } else { By::Word };
                clause.is_met(self.words_of(rank), by)
            })
        };
        if (0..clauses.len()).any(slipped) {
            return Likeness::Mistyped;
        }
        Likeness::Doubtful
    }

    /// What is asked of practice situations; `None` where nobody has that.
    fn practice(&self, search: &PractitionerSearch) -> Option<Practice> {
        let places = match &search.place.town {
            None => 0..u32::MAX,
            Some(town) => {
                let whole = self.towns.find(town);
                let parts = self
                    .towns
                    .beginning_with(0..self.towns.len(), &format!("{town} "));
                // No text stands between a name and what it begins with a space behind it.
                let begin = whole.unwrap_or(parts.start);
                if whole.is_none() && parts.is_empty() {
                    return None;
                }
                let names = if parts.is_empty() {
                    only(begin)
                } else {
                    begin..parts.end
                };
                // The first place is nowhere.
                Range {
                    start: names.start + 1,
                    end: names.end + 1,
                }
            }
        };
        let profession = match &search.profession {
            None => None,
            Some(code) => Some(self.professions.find(code)?),
        };
        let postal_codes = search.place.postal_code.as_ref();
        let postal_codes = postal_codes.map(|code| {
            let all = 0..self.postal_codes.len();
            self.postal_codes.beginning_with(all, code)
        });
        Some(Practice {
            places,
            profession,
            postal_codes,
        })
    }

    /// Whether somebody whose town it is practises so.
    fn practises(&self, rank: u32, practice: &Practice) -> Result<bool, Unclear> {
        if let Some(codes) = &practice.postal_codes
            && !self.postal_codes_of(rank).any(|code| codes.contains(&code))
        {
            return Ok(false);
        }
        let Some(profession) = practice.profession else {
            return Ok(true);
        };
        let mut professions = self.professions_of(rank);
        if !professions.any(|known| known == profession) {
            return Ok(false);
        }
        let asks_place = practice.postal_codes.is_some() || practice.places.end != u32::MAX;
        if asks_place && self.professions_of(rank).nth(1).is_some() {
            return Err(Unclear);
        }
        Ok(true)
    }

    fn words(&self, clause: &Clause) -> Words {
        let texts = &self.words;
        let exact = clause.words.iter().filter_map(|word| texts.find(word));
        let beginning = clause.words.iter();
        let beginning = beginning.map(|word| texts.beginning_with(0..texts.len(), word));
        Words {
            exact: exact.collect(),
            beginning: beginning.filter(|range| !range.is_empty()).collect(),
            near: Vec::new(),
        }
    }

    fn near_of(&self, clause: &Clause) -> Vec<u32> {
        let near = clause.words.iter();
        let near = near.flat_map(|word| self.near(word).into_iter().take(MOST_NEAR));
        near.take(MOST_NEAR).collect()
    }

    /// How many entries those have whom a clause finds, in whatever towns.
    fn borne(&self, clause: &Words, by: By) -> usize {
        let begin = |word: u32| self.words_begin[word as usize] as usize;
        let met = clause.met_by(by);
        met.map(|words| begin(words.end) - begin(words.start)).sum()
    }

    /// The entries of a word in these places.
    fn entries_of(&self, word: u32, places: &Range<u32>) -> impl Iterator<Item = Entry> + '_ {
        let begin = |word: u32| self.words_begin[word as usize] as usize;
        let mut entries = &self.entries[begin(word)..begin(word + 1)];
        let places = places.clone();
        if places.end != u32::MAX && entries.len() > FEW {
            let begin = entries.partition_point(|entry| entry.place() < places.start);
            let end = entries.partition_point(|entry| entry.place() < places.end);
            entries = &entries[begin..end];
        }
        let stands = move |entry: &Entry| places.contains(&entry.place());
        entries.iter().copied().filter(stands)
    }
}

/// A stretch of one.
const fn only(number: u32) -> Range<u32> {
    Range {
        start: number,
        end: number + 1,
    }
}

impl Words {
    /// The words by which people are met, as stretches of them.
    fn met_by(&self, by: By) -> impl Iterator<Item = Range<u32>> + '_ {
        let (words, beginnings): (&[u32], &[Range<u32>]) = match by {
            By::Word => (&self.exact, &[]),
            By::Beginning => (&[], &self.beginning),
            By::Near => (&self.near, &[]),
            By::BeginningOrNear => (&self.near, &self.beginning),
        };
        let one_by_one = words.iter().map(|word| only(*word));
        one_by_one.chain(beginnings.iter().cloned())
    }

    fn is_met(&self, words: &[u32], by: By) -> bool {
        let begins = |word: &u32| self.beginning.iter().any(|range| range.contains(word));
        words.iter().any(|word| match by {
            By::Word => self.exact.contains(word),
            By::Beginning => begins(word),
            By::Near => self.near.contains(word),
            By::BeginningOrNear => begins(word) || self.near.contains(word),
        })
    }
}

impl First {
    fn is_full(&self) -> bool {
        self.of.len() >= self.wanted
    }

    /// Whether somebody is among the first until now.
    fn would_take(&self, likeness: Likeness, rank: u32) -> bool {
        let last = self.of.last();
        !self.is_full() || last.is_some_and(|last| (likeness, rank) < *last)
    }

    fn take(&mut self, likeness: Likeness, rank: u32) {
        self.of.insert((likeness, rank));
        if self.of.len() > self.wanted {
            self.of.pop_last();
        }
    }
}
