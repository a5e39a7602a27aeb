//! Two instances, and an operator who loads one matrix after the other.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aval_consent::cache::ChangeFence;
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
use crate::witness::Witness;
use crate::words::Setting;

const INSTANCES: usize = 2;
/// How long an instance stands still, which is longer than any promise it made.
const STANDS_STILL_FOR: Duration = Duration::from_millis(400);
/// Every so many loads one of them does.
const STANDS_STILL_EVERY: usize = 10;

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
    /// Of matrices it hears nothing.
    witness: Arc<Witness>,
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
        let setting = Setting {
            database: database.config().clone(),
            redis_urls: vec![redis.url()],
            is_cluster: false,
            people: Vec::new(),
            largest_bytes: 1 << 20,
        };
        let witness = Arc::new(Witness::default());
        let mut instances = Vec::new();
        for _ in 0..INSTANCES {
            instances.push(Instance::start(&setting, Arc::clone(&witness)).await);
        }
        let loads = Self {
            instances,
            witness,
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
        let mut troubles = JoinSet::new();
        for load in 1..=loads {
            if load % STANDS_STILL_EVERY == 0 {
                let scene = Arc::clone(&self);
                let instance = load / STANDS_STILL_EVERY % INSTANCES;
                troubles.spawn(async move {
                    let instance = &scene.instances[instance];
                    instance.stands_still(STANDS_STILL_FOR).await;
                });
            }
            self.load(load).await;
            self.returned.store(load, Ordering::SeqCst);
            for number in 0..INSTANCES {
                self.check(number).await;
            }
        }
        over.cancel();
        checkers.join_all().await;
        troubles.join_all().await;
        for instance in &self.instances {
            instance.stop().await;
        }
        assert_eq!(self.witness.mismatches(), 0);
        self.database.db.close().await.unwrap();
        Findings {
            loads,
            checks: self.checks.load(Ordering::SeqCst),
            stale: self.stale.load(Ordering::SeqCst),
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
        let trace = |_, _: &_| Ok(cx.event(EventKind::PolicyMatrixLoaded, Outcome::Success));
        let loaded = self.operator.load_matrix(&write, &matrix, &trace).await;
        assert_eq!(loaded.unwrap().content, matrix.content);
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
