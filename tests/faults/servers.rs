//! Databases and caches that fail.

use std::time::Duration;

use super::play::{Scenario, lasts};
use super::site::loopback;

const A_WHILE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_killed() {
    let scenario = Scenario {
        test: "postgres_is_killed",
        title: "PostgreSQL killed, started again after 2 s",
        settings: &[],
    };
    let seen = scenario.play(async |site| {
        site.postgres.kill();
        lasts(A_WHILE).await;
        site.postgres.start_again();
    });
    seen.await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_paused() {
    let scenario = Scenario {
        test: "postgres_is_paused",
        title: "PostgreSQL paused for 2 s (SIGSTOP)",
        settings: &[],
    };
    let seen = scenario.play(async |site| {
        site.postgres.pause();
        lasts(A_WHILE).await;
        site.postgres.resume();
    });
    seen.await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_takes_the_place_of_postgres() {
    let scenario = Scenario {
        test: "a_standby_takes_the_place_of_postgres",
        title: "PostgreSQL killed, a synchronous standby promoted in its place",
        settings: &[],
    };
    let seen = scenario.play(async |site| {
        let standby = site.postgres.synchronous_standby();
        // Everybody has confirmations that needed both.
        lasts(A_WHILE).await;
        site.postgres.kill();
        standby.promote();
        site.to_postgres.lead_to(loopback(standby.port()));
        site.postgres = standby;
    });
    seen.await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_killed() {
    let scenario = Scenario {
        test: "redis_is_killed",
        title: "Redis killed, started again empty after 2 s",
        settings: &[],
    };
    let seen = scenario.play(async |site| {
        site.redis.kill();
        lasts(A_WHILE).await;
        site.redis.restart();
    });
    seen.await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_paused() {
    let scenario = Scenario {
        test: "redis_is_paused",
        title: "Redis paused for 2 s (SIGSTOP)",
        settings: &[],
    };
    let seen = scenario.play(async |site| {
        site.redis.pause();
        lasts(A_WHILE).await;
        site.redis.resume();
    });
    seen.await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_comes_back_as_it_was_before() {
    let scenario = Scenario {
        test: "redis_comes_back_as_it_was_before",
        title: "Redis emptied, then replaced by a copy of 2 s ago",
        settings: &[],
    };
    let seen = scenario.play(async |site| {
        let saved = site.redis.save();
        lasts(A_WHILE).await;
        site.redis.flush();
        site.redis.restart_from(&saved);
    });
    seen.await;
}
