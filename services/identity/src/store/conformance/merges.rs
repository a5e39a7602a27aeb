//! Who turned out to be whom is told once, in order, from any place on.

use aval_domain::id::PatientId;
use futures::future::join_all;

use super::identities::{merge, registered};
use crate::error::Error;
use crate::merge::{MergeChange, MergeCursor};
use crate::store::sql::{Migrator, SqlStore};
use crate::store::{SealedPatient, Store};

aval_database::conformance_suite! {
    migrator: Migrator,
    store: SqlStore::new,
    tests: [
        merges_are_told_in_their_order_from_any_place_on,
        what_did_not_happen_is_not_told,
        merges_at_once_have_a_place_each,
        a_place_that_nothing_ever_stood_at_is_known_as_such,
    ],
}

async fn after(store: &SqlStore, place: u64, limit: u64) -> Vec<MergeChange> {
    let merges = store.merges_after(MergeCursor(place), limit).await;
    merges.unwrap().expect("the place was given")
}

fn change(source: &SealedPatient, target: Option<&SealedPatient>, place: u64) -> MergeChange {
    MergeChange {
        source: source.patient_id,
        target: target.map(|target| target.patient_id),
        cursor: MergeCursor(place),
    }
}

async fn merges_are_told_in_their_order_from_any_place_on(store: &SqlStore) {
    let (one, two, three) = (
        registered(store, 1, 1).await,
        registered(store, 2, 2).await,
        registered(store, 3, 3).await,
    );
    assert_eq!(after(store, 0, 10).await, []);
    let changes = [
        change(&one, Some(&two), 1),
        change(&two, Some(&three), 2),
        change(&one, None, 3),
        change(&one, Some(&three), 4),
    ];
    for (second, change) in (10..).zip(&changes) {
        let joining = merge(change.source, change.target, second);
        store.join_patients(&joining).await.unwrap();
    }
    for place in 0..=changes.len() {
        let rest = after(store, place as u64, 10).await;
        assert_eq!(rest, changes[place..]);
    }
    assert_eq!(after(store, 1, 2).await, changes[1..3]);
}

async fn what_did_not_happen_is_not_told(store: &SqlStore) {
    let (one, two) = (registered(store, 1, 1).await, registered(store, 2, 2).await);
    let merging = merge(one.patient_id, Some(two.patient_id), 10);
    for _ in 0..2 {
        store.join_patients(&merging).await.unwrap();
    }
    let refused = merge(two.patient_id, Some(one.patient_id), 11);
    let refused = store.join_patients(&refused).await;
    assert!(matches!(refused, Err(Error::MergeConflict)));
    let told = after(store, 0, 10).await;
    assert_eq!(told, [change(&one, Some(&two), 1)]);
}

async fn merges_at_once_have_a_place_each(store: &SqlStore) {
    let mut pairs: Vec<(PatientId, PatientId)> = Vec::new();
    for number in 0..8 {
        let source = registered(store, 2 * number, 2 * number).await;
        let target = registered(store, 2 * number + 1, 2 * number + 1).await;
        pairs.push((source.patient_id, target.patient_id));
    }
    let joinings: Vec<_> = pairs
        .iter()
        .map(|(source, target)| merge(*source, Some(*target), 10))
        .collect();
    let joined = join_all(joinings.iter().map(|one| store.join_patients(one))).await;
    assert!(joined.iter().all(Result::is_ok));
    let told = after(store, 0, 100).await;
    let places: Vec<_> = told.iter().map(|change| change.cursor.0).collect();
    assert_eq!(places, (1..=8).collect::<Vec<_>>());
    let mut met: Vec<_> = told
        .iter()
        .map(|change| (change.source, change.target.unwrap()))
        .collect();
    met.sort_unstable();
    pairs.sort_unstable();
    assert_eq!(met, pairs);
}

async fn a_place_that_nothing_ever_stood_at_is_known_as_such(store: &SqlStore) {
    let (one, two) = (registered(store, 1, 1).await, registered(store, 2, 2).await);
    let merging = merge(one.patient_id, Some(two.patient_id), 10);
    store.join_patients(&merging).await.unwrap();
    for beyond in [2, 3, u64::MAX] {
        let answer = store.merges_after(MergeCursor(beyond), 10).await;
        assert_eq!(answer.unwrap(), None);
    }
}
