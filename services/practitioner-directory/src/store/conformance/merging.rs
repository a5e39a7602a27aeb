use super::changes::Replica;
use super::searching::asked;
use super::*;
use crate::app::MergePractitioners;
use crate::change::{Change, ChangePosition};
use crate::merge::Merge;
use crate::reason::Reason;

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::trusting,
    tests: [
        either_number_leads_to_the_one_human,
        taking_a_merge_back_gives_each_entry_its_own_again,
        what_later_files_bring_goes_where_its_number_leads,
        a_merged_person_is_found_under_the_names_of_both,
        a_chain_of_merges_is_taken_back_link_by_link,
        merges_are_told_and_replayed,
        only_what_fits_is_merged_or_taken_back,
        repeating_a_merge_answers_the_same_human,
        changes_of_concurrent_merges_are_never_passed_over,
    ],
}

impl Fixture {
    fn merging(&self, merge: Merge) -> MergePractitioners {
        MergePractitioners {
            merge,
            reason: Reason::parse("même personne, pièce vue").unwrap(),
            request_id: RequestId::new(self.environment.random.as_ref()),
        }
    }

    pub(super) async fn merge(
        &self,
        source: PractitionerId,
        target: PractitionerId,
    ) -> Result<Practitioner, Error> {
        self.decide(source, target, false).await
    }

    pub(super) async fn unmerge(
        &self,
        source: PractitionerId,
        target: PractitionerId,
    ) -> Result<Practitioner, Error> {
        self.decide(source, target, true).await
    }

    async fn decide(
        &self,
        source: PractitionerId,
        target: PractitionerId,
        is_undo: bool,
    ) -> Result<Practitioner, Error> {
        let command = self.merging(Merge {
            source,
            target,
            is_undo,
        });
        let merged = self.app.merge_practitioners(&self.cx(), command).await;
        self.assert_index_follows().await;
        merged
    }

    async fn ids_of(&self, people: &[Person]) -> Vec<PractitionerId> {
        let found = self.find_all(people).await;
        found.iter().map(|person| person.practitioner_id).collect()
    }

    async fn bearing(&self, name: &str) -> Vec<PractitionerId> {
        let search = asked(name);
        let found = self.store.search_practitioners(&search).await.unwrap();
        let matches = found.value.items.into_iter();
        matches
            .map(|found| found.practitioner.practitioner_id)
            .collect()
    }
}

/// Two people out of sixty, whom nothing links.
async fn two_people(fixture: &Fixture) -> (Directory, [PractitionerId; 2]) {
    let directory = synthesized(60);
    fixture.applied(&directory).await;
    let ids = fixture.ids_of(&directory.people[20..22]).await;
    (directory, [ids[0], ids[1]])
}

async fn either_number_leads_to_the_one_human(fixture: &Fixture) {
    let (directory, [one, other]) = two_people(fixture).await;
    let before = fixture.find_all(&directory.people[20..22]).await;
    let merged = fixture.merge(one, other).await.unwrap();
    assert_eq!(merged.practitioner_id, other);
    assert_eq!(merged.merged_into, None);
    let numbers =
        |people: &[Practitioner]| people.iter().map(|p| p.identifiers.len()).sum::<usize>();
    assert_eq!(merged.identifiers.len(), numbers(&before));
    let situations: usize = before.iter().map(|p| p.activities.len()).sum();
    assert_eq!(merged.activities.len(), situations);
    assert_eq!(merged.family_name, before[1].family_name);
    for person in &directory.people[20..22] {
        assert_eq!(fixture.find(person).await.as_ref(), Some(&merged));
    }
    let asked = fixture.store.practitioners(&[one, other]).await.unwrap();
    assert_eq!(asked.value, [Some(merged.clone()), Some(merged)]);
    let freshness = fixture.store.freshness().await.unwrap();
    assert_eq!(freshness.practitioner_count, 59);
}

async fn taking_a_merge_back_gives_each_entry_its_own_again(fixture: &Fixture) {
    let (directory, [one, other]) = two_people(fixture).await;
    let before = fixture.find_all(&directory.people).await;
    fixture.merge(one, other).await.unwrap();
    let target = fixture.unmerge(one, other).await.unwrap();
    assert_eq!(target.practitioner_id, other);
    let after = fixture.find_all(&directory.people).await;
    let told = |person: &Practitioner| Practitioner {
        updated_at: Timestamp::from_micros(0),
        ..person.clone()
    };
    let alike = before
        .iter()
        .zip(&after)
        .all(|(one, other)| told(one) == told(other));
    assert!(alike);
    let freshness = fixture.store.freshness().await.unwrap();
    assert_eq!(freshness.practitioner_count, 60);
    for person in &directory.people[20..22] {
        let name = format!("{} {}", person.family_name, person.given_name);
        let found = fixture.bearing(&name).await;
        assert!(found.contains(&fixture.id_of(person).await));
    }
}

