//! Establishments of the FINESS register, and what they lend.

use aval_domain::page::PageSize;
use aval_testing::synthesize::{Organization as Place, establishments_file_name};

use super::*;
use crate::change::{Change, ChangePosition};
use crate::organization::Organization;
use crate::page::PageOf;
use crate::search::{OrganizationSearch, Place as Anywhere};
use crate::words::NameQuestion;

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::trusting,
    tests: [
        a_structure_is_shown_with_its_establishment_in_either_order,
        a_nameless_structure_is_lent_what_the_register_brings_later,
        a_nameless_structure_is_lent_what_the_register_brought_before,
        what_is_lent_follows_the_register_and_ends_with_a_name_of_its_own,
        where_the_files_disagree_each_says_its_own,
        an_establishment_that_leaves_the_register_is_no_longer_listed,
        an_establishment_that_stands_twice_is_as_it_stands_first,
        only_the_structures_of_what_changed_are_told_as_changed,
        a_register_that_lost_many_waits_for_a_person_and_takes_nothing_before,
    ],
}

impl Fixture {
    /// Imports the register of these people's structures, changed by `change`, as
    /// generated a day after the last file.
    async fn register(&self, directory: &Directory, change: impl Fn(String) -> String) -> Import {
        self.clock.advance(Duration::from_hours(24));
        let request = RequestId::new(self.environment.random.as_ref());
        let mut text = Vec::new();
        directory.write_establishments(&mut text).unwrap();
        let text = change(String::from_utf8(text).unwrap()).into_bytes();
        let name = establishments_file_name(self.clock.now());
        self.send(request, name, text).await.unwrap()
    }

    /// Imports the people, changed by `change`, as generated a day after the last file.
    async fn people(&self, directory: &Directory, change: impl Fn(String) -> String) {
        self.clock.advance(Duration::from_hours(24));
        let request = RequestId::new(self.environment.random.as_ref());
        let text = change(String::from_utf8(text_of(directory)).unwrap());
        let name = file_name(self.clock.now());
        let import = self.send(request, name, text.into_bytes()).await.unwrap();
        assert_eq!(import.state, ImportState::Applied, "{import:?}");
    }

    /// The structure of this FINESS.
    async fn at_finess(&self, finess: &str) -> Organization {
        let number = Identifier::parse(IdentifierKind::Finess, finess).unwrap();
        let found = self.store.resolve(&[number]).await.unwrap().value;
        match <[Resolved; 1]>::try_from(found) {
            Ok([Resolved::Organization(structure)]) => structure,
            other => panic!("{other:?}"),
        }
    }

    /// The FINESS of the structures that are found by a name, in a town or anywhere.
    async fn structures_named(&self, name: &str, town: Option<&str>) -> Vec<String> {
        let search = OrganizationSearch {
            name: NameQuestion::parse(name).unwrap(),
            place: Anywhere {
                town: town.map(str::to_owned),
                postal_code: None,
            },
            page: PageOf {
                size: PageSize::from_request(200).unwrap(),
                after: None,
            },
        };
        let found = self.store.search_organizations(&search).await.unwrap();
        let found = found.value.items.into_iter();
        found.map(|structure| structure.numbers.finess).collect()
    }

    /// How many structures were told as changed after a revision, and how many others.
    async fn structures_told_after(&self, revision: u64) -> (usize, usize) {
        let position = ChangePosition::end_of(revision);
        let changes = self.store.changes_after(position, 10_000).await.unwrap();
        let structures = changes
            .iter()
            .filter(|(_, change)| matches!(change, Change::Organization(_)))
            .count();
        (structures, changes.len() - structures)
    }
}

/// The places of the file that have a FINESS, each once.
fn places(directory: &Directory) -> Vec<&Place> {
    let activities = directory.people.iter().flat_map(|p| &p.activities);
    let all = activities.filter_map(|activity| activity.organization.as_ref());
    let mut places: Vec<&Place> = all.filter(|place| !place.finess_site.is_empty()).collect();
    places.sort_by(|one, other| one.finess_site.cmp(&other.finess_site));
    places.dedup_by(|one, other| one.finess_site == other.finess_site);
    assert!(places.len() > 2);
    places
}

/// The register without an establishment.
fn without(text: &str, finess: &str) -> String {
    let kept = text.lines().filter(|line| !line.contains(finess));
    kept.fold(String::new(), |text, line| text + line + "\n")
}

/// The register with another value in a column of one establishment, counted from 0.
fn with(text: &str, finess: &str, column: usize, value: &str) -> String {
    changed(text, ';', 1, finess, &[(column, value)])
}

/// The people, of whom those in one structure say neither its name nor its address.
fn anonymous(text: &str, finess: &str) -> String {
    let blank = [24, 25, 28, 29, 30, 31, 32, 35, 36, 37, 44].map(|column| (column, ""));
    changed(text, '|', 21, finess, &blank)
}

