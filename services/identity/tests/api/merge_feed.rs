//! Whoever keeps what patients decided follows who turned out to be whom.

use aval_domain::ins::InsKind;
use aval_proto::identity::v1 as proto;
use tonic::Status;

use crate::calls::{fields, reason};
use crate::identities::{FOR_LIFE, ins, register};
use crate::merges::{merge, unmerge};
use crate::stand::Stand;

async fn after(
    stand: &Stand,
    cursor: &str,
    page_size: i32,
) -> Result<proto::ListMergesResponse, Status> {
    let request = proto::ListMergesRequest {
        cursor: cursor.to_owned(),
        page_size,
    };
    let answer = stand.merges("consent").list_merges(request).await;
    answer.map(tonic::Response::into_inner)
}

#[tokio::test]
async fn merges_are_followed_from_the_last_cursor_on() {
    let stand = Stand::start().await;
    let source = stand.register_patient().await;
    let target = register(&stand, ins(FOR_LIFE, InsKind::Test), "Durand").await;
    let target = target.patient_id;
    let nothing = after(&stand, "", 0).await.unwrap();
    assert!(nothing.changes.is_empty() && !nothing.has_more);

    merge(&stand, &source, &target).await.unwrap();
    let told = after(&stand, &nothing.cursor, 0).await.unwrap();
    let merged = proto::MergeChange {
        source_patient_id: source.clone(),
        target_patient_id: target.clone(),
        cursor: told.cursor.clone(),
    };
    assert_eq!(told.changes, [merged.clone()]);

    unmerge(&stand, &source).await.unwrap();
    let rest = after(&stand, &told.cursor, 0).await.unwrap();
    let apart = proto::MergeChange {
        source_patient_id: source,
        target_patient_id: String::new(),
        cursor: rest.cursor.clone(),
    };
    assert_eq!(rest.changes, [apart.clone()]);
    let nothing = after(&stand, &rest.cursor, 0).await.unwrap();
    assert_eq!((nothing.changes, nothing.cursor), (vec![], rest.cursor));

    // Page by page from the start.
    let first = after(&stand, "", 1).await.unwrap();
    assert_eq!((first.changes, first.has_more), (vec![merged], true));
    let second = after(&stand, &first.cursor, 1).await.unwrap();
    assert_eq!((second.changes, second.has_more), (vec![apart], false));
}

#[tokio::test]
async fn a_cursor_that_was_never_given_is_refused() {
    let stand = Stand::start().await;
    for cursor in [
        "1",
        "18446744073709551615",
        "18446744073709551616",
        "-1",
        "+0",
        "start",
        "é",
        &"9".repeat(1_000),
    ] {
        let refused = after(&stand, cursor, 0).await;
        assert_eq!(fields(refused), ["cursor"], "{cursor}");
    }
    assert_eq!(fields(after(&stand, "", -1).await), ["page_size"]);
}

#[tokio::test]
async fn nobody_else_is_told() {
    let stand = Stand::start().await;
    for caller in ["gateway", "clinic"] {
        let request = proto::ListMergesRequest::default();
        let refused = stand.merges(caller).list_merges(request).await;
        assert_eq!(reason(refused), "CALLER_NOT_ALLOWED");
    }
}