async fn what_later_files_bring_goes_where_its_number_leads(fixture: &Fixture) {
    let (mut directory, [one, other]) = two_people(fixture).await;
    fixture.merge(one, other).await.unwrap();
    let place = directory.people[30].activities[0].clone();
    directory.people[20].activities.push(place);
    directory.people[20].given_name = "Apres".to_owned();
    let import = fixture.applied(&directory).await;
    assert_eq!(import.report.changes.practitioners_changed, 1);
    assert_eq!(import.report.changes.practitioner_count, 59);
    let human = fixture.find(&directory.people[20]).await.unwrap();
    assert_eq!(human.practitioner_id, other);
    let expected = directory.people[20].activities.len() + directory.people[21].activities.len();
    assert_eq!(human.activities.len(), expected);
    assert_ne!(human.given_name, "Apres", "the human's own name");

    // The source's number leaves the file: the human stays, the situations end.
    let gone = directory.people.remove(20);
    fixture.applied(&directory).await;
    let human = fixture.find(&gone).await.unwrap();
    assert!(human.active && human.practitioner_id == other);
    directory.people.push(gone.clone());
    fixture.applied(&directory).await;

    fixture.unmerge(one, other).await.unwrap();
    let source = fixture.find(&gone).await.unwrap();
    assert_eq!(source.practitioner_id, one);
    assert_eq!(source.given_name, "Apres");
    assert_eq!(source.activities.len(), gone.activities.len());
    assert!(source.activities.iter().all(|activity| activity.active));
}

async fn a_merged_person_is_found_under_the_names_of_both(fixture: &Fixture) {
    let mut directory = synthesized(60);
    directory.people[20].family_name = "MAIDENHEAD".to_owned();
    fixture.applied(&directory).await;
    let ids = fixture.ids_of(&directory.people[20..22]).await;
    assert_eq!(fixture.bearing("maidenhead").await, [ids[0]]);
    fixture.merge(ids[0], ids[1]).await.unwrap();
    assert_eq!(fixture.bearing("maidenhead").await, [ids[1]]);
    // Other names under both numbers in one file.
    directory.people[20].family_name = "WINDERMERE".to_owned();
    directory.people[21].family_name = "GRASMERE".to_owned();
    fixture.applied(&directory).await;
    assert_eq!(fixture.bearing("maidenhead").await, []);
    assert_eq!(fixture.bearing("windermere").await, [ids[1]]);
    assert_eq!(fixture.bearing("grasmere").await, [ids[1]]);
    fixture.unmerge(ids[0], ids[1]).await.unwrap();
    assert_eq!(fixture.bearing("windermere").await, [ids[0]]);
    assert_eq!(fixture.bearing("grasmere").await, [ids[1]]);
}

async fn a_chain_of_merges_is_taken_back_link_by_link(fixture: &Fixture) {
    let directory = synthesized(60);
    fixture.applied(&directory).await;
    let three = &directory.people[20..23];
    let ids = fixture.ids_of(three).await;
    fixture.merge(ids[0], ids[1]).await.unwrap();
    fixture.merge(ids[1], ids[2]).await.unwrap();
    assert_eq!(fixture.ids_of(three).await, [ids[2], ids[2], ids[2]]);
    let asked = fixture.store.practitioners(&[ids[0]]).await.unwrap().value;
    assert_eq!(asked[0].as_ref().unwrap().practitioner_id, ids[2]);
    fixture.unmerge(ids[1], ids[2]).await.unwrap();
    assert_eq!(fixture.ids_of(three).await, [ids[1], ids[1], ids[2]]);
    fixture.merge(ids[1], ids[2]).await.unwrap();
    fixture.unmerge(ids[0], ids[1]).await.unwrap();
    assert_eq!(fixture.ids_of(three).await, [ids[0], ids[2], ids[2]]);
    fixture.unmerge(ids[1], ids[2]).await.unwrap();
    assert_eq!(fixture.ids_of(three).await, ids);
    let freshness = fixture.store.freshness().await.unwrap();
    assert_eq!(freshness.practitioner_count, 60);
}

