//! No instance permits what was taken back, or decides by a matrix that was replaced,
//! whatever happens to it.
//!
//! Three instances of the cache on one PostgreSQL and one Redis, each a process of its own,
//! which is stopped (SIGSTOP) or killed wherever it happens to be. Redis is emptied, stands
//! still, dies, comes back with what it held before, fails over to a replica that had fallen
//! behind, is two for a while, is cut off from one instance, silent to it, late, and heard
//! badly by all. Many patients permit and revoke at once, now and then they block the
//! professional or close the record instead, while checkers keep every instance's cache
//! warm. A check that begins after the revocation has returned and still permits is stale:
//! there must be none. Before that the same scene without the wait before a change returns
//! has to find some: so it would have seen them. The same is tried on a cluster, whose masters
//! die and whose slots others take over; and with matrices: two instances, and one load after
//! the other.
//!
//! `AVAL_STALENESS_ROUNDS` says how many revocations are raced; on a cluster it is a tenth.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod instance;
mod lane;
mod loads;
mod process;
mod scene;
mod servers;
mod witness;
mod words;

use std::sync::Arc;

use aval_consent::store::sql::Migrator;
use aval_database::conformance::say_not_run;
use aval_database::migrate;
use aval_database::testing::TestDatabase;
use aval_domain::id::{PatientId, PractitionerId};
use aval_runtime::environment::Environment;
use aval_testing::ports::claim_port;
use aval_testing::redis::RedisServer;

use instance::Instance;
use loads::Loads;
use scene::{Findings, INSTANCES, Scene, Wait};
use servers::{Cluster, Pair, Servers};
use witness::Witness;
use words::Setting;

/// How many revocations are raced unless the environment says otherwise.
const ROUNDS: usize = 500;
/// How many matrices are loaded: each load takes a lease.
const LOADS: usize = 40;

fn rounds() -> usize {
    let asked = std::env::var("AVAL_STALENESS_ROUNDS").ok();
    asked.map_or(ROUNDS, |text| text.parse().expect("a number of rounds"))
}

/// A database, or `None` (said aloud) where there is none.
async fn database(name: &str) -> Option<TestDatabase> {
    let database = TestDatabase::postgres(name).await;
    if database.is_none() {
        say_not_run(name);
    }
    database
}

/// What a scene finds.
#[expect(clippy::print_stdout, reason = "the counts are what is shown")]
async fn plays(
    name: &str,
    servers: Option<impl Servers + 'static>,
    wait: Wait,
    rounds: usize,
) -> Option<Findings> {
    let scene = Scene::open(database(name).await?, servers?, wait).await;
    let found = scene.play(rounds).await;
    println!("{name}: {found}");
    assert!(
        found.revocations >= rounds && found.permits > INSTANCES,
        "{found}"
    );
    Some(found)
}

fn is_caught(found: &Findings) {
    assert!(found.stale > 0, "without the wait: {found}");
}

fn is_sound(found: &Findings) {
    assert_eq!(found.stale, 0, "{found}");
    assert_eq!(found.mismatches, 0, "{found}");
    assert!(found.checks > INSTANCES * found.revocations, "{found}");
    assert!(found.blocks > 0 && found.closings > 0, "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_check_that_begins_after_a_revocation_returned_permits() {
    let name = "consent.staleness.ablated";
    let servers = Pair::start(name, INSTANCES).await;
    let Some(found) = plays(name, servers, Wait::TakenOut, ROUNDS).await else {
        return;
    };
    is_caught(&found);

    let name = "consent.staleness.sound";
    let servers = Pair::start(name, INSTANCES).await;
    let found = plays(name, servers, Wait::AsDesigned, rounds()).await;
    is_sound(&found.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_check_that_begins_after_a_revocation_returned_permits_on_a_cluster() {
    let name = "consent.staleness.cluster_ablated";
    let Some(found) = plays(name, cluster(name).await, Wait::TakenOut, ROUNDS / 10).await else {
        return;
    };
    is_caught(&found);

    let name = "consent.staleness.cluster";
    let found = plays(name, cluster(name).await, Wait::AsDesigned, rounds() / 10).await;
    is_sound(&found.unwrap());
}

async fn cluster(name: &'static str) -> Option<Cluster> {
    let start = move || Cluster::start(name);
    tokio::task::spawn_blocking(start).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_check_that_begins_after_a_load_returned_is_by_an_earlier_matrix() {
    let name = "consent.staleness.loads_ablated";
    let Some(scene) = loads(name, Wait::TakenOut).await else {
        return;
    };
    let found = scene.play(LOADS).await;
    println!("{name}: {found}");
    assert!(found.stale > 0, "without the wait: {found}");

    let name = "consent.staleness.loads";
    let scene = loads(name, Wait::AsDesigned).await.unwrap();
    let found = scene.play(LOADS).await;
    println!("{name}: {found}");
    assert_eq!(found.stale, 0, "{found}");
    assert!(found.loads == LOADS && found.checks > 3 * LOADS, "{found}");
}

async fn loads(name: &str, wait: Wait) -> Option<Arc<Loads>> {
    let database = database(name).await?;
    Some(Loads::open(database, RedisServer::start(name)?, wait).await)
}

/// What each instance runs, too: where it is told to be one.
#[tokio::test(flavor = "multi_thread")]
async fn an_instance_ends_with_whoever_speaks_to_it() {
    if process::served_as_told().await {
        return;
    }
    let database = TestDatabase::sqlite().await;
    migrate::migrate::<Migrator>(&database.db).await.unwrap();
    let environment = Environment::system();
    let (now, random) = (environment.clock.now(), environment.random.as_ref());
    let setting = Setting {
        database: database.config().clone(),
        // Nobody is there.
        redis_urls: vec![format!("redis://127.0.0.1:{}", claim_port().unwrap())],
        is_cluster: false,
        people: vec![(
            PatientId::new(now, random),
            PractitionerId::new(now, random),
        )],
        largest_bytes: 1 << 20,
    };
    let witness = Arc::new(Witness::of_lanes(1));
    let instance = Instance::start(&setting, Arc::clone(&witness)).await;
    assert_eq!(instance.check(0).await, Some(()));
    instance.restart().await;
    assert_eq!(instance.check(0).await, Some(()));
    instance.stop().await;
    assert_eq!(instance.check(0).await, None);
    assert!(witness.checks() >= 2);
    assert_eq!(witness.permits(), 0);
}
