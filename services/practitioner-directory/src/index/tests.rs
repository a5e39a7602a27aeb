use std::collections::BTreeSet;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::search::PractitionerSearch;
use crate::words::near::{are_near, variants};
use crate::words::{Clause, NameQuestion};

/// Somebody, by what they are searched by.
#[derive(Debug, Clone)]
struct Somebody {
    words: BTreeSet<String>,
    towns: BTreeSet<String>,
    professions: BTreeSet<String>,
    postal_codes: BTreeSet<String>,
}

fn set(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|text| (*text).to_owned()).collect()
}

impl Somebody {
    fn of(words: &[&str], towns: &[&str], professions: &[&str]) -> Self {
        Self {
            words: set(words),
            towns: set(towns),
            professions: set(professions),
            postal_codes: BTreeSet::new(),
        }
    }

    fn keys(&self) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        keys.extend(self.professions.iter().map(|code| format!("%{code}")));
        keys.extend(self.postal_codes.iter().map(|code| format!("#{code}")));
        for word in &self.words {
            keys.insert(format!("/{word}"));
            for town in &self.towns {
                let ends = town.match_indices(' ').map(|(end, _)| end);
                for end in ends.chain([town.len()]) {
                    keys.insert(format!("{}/{word}", &town[..end]));
                }
            }
        }
        keys
    }
}

fn id(rank: usize) -> PractitionerId {
    PractitionerId::from_uuid(Uuid::from_u128(rank as u128))
}

fn index_of(people: &[Somebody]) -> PeopleIndex {
    let mut building = Building::default();
    for (rank, somebody) in people.iter().enumerate() {
        let keys = somebody.keys();
        building.take(id(rank), keys.iter().map(String::as_str));
    }
    building.finish().unwrap()
}

fn asked(words: &[&str]) -> PractitionerSearch {
    let clauses = words.iter().map(|word| Clause {
        words: set(&[word]),
        near: BTreeSet::new(),
    });
    PractitionerSearch::of_name(NameQuestion {
        clauses: clauses.collect(),
    })
}

fn ranks(index: &PeopleIndex, search: &PractitionerSearch) -> Option<Vec<(Likeness, u128)>> {
    let hits = index.answer(search, 1_000)?.into_iter();
    let hits = hits.map(|hit| (hit.likeness, hit.practitioner_id.as_uuid().as_u128()));
    Some(hits.collect())
}

#[test]
fn a_profession_and_a_town_that_may_be_of_two_situations_are_not_told() {
    let people = [
        Somebody::of(&["ABEL", "MARTIN"], &["LYON", "PARIS"], &["10"]),
        Somebody::of(&["ADA", "MARTIN"], &["LYON"], &["10", "60"]),
    ];
    let index = index_of(&people);
    let search = |words: &[&str], town: Option<&str>, profession: Option<&str>| {
        let mut search = asked(words);
        search.place.town = town.map(str::to_owned);
        search.profession = profession.map(str::to_owned);
        ranks(&index, &search)
    };
    let both = [(Likeness::Words, 0), (Likeness::Words, 1)].to_vec();
    assert_eq!(search(&["MARTIN"], Some("LYON"), None), Some(both.clone()));
    assert_eq!(search(&["MARTIN"], None, Some("10")), Some(both));
    assert_eq!(search(&["MARTIN"], Some("LYON"), Some("10")), None);
    let paris = search(&["MARTIN"], Some("PARIS"), Some("10"));
    assert_eq!(paris, Some(vec![(Likeness::Words, 0)]));
    assert_eq!(search(&["MARTIN"], Some("NICE"), Some("10")), Some(vec![]));
    assert_eq!(search(&["MARTIN"], None, Some("40")), Some(vec![]));
}

#[test]
fn what_asks_for_more_is_not_told() {
    let index = index_of(&[Somebody::of(&["MARTIN"], &["LYON"], &["10"])]);
    let search = PractitionerSearch {
        include_inactive: true,
        ..asked(&["MARTIN"])
    };
    assert_eq!(ranks(&index, &search), None);
    let search = PractitionerSearch {
        speciality: Some("SM04".to_owned()),
        ..asked(&["MARTIN"])
    };
    assert_eq!(ranks(&index, &search), None);
    let search = PractitionerSearch {
        name: None,
        ..asked(&[])
    };
    assert_eq!(ranks(&index, &search), None);
}

#[test]
fn an_index_of_nobody_finds_nobody() {
    let index = index_of(&[]);
    assert_eq!(ranks(&index, &asked(&["MARTIN"])), Some(vec![]));
}

/// Few letters, so that words are near each other and begin alike.
const WORD: &str = "[ABC]{2,6}";

