//! What the file of diplomas and authorisations says of people.

use aval_testing::synthesize::qualifications_file_name;

use super::*;
use crate::qualification::QualificationKind;
use crate::source::Source;

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::trusting,
    tests: [
        diplomas_and_authorisations_are_shown_of_their_holders,
        qualifications_of_unknown_people_wait_for_them,
        what_the_file_no_longer_holds_is_no_longer_shown,
        the_same_file_again_changes_nobody_and_a_change_tells_its_holder,
        a_merged_human_has_the_qualifications_under_both_numbers,
    ],
}

impl Fixture {
    /// Imports this file of qualifications, as generated a day after the last file.
    async fn import_qualifications(&self, text: Vec<u8>) -> Import {
        self.clock.advance(Duration::from_hours(24));
        let request = RequestId::new(self.environment.random.as_ref());
        let name = qualifications_file_name(self.clock.now());
        let import = self.send(request, name, text).await.unwrap();
        assert_eq!(import.state, ImportState::Applied, "{import:?}");
        import
    }

    /// The type and the code of each qualification of somebody.
    async fn titles(&self, person: &Person) -> Vec<(String, String)> {
        let found = self.find(person).await.unwrap().qualifications;
        let codes = |held: crate::qualification::Qualification| (held.type_code, held.code);
        found.into_iter().map(codes).collect()
    }
}

fn qualifications_of(directory: &Directory) -> Vec<u8> {
    let mut text = Vec::new();
    directory.write_qualifications(&mut text).unwrap();
    text
}

/// Two doctors: one with the State's diploma, one who practises by authorisation.
fn doctors(directory: &Directory) -> [&Person; 2] {
    let doctors = || {
        directory
            .people
            .iter()
            .enumerate()
            .filter(|(_, p)| p.is_doctor())
    };
    let graduate = doctors().find(|(rank, _)| rank % 16 != 0).unwrap();
    let authorised = doctors().find(|(rank, _)| rank % 16 == 0).unwrap();
    [graduate.1, authorised.1]
}

fn titled(type_code: &str, code: &str) -> Vec<(String, String)> {
    vec![(type_code.to_owned(), code.to_owned())]
}

/// The file without somebody's rows.
fn without(directory: &Directory, person: &Person) -> Vec<u8> {
    let text = String::from_utf8(qualifications_of(directory)).unwrap();
    let number = format!("|{}|", person.national_id());
    let kept = text
        .split_inclusive('\n')
        .filter(|line| !line.contains(&number));
    kept.collect::<String>().into_bytes()
}

async fn diplomas_and_authorisations_are_shown_of_their_holders(fixture: &Fixture) {
    let directory = synthesized(300);
    fixture.applied(&directory).await;
    let import = fixture
        .import_qualifications(qualifications_of(&directory))
        .await;
    assert_eq!(import.source, Source::Qualifications);
    let changes = import.report.changes;
    assert_eq!(changes.practitioners_added, import.report.row_count);
    assert_eq!(changes.practitioners_unknown, 0);
    let [graduate, authorised] = doctors(&directory);
    assert_eq!(fixture.titles(graduate).await, titled("DE", "DE05"));
    assert_eq!(fixture.titles(authorised).await, titled("AM01", ""));
    let found = fixture.find(authorised).await.unwrap().qualifications;
    assert_eq!(found[0].kind, QualificationKind::Authorization);
    assert_eq!(found[0].type_label, "Autorisation de plein exercice");
}

async fn qualifications_of_unknown_people_wait_for_them(fixture: &Fixture) {
    let directory = synthesized(300);
    let import = fixture
        .import_qualifications(qualifications_of(&directory))
        .await;
    let changes = import.report.changes;
    assert_eq!(changes.practitioners_unknown, import.report.row_count);
    let [graduate, _] = doctors(&directory);
    assert!(fixture.find(graduate).await.is_none());
    fixture.applied(&directory).await;
    assert_eq!(fixture.titles(graduate).await, titled("DE", "DE05"));
}

async fn what_the_file_no_longer_holds_is_no_longer_shown(fixture: &Fixture) {
    let directory = synthesized(300);
    fixture.applied(&directory).await;
    let [graduate, authorised] = doctors(&directory);
    let before = fixture.find(graduate).await.unwrap();
    fixture
        .import_qualifications(qualifications_of(&directory))
        .await;
    let import = fixture
        .import_qualifications(without(&directory, graduate))
        .await;
    assert_eq!(import.report.changes.practitioners_deactivated, 1);
    let mut after = fixture.find(graduate).await.unwrap();
    assert_ne!(after.updated_at, before.updated_at);
    after.updated_at = before.updated_at;
    assert_eq!(after, before);
    assert_eq!(fixture.titles(authorised).await, titled("AM01", ""));
}

async fn the_same_file_again_changes_nobody_and_a_change_tells_its_holder(fixture: &Fixture) {
    let directory = synthesized(300);
    fixture.applied(&directory).await;
    fixture
        .import_qualifications(qualifications_of(&directory))
        .await;
    let revision = fixture.store.newest_revision().await.unwrap();
    let again = fixture
        .import_qualifications(qualifications_of(&directory))
        .await;
    assert_eq!(again.report.changes.touched_count(), 0);
    assert!(fixture.changed_after(revision).await.is_empty());
    let [graduate, _] = doctors(&directory);
    fixture
        .import_qualifications(without(&directory, graduate))
        .await;
    let told = fixture.changed_after(revision).await;
    assert_eq!(told, [fixture.id_of(graduate).await].into());
}

async fn a_merged_human_has_the_qualifications_under_both_numbers(fixture: &Fixture) {
    let directory = synthesized(300);
    fixture.applied(&directory).await;
    fixture
        .import_qualifications(qualifications_of(&directory))
        .await;
    let [graduate, authorised] = doctors(&directory);
    let [absorbed, staying] = [
        fixture.id_of(authorised).await,
        fixture.id_of(graduate).await,
    ];
    fixture.merge(absorbed, staying).await.unwrap();
    let both = [titled("DE", "DE05"), titled("AM01", "")].concat();
    assert_eq!(fixture.titles(graduate).await, both);
    fixture.unmerge(absorbed, staying).await.unwrap();
    assert_eq!(fixture.titles(graduate).await, titled("DE", "DE05"));
    assert_eq!(fixture.titles(authorised).await, titled("AM01", ""));
}
