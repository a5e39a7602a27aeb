use std::collections::BTreeMap;

use aval_domain::id::OrganizationId;

use super::*;
use crate::change::{Change, ChangePosition};
use crate::merge::Merge;
use crate::organization::Organization;

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::trusting,
    tests: [
        an_empty_directory_has_no_changes,
        replaying_all_changes_gives_the_directory,
        going_on_from_any_position_gives_the_directory_too,
        an_import_that_changes_nothing_tells_nothing,
        a_suspended_import_is_no_revision,
        changes_of_concurrent_imports_are_never_passed_over,
    ],
}

/// What somebody knows who replays changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Replica {
    practitioners: BTreeMap<PractitionerId, Practitioner>,
    organizations: BTreeMap<OrganizationId, Organization>,
    pub(super) merges: Vec<Merge>,
}

impl Replica {
    fn take(&mut self, change: Change) {
        match change {
            Change::Organization(structure) => {
                let id = structure.organization_id;
                self.organizations.insert(id, structure);
            }
            Change::Practitioner(person) => {
                self.practitioners.insert(person.practitioner_id, person);
            }
            Change::Merge(merge) => self.merges.push(merge),
        }
    }

    /// Reads everything after a position, in pages of seven, and answers every position
    /// on the way.
    pub(super) async fn follow(
        &mut self,
        store: &dyn Store,
        from: ChangePosition,
    ) -> Vec<ChangePosition> {
        let mut passed = vec![from];
        loop {
            let last = *passed.last().unwrap();
            let page = store.changes_after(last, 7).await.unwrap();
            if page.is_empty() {
                return passed;
            }
            for (position, change) in page {
                assert!(position > *passed.last().unwrap());
                passed.push(position);
                self.take(change);
            }
        }
    }

    /// The people, each with the structures as they were last told.
    fn people(&self) -> Vec<Practitioner> {
        let mut people: Vec<_> = self.practitioners.values().cloned().collect();
        for activity in people.iter_mut().flat_map(|p| &mut p.activities) {
            if let Some(structure) = &mut activity.organization {
                *structure = self.organizations[&structure.organization_id].clone();
            }
        }
        people
    }

    /// The human that an entry leads to.
    fn human(&self, mut entry: PractitionerId) -> PractitionerId {
        while let Some(next) = self.practitioners[&entry].merged_into {
            entry = next;
        }
        entry
    }

    pub(super) async fn assert_is_the_directory(&self, store: &dyn Store) {
        let ids: Vec<PractitionerId> = self.practitioners.keys().copied().collect();
        let known = store.practitioners(&ids).await.unwrap().value;
        let mut known: Vec<Practitioner> = known.into_iter().map(Option::unwrap).collect();
        for (id, human) in ids.iter().zip(&known) {
            assert_eq!(self.human(*id), human.practitioner_id);
        }
        known.sort_by_key(|person| person.practitioner_id);
        known.dedup();
        let mut people = self.people();
        people.retain(|person| person.merged_into.is_none());
        assert_eq!(people, known);
        for (id, structure) in &self.organizations {
            let known = store.organization(*id).await.unwrap().value;
            assert_eq!(known.as_ref(), Some(structure));
        }
        let freshness = store.freshness().await.unwrap();
        let active = known.iter().filter(|person| person.active).count();
        assert_eq!(freshness.practitioner_count, active as u64);
    }
}

/// Three files, of people who come, go, come back, move and are renamed.
fn three_days() -> [Directory; 3] {
    let first = SynthesisPlan::new(7, 60).directory();
    let mut second = first.clone();
    second.people.truncate(40);
    for (rank, person) in second.people.iter_mut().enumerate() {
        match rank % 5 {
            0 => person.given_name.push_str("-Anne"),
            1 => person.activities.truncate(1),
            2 => {
                let elsewhere = first.people[rank + 1].activities[0].organization.clone();
                person.activities[0].organization = elsewhere;
            }
            3 => {
                for place in person
                    .activities
                    .iter_mut()
                    .filter_map(|a| a.organization.as_mut())
                {
                    place.name.push_str(" BIS");
                }
            }
            _ => {}
        }
    }
    second
        .people
        .extend(SynthesisPlan::new(8, 20).directory().people);
    let mut third = second.clone();
    third.people.remove(0);
    third.people.push(first.people[50].clone());
    [first, second, third]
}

async fn an_empty_directory_has_no_changes(fixture: &Fixture) {
    let changes = fixture.store.changes_after(ChangePosition::START, 10).await;
    assert_eq!(changes.unwrap(), []);
    assert_eq!(fixture.store.newest_revision().await.unwrap(), 0);
}

async fn replaying_all_changes_gives_the_directory(fixture: &Fixture) {
    let store = fixture.store.as_ref();
    let mut following = Replica::default();
    let mut position = ChangePosition::START;
    for day in three_days() {
        fixture.applied(&day).await;
        position = *following.follow(store, position).await.last().unwrap();
        following.assert_is_the_directory(store).await;
    }
    let mut late = Replica::default();
    late.follow(store, ChangePosition::START).await;
    late.assert_is_the_directory(store).await;
    assert_eq!(late.people(), following.people());
    let nobody = store.changes_after(ChangePosition::end_of(3), 10).await;
    assert_eq!(nobody.unwrap(), []);
    assert_eq!(store.newest_revision().await.unwrap(), 3);
}

async fn going_on_from_any_position_gives_the_directory_too(fixture: &Fixture) {
    let store = fixture.store.as_ref();
    let [first, second, third] = three_days();
    fixture.applied(&first).await;
    // Somebody who stopped after each of the first changes, and goes on two days later.
    let mut stopped = Vec::new();
    let mut replica = Replica::default();
    let first_changes = store
        .changes_after(ChangePosition::START, 1_000)
        .await
        .unwrap();
    for (position, change) in first_changes {
        replica.take(change);
        stopped.push((position, replica.clone()));
    }
    fixture.applied(&second).await;
    fixture.applied(&third).await;
    let mut whole = Replica::default();
    whole.follow(store, ChangePosition::START).await;
    for (position, mut replica) in stopped.into_iter().step_by(9) {
        replica.follow(store, position).await;
        assert_eq!(replica.people(), whole.people());
        assert_eq!(replica.organizations, whole.organizations);
    }
}

async fn an_import_that_changes_nothing_tells_nothing(fixture: &Fixture) {
    let [first, ..] = three_days();
    fixture.applied(&first).await;
    fixture.applied(&first).await;
    let after = fixture.store.changes_after(ChangePosition::end_of(1), 10);
    assert_eq!(after.await.unwrap(), []);
}

async fn a_suspended_import_is_no_revision(fixture: &Fixture) {
    let fixture = Fixture::new(fixture.db.clone());
    let mut directory = synthesized(100);
    fixture.applied(&directory).await;
    directory.people.truncate(10);
    let held = fixture.import(&directory).await.unwrap();
    assert_eq!(held.state, ImportState::Suspended);
    assert_eq!(fixture.store.newest_revision().await.unwrap(), 1);
    let after = fixture.store.changes_after(ChangePosition::end_of(1), 10);
    assert_eq!(after.await.unwrap(), []);
}

async fn changes_of_concurrent_imports_are_never_passed_over(fixture: &Fixture) {
    let store = fixture.store.as_ref();
    let days = three_days();
    let done = std::sync::atomic::AtomicBool::new(false);
    let importing = async {
        for day in [&days[0], &days[1], &days[2], &days[1], &days[0]] {
            fixture.applied(day).await;
        }
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
    let ((), replica) = tokio::join!(importing, following);
    replica.assert_is_the_directory(store).await;
}
