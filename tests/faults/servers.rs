//! Databases and caches that fail.

use std::time::Duration;

use aval_testing::pgbouncer::PgBouncer;

use super::play::{lasts, scenario};
use super::site::loopback;

const A_WHILE: Duration = Duration::from_secs(2);
/// More than all five instances open.
const SESSIONS: u32 = 100;
/// A role that may do what serving takes in each service's schema, and nothing else.
const SERVING: &str = "\
    CREATE ROLE serving LOGIN; \
    DO $$ DECLARE schema name; BEGIN \
        FOR schema IN SELECT nspname FROM pg_namespace \
            WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP \
            EXECUTE format('GRANT USAGE ON SCHEMA %I TO serving', schema); \
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES \
                IN SCHEMA %I TO serving', schema); \
            EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA %I TO serving', schema); \
        END LOOP; \
    END $$";

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_killed() {
    let scenario = scenario(
        "postgres_is_killed",
        "PostgreSQL killed, started again after 2 s",
    );
    scenario
        .play(async |site| {
            site.postgres.kill();
            lasts(A_WHILE).await;
            site.postgres.start_again();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_is_paused() {
    let scenario = scenario("postgres_is_paused", "PostgreSQL paused for 2 s (SIGSTOP)");
    scenario
        .play(async |site| {
            site.postgres.pause();
            lasts(A_WHILE).await;
            site.postgres.resume();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_takes_the_place_of_postgres() {
    let scenario = scenario(
        "a_standby_takes_the_place_of_postgres",
        "PostgreSQL killed, a synchronous standby promoted in its place",
    );
    scenario
        .play(async |site| {
            let standby = site.postgres.synchronous_standby();
            // Everybody has confirmations that needed both.
            lasts(A_WHILE).await;
            site.postgres.kill();
            standby.promote();
            site.to_postgres.lead_to(loopback(standby.port()));
            site.postgres = standby;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_before_postgres_is_killed() {
    let test = "a_pooler_before_postgres_is_killed";
    let title = "everything through a PgBouncer that pools sessions, as a role that may change no \
                 schema; killed, started again after 2 s";
    scenario(test, title)
        .play(async |site| {
            site.postgres.tell(SERVING);
            let mut pooler = PgBouncer::start(test, &site.postgres, "serving", SESSIONS)?;
            site.to_postgres.lead_to(loopback(pooler.port()));
            lasts(A_WHILE).await;
            pooler.kill();
            lasts(A_WHILE).await;
            pooler.start_again();
            // It is there until everything was found to be in order.
            Some(pooler)
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_killed() {
    let scenario = scenario(
        "redis_is_killed",
        "Redis killed, started again empty after 2 s",
    );
    scenario
        .play(async |site| {
            site.redis.kill();
            lasts(A_WHILE).await;
            site.redis.restart();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_is_paused() {
    let scenario = scenario("redis_is_paused", "Redis paused for 2 s (SIGSTOP)");
    scenario
        .play(async |site| {
            site.redis.pause();
            lasts(A_WHILE).await;
            site.redis.resume();
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_comes_back_as_it_was_before() {
    let scenario = scenario(
        "redis_comes_back_as_it_was_before",
        "Redis emptied, then replaced by a copy of 2 s ago",
    );
    scenario
        .play(async |site| {
            let saved = site.redis.save();
            lasts(A_WHILE).await;
            site.redis.flush();
            site.redis.restart_from(&saved);
        })
        .await;
}