fn somebody() -> impl Strategy<Value = Somebody> {
    let words = prop::collection::btree_set(WORD, 1..4);
    let town = prop::sample::select(vec!["LYON", "LYON 3E", "LYON 3E EST", "LYONS", "METZ"]);
    let towns = prop::collection::btree_set(town.prop_map(str::to_owned), 0..3);
    let profession = prop::sample::select(vec!["10", "60"]);
    let code = prop::sample::select(vec!["69003", "69100", "57000"]);
    (words, towns, profession, code).prop_map(|(words, towns, profession, code)| Somebody {
        words,
        towns,
        professions: set(&[profession]),
        postal_codes: set(&[code]),
    })
}

/// Who answers, looked at one by one.
fn expected(people: &[Somebody], search: &PractitionerSearch) -> Vec<(Likeness, u128)> {
    let known: BTreeSet<&String> = people.iter().flat_map(|one| &one.words).collect();
    let leads = |typed: &str, word: &str| {
        let mut kept = variants(word);
        if word.chars().count() >= 3 {
            kept.insert(word.to_owned());
        }
        are_near(typed, word) && !variants(typed).is_disjoint(&kept)
    };
    let clauses = &search.name.as_ref().unwrap().clauses;
    let typed: Vec<&String> = clauses.iter().flat_map(|clause| &clause.words).collect();
    let near: Vec<BTreeSet<&String>> = typed
        .iter()
        .map(|typed| {
            known
                .iter()
                .copied()
                .filter(|word| leads(typed, word))
                .collect()
        })
        .collect();
    let met = |one: &Somebody, at: usize, by: &str| {
        one.words.iter().any(|word| match by {
            "word" => word == typed[at],
            "beginning" => word.starts_with(typed[at].as_str()),
            _ => near[at].contains(word),
        })
    };
    let all = |one: &Somebody, by: &str| (0..typed.len()).all(|at| met(one, at, by));
    let likeness = |one: &Somebody| {
        let slipped = |place| {
            let by = |at| if at == place { "near" } else { "word" };
            (0..typed.len()).all(|at| met(one, at, by(at)))
        };
        if all(one, "word") {
            Some(Likeness::Words)
        } else if all(one, "beginning") {
            Some(Likeness::Beginnings)
        } else if (0..typed.len()).any(slipped) {
            Some(Likeness::Mistyped)
        } else {
            let doubtful = |at| met(one, at, "beginning") || met(one, at, "near");
            (0..typed.len()).all(doubtful).then_some(Likeness::Doubtful)
        }
    };
    let practises = |one: &Somebody| {
        let town = search.place.town.as_ref().is_none_or(|town| {
            let part = format!("{town} ");
            let mut towns = one.towns.iter();
            towns.any(|known| known == town || known.starts_with(&part))
        });
        let code = search.place.postal_code.as_ref().is_none_or(|code| {
            let mut codes = one.postal_codes.iter();
            codes.any(|known| known.starts_with(code.as_str()))
        });
        let profession = search.profession.as_ref();
        town && code && profession.is_none_or(|code| one.professions.contains(code))
    };
    let mut found: Vec<_> = (0..)
        .zip(people)
        .filter(|(_, one)| practises(one))
        .filter_map(|(rank, one)| Some((likeness(one)?, rank)))
        .collect();
    found.sort_unstable();
    if found
        .first()
        .is_some_and(|(best, _)| *best != Likeness::Doubtful)
    {
        found.retain(|(likeness, _)| *likeness != Likeness::Doubtful);
    }
    found
}

proptest! {
    #[test]
    fn it_finds_whoever_is_found_one_by_one(
        // More than are looked at one by one, and fewer.
        people in prop::collection::vec(somebody(), 0..150),
        words in prop::collection::btree_set(WORD, 1..3),
        town in prop::option::of(prop::sample::select(vec!["LYON", "LYON 3E", "NICE", "METZ"])),
        code in prop::option::of(prop::sample::select(vec!["69", "69003", "13"])),
        profession in prop::option::of(prop::sample::select(vec!["10", "40"])),
        wanted in 1_usize..30,
    ) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut search = asked(&words);
        search.place.town = town.map(str::to_owned);
        search.place.postal_code = code.filter(|_| town.is_none()).map(str::to_owned);
        search.profession = profession.map(str::to_owned);
        let index = index_of(&people);
        let expected = expected(&people, &search);
        prop_assert_eq!(ranks(&index, &search).unwrap(), expected.clone());
        let first = index.answer(&search, wanted).unwrap();
        let first: Vec<_> = first.iter().map(|hit| hit.likeness).collect();
        let expected = expected.iter().take(wanted).map(|(likeness, _)| *likeness);
        prop_assert_eq!(first, expected.collect::<Vec<_>>());
    }
}
