//! Whoever keeps what patients decided follows who turned out to be whom.

use aval_domain::ins::InsKind;
use aval_proto::identity::v1 as proto;
use aval_proto::identity::v1::watch_merges_response::Item;
use tonic::{Status, Streaming};

use crate::calls::{fields, reason};
use crate::identities::{FOR_LIFE, ins, register};
use crate::merges::{merge, unmerge};
use crate::stand::Stand;

type Told = Streaming<proto::WatchMergesResponse>;

async fn watch(stand: &Stand, caller: &str, cursor: &str) -> Result<Told, Status> {
    let request = proto::WatchMergesRequest {
        cursor: cursor.to_owned(),
    };
    let answer = stand.merges(caller).watch_merges(request).await;
    answer.map(tonic::Response::into_inner)
}

/// The next thing that is told, and the cursor to go on from.
async fn next(told: &mut Told) -> (Option<Item>, String) {
    let next = told.message().await.unwrap().expect("the stream goes on");
    let change = next
        .item
        .filter(|item| !matches!(item, Item::HeartbeatAt(_)));
    (change, next.cursor)
}

#[tokio::test]
async fn merges_are_told_as_they_come_and_from_any_cursor_on() {
    let stand = Stand::start().await;
    let source = stand.register_patient().await;
    let target = register(&stand, ins(FOR_LIFE, InsKind::Test), "Durand").await;
    let target = target.patient_id;
    let mut told = watch(&stand, "consent", "").await.unwrap();
    let (nothing, start) = next(&mut told).await;
    assert_eq!(nothing, None);

    merge(&stand, &source, &target).await.unwrap();
    let merged = Item::PatientsMerged(proto::PatientsMerged {
        source_patient_id: source.clone(),
        target_patient_id: target,
    });
    let (change, after_merge) = next(&mut told).await;
    assert_eq!(change.as_ref(), Some(&merged));
    assert_eq!(next(&mut told).await, (None, after_merge.clone()));

    unmerge(&stand, &source).await.unwrap();
    let apart = Item::PatientsUnmerged(proto::PatientsUnmerged {
        source_patient_id: source,
    });
    let (change, end) = next(&mut told).await;
    assert_eq!(change.as_ref(), Some(&apart));

    for cursor in ["", "start", &start] {
        let mut again = watch(&stand, "consent", cursor).await.unwrap();
        assert_eq!(
            next(&mut again).await,
            (Some(merged.clone()), after_merge.clone())
        );
        assert_eq!(next(&mut again).await, (Some(apart.clone()), end.clone()));
        assert_eq!(next(&mut again).await, (None, end.clone()));
    }
    let mut rest = watch(&stand, "consent", &after_merge).await.unwrap();
    assert_eq!(next(&mut rest).await, (Some(apart), end.clone()));
    let mut nothing = watch(&stand, "consent", &end).await.unwrap();
    assert_eq!(next(&mut nothing).await, (None, end));
}

#[tokio::test]
async fn a_cursor_that_was_never_given_is_refused() {
    let stand = Stand::start().await;
    for cursor in ["1", "18446744073709551615"] {
        let refused = watch(&stand, "consent", cursor).await.map(|_| ());
        assert_eq!(reason(refused), "PAGE_TOKEN_INVALID", "{cursor}");
    }
    for cursor in [
        "18446744073709551616",
        "-1",
        "+0",
        "first",
        "é",
        &"9".repeat(1_000),
    ] {
        let refused = watch(&stand, "consent", cursor).await.map(|_| ());
        assert_eq!(fields(refused), ["cursor"], "{cursor}");
    }
}

#[tokio::test]
async fn nobody_else_is_told() {
    let stand = Stand::start().await;
    for caller in ["gateway", "clinic"] {
        let refused = watch(&stand, caller, "").await.map(|_| ());
        assert_eq!(reason(refused), "CALLER_NOT_ALLOWED");
    }
}

#[tokio::test]
async fn whoever_watches_is_let_go_when_the_instance_stops() {
    let stand = Stand::start().await;
    let mut told = watch(&stand, "consent", "").await.unwrap();
    next(&mut told).await;
    stand.stop().await;
    assert!(told.message().await.unwrap().is_none());
}
