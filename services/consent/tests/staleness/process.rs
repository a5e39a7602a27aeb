//! One instance: a cache and its polls, in a process of its own.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use aval_consent::access_basis::AccessBasisSource;
use aval_consent::cache::redis::RedisTier;
use aval_consent::cache::shared::CacheSecret;
use aval_consent::cache::{
    AccessKey, Authority, CacheSettings, CachedBases, CachedPolicies, Freshness, MatrixAuthority,
    Poller,
};
use aval_consent::decision::{AccessBasis, Policy};
use aval_consent::matrix::Matrix;
use aval_consent::policies::PolicySource;
use aval_consent::store::sql::SqlStore;
use aval_database::{Database, DatabaseConfig};
use aval_domain::id::GrantId;
use aval_domain::time::{Clock, SystemClock};
use aval_runtime::boot_clock::SystemBootClock;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::words::{Answer, Instant, Order, Permit, Report, Told};

/// The environment variable that makes an instance of the test's program.
pub(crate) const TOLD_VARIABLE: &str = "AVAL_STALENESS_INSTANCE";

/// How often it checks each patient of its own accord.
const CHECK_EVERY: Duration = Duration::from_millis(20);
/// How long it collects what it reports.
const REPORT_EVERY: Duration = Duration::from_millis(2);
/// How much it reports at once.
const MOST_REPORTED: usize = 4_096;

/// What happened, to be reported.
enum Done {
    Check(Option<Permit>),
    Order(Answer),
}

/// Serves as an instance where this process was started as one, until nobody speaks to it
/// any more: also when whoever started it died.
pub(crate) async fn served_as_told() -> bool {
    let Ok(told) = std::env::var(TOLD_VARIABLE) else {
        return false;
    };
    let told: Told = serde_json::from_str(&told).unwrap();
    let (orders, reports) = UnixStream::connect(&told.socket)
        .await
        .unwrap()
        .into_split();
    let mut orders = BufReader::new(orders).lines();
    let (instance, polls) = Instance::open(&told).await;
    let instance = Arc::new(instance);
    let (done, to_report) = mpsc::unbounded_channel();
    let reporting = tokio::spawn(report(Arc::clone(&instance), to_report, reports));

    let mut tasks = JoinSet::new();
    for lane in 0..told.people.len() {
        let (instance, done) = (Arc::clone(&instance), done.clone());
        tasks.spawn(async move { instance.checks(lane, &done).await });
    }
    while let Ok(Some(order)) = orders.next_line().await {
        let order: Order = serde_json::from_str(&order).unwrap();
        let (instance, done) = (Arc::clone(&instance), done.clone());
        tasks.spawn(async move { instance.carry_out(order, &done).await });
        while let Some(ended) = tasks.try_join_next() {
            ended.unwrap();
        }
    }

    tasks.shutdown().await;
    polls.end().await;
    drop(done);
    // Nobody listens where whoever started it has died.
    let _ = reporting.await.unwrap();
    true
}

struct Instance {
    cached: CachedBases,
    policies: CachedPolicies,
    people: Vec<AccessKey>,
}

/// What keeps an instance up to date.
struct Polls {
    ended: CancellationToken,
    polling: tokio::task::JoinHandle<()>,
}

impl Instance {
    /// A new one, with nothing in its cache.
    async fn open(told: &Told) -> (Self, Polls) {
        let connect = async |max_connections| {
            let config = DatabaseConfig {
                max_connections,
                ..told.database.clone()
            };
            SqlStore::new(Database::connect(&config).await.unwrap())
        };
        let (store, asked) = (connect(6).await, connect(2).await);
        let freshness = Arc::new(Freshness::new(
            Arc::new(SystemBootClock),
            Arc::new(SystemClock),
        ));
        let asked: Arc<dyn Authority> = Arc::new(asked);
        let poller = Arc::new(Poller::new(asked, Arc::clone(&freshness)));
        let ended = CancellationToken::new();
        let polling = tokio::spawn(poller.run(ended.clone()));

        let authority: Arc<dyn Authority> = Arc::new(store.clone());
        let matrices: Arc<dyn MatrixAuthority> = Arc::new(store);
        let policy = Policy::new(Matrix::example());
        let known = Some(Arc::clone(&freshness));
        let settings = CacheSettings {
            largest_bytes: told.largest_bytes,
            sample_one_in: 50,
        };
        let tier = Arc::new(RedisTier::start(&told.redis).unwrap());
        let cached = CachedBases::new(authority, freshness, settings);
        let key = |(patient_id, practitioner_id)| AccessKey {
            patient_id,
            practitioner_id: Some(practitioner_id),
            organization_id: None,
        };
        let instance = Self {
            cached: cached.with_shared(tier, CacheSecret::new(&[7; 32])),
            policies: CachedPolicies::new(matrices, policy, known),
            people: told.people.iter().copied().map(key).collect(),
        };
        (instance, Polls { ended, polling })
    }

    /// Checks one patient again and again.
    async fn checks(&self, lane: usize, done: &mpsc::UnboundedSender<Done>) {
        loop {
            self.check(lane, done).await;
            tokio::time::sleep(CHECK_EVERY).await;
        }
    }

    /// What cannot be read is no answer.
    async fn check(&self, lane: usize, done: &mpsc::UnboundedSender<Done>) {
        let began = Instant::now();
        let asked = [self.people[lane].query()];
        if let Ok(bases) = self.cached.access_bases(&asked).await {
            let permit = permits(&bases[0]).map(|grant_id| Permit {
                lane,
                grant_id,
                began,
            });
            let _ = done.send(Done::Check(permit));
        }
    }

    async fn carry_out(&self, order: Order, done: &mpsc::UnboundedSender<Done>) {
        let number = order.number();
        let policy = match order {
            Order::Check { lane, .. } => {
                self.check(lane, done).await;
                None
            }
            Order::Policy { .. } => {
                let policies = self.policies.policies().await.ok();
                policies.map(|it| it.in_force(SystemClock.now()).revision().to_owned())
            }
        };
        let _ = done.send(Done::Order(Answer { number, policy }));
    }
}

impl Polls {
    async fn end(self) {
        self.ended.cancel();
        self.polling.await.unwrap();
    }
}

/// The grant by which the professional may see the record.
fn permits(basis: &AccessBasis) -> Option<GrantId> {
    let is_open = basis.record.is_some_and(|record| record.open);
    let grant = basis.grants.first()?;
    (is_open && basis.blocks.is_empty()).then_some(grant.grant_id)
}

async fn report(
    instance: Arc<Instance>,
    mut done: mpsc::UnboundedReceiver<Done>,
    mut to: OwnedWriteHalf,
) -> io::Result<()> {
    let mut some = Vec::new();
    while done.recv_many(&mut some, MOST_REPORTED).await > 0 {
        let mut report = Report {
            mismatches: instance.cached.mismatches(),
            ..Report::default()
        };
        for one in some.drain(..) {
            match one {
                Done::Check(permit) => {
                    report.checks += 1;
                    report.permits.extend(permit);
                }
                Done::Order(answer) => report.answers.push(answer),
            }
        }
        let mut line = serde_json::to_vec(&report)?;
        line.push(b'\n');
        to.write_all(&line).await?;
        tokio::time::sleep(REPORT_EVERY).await;
    }
    Ok(())
}
