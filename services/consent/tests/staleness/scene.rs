//! Three instances, many patients, and trouble.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aval_consent::cache::ChangeFence;
use aval_consent::cache::redis::RedisConfig;
use aval_consent::store::sql::{Migrator, SqlStore};
use aval_database::migrate;
use aval_database::testing::TestDatabase;
use aval_runtime::environment::Environment;
use aval_testing::redis::RedisServer;
use tokio::sync::RwLock;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::instance::Instance;
use crate::lane::Lane;

const INSTANCES: usize = 3;
/// How many patients grant and revoke at once.
const LANES: usize = 64;
/// How long an instance stands still, which is longer than any promise it made.
const FROZEN_FOR: Duration = Duration::from_millis(400);
/// How long things go well between two troubles.
const QUIET: Duration = Duration::from_millis(300);

/// Whether a change waits before it returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    AsDesigned,
    TakenOut,
}

/// What was seen.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) revocations: usize,
    pub(crate) checks: usize,
    pub(crate) stale: usize,
    pub(crate) mismatches: u64,
    pub(crate) freezes: usize,
    pub(crate) restarts: usize,
    pub(crate) redis_faults: usize,
}

pub(crate) struct Scene {
    database: TestDatabase,
    redis: Mutex<RedisServer>,
    redis_config: RedisConfig,
    /// Makes grants, which may return at once.
    making: SqlStore,
    /// Revokes, and returns as is tried here.
    revoking: SqlStore,
    lanes: Vec<Arc<Lane>>,
    instances: [RwLock<Option<Instance>>; INSTANCES],
    rounds_left: AtomicUsize,
    checks: AtomicUsize,
    stale: AtomicUsize,
}

impl Scene {
    pub(crate) async fn open(database: TestDatabase, redis: RedisServer, wait: Wait) -> Arc<Self> {
        migrate::migrate::<Migrator>(&database.db).await.unwrap();
        let making = SqlStore::new(database.db.clone());
        let fence = match wait {
            Wait::AsDesigned => ChangeFence::replicated(),
            Wait::TakenOut => ChangeFence::none(),
        };
        let environment = Environment::system();
        let mut lanes = Vec::new();
        for _ in 0..LANES {
            lanes.push(Lane::open(&environment, &making).await);
        }
        let config = database.config();
        let redis_config = RedisConfig {
            urls: vec![redis.url()],
            ..RedisConfig::default()
        };
        Arc::new(Self {
            revoking: SqlStore::with_fence(database.db.clone(), fence),
            making,
            lanes,
            instances: std::array::from_fn(|_| {
                RwLock::new(Some(Instance::start(config.clone(), redis_config.clone())))
            }),
            redis: Mutex::new(redis),
            redis_config,
            rounds_left: AtomicUsize::default(),
            checks: AtomicUsize::default(),
            stale: AtomicUsize::default(),
            database,
        })
    }

    /// Races so many revocations.
    pub(crate) async fn play(self: Arc<Self>, rounds: usize) -> Findings {
        self.rounds_left.store(rounds, Ordering::SeqCst);
        let over = CancellationToken::new();
        let mut checkers = JoinSet::new();
        for number in 0..INSTANCES {
            for lane in &self.lanes {
                let (scene, lane, over) = (Arc::clone(&self), Arc::clone(lane), over.clone());
                let checks =
                    async move { over.run_until_cancelled(scene.checks(number, &lane)).await };
                checkers.spawn(checks);
            }
        }
        let trouble = tokio::spawn({
            let (scene, over) = (Arc::clone(&self), over.clone());
            async move { scene.troubles(over).await }
        });
        let mut revokers = JoinSet::new();
        for lane in &self.lanes {
            let (scene, lane) = (Arc::clone(&self), Arc::clone(lane));
            revokers.spawn(async move { scene.revokes(&lane).await });
        }
        let fault_task = tokio::spawn({
            let (scene, over) = (Arc::clone(&self), over.clone());
            async move { scene.faults_of_redis(over).await }
        });
        let revocations = revokers.join_all().await.into_iter().sum();
        over.cancel();
        checkers.join_all().await;
        let (freezes, restarts, mut mismatches) = trouble.await.unwrap();
        let redis_faults = fault_task.await.unwrap();
        for instance in &self.instances {
            mismatches += stop(instance).await;
        }
        self.database.db.close().await.unwrap();
        Findings {
            revocations,
            checks: self.checks.load(Ordering::SeqCst),
            stale: self.stale.load(Ordering::SeqCst),
            mismatches,
            freezes,
            restarts,
            redis_faults,
        }
    }

