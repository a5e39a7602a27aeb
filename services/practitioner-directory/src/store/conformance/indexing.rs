//! The index of people in memory follows the directory: brought from revision to revision it
//! holds what it holds when it is made anew. That is asked after whatever the tests do to the
//! directory.

use aval_database::DatabaseError;
use sea_orm::ConnectionTrait;
use tokio_util::sync::CancellationToken;

use super::searching::asked;
use super::*;
use crate::search::{Place, PractitionerSearch};

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::trusting,
    tests: [
        days_of_changes_are_followed,
        what_another_instance_changes_is_found_at_once,
        what_one_person_does_in_two_places_is_told_apart,
        pages_go_on_where_somebody_left,
        a_directory_that_was_put_back_is_indexed_anew,
    ],
}

impl Fixture {
    /// The fixture's tests come here after whatever they do to the directory.
    pub(super) async fn assert_index_follows(&self) {
        let [followed, anew] = self.sql.searchable().await.unwrap();
        assert_eq!(followed.everybody(), anew.everybody());
        self.assert_file_follows().await;
    }
}

async fn days_of_changes_are_followed(fixture: &Fixture) {
    let plan = SynthesisPlan::new(7, 600);
    for day in [0, 1, 2, 30] {
        fixture
            .applied(&SynthesisPlan { day, ..plan }.directory())
            .await;
    }
    // A structure moves, and nobody in it changes.
    let mut directory = SynthesisPlan { day: 30, ..plan }.directory();
    let mut places = directory.people.iter().flat_map(|p| &p.activities);
    let place = places.find_map(|a| a.organization.as_ref()).unwrap();
    let (technical_id, town) = (place.technical_id.clone(), place.address.town);
    let towns = directory.people.iter().flat_map(|p| &p.activities);
    let mut towns = towns.filter_map(|a| a.organization.as_ref().map(|o| o.address.town));
    let other = towns.find(|other| other.name != town.name).unwrap();
    let places = directory.people.iter_mut().flat_map(|p| &mut p.activities);
    for place in places.filter_map(|a| a.organization.as_mut()) {
        if place.technical_id == technical_id {
            place.address.town = other;
        }
    }
    fixture.applied(&directory).await;
}

async fn what_another_instance_changes_is_found_at_once(fixture: &Fixture) {
    let mut directory = fixture
        .named(&[("MARTIN", "Abel"), ("DURAND", "Ada")])
        .await;
    let another = SqlStore::new(fixture.db.clone());
    let found = async |name: &str| {
        let page = another.search_practitioners(&asked(name)).await.unwrap();
        page.value.items.len()
    };
    assert_eq!(found("martin").await, 1);
    "QUERSANT".clone_into(&mut directory.people[0].family_name);
    fixture.applied(&directory).await;
    assert_eq!(found("martin").await, 0);
    assert_eq!(found("quersant").await, 1);
    // A file that changes nobody is a revision, too.
    fixture.applied(&directory).await;
    assert_eq!(found("quersant").await, 1);
}

async fn what_one_person_does_in_two_places_is_told_apart(fixture: &Fixture) {
    let directory = synthesized(300);
    fixture.applied(&directory).await;
    let mut asked_of = 0;
    for person in &directory.people {
        let places = person
            .activities
            .iter()
            .filter_map(|of| of.organization.as_ref());
        let places: Vec<_> = places.map(|place| place.address.town).collect();
        let [one, other] = &places[..] else { continue };
        if one.name == other.name || one.postal_code[..2] == other.postal_code[..2] {
            continue;
        }
        let name = format!("{} {}", person.family_name, person.given_name);
        let search = |town: &str, postal_code: &str| PractitionerSearch {
            place: Place {
                town: Some(aval_domain::name::search_key(town)),
                postal_code: Some(postal_code[..2].to_owned()),
            },
            ..asked(&name)
        };
        let id = fixture.id_of(person).await;
        let is_found = async |search: &PractitionerSearch| {
            let found = fixture.search(search).await;
            found.iter().any(|found| found.practitioner_id == id)
        };
        assert!(is_found(&search(one.name, one.postal_code)).await);
        assert!(!is_found(&search(one.name, other.postal_code)).await);
        asked_of += 1;
    }
    assert!(asked_of > 0, "somebody practises in two places");
}

/// Whoever was last on a page may bear another name, or lead to another entry, by the time
/// the next one is asked for.
async fn pages_go_on_where_somebody_left(fixture: &Fixture) {
    let names = ["Ada", "Bea", "Cora", "Dina"].map(|given| ("MARTIN", given));
    let mut directory = fixture.named(&names).await;
    let mut search = PractitionerSearch {
        page: crate::page::PageOf {
            size: aval_domain::page::PageSize::from_request(2).unwrap(),
            after: None,
        },
        ..asked("martin")
    };
    let first = fixture.store.search_practitioners(&search).await.unwrap();
    search.page.after = first.value.next;
    "ZOLA".clone_into(&mut directory.people[1].family_name);
    fixture.applied(&directory).await;
    let names = fixture.search(&search).await;
    let names: Vec<_> = names
        .iter()
        .map(|found| found.given_name.as_str())
        .collect();
    assert_eq!(names, ["Cora", "Dina"]);
}

/// As after a backup was restored under a running instance: the index is ahead.
async fn a_directory_that_was_put_back_is_indexed_anew(fixture: &Fixture) {
    let mut directory = fixture
        .named(&[("MARTIN", "Abel"), ("DURAND", "Ada")])
        .await;
    "QUERSANT".clone_into(&mut directory.people[0].family_name);
    fixture.applied(&directory).await;
    let before = "UPDATE practitioners SET family_name = 'MARTIN', sort_name = 'MARTIN ABEL' \
        WHERE family_name = 'QUERSANT'";
    let put_back = fixture.db.transaction("test.put_back", async |tx| {
        tx.execute_unprepared(before).await?;
        let clock = "UPDATE directory_clock SET revision = revision - 1";
        tx.execute_unprepared(clock).await?;
        Ok::<_, DatabaseError>(())
    });
    put_back.await.unwrap();
    let search = async |name: &str| {
        let page = fixture.store.search_practitioners(&asked(name)).await?;
        Ok::<_, Error>(page.value.items.len())
    };
    // Nothing is answered from an index of what is there no more.
    for name in ["martin", "quersant", "durand"] {
        assert!(matches!(search(name).await, Err(Error::NotIndexed)));
    }
    let told = CancellationToken::new();
    let following = tokio::spawn(fixture.sql.clone().keep_indexed(told.clone()));
    let found = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            match search("martin").await {
                Err(Error::NotIndexed) => tokio::time::sleep(Duration::from_millis(10)).await,
                found => break found,
            }
        }
    });
    assert_eq!(found.await.unwrap().unwrap(), 1);
    assert_eq!(search("quersant").await.unwrap(), 0);
    told.cancel();
    following.await.unwrap();
}
