use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::search::{Likeness, Place, PractitionerPosition, PractitionerSearch};
use crate::words::near::are_near;
use crate::words::near::tests::variants;
use crate::words::{Clause, NameQuestion};

/// What an index holds of somebody.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seen {
    practitioner_id: PractitionerId,
    sort_name: String,
    active: bool,
    words: BTreeSet<String>,
    practices: BTreeSet<Practice>,
}

impl PeopleIndex {
    pub(super) fn seen(&self, rank: u32) -> Seen {
        let words = self.words_of(rank).iter();
        let text = |texts: &Texts, number: Option<u32>| {
            number.map_or(String::new(), |number| texts.get(number).to_owned())
        };
        let practices = self.practices_of(rank).map(|of| Practice {
            profession: text(&self.professions, Some(of.profession)),
            town: text(&self.towns, of.town),
            postal_code: text(&self.postal_codes, of.postal_code),
        });
        Seen {
            practitioner_id: self.people[rank as usize],
            sort_name: self.names.get(rank).to_owned(),
            active: self.active[rank as usize],
            words: words.map(|word| self.words.get(*word).to_owned()).collect(),
            practices: practices.collect(),
        }
    }
}

fn set(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|text| (*text).to_owned()).collect()
}

fn practice(profession: &str, town: &str, postal_code: &str) -> Practice {
    Practice {
        profession: profession.to_owned(),
        town: town.to_owned(),
        postal_code: postal_code.to_owned(),
    }
}

/// Somebody who is the more behind, the larger their number.
fn somebody(number: u128, names: &[&str], practices: &[Practice]) -> Searched {
    Searched {
        practitioner_id: PractitionerId::from_uuid(Uuid::from_u128(number)),
        sort_name: names.join(" "),
        active: true,
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        practices: practices.to_vec(),
    }
}

fn searchable(people: &[Searched]) -> Searchable {
    let mut building = Building::default();
    for somebody in people {
        building.take(somebody);
    }
    Searchable::of(Arc::new(building.finish().unwrap()))
}

fn asked(words: &[&str]) -> PractitionerSearch {
    let clauses = words.iter().map(|word| Clause {
        words: set(&[word]),
    });
    PractitionerSearch::of_name(NameQuestion {
        clauses: clauses.collect(),
    })
}

/// As a search asks: the doubtful where nobody is certain.
fn found(people: &Searchable, search: &PractitionerSearch, wanted: usize) -> Vec<(Likeness, u128)> {
    let of = |pass| people.hits(search, pass, None, Among::Practising, wanted);
    let mut hits = of(Pass::Certain);
    if hits.is_empty() {
        hits = of(Pass::Doubtful);
    }
    hits.iter().map(numbered).collect()
}

fn numbered(hit: &PractitionerPosition) -> (Likeness, u128) {
    (hit.likeness, hit.id.as_uuid().as_u128())
}

#[test]
fn a_profession_and_a_town_are_of_one_situation() {
    let both = [practice("10", "LYON", ""), practice("60", "PARIS", "")];
    let people = searchable(&[
        somebody(1, &["MARTIN", "ABEL"], &both),
        somebody(2, &["MARTIN", "ADA"], &both[..1]),
    ]);
    let search = |town: &str, profession: &str| {
        let mut search = asked(&["MARTIN"]);
        search.place.town = Some(town.to_owned());
        search.profession = Some(profession.to_owned());
        let found = found(&people, &search, 10).into_iter();
        found.map(|(_, number)| number).collect::<Vec<_>>()
    };
    assert_eq!(search("LYON", "10"), [1, 2]);
    assert_eq!(search("PARIS", "60"), [1]);
    assert_eq!(search("PARIS", "10"), []);
    assert_eq!(search("LYON", "60"), []);
    assert_eq!(search("NICE", "10"), []);
    assert_eq!(search("LYON", "40"), []);
}

#[test]
fn the_inactive_are_found_where_everybody_is_looked_for() {
    let former = Searched {
        active: false,
        ..somebody(1, &["MARTIN"], &[])
    };
    let people = searchable(&[former, somebody(2, &["MARTIN"], &[])]);
    let hits = |among| {
        let hits = people.hits(&asked(&["MARTIN"]), Pass::Certain, None, among, 10);
        assert!(hits.iter().all(|hit| hit.sort_name == "MARTIN"));
        // The one who practises has no namesake who does.
        assert!(hits.iter().any(|hit| !people.standing(hit).has_homonym));
        hits.len()
    };
    assert_eq!(hits(Among::Practising), 1);
    assert_eq!(hits(Among::Everybody), 2);
    let these = HashSet::from([PractitionerId::from_uuid(Uuid::from_u128(2))]);
    assert_eq!(hits(Among::These(&these)), 1);
}

#[test]
fn an_index_of_nobody_finds_nobody() {
    assert_eq!(found(&searchable(&[]), &asked(&["MARTIN"]), 10), []);
}

#[test]
fn whoever_changed_is_found_as_they_are_now() {
    let people = [
        somebody(1, &["MARTIN"], &[]),
        somebody(2, &["MARTIN"], &[]),
        somebody(3, &["DURAND"], &[]),
    ];
    let before = searchable(&people);
    let renamed = somebody(1, &["DURAND"], &[]);
    let now = [(&people[0], Some(&renamed)), (&people[1], None)];
    let now = now.map(|(before, now)| (before.practitioner_id, now));
    let after = before.with(now.into_iter()).unwrap();
    let numbers = |people: &Searchable, name: &str| {
        let found = found(people, &asked(&[name]), 10).into_iter();
        found.map(|(_, number)| number).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&before, "MARTIN"), [1, 2]);
    assert_eq!(numbers(&after, "MARTIN"), []);
    assert_eq!(numbers(&after, "DURAND"), [1, 3]);
    let hits = after.hits(
        &asked(&["DURAND"]),
        Pass::Certain,
        None,
        Among::Everybody,
        10,
    );
    assert!(hits.iter().all(|hit| after.standing(hit).has_homonym));
}

