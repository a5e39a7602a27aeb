//! People who are remembered, while another instance changes the directory.

use tokio_util::sync::CancellationToken;

use super::*;
use crate::lease::LEASE;
use crate::lease::asking::Asking;
use crate::lease::tests::HandClock;

aval_database::conformance_suite! {
    migrator: Migrator,
    store: Fixture::trusting,
    tests: [
        somebody_is_answered_from_memory_until_a_change_is_known_of,
        nobody_is_answered_from_memory_when_the_lease_is_over,
        what_this_process_changed_is_seen_at_once,
        what_is_read_while_the_directory_changes_is_not_remembered_for_after_it,
        who_does_not_exist_is_not_remembered,
        several_who_ask_at_once_are_answered_alike,
        who_asks_for_the_lease_goes_on_until_told_to_end,
    ],
}

/// An instance that remembers, and two people of whom another instance says that they are
/// one.
struct Scene<'fixture> {
    fixture: &'fixture Fixture,
    people: People,
    asking: Asking,
    clock: Arc<HandClock>,
    one: PractitionerId,
    other: PractitionerId,
}

impl<'fixture> Scene<'fixture> {
    async fn of(fixture: &'fixture Fixture) -> Self {
        let directory = synthesized(4);
        fixture.applied(&directory).await;
        let clock = Arc::new(HandClock::default());
        let boot_clock = Arc::clone(&clock);
        let lease = Arc::new(Lease::new(boot_clock));
        Self {
            people: People::new(Arc::clone(&fixture.store), 10, Arc::clone(&lease)),
            asking: Asking::new(lease, Arc::clone(&fixture.store)),
            clock,
            one: fixture.id_of(&directory.people[0]).await,
            other: fixture.id_of(&directory.people[1]).await,
            fixture,
        }
    }

    /// To whom the first id leads.
    async fn read(&self) -> PractitionerId {
        let found = self.people.read(self.one).await.unwrap().unwrap();
        assert!(found.as_of.is_some());
        found.value.practitioner_id
    }

    async fn merged_elsewhere(&self) {
        let merged = self.fixture.merge(self.one, self.other).await;
        merged.unwrap();
    }
}

async fn somebody_is_answered_from_memory_until_a_change_is_known_of(fixture: &Fixture) {
    let scene = Scene::of(fixture).await;
    scene.asking.ask().await.unwrap();
    assert_eq!(scene.read().await, scene.one);
    scene.merged_elsewhere().await;
    // Nothing says so yet, for as long as a lease at most: that is memory.
    assert_eq!(scene.read().await, scene.one);
    scene.asking.ask().await.unwrap();
    assert_eq!(scene.read().await, scene.other);
}

async fn nobody_is_answered_from_memory_when_the_lease_is_over(fixture: &Fixture) {
    let scene = Scene::of(fixture).await;
    scene.asking.ask().await.unwrap();
    assert_eq!(scene.read().await, scene.one);
    scene.merged_elsewhere().await;
    scene.clock.pass(LEASE);
    assert_eq!(scene.read().await, scene.other);
}

async fn what_this_process_changed_is_seen_at_once(fixture: &Fixture) {
    let scene = Scene::of(fixture).await;
    scene.asking.ask().await.unwrap();
    assert_eq!(scene.read().await, scene.one);
    scene.merged_elsewhere().await;
    scene.people.forget();
    assert_eq!(scene.read().await, scene.other);
}

async fn what_is_read_while_the_directory_changes_is_not_remembered_for_after_it(
    fixture: &Fixture,
) {
    let scene = Scene::of(fixture).await;
    scene.asking.ask().await.unwrap();
    assert_eq!(scene.read().await, scene.one);
    scene.merged_elsewhere().await;
    scene.asking.ask().await.unwrap();
    scene.fixture.unmerge(scene.one, scene.other).await.unwrap();
    // Read after the second change, under what was known before it.
    assert_eq!(scene.read().await, scene.one);
    scene.merged_elsewhere().await;
    scene.asking.ask().await.unwrap();
    assert_eq!(scene.read().await, scene.other);
}

async fn who_does_not_exist_is_not_remembered(fixture: &Fixture) {
    let scene = Scene::of(fixture).await;
    scene.asking.ask().await.unwrap();
    let nobody = PractitionerId::new(fixture.clock.now(), fixture.environment.random.as_ref());
    for _ in 0..2 {
        assert_eq!(scene.people.read(nobody).await.unwrap(), None);
    }
}

/// Whether or not they read together: with a lease, without one, and beside a change.
async fn several_who_ask_at_once_are_answered_alike(fixture: &Fixture) {
    let scene = Scene::of(fixture).await;
    let at_once = async || {
        let asking = std::iter::repeat_with(|| scene.read()).take(16);
        futures::future::join_all(asking).await
    };
    assert_eq!(at_once().await, [scene.one; 16]);
    scene.asking.ask().await.unwrap();
    assert_eq!(at_once().await, [scene.one; 16]);
    scene.merged_elsewhere().await;
    scene.people.forget();
    assert_eq!(at_once().await, [scene.other; 16]);
    scene.asking.ask().await.unwrap();
    assert_eq!(at_once().await, [scene.other; 16]);
}

/// Whoever ends before is taken for lost, and the service with it.
async fn who_asks_for_the_lease_goes_on_until_told_to_end(fixture: &Fixture) {
    let lease = Arc::new(Lease::new(Arc::new(SystemBootClock)));
    let asking = Asking::new(Arc::clone(&lease), Arc::clone(&fixture.store));
    let told = CancellationToken::new();
    let asking = tokio::spawn(asking.go_on(told.clone()));
    let held = tokio::time::timeout(Duration::from_secs(10), async {
        while lease.revision().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    held.await.unwrap();
    assert!(!asking.is_finished());
    told.cancel();
    asking.await.unwrap();
}
