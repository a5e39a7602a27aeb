//! One instance: a cache, its polls, and a thread that is all the time it has.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use aval_consent::access_basis::AccessBasisSource;
use aval_consent::cache::redis::{RedisConfig, RedisTier};
use aval_consent::cache::shared::CacheSecret;
use aval_consent::cache::{
    AccessKey, Authority, CacheSettings, CachedBases, CachedPolicies, Freshness, MatrixAuthority,
    Poller,
};
use aval_consent::decision::Policy;
use aval_consent::matrix::Matrix;
use aval_consent::policies::PolicySource;
use aval_consent::store::sql::SqlStore;
use aval_database::{Database, DatabaseConfig};
use aval_domain::time::{Clock, SystemClock};
use aval_runtime::boot_clock::SystemBootClock;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Where an instance takes its orders.
#[derive(Debug)]
pub(crate) struct Instance {
    orders: mpsc::UnboundedSender<Order>,
    thread: JoinHandle<u64>,
}

enum Order {
    /// Whether a grant is found, or nothing if the database could not be read.
    Check(AccessKey, oneshot::Sender<bool>),
    /// The revision of the policy in force, or nothing if it could not be read.
    Policy(oneshot::Sender<String>),
    /// Nothing at all happens for so long, as after SIGSTOP.
    Freeze(Duration),
}

impl Instance {
    /// A new one, with nothing in its cache.
    pub(crate) fn start(config: DatabaseConfig, redis: RedisConfig) -> Self {
        let (orders, taken) = mpsc::unbounded_channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(work(config, redis, taken))
        });
        Self { orders, thread }
    }

    /// Asks whether it finds a grant. `None` if it ends before it answers.
    pub(crate) async fn check(&self, key: AccessKey) -> Option<bool> {
        let (answer, answered) = oneshot::channel();
        self.orders.send(Order::Check(key, answer)).ok()?;
        answered.await.ok()
    }

    /// Asks for the revision of the policy that it decides by. `None` if it ends before it
    /// answers.
    pub(crate) async fn policy(&self) -> Option<String> {
        let (answer, answered) = oneshot::channel();
        self.orders.send(Order::Policy(answer)).ok()?;
        answered.await.ok()
    }

    pub(crate) fn freeze(&self, time: Duration) {
        let _ = self.orders.send(Order::Freeze(time));
    }

    /// Ends it; gives how often its cache was not what the database said.
    pub(crate) fn stop(self) -> u64 {
        drop(self.orders);
        self.thread.join().unwrap()
    }
}

async fn work(
    config: DatabaseConfig,
    redis: RedisConfig,
    mut orders: mpsc::UnboundedReceiver<Order>,
) -> u64 {
    let config = DatabaseConfig {
        max_connections: 6,
        ..config
    };
    let db = Database::connect(&config).await.unwrap();
    let few = DatabaseConfig {
        max_connections: 2,
        ..config
    };
    let polls_db = Database::connect(&few).await.unwrap();
    let freshness = Arc::new(Freshness::new(
        Arc::new(SystemBootClock),
        Arc::new(SystemClock),
    ));
    let asked: Arc<dyn Authority> = Arc::new(SqlStore::new(polls_db.clone()));
    let poller = Arc::new(Poller::new(asked, Arc::clone(&freshness)));
    let ended = CancellationToken::new();
    let polls = tokio::spawn(poller.run(ended.clone()));
    let settings = CacheSettings {
        largest_bytes: 64 << 20,
        sample_one_in: 50,
    };
    let authority: Arc<dyn Authority> = Arc::new(SqlStore::new(db.clone()));
    let matrices: Arc<dyn MatrixAuthority> = Arc::new(SqlStore::new(db.clone()));
    let policy = Policy::new(Matrix::example());
    let known = Some(Arc::clone(&freshness));
    let policies = Arc::new(CachedPolicies::new(matrices, policy, known));
    let tier = Arc::new(RedisTier::start(&redis).unwrap());
    let cached = CachedBases::new(authority, freshness, settings);
    let cached = Arc::new(cached.with_shared(tier, CacheSecret::new(&[7; 32])));
    while let Some(order) = orders.recv().await {
        match order {
            Order::Freeze(time) => std::thread::sleep(time),
            Order::Policy(answer) => {
                let policies = Arc::clone(&policies);
                tokio::spawn(async move {
                    if let Ok(policies) = policies.policies().await {
                        let policy = policies.in_force(SystemClock.now());
                        let _ = answer.send(policy.revision().to_owned());
                    }
                });
            }
            Order::Check(key, answer) => {
                let cached = Arc::clone(&cached);
                tokio::spawn(async move {
                    if let Ok(bases) = cached.access_bases(&[key.query()]).await {
                        let _ = answer.send(!bases[0].grants.is_empty());
                    }
                });
            }
        }
    }
    ended.cancel();
    polls.await.unwrap();
    polls_db.close().await.unwrap();
    db.close().await.unwrap();
    cached.mismatches()
}
