//! Links that are slow, broken, silent.

use std::time::Duration;

use super::play::{Scenario, lasts};

const A_WHILE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn the_link_to_postgres_is_slow() {
    let scenario = Scenario {
        test: "the_link_to_postgres_is_slow",
        title: "each packet to and from PostgreSQL 10 ms late for 2 s",
        settings: &[],
    };
    let seen = scenario.play(async |site| {
        site.to_postgres.slow_down(Duration::from_millis(10));
        lasts(A_WHILE).await;
        site.to_postgres.mend();
    });
    seen.await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_to_postgres_breaks_again_and_again() {
    let scenario = Scenario {
        test: "the_link_to_postgres_breaks_again_and_again",
        title: "each connection to PostgreSQL broken after 200 packets, for 2 s",
        settings: &[],
    };
    let seen = scenario.play(async |site| {
        site.to_postgres.break_after(200);
        lasts(A_WHILE).await;
        site.to_postgres.mend();
    });
    seen.await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_to_postgres_is_silent() {
    let scenario = Scenario {
        test: "the_link_to_postgres_is_silent",
        title: "nothing to or from PostgreSQL for 2 s, connections open",
        settings: &[],
    };
    let seen = scenario.play(async |site| {
        site.to_postgres.silence();
        lasts(A_WHILE).await;
        site.to_postgres.mend();
    });
    seen.await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_to_redis_is_cut() {
    let scenario = Scenario {
        test: "the_link_to_redis_is_cut",
        title: "the link to Redis cut for 2 s",
        settings: &[],
    };
    let seen = scenario.play(async |site| {
        site.to_redis.cut();
        lasts(A_WHILE).await;
        site.to_redis.mend();
    });
    seen.await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_to_audit_loses_connections() {
    let scenario = Scenario {
        test: "the_link_to_audit_loses_connections",
        title: "the link from consent to audit broken after every 20 packets, then cut, 1 s each",
        settings: &[],
    };
    let seen = scenario.play(async |site| {
        site.to_audit.break_after(20);
        lasts(A_WHILE / 2).await;
        site.to_audit.cut();
        lasts(A_WHILE / 2).await;
        site.to_audit.mend();
    });
    seen.await;
}
