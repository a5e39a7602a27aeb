//! Three instances, many patients, and trouble.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aval_consent::cache::ChangeFence;
use aval_consent::store::sql::{Migrator, SqlStore};
use aval_database::migrate;
use aval_database::testing::TestDatabase;
use aval_runtime::environment::Environment;
use futures::future::join_all;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::instance::Instance;
use crate::lane::{End, Lane};
use crate::servers::Servers;
use crate::witness::Witness;
use crate::words::{Instant, Setting};

pub(crate) const INSTANCES: usize = 3;
/// How many patients permit and forbid at once.
const LANES: usize = 64;
/// How long an instance stands still, which is longer than any promise it made.
const STANDS_STILL_FOR: Duration = Duration::from_millis(400);
/// How long things go well between two troubles.
const QUIET: Duration = Duration::from_millis(300);
/// How much each instance remembers. The last one remembers less than there are patients, and
/// asks Redis again and again.
const LARGEST_BYTES: [u64; INSTANCES] = [64 << 20, 64 << 20, 16 << 10];

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
    pub(crate) blocks: usize,
    pub(crate) closings: usize,
    pub(crate) checks: usize,
    pub(crate) permits: usize,
    pub(crate) stale: usize,
    pub(crate) mismatches: u64,
    pub(crate) standstills: usize,
    pub(crate) restarts: usize,
    pub(crate) redis_faults: usize,
}

pub(crate) struct Scene {
    database: TestDatabase,
    servers: Mutex<Box<dyn Servers>>,
    /// Makes permissions, which may return at once.
    making: SqlStore,
    /// Ends them, and returns as is tried here.
    ending: SqlStore,
    lanes: Vec<Lane>,
    instances: Vec<Instance>,
    witness: Arc<Witness>,
    rounds_left: AtomicUsize,
}

impl Scene {
    pub(crate) async fn open(
        database: TestDatabase,
        servers: impl Servers + 'static,
        wait: Wait,
    ) -> Arc<Self> {
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
        let witness = Arc::new(Witness::of_lanes(LANES));
        let mut instances = Vec::new();
        for (number, largest_bytes) in LARGEST_BYTES.into_iter().enumerate() {
            let setting = Setting {
                database: database.config().clone(),
                redis_urls: servers.urls(number),
                is_cluster: servers.is_cluster(),
                people: lanes.iter().map(Lane::people).collect(),
                largest_bytes,
            };
            instances.push(Instance::start(&setting, Arc::clone(&witness)).await);
        }
        Arc::new(Self {
            ending: SqlStore::with_fence(database.db.clone(), fence),
            making,
            lanes,
            instances,
            witness,
            servers: Mutex::new(Box::new(servers)),
            rounds_left: AtomicUsize::default(),
            database,
        })
    }

    /// Races so many revocations at least, and goes on until everything that can happen has
    /// happened once.
    pub(crate) async fn play(self: Arc<Self>, revocations: usize) -> Findings {
        self.rounds_left.store(revocations, Ordering::SeqCst);
        let [no_more_faults, over] = [(); 2].map(|()| CancellationToken::new());
        let [all_faults, all_troubles] = [(); 2].map(|()| CancellationToken::new());
        let troubles = tokio::spawn({
            let (scene, over, all) = (Arc::clone(&self), over.clone(), all_troubles.clone());
            async move { scene.troubles(&over, all).await }
        });
        let faults = tokio::spawn({
            let (scene, over) = (Arc::clone(&self), no_more_faults.clone());
            let all = all_faults.clone();
            async move { scene.faults_of_redis(&over, all).await }
        });
        let mut lanes = JoinSet::new();
        for lane in 0..LANES {
            let scene = Arc::clone(&self);
            let (faults, troubles) = (all_faults.clone(), all_troubles.clone());
            let everything = move || faults.is_cancelled() && troubles.is_cancelled();
            lanes.spawn(async move { scene.rounds(lane, everything).await });
        }
        let mut findings = Findings::default();
        for [revocations, blocks, closings] in lanes.join_all().await {
            findings.revocations += revocations;
            findings.blocks += blocks;
            findings.closings += closings;
        }
        // The last fault waits until instances ask Redis, as those do that begin again.
        no_more_faults.cancel();
        findings.redis_faults = faults.await.unwrap();
        over.cancel();
        (findings.standstills, findings.restarts) = troubles.await.unwrap();
        for instance in &self.instances {
            instance.stop().await;
        }
        self.database.db.close().await.unwrap();
        Findings {
            checks: self.witness.checks(),
            permits: self.witness.permits(),
            stale: self.witness.stale(),
            mismatches: self.witness.mismatches(),
            ..findings
        }
    }

