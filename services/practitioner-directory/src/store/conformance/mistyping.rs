//! Names with a slip of the finger.

use std::collections::BTreeSet;

use aval_domain::name::search_key;
use aval_domain::page::PageSize;

use super::searching::asked;
use super::*;
use crate::page::PageOf;
use crate::search::PractitionerSearch;

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::trusting,
    tests: [
        whoever_is_a_slip_away_comes_behind_those_who_answer,
        the_names_a_slip_away_stand_on_the_pages_behind_and_say_so,
        whoever_has_all_words_but_one_is_meant,
        a_slip_is_forgiven_in_every_name,
        a_slip_is_forgiven_in_the_names_of_later_files,
        a_name_of_which_another_instance_learned_is_found_at_once,
        pages_of_mistyped_names_show_everybody_exactly_once,
        hostile_questions_find_nobody,
    ],
}

async fn whoever_is_a_slip_away_comes_behind_those_who_answer(fixture: &Fixture) {
    let names = [
        ("DUPONT", "Ada"),
        ("DUPOND", "Ada"),
        ("LE GALL", "Maëlle"),
        ("D'ARTAGNAN", "Jean-Pierre"),
        ("LI", "Roux"),
    ];
    fixture.named(&names).await;
    // A name that exists, and the one that may be meant.
    for (question, found) in [
        ("dupont ada", ["DUPONT Ada", "DUPOND Ada"]),
        ("dupond ada", ["DUPOND Ada", "DUPONT Ada"]),
        ("dupond", ["DUPOND Ada", "DUPONT Ada"]),
    ] {
        assert_eq!(fixture.names(question).await, found, "{question}");
    }
    for (question, found) in [
        ("gupont ada", "DUPONT Ada"),
        ("uppont ada", "[nobody]"),
        ("dupomd", "DUPOND Ada"),
        ("ada dupotn", "DUPONT Ada"),
        ("dupoont", "DUPONT Ada"),
        ("maele legall", "LE GALL Maëlle"),
        ("maëlle le galll", "LE GALL Maëlle"),
        ("le glal maellle", "LE GALL Maëlle"),
        ("jean-piere d’artagnan", "D'ARTAGNAN Jean-Pierre"),
        ("jea darganan", "[nobody]"),
        ("jea dartgnan", "D'ARTAGNAN Jean-Pierre"),
        ("rouux li", "LI Roux"),
        ("rox", "LI Roux"),
        ("ruo", "[nobody]"),
        ("xoux", "LI Roux"),
    ] {
        let names = fixture.names(question).await;
        let expected: &[&str] = if found == "[nobody]" { &[] } else { &[found] };
        assert_eq!(names, expected, "{question}");
    }
}

async fn the_names_a_slip_away_stand_on_the_pages_behind_and_say_so(fixture: &Fixture) {
    let mut directory = synthesized(60);
    for (rank, person) in directory.people.iter_mut().enumerate() {
        // Exactly, by its beginning, a slip away, and far.
        let family = ["DUPOND", "DUPONDEL", "DUPONT", "MARTIN"][rank % 4];
        family.clone_into(&mut person.family_name);
    }
    fixture.applied(&directory).await;
    for size in [1, 4, 15, 16, 44, 200] {
        let mut search = PractitionerSearch {
            page: PageOf {
                size: PageSize::from_request(size).unwrap(),
                after: None,
            },
            ..asked("dupond")
        };
        let mut seen = Vec::new();
        loop {
            let page = fixture.store.search_practitioners(&search).await;
            let page = page.unwrap().value;
            let names = page.items.into_iter().map(|found| {
                let name = found.practitioner.family_name;
                assert_eq!(found.is_near, name == "DUPONT");
                (found.is_near, name, found.practitioner.practitioner_id)
            });
            seen.extend(names);
            search.page.after = page.next;
            if search.page.after.is_none() {
                break;
            }
        }
        let names: Vec<&str> = seen.iter().map(|(_, name, _)| name.as_str()).collect();
        let expected = [["DUPOND"; 15], ["DUPONDEL"; 15], ["DUPONT"; 15]].concat();
        assert_eq!(names, expected, "{size}");
        let people: BTreeSet<_> = seen.iter().map(|(_, _, id)| *id).collect();
        assert_eq!(people.len(), 45, "{size}");
    }
}

