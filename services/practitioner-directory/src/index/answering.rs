//! Answering a search.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use aval_domain::id::PractitionerId;

use super::{Entry, PeopleIndex, Practised};
use crate::search::{Likeness, PractitionerPosition, PractitionerSearch};
use crate::words::{Clause, NameQuestion};

/// The most words that one clause is widened by.
const MOST_NEAR: usize = 60;

/// How many entries of a word are looked at one by one rather than searched for a town.
const FEW: usize = 16;

/// Which of those who answer are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Whoever answers in words, in their beginnings, or with a slip in one of them.
    Certain,
    /// Whoever answers with slips in any number of words. They are meant where nobody is
    /// certain.
    Doubtful,
}

/// Among whom it is looked.
#[derive(Debug, Clone, Copy)]
pub enum Among<'a> {
    /// Everybody who practises as and where the search says.
    Practising,
    /// These. As what and where they practise is not looked at.
    These(&'a HashSet<PractitionerId>),
    /// Everybody, whether they practise or not. As what and where is not looked at.
    Everybody,
}

/// A clause, in the numbers of words.
#[derive(Debug)]
struct Words {
    exact: Vec<u32>,
    beginning: Vec<Range<u32>>,
    near: Vec<u32>,
}

/// Who is looked for beside their names.
#[derive(Debug)]
struct Sought<'a> {
    /// The places of entries: those of a town, or all.
    places: Range<u32>,
    /// Whether something is asked of practice situations.
    asks: bool,
    profession: Option<u32>,
    postal_codes: Option<Range<u32>>,
    among: Among<'a>,
    /// Whom it is not looked for.
    left: &'a HashSet<u32>,
}

/// By which of their words people are met.
#[derive(Debug, Clone, Copy)]
enum By {
    Word,
    Beginning,
    Near,
    BeginningOrNear,
}

/// The first of those who answer, from where the last page ended.
#[derive(Debug)]
struct First {
    wanted: usize,
    /// The first that may be taken.
    from: (Likeness, u32),
    of: BTreeSet<(Likeness, u32)>,
}

impl PeopleIndex {
    /// Where the first of those who are meant stand in the answer, in its order; nobody where
    /// no name is asked for. Those of these ranks are left out.
    pub(super) fn hits(
        &self,
        search: &PractitionerSearch,
        pass: Pass,
        after: Option<&PractitionerPosition>,
        among: Among<'_>,
        left: &HashSet<u32>,
        wanted: usize,
    ) -> Vec<PractitionerPosition> {
        let question = search.name.as_ref();
        let sought = self.sought(search, among, left);
        let Some((question, sought)) = question.zip(sought) else {
            return Vec::new();
        };
        let mut first = First {
            wanted,
            from: after.map_or((Likeness::Words, 0), |after| self.behind(after)),
            of: BTreeSet::new(),
        };
        self.collect(question, pass, &sought, &mut first);
        let hits = first.of.into_iter();
        let hits = hits.map(|(likeness, rank)| PractitionerPosition {
            likeness,
            sort_name: self.names.get(rank).to_owned(),
            id: self.people[rank as usize],
        });
        hits.collect()
    }

    /// The first place behind this one.
    fn behind(&self, position: &PractitionerPosition) -> (Likeness, u32) {
        let ranks = self.names.all_of(&position.sort_name);
        let namesakes = &self.people[ranks.start as usize..ranks.end as usize];
        let before = namesakes.partition_point(|id| *id <= position.id);
        let before = u32::try_from(before).unwrap_or(u32::MAX);
        (position.likeness, ranks.start + before)
    }

    fn collect(&self, question: &NameQuestion, pass: Pass, sought: &Sought<'_>, first: &mut First) {
        let clauses = question.clauses.iter();
        let mut clauses: Vec<Words> = clauses.map(|clause| self.words(clause)).collect();
        if pass == Pass::Certain {
            self.meet(
                &clauses,
                sought,
                |_| By::Beginning,
                first,
                Likeness::Words,
                |rank| self.likeness(&clauses, rank),
            );
            if first.is_full() {
                return;
            }
        }
        for (words, clause) in clauses.iter_mut().zip(&question.clauses) {
            words.near = self.near_of(clause);
        }
        if pass == Pass::Doubtful {
            let doubtful = |_| Likeness::Doubtful;
            let by = |_| By::BeginningOrNear;
            self.meet(&clauses, sought, by, first, Likeness::Doubtful, doubtful);
            return;
        }
        for place in 0..clauses.len() {
            let by = |at| if at == place { By::Near } else { By::Word };
            // Whoever answers better was taken before: there was room for everybody.
            self.meet(&clauses, sought, by, first, Likeness::Mistyped, |rank| {
                self.likeness(&clauses, rank)
            });
        }
    }

