//! Mailboxes of people and structures.

use aval_testing::synthesize::{Organization as Place, mailboxes_file_name};

use super::*;
use crate::change::{Change, ChangePosition};

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::trusting,
    tests: [
        people_and_structures_are_known_under_their_mailboxes,
        mailboxes_of_the_unknown_are_counted_and_wait_for_them,
        a_mailbox_that_leaves_the_file_is_no_longer_shown,
        a_mailbox_that_changes_hands_is_the_new_holders,
        an_address_of_two_people_names_both,
        a_merged_human_has_the_mailboxes_of_both,
        only_the_holders_of_what_changed_are_told_as_changed,
    ],
}

impl Fixture {
    /// Imports the file of these people's mailboxes, changed by `change`, as generated a
    /// day after the last file.
    async fn mailboxes(&self, directory: &Directory, change: impl Fn(String) -> String) -> Import {
        self.clock.advance(Duration::from_hours(24));
        let request = RequestId::new(self.environment.random.as_ref());
        let mut text = Vec::new();
        directory.write_mailboxes(&mut text).unwrap();
        let text = change(String::from_utf8(text).unwrap()).into_bytes();
        let name = mailboxes_file_name(self.clock.now());
        let import = self.send(request, name, text).await.unwrap();
        assert_eq!(import.state, ImportState::Applied, "{import:?}");
        import
    }

    /// Everybody and everything known under an address.
    async fn at(&self, address: &str) -> Vec<Resolved> {
        let address = Identifier::parse(IdentifierKind::MssAddress, address).unwrap();
        self.store.resolve(&[address]).await.unwrap().value
    }

    /// The addresses of somebody.
    async fn addresses(&self, person: &Person) -> Vec<String> {
        addresses_in(&self.find(person).await.unwrap().identifiers)
    }

    /// What was told after a revision: so many people, so many structures.
    async fn told_after(&self, revision: u64) -> (usize, usize) {
        let position = ChangePosition::end_of(revision);
        let changes = self.store.changes_after(position, 10_000).await.unwrap();
        let people = changes
            .iter()
            .filter(|(_, change)| matches!(change, Change::Practitioner(_)));
        let people = people.count();
        (people, changes.len() - people)
    }
}

fn addresses_in(identifiers: &[Identifier]) -> Vec<String> {
    let mailboxes = identifiers
        .iter()
        .filter(|identifier| identifier.kind == IdentifierKind::MssAddress);
    mailboxes.map(|mailbox| mailbox.value.clone()).collect()
}

/// A structure of the file that has a mailbox.
fn place(directory: &Directory) -> &Place {
    let activities = directory.people.iter().flat_map(|p| &p.activities);
    let mut places = activities.filter_map(|activity| activity.organization.as_ref());
    places.find(|place| !place.finess_site.is_empty()).unwrap()
}

fn without(text: &str, address: &str) -> String {
    let kept = text.lines().filter(|line| !line.contains(address));
    kept.fold(String::new(), |text, line| text + line + "\n")
}

async fn people_and_structures_are_known_under_their_mailboxes(fixture: &Fixture) {
    let directory = synthesized(80);
    fixture.applied(&directory).await;
    let import = fixture.mailboxes(&directory, |text| text).await;
    let changes = import.report.changes;
    assert_eq!(import.report.quarantined_count, 0);
    assert_eq!(changes.practitioner_count, import.report.row_count);
    assert_eq!(changes.practitioners_unknown, 0);
    for person in &directory.people {
        assert_eq!(fixture.addresses(person).await, [person.mailbox()]);
        let [Resolved::Practitioner(found)] = &fixture.at(&person.mailbox()).await[..] else {
            panic!("the address is one person's");
        };
        assert_eq!(found.practitioner_id, fixture.id_of(person).await);
        let number = found.identifiers.first().unwrap();
        assert_ne!(
            number.kind,
            IdentifierKind::MssAddress,
            "the number comes first"
        );
    }
    let place = place(&directory);
    let held = fixture.at(&place.mailbox()).await;
    assert!(!held.is_empty());
    for structure in held {
        let Resolved::Organization(structure) = structure else {
            panic!("the address is a structure's");
        };
        assert_eq!(structure.numbers.finess, place.finess_site);
        assert_eq!(addresses_in(&structure.mailboxes), [place.mailbox()]);
    }
}