    /// Permits and forbids, and says how often in each way.
    async fn rounds(&self, lane: usize, everything_happened: impl Fn() -> bool) -> [usize; 3] {
        let mut ended = [0; 3];
        for round in lane.. {
            let end = End::of_round(round);
            if !self.goes_on(end) && everything_happened() {
                break;
            }
            let grant_id = self.lanes[lane].grant(&self.making).await;
            // Every cache knows the grant.
            self.checks(lane).await;
            self.lanes[lane].end(&self.ending, grant_id, end).await;
            self.witness.returned(lane, grant_id, Instant::now());
            self.checks(lane).await;
            self.lanes[lane]
                .make_ready(&self.making, grant_id, end)
                .await;
            ended[end as usize] += 1;
        }
        ended
    }

    /// Whether there are revocations left to be raced; this may be one.
    fn goes_on(&self, end: End) -> bool {
        if end != End::Revoked {
            return self.rounds_left.load(Ordering::SeqCst) > 0;
        }
        let less = |left: usize| left.checked_sub(1);
        let taken = self
            .rounds_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
        taken.is_ok()
    }

    /// Has every instance check one patient. They do so all the time; here it is waited for.
    async fn checks(&self, lane: usize) {
        join_all(self.instances.iter().map(|instance| instance.check(lane))).await;
    }

    /// One instance after the other stands still for a while, or is killed and begins again.
    async fn troubles(
        &self,
        over: &CancellationToken,
        everything: CancellationToken,
    ) -> (usize, usize) {
        // Also if this fails: nobody waits for what does not come.
        let mut happened = Some(everything.drop_guard());
        let (mut standstills, mut restarts) = (0, 0);
        for instance in self.instances.iter().cycle() {
            let quiet = tokio::time::sleep(QUIET);
            if over.run_until_cancelled(quiet).await.is_none() {
                break;
            }
            if (standstills + restarts) % 4 == 3 {
                instance.restart().await;
                restarts += 1;
            } else {
                instance.stands_still(STANDS_STILL_FOR).await;
                standstills += 1;
            }
            if restarts == INSTANCES {
                drop(happened.take());
            }
        }
        (standstills, restarts)
    }

    async fn faults_of_redis(
        self: Arc<Self>,
        over: &CancellationToken,
        everything: CancellationToken,
    ) -> usize {
        let mut happened = Some(everything.drop_guard());
        let kinds = self.servers.lock().unwrap().faults();
        let mut number = 0;
        loop {
            let quiet = tokio::time::sleep(QUIET);
            if over.run_until_cancelled(quiet).await.is_none() {
                return number;
            }
            let scene = Arc::clone(&self);
            let fault = move || scene.servers.lock().unwrap().fault(number);
            tokio::task::spawn_blocking(fault).await.unwrap();
            number += 1;
            if number == kinds {
                drop(happened.take());
            }
        }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} revocations, {} blocks and {} closings raced by {} checks on {INSTANCES} \
             instances, {} of them permits, with {} standstills, {} restarts, {} faults of \
             Redis: {} stale, {} compared answers wrong",
            self.revocations,
            self.blocks,
            self.closings,
            self.checks,
            self.permits,
            self.standstills,
            self.restarts,
            self.redis_faults,
            self.stale,
            self.mismatches
        )
    }
}