    /// Adds whoever meets each clause in this way; of those who are not there yet nobody
    /// answers better than the best.
    fn meet(
        &self,
        clauses: &[Words],
        sought: &Sought<'_>,
        by: impl Fn(usize) -> By,
        first: &mut First,
        best: Likeness,
        likeness: impl Fn(u32) -> Likeness,
    ) {
        // Those of the rarest words are looked at.
        let costs = clauses.iter().enumerate();
        let costs = costs.map(|(at, clause)| (self.borne(clause, by(at)), at));
        let Some((_, rarest)) = costs.min() else {
            return;
        };
        for words in clauses[rarest].met_by(by(rarest)) {
            for word in words {
                for entry in self.entries_of(word, &sought.places) {
                    let rank = entry.rank();
                    // Most of a frequent word: nothing else of them is looked at.
                    if !first.has_room(best, rank) {
                        continue;
                    }
                    let mut others = clauses.iter().enumerate().filter(|(at, _)| *at != rarest);
                    let is_met =
                        others.all(|(at, clause)| clause.is_met(self.words_of(rank), by(at)));
                    if is_met {
                        let likeness = likeness(rank);
                        if first.would_take(likeness, rank) && self.is_sought(rank, sought) {
                            first.take(likeness, rank);
                        }
                    }
                }
            }
        }
    }

    /// How well somebody certain answers.
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
        Likeness::Mistyped
    }

    /// Who is looked for; `None` where nobody practises so.
    fn sought<'a>(
        &self,
        search: &PractitionerSearch,
        among: Among<'a>,
        left: &'a HashSet<u32>,
    ) -> Option<Sought<'a>> {
        let mut sought = Sought {
            places: 0..u32::MAX,
            asks: false,
            profession: None,
            postal_codes: None,
            among,
            left,
        };
        if !matches!(among, Among::Practising) {
            return Some(sought);
        }
        if let Some(town) = &search.place.town {
            let whole = self.towns.all_of(town);
            let all = 0..self.towns.len();
            let parts = self.towns.beginning_with(all, &format!("{town} "));
            // No text stands between a name and what it begins with a space behind it.
            let begin = if whole.is_empty() {
                parts.start
            } else {
                whole.start
            };
            let end = if parts.is_empty() {
                whole.end
            } else {
                parts.end
            };
            if whole.is_empty() && parts.is_empty() {
                return None;
            }
            // The first place is nowhere.
            sought.places = begin + 1..end + 1;
        }
        if let Some(code) = &search.profession {
            sought.profession = Some(self.professions.find(code)?);
        }
        sought.postal_codes = search.place.postal_code.as_ref().map(|code| {
            let all = 0..self.postal_codes.len();
            self.postal_codes.beginning_with(all, code)
        });
        // A town is asked of entries; with something else it must be that of one situation.
        sought.asks = sought.profession.is_some() || sought.postal_codes.is_some();
        Some(sought)
    }

    /// Whether somebody who bears the words, in the town, is looked for.
    fn is_sought(&self, rank: u32, sought: &Sought<'_>) -> bool {
        if sought.left.contains(&rank) {
            return false;
        }
        match sought.among {
            Among::Everybody => true,
            Among::These(people) => people.contains(&self.people[rank as usize]),
            Among::Practising => {
                let mut practices = self.practices_of(rank);
                self.active[rank as usize] && (!sought.asks || practices.any(|of| sought.fits(of)))
            }
        }
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

impl Sought<'_> {
    /// Whether a practice situation is as and where it is asked for.
    fn fits(&self, practised: Practised) -> bool {
        let Practised {
            profession,
            town,
            postal_code,
        } = practised;
        let place = town.map_or(0, |town| town + 1);
        let is_in = |codes: &Range<u32>| postal_code.is_some_and(|code| codes.contains(&code));
        self.places.contains(&place)
            && self.profession.is_none_or(|asked| asked == profession)
            && self.postal_codes.as_ref().is_none_or(is_in)
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
        (likeness, rank) >= self.from && self.has_room(likeness, rank)
    }

    /// Whether somebody of this place comes before the last, or there is no last yet.
    fn has_room(&self, likeness: Likeness, rank: u32) -> bool {
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