async fn mailboxes_of_the_unknown_are_counted_and_wait_for_them(fixture: &Fixture) {
    let directory = synthesized(80);
    let import = fixture.mailboxes(&directory, |text| text).await;
    let unknown = import.report.changes.practitioners_unknown;
    assert_eq!(unknown, import.report.row_count);
    let somebody = &directory.people[0];
    assert_eq!(fixture.at(&somebody.mailbox()).await, []);
    fixture.applied(&directory).await;
    assert_eq!(fixture.addresses(somebody).await, [somebody.mailbox()]);
    assert!(!fixture.at(&place(&directory).mailbox()).await.is_empty());
    let again = fixture.mailboxes(&directory, |text| text).await;
    assert_eq!(again.report.changes.practitioners_unknown, 0);
    assert_eq!(again.report.changes.touched_count(), 0);
}

async fn a_mailbox_that_leaves_the_file_is_no_longer_shown(fixture: &Fixture) {
    let directory = synthesized(80);
    fixture.applied(&directory).await;
    fixture.mailboxes(&directory, |text| text).await;
    let (somebody, place) = (&directory.people[5], place(&directory));
    let import = fixture
        .mailboxes(&directory, |text| {
            without(&without(&text, &somebody.mailbox()), &place.mailbox())
        })
        .await;
    assert_eq!(import.report.changes.practitioners_deactivated, 2);
    let found = fixture.find(somebody).await.unwrap();
    assert!(found.active && addresses_in(&found.identifiers).is_empty());
    assert_eq!(fixture.at(&somebody.mailbox()).await, []);
    assert_eq!(fixture.at(&place.mailbox()).await, []);
}

async fn a_mailbox_that_changes_hands_is_the_new_holders(fixture: &Fixture) {
    let directory = synthesized(80);
    fixture.applied(&directory).await;
    fixture.mailboxes(&directory, |text| text).await;
    let [one, other] = [&directory.people[5], &directory.people[6]];
    let address = one.mailbox();
    fixture
        .mailboxes(&directory, |text| {
            let gone = without(&text, &address);
            gone.replace(&other.mailbox(), &address)
        })
        .await;
    assert_eq!(fixture.addresses(one).await, Vec::<String>::new());
    assert_eq!(
        fixture.addresses(other).await,
        std::slice::from_ref(&address)
    );
    assert_eq!(fixture.at(&address).await.len(), 1);
}

async fn an_address_of_two_people_names_both(fixture: &Fixture) {
    let directory = synthesized(80);
    fixture.applied(&directory).await;
    let [one, other] = [&directory.people[5], &directory.people[6]];
    fixture
        .mailboxes(&directory, |text| {
            text.replace(&other.mailbox(), &one.mailbox())
        })
        .await;
    assert_eq!(fixture.at(&one.mailbox()).await.len(), 2);
    assert_eq!(fixture.addresses(other).await, [one.mailbox()]);
}

async fn a_merged_human_has_the_mailboxes_of_both(fixture: &Fixture) {
    let directory = synthesized(80);
    fixture.applied(&directory).await;
    fixture.mailboxes(&directory, |text| text).await;
    let [one, other] = [&directory.people[5], &directory.people[6]];
    let ids = [fixture.id_of(one).await, fixture.id_of(other).await];
    fixture.merge(ids[0], ids[1]).await.unwrap();
    let mut both = vec![one.mailbox(), other.mailbox()];
    both.sort();
    let mut known = fixture.addresses(one).await;
    known.sort();
    assert_eq!(known, both);
    fixture.unmerge(ids[0], ids[1]).await.unwrap();
    assert_eq!(fixture.addresses(one).await, [one.mailbox()]);
}

async fn only_the_holders_of_what_changed_are_told_as_changed(fixture: &Fixture) {
    let directory = synthesized(80);
    fixture.applied(&directory).await;
    fixture.mailboxes(&directory, |text| text).await;
    let revision = fixture.store.newest_revision().await.unwrap();
    fixture.mailboxes(&directory, |text| text).await;
    assert_eq!(fixture.told_after(revision).await, (0, 0));

    let revision = fixture.store.newest_revision().await.unwrap();
    let somebody = directory.people[5].mailbox();
    fixture
        .mailboxes(&directory, |text| without(&text, &somebody))
        .await;
    assert_eq!(fixture.told_after(revision).await, (1, 0));

    let revision = fixture.store.newest_revision().await.unwrap();
    let place = place(&directory);
    fixture
        .mailboxes(&directory, |text| without(&text, &place.mailbox()))
        .await;
    let (people, structures) = fixture.told_after(revision).await;
    assert_eq!(people, 1, "whose mailbox is back");
    assert!(structures >= 1);
}