fn changed(
    text: &str,
    separator: char,
    key: usize,
    finess: &str,
    changes: &[(usize, &str)],
) -> String {
    let lines = text.lines().map(|line| {
        let mut values: Vec<&str> = line.split(separator).collect();
        if values.get(key) == Some(&finess) {
            for (column, value) in changes {
                values[*column] = value;
            }
        }
        values.join(&separator.to_string()) + "\n"
    });
    lines.collect()
}

async fn a_structure_is_shown_with_its_establishment_in_either_order(fixture: &Fixture) {
    let directory = synthesized(120);
    let import = fixture.register(&directory, |text| text).await;
    assert_eq!(import.state, ImportState::Applied);
    assert_eq!(import.report.quarantined_count, 0);
    let places = places(&directory);
    let changes = import.report.changes;
    assert_eq!(changes.practitioners_added, places.len() as u64);
    assert_eq!(changes.practitioner_count, places.len() as u64);
    assert_eq!(changes.practitioners_unknown, places.len() as u64);
    fixture.applied(&directory).await;
    let mut shown = Vec::new();
    for place in &places {
        let structure = fixture.at_finess(&place.finess_site).await;
        let establishment = structure.establishment.clone().unwrap();
        assert_eq!(establishment.category_code, place.category().code);
        assert_eq!(establishment.category_label, place.category().label);
        assert_eq!(establishment.name, place.name);
        assert!(establishment.is_listed && establishment.opened_on.starts_with("19"));
        shown.push(structure);
    }
    let again = fixture.register(&directory, |text| text).await;
    assert_eq!(again.report.changes.touched_count(), 0);
    assert_eq!(again.report.changes.practitioners_unknown, 0);
    for structure in shown {
        assert_eq!(
            fixture.at_finess(&structure.numbers.finess).await,
            structure
        );
    }
}

/// That a structure, of which its own file says nothing, is what the register says.
async fn assert_lent(fixture: &Fixture, place: &Place) {
    let structure = fixture.at_finess(&place.finess_site).await;
    let town = place.address.town;
    assert_eq!(structure.name, place.name);
    assert_eq!(
        (structure.postal_code.as_str(), structure.town.as_str()),
        (town.postal_code, town.postal_name)
    );
    assert_eq!(structure.town_code, town.insee);
    assert!(structure.address_line.contains(place.address.street));
    let town = aval_domain::name::search_key(town.postal_name);
    let found = fixture.structures_named(&place.name, Some(&town)).await;
    assert!(found.contains(&place.finess_site), "{found:?}");
}

async fn a_nameless_structure_is_lent_what_the_register_brings_later(fixture: &Fixture) {
    let directory = synthesized(120);
    let place = places(&directory)[0];
    let finess = &place.finess_site;
    fixture
        .people(&directory, |text| anonymous(&text, finess))
        .await;
    let structure = fixture.at_finess(finess).await;
    assert_eq!((structure.name.as_str(), structure.town.as_str()), ("", ""));
    assert!(
        !fixture
            .structures_named(&place.name, None)
            .await
            .contains(finess)
    );
    fixture.register(&directory, |text| text).await;
    assert_lent(fixture, place).await;
}

async fn a_nameless_structure_is_lent_what_the_register_brought_before(fixture: &Fixture) {
    let directory = synthesized(120);
    let places = places(&directory);
    let [first, second] = [places[0], places[1]];
    fixture.register(&directory, |text| text).await;
    fixture
        .people(&directory, |text| anonymous(&text, &first.finess_site))
        .await;
    assert_lent(fixture, first).await;
    // The same of a file that is not the first.
    fixture
        .people(&directory, |text| anonymous(&text, &second.finess_site))
        .await;
    assert_lent(fixture, second).await;
    let named = fixture.at_finess(&first.finess_site).await;
    assert_eq!(named.name, first.name);
    assert_eq!(
        named.town, first.address.town.name,
        "in the words of its own"
    );
}

async fn what_is_lent_follows_the_register_and_ends_with_a_name_of_its_own(fixture: &Fixture) {
    let directory = synthesized(120);
    let place = places(&directory)[0];
    let finess = &place.finess_site;
    fixture
        .people(&directory, |text| anonymous(&text, finess))
        .await;
    fixture.register(&directory, |text| text).await;
    fixture
        .register(&directory, |text| {
            with(&text, finess, 4, "MAISON ZYGOMATIQUE")
        })
        .await;
    assert_eq!(fixture.at_finess(finess).await.name, "MAISON ZYGOMATIQUE");
    assert_eq!(
        fixture.structures_named("zygomatique", None).await,
        [finess.as_str()]
    );
    assert!(
        !fixture
            .structures_named(&place.name, None)
            .await
            .contains(finess)
    );
    // One that leaves the register goes on under its last name.
    fixture
        .register(&directory, |text| without(&text, finess))
        .await;
    assert_eq!(
        fixture.structures_named("zygomatique", None).await,
        [finess.as_str()]
    );
    fixture.applied(&directory).await;
    assert_eq!(fixture.at_finess(finess).await.name, place.name);
    assert_eq!(fixture.structures_named("zygomatique", None).await, [""; 0]);
    assert!(
        fixture
            .structures_named(&place.name, None)
            .await
            .contains(finess)
    );
    // A description of the register that comes then is not taken for its own.
    fixture
        .register(&directory, |text| {
            with(&text, finess, 4, "MAISON ZYGOMATIQUE")
        })
        .await;
    assert_eq!(fixture.at_finess(finess).await.name, place.name);
    assert_eq!(fixture.structures_named("zygomatique", None).await, [""; 0]);
}