/// Few letters, so that words are near each other and begin alike.
const WORD: &str = "[ABC]{2,6}";

fn anybody() -> impl Strategy<Value = Searched> {
    let names = prop::collection::btree_set(WORD, 1..4);
    let town = prop::sample::select(vec!["", "LYON", "LYON 3E", "LYON 3E EST", "LYONS", "METZ"]);
    let profession = prop::sample::select(vec!["10", "60"]);
    let code = prop::sample::select(vec!["", "69003", "69100", "57000"]);
    let place = (profession, town, code).prop_map(|(of, town, code)| practice(of, town, code));
    // Several may be the same.
    let practices = prop::collection::vec(place, 0..4);
    (names, practices, any::<bool>()).prop_map(|(names, practices, active)| Searched {
        practitioner_id: PractitionerId::from_uuid(Uuid::nil()),
        sort_name: String::new(),
        active: active || !practices.is_empty(),
        names: names.into_iter().collect(),
        practices,
    })
}

/// The same people in the order of the answer, which is that of their names.
fn ranked(mut people: Vec<Searched>) -> Vec<Searched> {
    for (somebody, number) in people.iter_mut().zip(0..) {
        // Several bear each name.
        somebody.sort_name = format!("{:03}", number / 3);
        somebody.practitioner_id = PractitionerId::from_uuid(Uuid::from_u128(number));
    }
    people
}

/// Who answers, looked at one by one.
fn expected(people: &[Searched], search: &PractitionerSearch) -> Vec<(Likeness, u128)> {
    let known: BTreeSet<&String> = people.iter().flat_map(|one| &one.names).collect();
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
    let met = |one: &Searched, at: usize, by: &str| {
        one.names.iter().any(|word| match by {
            "word" => word == typed[at],
            "beginning" => word.starts_with(typed[at].as_str()),
            _ => near[at].contains(word),
        })
    };
    let all = |one: &Searched, by: &str| (0..typed.len()).all(|at| met(one, at, by));
    let likeness = |one: &Searched| {
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
    let fits = |practice: &Practice| {
        let town = search.place.town.as_ref().is_none_or(|town| {
            let part = format!("{town} ");
            practice.town == *town || practice.town.starts_with(&part)
        });
        let code = search.place.postal_code.as_ref();
        let code = code.is_none_or(|code| practice.postal_code.starts_with(code.as_str()));
        let profession = search.profession.as_ref();
        town && code && profession.is_none_or(|code| practice.profession == *code)
    };
    let asks = search.place != Place::default() || search.profession.is_some();
    let practises = |one: &Searched| one.active && (!asks || one.practices.iter().any(fits));
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
        people in prop::collection::vec(anybody(), 0..150).prop_map(ranked),
        changed in prop::collection::vec((0_usize..150, any::<bool>()), 0..40),
        words in prop::collection::btree_set(WORD, 1..3),
        town in prop::option::of(prop::sample::select(vec!["LYON", "LYON 3E", "NICE", "METZ"])),
        code in prop::option::of(prop::sample::select(vec!["69", "69003", "13"])),
        profession in prop::option::of(prop::sample::select(vec!["10", "40"])),
        wanted in 1_usize..30,
    ) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut search = asked(&words);
        search.place.town = town.map(str::to_owned);
        search.place.postal_code = code.map(str::to_owned);
        search.profession = profession.map(str::to_owned);
        // Some were others, or were not there, when everybody was indexed.
        let mut before = people.clone();
        let mut now = BTreeMap::new();
        for (place, was_there) in changed {
            if let Some(somebody) = people.get(place) {
                now.insert(somebody.practitioner_id, Some(somebody));
                before[place].names = vec!["ABC".to_owned()];
                before[place].active = was_there;
            }
        }
        let have_changed: BTreeSet<PractitionerId> = now.keys().copied().collect();
        let index = searchable(&before).with(now.into_iter()).unwrap();
        let expected = expected(&people, &search);
        prop_assert_eq!(found(&index, &search, 1_000), expected.clone());
        let first: Vec<_> = expected.iter().take(wanted).copied().collect();
        prop_assert_eq!(found(&index, &search, wanted), first);
        // Page by page it is the same.
        let is_doubtful = expected.first().is_some_and(|(how, _)| *how == Likeness::Doubtful);
        let pass = if is_doubtful { Pass::Doubtful } else { Pass::Certain };
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let page = index.hits(&search, pass, after.as_ref(), Among::Practising, wanted);
            prop_assert!(page.len() <= wanted);
            seen.extend(page.iter().map(numbered));
            let Some(last) = page.last() else { break };
            after = Some(last.clone());
        }
        prop_assert_eq!(seen, expected);
        // Everybody stands where they are, and beside whom they are.
        for hit in index.hits(&search, pass, None, Among::Everybody, 1_000) {
            let other = |one: &&Searched| one.sort_name == hit.sort_name && one.active;
            let mut others = people.iter().filter(other);
            let standing = index.standing(&hit);
            let has_homonym = others.any(|one| one.practitioner_id != hit.id);
            prop_assert_eq!(standing.has_homonym, has_homonym);
            prop_assert_eq!(standing.rank.is_none(), have_changed.contains(&hit.id));
            if let Some(rank) = standing.rank {
                prop_assert_eq!(index.unchanged(rank..rank + 1), [(rank, hit.id)]);
            }
        }
    }
}
