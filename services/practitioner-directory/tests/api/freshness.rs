//! How old the directory is, for callers and for operators.

use std::time::Duration;

use aval_proto::practitioner_directory::v1 as proto;

use crate::stand::{Stand, name_before, synthesized, text_of, until};

async fn source(stand: &Stand) -> proto::SourceFreshness {
    let request = proto::GetFreshnessRequest {};
    let answer = stand.directory("records").get_freshness(request).await;
    answer.unwrap().into_inner().sources.remove(0)
}

#[tokio::test]
async fn a_source_says_its_age_and_whether_that_is_too_old() {
    let stand = Stand::start().await;
    let never = source(&stand).await;
    assert!(never.stale && never.age.is_none() && never.imported_at.is_none());
    let three_days = Duration::from_hours(72);
    let name = name_before(three_days);
    stand
        .send_file(&name, &text_of(&synthesized(20)))
        .await
        .unwrap();
    let old = source(&stand).await;
    assert!(old.stale);
    assert!(old.age.unwrap().seconds >= i64::try_from(three_days.as_secs()).unwrap());
    assert_eq!(old.changed_count, 20);
    stand.import(&synthesized(20)).await;
    let new = source(&stand).await;
    assert!(!new.stale && new.age.unwrap().seconds < 3_600);
}

#[tokio::test]
async fn operators_see_the_age_and_the_imports_among_the_metrics() {
    let stand = Stand::start().await;
    stand.import(&synthesized(20)).await;
    until("the metrics tell of an import", || async {
        let metrics = stand.metrics().await;
        ["aval_directory_imports", "aval_directory_source_stale"]
            .iter()
            .all(|name| metrics.contains(name))
    })
    .await;
}
