//! The index of people in memory finds whom the database finds, and says so of its own
//! revision only. Every search of the other tests is compared, too.

use aval_database::Backend;
use aval_domain::name::search_key;

use super::searching::asked;
use super::*;
use crate::search::{Place, PractitionerSearch};

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::trusting,
    tests: [
        typed_in_any_way_the_same_are_found,
        an_index_of_another_revision_does_not_answer,
        an_index_outlives_imports_that_change_nobody,
        a_directory_of_more_people_is_not_indexed,
    ],
}

/// More than there are in any test.
const ENOUGH: u64 = 10_000;

impl Fixture {
    fn indexing(&self, most_people: u64) -> Option<SqlStore> {
        let has_keys = self.db.backend() == Backend::Postgres;
        has_keys.then(|| SqlStore::new(self.db.clone()).indexing(most_people))
    }

    /// Whether the index tells, and then it tells the same as the database.
    pub(super) async fn assert_found_from_memory(&self, search: &PractitionerSearch) -> bool {
        let Some(store) = self.indexing(ENOUGH) else {
            return false;
        };
        let from_memory = store.found_from_memory(search).await.unwrap();
        let Some(from_memory) = from_memory else {
            return false;
        };
        let from_database = SqlStore::new(self.db.clone());
        let from_database = from_database.search_practitioners(search).await.unwrap();
        assert_eq!(from_memory, from_database, "{search:?}");
        true
    }
}

async fn typed_in_any_way_the_same_are_found(fixture: &Fixture) {
    let directory = synthesized(600);
    fixture.applied(&directory).await;
    let mut told = 0;
    for (person, way) in directory.people.iter().step_by(11).zip((0..9).cycle()) {
        let (family, given) = (person.family_name.as_str(), person.given_name.as_str());
        let first = |name: &str| name.chars().take(2 + way % 3).collect::<String>();
        let without = |name: &str| name.chars().skip(1).collect::<String>();
        let names = [
            format!("{given} {family}"),
            format!("{family} {}", first(given)),
            format!("{} {}", first(family), first(given)),
            format!("{} {family}", without(given)),
            format!("{}X{} {given}", first(family), without(family)),
            format!("{} {}", without(family), without(given)),
            format!("{family}{given}"),
            without(family),
            first(family),
        ];
        let place = person.activities[0].organization.as_ref();
        let town = place.map(|place| search_key(place.address.town.name));
        let postal_code = place.map(|place| place.address.town.postal_code[..2].to_owned());
        for place in [
            Place::default(),
            Place {
                town,
                postal_code: None,
            },
            Place {
                town: None,
                postal_code,
            },
        ] {
            for profession in [None, Some(person.profession.code.to_owned())] {
                let search = PractitionerSearch {
                    profession,
                    place: place.clone(),
                    ..asked(&names[way])
                };
                told += usize::from(fixture.assert_found_from_memory(&search).await);
            }
        }
    }
    // Whoever has two professions is left to the database, if a place is asked for.
    let least = fixture.indexing(ENOUGH).map_or(0, |_| 55 * 5);
    assert!(told >= least, "{told}");
}

async fn an_index_of_another_revision_does_not_answer(fixture: &Fixture) {
    let mut directory = fixture
        .named(&[("MARTIN", "Abel"), ("DURAND", "Ada")])
        .await;
    let Some(store) = fixture.indexing(ENOUGH) else {
        return;
    };
    let found = async |name: &str| {
        let page = store.search_practitioners(&asked(name)).await.unwrap();
        page.value.items.len()
    };
    let made = store.found_from_memory(&asked("martin")).await.unwrap();
    assert_eq!(made.unwrap().value.items.len(), 1);
    "QUERSANT".clone_into(&mut directory.people[0].family_name);
    fixture.applied(&directory).await;
    assert_eq!(found("martin").await, 0);
    assert_eq!(found("quersant").await, 1);
    let anew = store.found_from_memory(&asked("quersant")).await.unwrap();
    assert_eq!(anew.unwrap().value.items.len(), 1);
}

async fn an_index_outlives_imports_that_change_nobody(fixture: &Fixture) {
    let mut directory = fixture
        .named(&[("MARTIN", "Abel"), ("DURAND", "Ada")])
        .await;
    let Some(store) = fixture.indexing(ENOUGH) else {
        return;
    };
    let made = store.found_from_memory(&asked("martin")).await.unwrap();
    assert_eq!(made.unwrap().value.items.len(), 1);
    let before = store.newest_revision().await.unwrap();
    fixture.applied(&directory).await;
    assert!(store.newest_revision().await.unwrap() > before);
    let still = async || {
        store
            .found_still_from_memory(&asked("martin"))
            .await
            .unwrap()
    };
    let searched = SqlStore::new(fixture.db.clone());
    let searched = searched.search_practitioners(&asked("martin")).await;
    assert_eq!(still().await, Some(searched.unwrap()));
    "QUERSANT".clone_into(&mut directory.people[0].family_name);
    fixture.applied(&directory).await;
    assert_eq!(still().await, None);
}

async fn a_directory_of_more_people_is_not_indexed(fixture: &Fixture) {
    fixture
        .named(&[("MARTIN", "Abel"), ("DURAND", "Ada")])
        .await;
    for (most, told) in [(0, false), (1, false), (2, true)] {
        let Some(store) = fixture.indexing(most) else {
            return;
        };
        let found = store.found_from_memory(&asked("martin")).await.unwrap();
        assert_eq!(found.is_some(), told, "{most}");
        let found = store.search_practitioners(&asked("martin")).await.unwrap();
        assert_eq!(found.value.items.len(), 1);
    }
}