async fn merges_are_told_and_replayed(fixture: &Fixture) {
    let store = fixture.store.as_ref();
    let (mut directory, [one, other]) = two_people(fixture).await;
    let mut following = Replica::default();
    let position = following.follow(store, ChangePosition::START).await;
    fixture.merge(one, other).await.unwrap();
    directory.people[20].given_name = "Apres".to_owned();
    fixture.applied(&directory).await;
    let position = following.follow(store, *position.last().unwrap()).await;
    following.assert_is_the_directory(store).await;
    let merge = Merge {
        source: one,
        target: other,
        is_undo: false,
    };
    assert_eq!(following.merges, [merge]);
    fixture.unmerge(one, other).await.unwrap();
    following.follow(store, *position.last().unwrap()).await;
    following.assert_is_the_directory(store).await;
    let undone = Merge {
        is_undo: true,
        ..merge
    };
    assert_eq!(following.merges, [merge, undone]);
    let mut late = Replica::default();
    late.follow(store, ChangePosition::START).await;
    assert_eq!(late, following);
    let alone = store.merges_after(ChangePosition::START, 10).await.unwrap();
    let mut all = store
        .changes_after(ChangePosition::START, 1_000)
        .await
        .unwrap();
    all.retain(|(_, change)| matches!(change, Change::Merge(_)));
    assert_eq!((alone.len(), &alone), (2, &all));
    let after_the_first = store.merges_after(alone[0].0, 10).await.unwrap();
    assert_eq!(after_the_first, alone[1..]);
}

async fn only_what_fits_is_merged_or_taken_back(fixture: &Fixture) {
    let directory = synthesized(60);
    fixture.applied(&directory).await;
    let ids = fixture.ids_of(&directory.people[20..23]).await;
    let nobody = PractitionerId::new(fixture.clock.now(), fixture.environment.random.as_ref());
    for (source, target) in [(nobody, ids[0]), (ids[0], nobody)] {
        let unknown = fixture.merge(source, target).await;
        assert!(matches!(unknown, Err(Error::NotFound { .. })));
    }
    let alone = fixture.merge(ids[0], ids[0]).await;
    assert!(matches!(alone, Err(Error::FieldInvalid { .. })));
    let never = fixture.unmerge(ids[0], ids[1]).await;
    assert!(matches!(never, Err(Error::NotMerged)));
    fixture.merge(ids[0], ids[1]).await.unwrap();
    let again = fixture.merge(ids[0], ids[2]).await;
    assert!(matches!(again, Err(Error::SourceMerged)));
    let circle = fixture.merge(ids[1], ids[0]).await;
    assert!(matches!(circle, Err(Error::TargetMerged)));
    let other = fixture.unmerge(ids[0], ids[2]).await;
    assert!(matches!(other, Err(Error::NotMerged)));
    // What is refused is no revision.
    assert_eq!(fixture.store.newest_revision().await.unwrap(), 2);
}

async fn repeating_a_merge_answers_the_same_human(fixture: &Fixture) {
    let (_, [source, target]) = two_people(fixture).await;
    let command = fixture.merging(Merge {
        source,
        target,
        is_undo: false,
    });
    let cx = fixture.cx();
    let first = fixture.app.merge_practitioners(&cx, command.clone()).await;
    let again = fixture.app.merge_practitioners(&cx, command).await;
    assert_eq!(first.unwrap(), again.unwrap());
    assert_eq!(fixture.store.newest_revision().await.unwrap(), 2);
    let backlog = aval_database::outbox::backlog(&fixture.db).await.unwrap();
    assert_eq!(backlog.count, 2, "an import and one merge");
}

async fn changes_of_concurrent_merges_are_never_passed_over(fixture: &Fixture) {
    let store = fixture.store.as_ref();
    let directory = synthesized(60);
    fixture.applied(&directory).await;
    let ids = fixture.ids_of(&directory.people[20..40]).await;
    let done = std::sync::atomic::AtomicBool::new(false);
    let changing = async {
        let merges = ids.chunks(2).map(async |pair| {
            fixture.merge(pair[0], pair[1]).await.unwrap();
        });
        let mut renamed = directory.clone();
        renamed.people[20].given_name = "Apres".to_owned();
        let (_, import) = tokio::join!(futures::future::join_all(merges), fixture.import(&renamed));
        assert_eq!(import.unwrap().state, ImportState::Applied);
        done.store(true, std::sync::atomic::Ordering::SeqCst);
    };
    let following = async {
        let mut replica = Replica::default();
        let mut position = ChangePosition::START;
        loop {
            let is_last = done.load(std::sync::atomic::Ordering::SeqCst);
            position = *replica.follow(store, position).await.last().unwrap();
            if is_last {
                return replica;
            }
            tokio::task::yield_now().await;
        }
    };
    let ((), replica) = tokio::join!(changing, following);
    assert_eq!(replica.merges.len(), 10);
    replica.assert_is_the_directory(store).await;
}
