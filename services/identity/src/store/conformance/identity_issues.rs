//! What a person has to look at is listed until it is settled.

use aval_domain::ins::InsStatus;

use super::identities::{merged, other, patient_of, registered, update};
use super::sample::{at, registration};
use crate::identity_issue::{IdentityIssue, IssueKind};
use crate::patient_keys::KeyedDigest;
use crate::store::sql::{Migrator, SqlStore};
use crate::store::{IssueQuery, Registered, SealedPatient, Store};

aval_database::conformance_suite! {
    migrator: Migrator,
    store: SqlStore::new,
    tests: [
        issues_are_listed_by_age_until_they_are_settled,
        those_who_are_alike_are_listed_until_both_are_qualified_or_one_is_merged,
        whoever_is_alike_to_several_is_listed_once_for_each_who_came_later,
        pages_of_issues_go_on_without_losing_or_repeating_any,
    ],
}

async fn issues(store: &SqlStore, kind: Option<IssueKind>) -> Vec<IdentityIssue> {
    let query = IssueQuery {
        kind,
        after: None,
        limit: 100,
    };
    store.identity_issues(&query).await.unwrap()
}

pub(super) async fn all_issues(store: &SqlStore) -> Vec<IdentityIssue> {
    issues(store, None).await
}

async fn issues_are_listed_by_age_until_they_are_settled(store: &SqlStore) {
    let first = registered(store, 1, 7).await;
    let twin = registered(store, 2, 7).await;
    let taken = store.register_patient(&registration(1, 8), &other).await;
    assert_eq!(taken.unwrap(), Registered::MatriculeTaken);
    let mut weak = update(&registered(store, 3, 9).await, 5, 3, 9);
    weak.next.status = InsStatus::Provisional;
    let weak = patient_of(store.update_identity(&weak).await.unwrap());

    let found = all_issues(store).await;
    let kinds: Vec<_> = found.iter().map(|issue| issue.kind).collect();
    let expected = [
        IssueKind::Collision,
        IssueKind::Duplicate,
        IssueKind::Unqualified,
    ];
    assert_eq!(kinds, expected);
    assert_eq!(found[0].patients, [first.patient_id]);
    assert_eq!(found[0].evidence, ["sex"]);
    let (mut pair, mut expected) = (
        found[1].patients.clone(),
        vec![first.patient_id, twin.patient_id],
    );
    pair.sort_unstable();
    expected.sort_unstable();
    assert_eq!(pair, expected);
    assert_eq!(found[1].evidence.len(), 5);
    assert_eq!(found[2].patients, [weak.patient_id]);
    assert_eq!(found[2].found_at, at(5));
    for (place, issue) in found.iter().enumerate() {
        assert_eq!(issues(store, Some(issue.kind)).await, found[place..=place]);
    }

    merged(store, &twin, &first).await;
    let mut strong = update(&weak, 20, 3, 9);
    strong.next.status = InsStatus::Qualified;
    store.update_identity(&strong).await.unwrap();
    let looked_at = update(&first, 21, 1, 7);
    store.update_identity(&looked_at).await.unwrap();
    assert_eq!(all_issues(store).await, []);
}

/// Registers somebody of this likeness.
async fn alike(store: &SqlStore, number: u8, likeness: u8, status: InsStatus) -> SealedPatient {
    let mut new = registration(number, number);
    new.patient.likeness = Some(KeyedDigest([likeness; 32]));
    new.patient.status = status;
    match store.register_patient(&new, &other).await.unwrap() {
        Registered::Patient(patient) => patient,
        Registered::MatriculeTaken => panic!("the matricule is free"),
    }
}

async fn those_who_are_alike_are_listed_until_both_are_qualified_or_one_is_merged(
    store: &SqlStore,
) {
    let strong = alike(store, 1, 100, InsStatus::Qualified).await;
    let weak = alike(store, 2, 100, InsStatus::Validated).await;
    alike(store, 3, 101, InsStatus::Validated).await;
    let found = issues(store, Some(IssueKind::Alike)).await;
    assert_eq!(found.len(), 1);
    let (mut pair, mut expected) = (
        found[0].patients.clone(),
        [strong.patient_id, weak.patient_id],
    );
    pair.sort_unstable();
    expected.sort_unstable();
    assert_eq!(pair, expected);
    assert_eq!(found[0].issue_id, expected[1].as_uuid());

    let mut qualified = update(&weak, 20, 2, 2);
    qualified.next.status = InsStatus::Qualified;
    let qualified = patient_of(store.update_identity(&qualified).await.unwrap());
    assert_eq!(issues(store, Some(IssueKind::Alike)).await, []);
    let mut weak = update(&qualified, 21, 2, 2);
    weak.next.status = InsStatus::Provisional;
    let weak = patient_of(store.update_identity(&weak).await.unwrap());
    assert_eq!(issues(store, Some(IssueKind::Alike)).await.len(), 1);
    merged(store, &weak, &strong).await;
    assert_eq!(issues(store, Some(IssueKind::Alike)).await, []);
}

async fn whoever_is_alike_to_several_is_listed_once_for_each_who_came_later(store: &SqlStore) {
    let mut patients = Vec::new();
    for number in 1..=3 {
        let patient = alike(store, number, 100, InsStatus::Retrieved).await;
        patients.push(patient.patient_id);
    }
    // A likeness that is of other traits than the row's counts for nothing.
    let changed = alike(store, 4, 100, InsStatus::Retrieved).await;
    store
        .change_traits_as_before_likenesses(changed.patient_id, KeyedDigest([90; 32]))
        .await;
    patients.sort_unstable();
    let found = issues(store, Some(IssueKind::Alike)).await;
    let pairs: Vec<_> = found.iter().map(|issue| issue.patients.clone()).collect();
    let first = patients[0];
    assert_eq!(pairs, [[first, patients[1]], [first, patients[2]]]);
}

async fn pages_of_issues_go_on_without_losing_or_repeating_any(store: &SqlStore) {
    for number in 1..=4 {
        let mut weak = update(&registered(store, number, 7).await, 5, number, 7);
        weak.next.status = InsStatus::Provisional;
        store.update_identity(&weak).await.unwrap();
        let claim = registration(number, 8);
        store.register_patient(&claim, &other).await.unwrap();
    }
    // Four are not qualified, and three have a twin; their collisions were found before
    // they were last changed.
    let all = all_issues(store).await;
    assert_eq!(all.len(), 7);
    assert!(all.is_sorted_by_key(IdentityIssue::position));
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let query = IssueQuery {
            kind: None,
            after,
            limit: 2,
        };
        let page = store.identity_issues(&query).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.position());
        seen.extend(page);
    }
    assert_eq!(seen, all);
}