    async fn revokes(&self, lane: &Lane) -> usize {
        let mut revoked = 0;
        while self.takes_a_round() {
            let grant = lane.grant(&self.making).await;
            // Every cache knows the grant.
            for number in 0..INSTANCES {
                self.check(number, lane).await;
            }
            lane.revoke(&self.revoking, &grant).await;
            for number in 0..INSTANCES {
                self.check(number, lane).await;
            }
            revoked += 1;
        }
        revoked
    }

    fn takes_a_round(&self) -> bool {
        let less = |left: usize| left.checked_sub(1);
        let taken = self
            .rounds_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
        taken.is_ok()
    }

    /// Checks one patient on one instance, again and again.
    async fn checks(&self, number: usize, lane: &Lane) {
        loop {
            self.check(number, lane).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn check(&self, number: usize, lane: &Lane) {
        let began = lane.turn();
        let instance = self.instances[number].read().await;
        let Some(instance) = instance.as_ref() else {
            return;
        };
        let Some(found) = instance.check(lane.key()).await else {
            return;
        };
        self.checks.fetch_add(1, Ordering::SeqCst);
        if found && lane.makes_stale(began) {
            self.stale.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// One instance after the other stands still for a while, or begins again.
    async fn troubles(&self, over: CancellationToken) -> (usize, usize, u64) {
        let (mut freezes, mut restarts, mut mismatches) = (0, 0, 0);
        for number in (0..INSTANCES).cycle() {
            let quiet = tokio::time::sleep(QUIET);
            if over.run_until_cancelled(quiet).await.is_none() {
                break;
            }
            if (freezes + restarts) % 4 == 3 {
                mismatches += stop(&self.instances[number]).await;
                let (database, redis) = (self.database.config(), &self.redis_config);
                let anew = Instance::start(database.clone(), redis.clone());
                *self.instances[number].write().await = Some(anew);
                restarts += 1;
            } else if let Some(instance) = self.instances[number].read().await.as_ref() {
                instance.freeze(FROZEN_FOR);
                freezes += 1;
            }
        }
        (freezes, restarts, mismatches)
    }
}

impl Scene {
    /// Redis is emptied, stands still, dies, or comes back with what it held before.
    async fn faults_of_redis(self: Arc<Self>, over: CancellationToken) -> usize {
        let mut faults = 0;
        loop {
            let quiet = tokio::time::sleep(QUIET);
            if over.run_until_cancelled(quiet).await.is_none() {
                return faults;
            }
            let scene = Arc::clone(&self);
            let fault = move || scene.fault_of_redis(faults);
            tokio::task::spawn_blocking(fault).await.unwrap();
            faults += 1;
        }
    }

    fn fault_of_redis(&self, number: usize) {
        let mut redis = self.redis.lock().unwrap();
        match number % 5 {
            0 => redis.flush(),
            1 => {
                redis.pause();
                std::thread::sleep(QUIET);
                redis.resume();
            }
            2 => {
                let old = redis.save();
                std::thread::sleep(QUIET);
                redis.restart_from(&old);
            }
            3 => {
                redis.kill();
                std::thread::sleep(QUIET);
                redis.restart();
            }
            _ => redis.restart(),
        }
    }
}

async fn stop(instance: &RwLock<Option<Instance>>) -> u64 {
    let Some(instance) = instance.write().await.take() else {
        return 0;
    };
    let stopped = tokio::task::spawn_blocking(|| instance.stop());
    stopped.await.unwrap()
}

impl fmt::Display for Findings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} revocations raced by {} checks on {INSTANCES} instances, {} freezes, {} \
             restarts, {} faults of Redis: {} stale, {} compared answers wrong",
            self.revocations,
            self.checks,
            self.freezes,
            self.restarts,
            self.redis_faults,
            self.stale,
            self.mismatches
        )
    }
}
