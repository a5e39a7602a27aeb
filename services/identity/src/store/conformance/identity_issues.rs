//! What a person has to look at is listed until it is settled.

use aval_domain::ins::InsStatus;

use super::identities::{merged, other, patient_of, registered, update};
use super::sample::{at, registration};
use crate::identity_issue::{IdentityIssue, IssueKind};
use crate::store::sql::{Migrator, SqlStore};
use crate::store::{IssueQuery, Registered, Store};

aval_database::conformance_suite! {
    migrator: Migrator,
    store: SqlStore::new,
    tests: [
        issues_are_listed_by_age_until_they_are_settled,
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