async fn where_the_files_disagree_each_says_its_own(fixture: &Fixture) {
    let directory = synthesized(120);
    let place = places(&directory)[0];
    let finess = &place.finess_site;
    fixture.applied(&directory).await;
    let before = fixture.at_finess(finess).await;
    fixture
        .register(&directory, |text| {
            let text = with(&text, finess, 4, "MAISON ZYGOMATIQUE");
            let text = with(&text, finess, 15, "99999 AILLEURS");
            with(&text, finess, 22, "39806996300013")
        })
        .await;
    let after = fixture.at_finess(finess).await;
    let establishment = after.establishment.clone().unwrap();
    assert_eq!(establishment.name, "MAISON ZYGOMATIQUE");
    let own = Organization {
        establishment: None,
        ..after
    };
    assert_eq!(own, before, "its name, address and numbers are its own");
}

async fn an_establishment_that_leaves_the_register_is_no_longer_listed(fixture: &Fixture) {
    let directory = synthesized(120);
    let finess = &places(&directory)[0].finess_site;
    fixture.applied(&directory).await;
    fixture.register(&directory, |text| text).await;
    let listed = fixture.at_finess(finess).await.establishment.unwrap();
    let import = fixture
        .register(&directory, |text| without(&text, finess))
        .await;
    assert_eq!(import.report.changes.practitioners_deactivated, 1);
    assert_eq!(import.report.changes.touched_count(), 1);
    let left = fixture.at_finess(finess).await.establishment.unwrap();
    assert!(!left.is_listed);
    assert_eq!(left.category_code, listed.category_code);
    let import = fixture.register(&directory, |text| text).await;
    assert_eq!(import.report.changes.practitioners_added, 1);
    let back = fixture.at_finess(finess).await.establishment.unwrap();
    assert_eq!(back, listed);
}

async fn an_establishment_that_stands_twice_is_as_it_stands_first(fixture: &Fixture) {
    let directory = synthesized(120);
    let finess = &places(&directory)[0].finess_site;
    fixture.applied(&directory).await;
    let twice = |text: String| {
        let first = with(&text, finess, 18, "111");
        let second = with(&text, finess, 18, "222");
        let mut second = second.lines().filter(|line| line.contains(finess.as_str()));
        format!("{first}{}\n", second.next().unwrap())
    };
    for added in [places(&directory).len() as u64, 0] {
        let import = fixture.register(&directory, twice).await;
        assert_eq!(import.state, ImportState::Applied);
        assert_eq!(import.report.changes.touched_count(), added);
        let shown = fixture.at_finess(finess).await.establishment.unwrap();
        assert_eq!(shown.category_code, "111");
    }
}

async fn only_the_structures_of_what_changed_are_told_as_changed(fixture: &Fixture) {
    let directory = synthesized(120);
    let finess = &places(&directory)[0].finess_site;
    fixture.applied(&directory).await;
    fixture.register(&directory, |text| text).await;
    let revision = fixture.store.newest_revision().await.unwrap();
    fixture.register(&directory, |text| text).await;
    assert_eq!(fixture.structures_told_after(revision).await, (0, 0));
    let revision = fixture.store.newest_revision().await.unwrap();
    let import = fixture
        .register(&directory, |text| with(&text, finess, 18, "111"))
        .await;
    assert_eq!(import.report.changes.practitioners_changed, 1);
    assert_eq!(fixture.structures_told_after(revision).await, (1, 0));
}

async fn a_register_that_lost_many_waits_for_a_person_and_takes_nothing_before(fixture: &Fixture) {
    let strict = Fixture::new(fixture.db.clone());
    let directory = synthesized(120);
    strict.applied(&directory).await;
    strict.register(&directory, |text| text).await;
    let half = |text: String| {
        let lines = text.lines().enumerate();
        let kept = lines.filter(|(place, _)| *place == 0 || place % 2 == 1);
        kept.fold(String::new(), |text, (_, line)| text + line + "\n")
    };
    let import = strict.register(&directory, half).await;
    assert_eq!(import.state, ImportState::Suspended);
    assert!(import.report.changes.practitioners_deactivated > 1);
    for place in places(&directory) {
        let shown = strict.at_finess(&place.finess_site).await;
        assert!(shown.establishment.unwrap().is_listed);
    }
    let newer = strict.register(&directory, |text| text).await;
    assert_eq!(newer.state, ImportState::Applied);
    assert_eq!(newer.report.changes.touched_count(), 0);
}
