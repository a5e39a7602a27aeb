//! Links that are slow, broken, silent.

use std::time::Duration;

use super::play::{lasts, scenario};

const A_WHILE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn the_link_to_postgres_is_slow() {
    let scenario = scenario(
        "the_link_to_postgres_is_slow",
        "each packet to and from PostgreSQL 10 ms late for 2 s",
    );
    scenario
        .play(async |site| {
            site.to_postgres.slow_down(Duration::from_millis(10));
            lasts(A_WHILE).await;
            site.to_postgres.mend();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_to_postgres_breaks_again_and_again() {
    let scenario = scenario(
        "the_link_to_postgres_breaks_again_and_again",
        "each connection to PostgreSQL broken after 200 packets, for 2 s",
    );
    scenario
        .play(async |site| {
            site.to_postgres.break_after(200);
            lasts(A_WHILE).await;
            site.to_postgres.mend();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_to_postgres_is_silent() {
    let scenario = scenario(
        "the_link_to_postgres_is_silent",
        "nothing to or from PostgreSQL for 2 s, connections open",
    );
    scenario
        .play(async |site| {
            site.to_postgres.silence();
            lasts(A_WHILE).await;
            site.to_postgres.mend();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_to_redis_is_cut() {
    let scenario = scenario("the_link_to_redis_is_cut", "the link to Redis cut for 2 s");
    scenario
        .play(async |site| {
            site.to_redis.cut();
            lasts(A_WHILE).await;
            site.to_redis.mend();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_to_audit_loses_connections() {
    let scenario = scenario(
        "the_link_to_audit_loses_connections",
        "the link from consent to audit broken after every 20 packets, then cut, 1 s each",
    );
    scenario
        .play(async |site| {
            site.to_audit.break_after(20);
            lasts(A_WHILE / 2).await;
            site.to_audit.cut();
            lasts(A_WHILE / 2).await;
            site.to_audit.mend();
        })
        .await;
}