async fn whoever_has_all_words_but_one_is_meant(fixture: &Fixture) {
    fixture
        .named(&[("MARTIN", "Joan"), ("MARTIN", "Jean"), ("MARTINI", "Jean")])
        .await;
    // `JOAN` is near `JEAN`, too.
    assert_eq!(fixture.names("jean matrin").await, ["MARTIN Jean"]);
    assert_eq!(fixture.names("matrini jean").await, ["MARTINI Jean"]);
    assert_eq!(
        fixture.names("jean martin").await,
        ["MARTIN Jean", "MARTINI Jean", "MARTIN Joan"]
    );
    assert_eq!(
        fixture.names("jxan matrin").await,
        ["MARTIN Jean", "MARTIN Joan"]
    );
}

async fn a_slip_is_forgiven_in_every_name(fixture: &Fixture) {
    let directory = synthesized(400);
    fixture.applied(&directory).await;
    for (rank, person) in directory.people.iter().enumerate().step_by(7) {
        let id = fixture.id_of(person).await;
        let mut letters: Vec<char> = search_key(&person.family_name).chars().collect();
        if letters.len() < 5 || letters.contains(&' ') {
            continue;
        }
        let place = rank % (letters.len() - 1);
        match rank % 4 {
            0 => drop(letters.remove(place)),
            1 => letters.insert(place, 'X'),
            2 => letters[place] = 'X',
            _ => letters.swap(place, place + 1),
        }
        let mistyped: String = letters.into_iter().collect();
        let question = format!("{} {mistyped}", person.given_name);
        let found = fixture.search(&asked(&question)).await;
        assert!(found.iter().any(|p| p.practitioner_id == id), "{question}");
    }
}

async fn a_slip_is_forgiven_in_the_names_of_later_files(fixture: &Fixture) {
    let mut directory = fixture
        .named(&[("MARTIN", "Abel"), ("DUPONT", "Ada")])
        .await;
    "QUERSANT".clone_into(&mut directory.people[0].family_name);
    fixture.applied(&directory).await;
    assert_eq!(fixture.names("abel qersant").await, ["QUERSANT Abel"]);
    assert_eq!(fixture.names("abel matrin").await, [""; 0]);
    assert_eq!(fixture.names("ada dupnot").await, ["DUPONT Ada"]);
}

/// What one instance remembers of words is not believed after another one's import.
async fn a_name_of_which_another_instance_learned_is_found_at_once(fixture: &Fixture) {
    let mut directory = fixture.named(&[("MARTIN", "Abel")]).await;
    let other = SqlStore::new(fixture.db.clone());
    let found_there = async |question: &str| {
        let page = other.search_practitioners(&asked(question)).await.unwrap();
        page.value.items.len()
    };
    for _ in 0..2 {
        assert_eq!(found_there("abel qersant").await, 0);
        assert_eq!(found_there("abel matrin").await, 1);
    }
    "QUERSANT".clone_into(&mut directory.people[0].family_name);
    fixture.applied(&directory).await;
    for _ in 0..2 {
        assert_eq!(found_there("abel qersant").await, 1);
        assert_eq!(found_there("abel matrin").await, 0);
    }
}

async fn pages_of_mistyped_names_show_everybody_exactly_once(fixture: &Fixture) {
    let mut directory = synthesized(60);
    for (rank, person) in directory.people.iter_mut().enumerate() {
        let family = ["MARTIN", "MARTON", "MARTINE"][rank % 3];
        family.clone_into(&mut person.family_name);
        ["Annick", "Annock"][rank % 2].clone_into(&mut person.given_name);
    }
    fixture.applied(&directory).await;
    // The first is met by 20 in all words but one, the second by nobody so.
    for (question, count) in [("martxn annick", 20), ("martxn annxck", 40)] {
        for size in [1, 7, 200] {
            let mut search = PractitionerSearch {
                page: PageOf {
                    size: PageSize::from_request(size).unwrap(),
                    after: None,
                },
                ..asked(question)
            };
            let mut seen = Vec::new();
            loop {
                let page = fixture.store.search_practitioners(&search).await;
                let page = page.unwrap().value;
                assert!(!page.items.is_empty());
                seen.extend(page.items.iter().map(|f| f.practitioner.practitioner_id));
                search.page.after = page.next;
                if search.page.after.is_none() {
                    break;
                }
            }
            assert_eq!(seen.len(), count, "{question}");
            assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), count);
        }
    }
}

async fn hostile_questions_find_nobody(fixture: &Fixture) {
    fixture
        .named(&[("MARTIN", "Abel"), ("DUPONT", "Ada")])
        .await;
    for question in [
        "x".repeat(100),
        "xbcd ".repeat(10),
        "abel ".repeat(9) + "matrixx",
        "0123456789 9876".to_owned(),
        "zqz\u{301}\u{302}\u{303}w".to_owned(),
        "zz%____'; --".to_owned(),
    ] {
        assert_eq!(fixture.names(&question).await, [""; 0], "{question}");
    }
}
