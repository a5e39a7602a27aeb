//! Two instances, and an operator who loads one matrix after the other.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aval_consent::cache::ChangeFence;
use aval_consent::cache::redis::RedisConfig;
use aval_consent::policies::LoadedMatrix;
use aval_consent::store::sql::{Migrator, SqlStore};
use aval_consent::store::{Store, Write};
use aval_database::migrate;
use aval_database::testing::TestDatabase;
use aval_domain::event::{EventKind, Outcome};
use aval_domain::id::RequestId;
use aval_runtime::caller::CallerId;
use aval_runtime::context::RequestContext;
use aval_runtime::environment::Environment;
use aval_testing::redis::RedisServer;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::instance::Instance;
use crate::scene::Wait;

const INSTANCES: usize = 2;
/// How long an instance stands still, which is longer than any promise it made.
const FROZEN_FOR: Duration = Duration::from_millis(400);
/// Every so many loads one of them does.
const FREEZE_EVERY: usize = 10;

/// What was seen.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) loads: usize,
    pub(crate) checks: usize,
    pub(crate) stale: usize,
}

pub(crate) struct Loads {
    database: TestDatabase,
    /// What the instances are told of; nothing of a policy stands in it.
    _redis: RedisServer,
    environment: Environment,
    /// The instance that the operator speaks to.
    operator: SqlStore,
    instances: Vec<Instance>,
    /// The number of the last load that returned.
    returned: AtomicUsize,
    checks: AtomicUsize,
    stale: AtomicUsize,
}

impl Loads {
    pub(crate) async fn open(database: TestDatabase, redis: RedisServer, wait: Wait) -> Arc<Self> {
        migrate::migrate::<Migrator>(&database.db).await.unwrap();
        let fence = match wait {
            Wait::AsDesigned => ChangeFence::replicated(),
            Wait::TakenOut => ChangeFence::none(),
        };
        let redis_config = RedisConfig {
            urls: vec![redis.url()],
            ..RedisConfig::default()
        };
        let start = || Instance::start(database.config().clone(), redis_config.clone());
        let loads = Self {
            instances: std::iter::repeat_with(start).take(INSTANCES).collect(),
            operator: SqlStore::with_fence(database.db.clone(), fence),
            environment: Environment::system(),
            database,
            _redis: redis,
            returned: AtomicUsize::default(),
            checks: AtomicUsize::default(),
            stale: AtomicUsize::default(),
        };
        loads.load(0).await;
        Arc::new(loads)
    }

    /// Loads so many matrices while every instance is asked again and again.
    pub(crate) async fn play(self: Arc<Self>, loads: usize) -> Findings {
        let over = CancellationToken::new();
        let mut checkers = JoinSet::new();
        for number in 0..INSTANCES {
            let (scene, over) = (Arc::clone(&self), over.clone());
            checkers.spawn(async move {
                let checks = async {
                    loop {
                        scene.check(number).await;
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                };
                over.run_until_cancelled(checks).await;
            });
        }
        for load in 1..=loads {
            if load % FREEZE_EVERY == 0 {
                self.instances[load / FREEZE_EVERY % INSTANCES].freeze(FROZEN_FOR);
            }
            self.load(load).await;
            self.returned.store(load, Ordering::SeqCst);
            for number in 0..INSTANCES {
                self.check(number).await;
            }
        }
        over.cancel();
        checkers.join_all().await;
        let scene = Arc::into_inner(self).expect("the checkers have ended");
        let stopped = tokio::task::spawn_blocking(move || {
            scene.instances.into_iter().map(Instance::stop).sum::<u64>()
        });
        assert_eq!(stopped.await.unwrap(), 0);
        scene.database.db.close().await.unwrap();
        Findings {
            loads,
            checks: scene.checks.into_inner(),
            stale: scene.stale.into_inner(),
        }
    }

    /// Puts the matrix of that number in force, at once.
    async fn load(&self, number: usize) {
        let caller = CallerId::parse("operator").unwrap();
        let cx = RequestContext::for_service(&self.environment, caller);
        let content = format!("revision = '{number}'");
        let matrix = LoadedMatrix::new(content, None, cx.now).unwrap();
        let request_id = RequestId::new(self.environment.random.as_ref());
        let write = Write::new(&cx, "consent.load_matrix", request_id, &number);
        let trace = |_| Ok(cx.event(EventKind::PolicyMatrixLoaded, Outcome::Success));
        let loaded = self.operator.load_matrix(&write, &matrix, &trace).await;
        assert_eq!(loaded.unwrap(), matrix);
    }

    /// An answer by an earlier matrix than the last one whose load had returned when the
    /// instance was asked is stale.
    async fn check(&self, number: usize) {
        let returned = self.returned.load(Ordering::SeqCst);
        let Some(policy) = self.instances[number].policy().await else {
            return;
        };
        self.checks.fetch_add(1, Ordering::SeqCst);
        let (_, matrix) = policy.split_once('/').unwrap();
        if matrix.parse::<usize>().unwrap() < returned {
            self.stale.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            loads,
            checks,
            stale,
        } = self;
        write!(
            formatter,
            "{loads} matrices loaded, {checks} checks, {stale} by a matrix no longer in force"
        )
    }
}
