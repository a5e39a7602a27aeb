//! No instance permits what was revoked, or decides by a matrix that was replaced,
//! whatever happens to it.
//!
//! Three instances of the cache on one PostgreSQL and one Redis, each with a thread of its own that is
//! now and then stopped in the middle of things or started anew; Redis is emptied,
//! stands still, dies, and comes back with what it held before. Many patients grant
//! and revoke at once, while checkers keep every instance's cache warm. A check that
//! begins after a revocation has returned and still finds the grant is stale: there
//! must be none. The same scene without the wait before a change returns finds some:
//! so it would have seen them. The same is tried with matrices: two instances, and one
//! load after the other.
//!
//! `AVAL_STALENESS_ROUNDS` says how many revocations are raced.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod instance;
mod lane;
mod loads;
mod scene;

use std::sync::Arc;

use aval_database::conformance::say_not_run;
use aval_database::testing::TestDatabase;
use aval_testing::redis::RedisServer;

use loads::Loads;
use scene::{Scene, Wait};

/// How many revocations are raced unless the environment says otherwise.
const ROUNDS: usize = 500;
/// How many matrices are loaded: each load takes a lease.
const LOADS: usize = 40;

fn rounds() -> usize {
    let asked = std::env::var("AVAL_STALENESS_ROUNDS").ok();
    asked.map_or(ROUNDS, |text| text.parse().expect("a number of rounds"))
}

/// The servers of a scene, or `None` (said aloud) where they cannot be had.
async fn servers(name: &str) -> Option<(TestDatabase, RedisServer)> {
    let Some(database) = TestDatabase::postgres(name).await else {
        say_not_run(name);
        return None;
    };
    Some((database, RedisServer::start(name)?))
}

async fn scene(name: &str, wait: Wait) -> Option<Arc<Scene>> {
    let (database, redis) = servers(name).await?;
    Some(Scene::open(database, redis, wait).await)
}

async fn loads(name: &str, wait: Wait) -> Option<Arc<Loads>> {
    let (database, redis) = servers(name).await?;
    Some(Loads::open(database, redis, wait).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_check_that_begins_after_a_revocation_returned_finds_the_grant() {
    let Some(scene) = scene("consent.staleness.sound", Wait::AsDesigned).await else {
        return;
    };
    let found = scene.play(rounds()).await;
    println!("{found}");
    assert_eq!(found.stale, 0, "{found}");
    assert_eq!(found.mismatches, 0, "{found}");
    assert!(
        found.revocations >= rounds() && found.checks > 3 * rounds(),
        "{found}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_wait_the_same_scene_finds_stale_answers() {
    let Some(scene) = scene("consent.staleness.ablated", Wait::TakenOut).await else {
        return;
    };
    let found = scene.play(ROUNDS).await;
    println!("{found}");
    assert!(found.stale > 0, "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_check_that_begins_after_a_load_returned_is_by_an_earlier_matrix() {
    let Some(loads) = loads("consent.staleness.loads", Wait::AsDesigned).await else {
        return;
    };
    let found = loads.play(LOADS).await;
    println!("{found}");
    assert_eq!(found.stale, 0, "{found}");
    assert!(found.loads == LOADS && found.checks > 3 * LOADS, "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_wait_checks_by_an_earlier_matrix_are_found() {
    let Some(loads) = loads("consent.staleness.loads_ablated", Wait::TakenOut).await else {
        return;
    };
    let found = loads.play(LOADS).await;
    println!("{found}");
    assert!(found.stale > 0, "{found}");
}
