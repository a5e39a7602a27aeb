use aval_domain::page::PageSize;
use aval_testing::synthesize::PersonNumber;

use super::*;
use crate::merge::{DuplicateCandidate, Evidence};
use crate::page::PageOf;

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::trusting,
    tests: [
        duplicates_are_listed_the_most_likely_first_with_their_evidence,
        a_pair_that_was_taken_back_is_not_listed_again,
    ],
}

impl Fixture {
    async fn duplicates(&self, size: i32) -> Vec<DuplicateCandidate> {
        let mut found = Vec::new();
        let mut page = PageOf {
            size: PageSize::from_request(size).unwrap(),
            after: None,
        };
        loop {
            let part = self.store.duplicates(&page).await.unwrap();
            found.extend(part.items);
            page.after = part.next;
            if page.after.is_none() {
                return found;
            }
        }
    }
}

/// Gives the second the names, profession and place of the first, under its own number.
fn twin(directory: &mut Directory, first: usize, second: usize) {
    let mut twin = directory.people[first].clone();
    twin.number = directory.people[second].number.clone();
    directory.people[second] = twin;
}

async fn duplicates_are_listed_the_most_likely_first_with_their_evidence(fixture: &Fixture) {
    let mut directory = SynthesisPlan::new(7, 60).directory();
    for (rank, person) in directory.people.iter_mut().enumerate() {
        person.family_name = format!("NOM{}", "A".repeat(rank + 1));
        person
            .activities
            .retain(|activity| activity.organization.is_some());
    }
    directory
        .people
        .retain(|person| !person.activities.is_empty());
    directory
        .people
        .retain(|person| matches!(person.number, PersonNumber::Rpps(_)));
    // One with the same place, one with the same town only, one with nothing but the
    // names, one in the same place without an RPPS number.
    twin(&mut directory, 0, 1);
    twin(&mut directory, 2, 3);
    let elsewhere = directory.people[3].activities[0]
        .organization
        .as_mut()
        .unwrap();
    elsewhere.technical_id = "R19999999999".to_owned();
    elsewhere.finess_site = String::new();
    elsewhere.siret = String::new();
    elsewhere.address.number = "999".to_owned();
    directory.people[3].activities.truncate(1);
    let names = directory.people[4].family_name.clone();
    let given = directory.people[4].given_name.clone();
    let profession = directory.people[4].profession;
    let other = directory
        .people
        .iter()
        .skip(6)
        .position(|person| person.profession.code != profession.code)
        .unwrap()
        + 6;
    directory.people[other].family_name = names;
    directory.people[other].given_name = given;
    directory.people[5].number = PersonNumber::Adeli("759999999".to_owned());
    let last = directory.people.len() - 1;
    assert_ne!(other, last);
    twin(&mut directory, 5, last);
    fixture.applied(&directory).await;

    let found = fixture.duplicates(1).await;
    assert_eq!(found, fixture.duplicates(200).await);
    let names: Vec<&str> = found
        .iter()
        .map(|pair| pair.first.family_name.as_str())
        .collect();
    let expected: Vec<&str> = [5, 0, 2]
        .iter()
        .map(|rank| directory.people[*rank].family_name.as_str())
        .collect();
    assert_eq!(names, expected);
    for pair in &found {
        assert_eq!(
            pair.evidence[..2],
            [Evidence::SameNames, Evidence::SameProfession]
        );
        assert_eq!(pair.first.family_name, pair.second.family_name);
    }
    assert!(found[0].evidence.contains(&Evidence::NumberMissing));
    assert!(found[1].evidence.contains(&Evidence::SameOrganization));
    assert!(!found[1].evidence.contains(&Evidence::NumberMissing));
    assert_eq!(found[2].evidence[2..], [Evidence::SameTown]);
}

async fn a_pair_that_was_taken_back_is_not_listed_again(fixture: &Fixture) {
    let mut directory = synthesized(60);
    for (rank, person) in directory.people.iter_mut().enumerate() {
        person.family_name = format!("NOM{}", "A".repeat(rank + 1));
    }
    let settled = directory
        .people
        .iter()
        .position(|person| person.activities.iter().any(|a| a.organization.is_some()))
        .unwrap();
    twin(&mut directory, settled, settled + 1);
    fixture.applied(&directory).await;
    let found = fixture.duplicates(200).await;
    assert_eq!(found.len(), 1);
    let (one, other) = (
        found[0].first.practitioner_id,
        found[0].second.practitioner_id,
    );
    fixture.merge(other, one).await.unwrap();
    assert_eq!(fixture.duplicates(200).await, []);
    fixture.unmerge(other, one).await.unwrap();
    assert_eq!(fixture.duplicates(200).await, []);
}
