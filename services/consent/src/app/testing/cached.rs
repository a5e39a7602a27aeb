//! The same people, where decisions rest on a cache.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aval_database::testing::TestDatabase;
use aval_domain::time::{Clock as _, ManualClock};
use aval_runtime::boot_clock::BootClock;

use super::Fixture;
use crate::access_basis::{AccessBasisSource, AccessQuery};
use crate::app::App;
use crate::cache::{
    AccessKey, Authority, CacheSettings, CachedBases, CachedPolicies, Entry, Freshness, News,
    Poller, Position, Shard,
};
use crate::decision::{AccessBasis, Policy};
use crate::matrix::Matrix;
use crate::store::Answer;
use crate::store::sql::SqlStore;

/// What the cache of a fixture does, and the use cases without one.
pub(crate) struct Cache {
    /// Answers every question from the database.
    pub(crate) oracle: App,
    poller: Poller,
    database: Arc<Counted>,
}

/// The database, with how often it was asked.
#[derive(Debug)]
struct Counted {
    store: Arc<SqlStore>,
    readings: AtomicU64,
}

/// A machine that runs as long as the clock of the tests does.
#[derive(Debug)]
struct Running(ManualClock);

impl Fixture {
    /// With an open record of the patient on this database, and a cache before it.
    pub(crate) async fn cached(database: TestDatabase) -> Self {
        let mut fixture = Self::on(database, |store| store).await;
        let store = Arc::new(SqlStore::new(fixture.database.db.clone()));
        let database = Arc::new(Counted {
            store: Arc::clone(&store),
            readings: AtomicU64::new(0),
        });
        let freshness = Arc::new(Freshness::new(
            Arc::new(Running(fixture.clock.clone())),
            Arc::new(fixture.clock.clone()),
        ));
        let settings = CacheSettings {
            largest_bytes: 1 << 20,
            sample_one_in: 0,
        };
        let authority: Arc<dyn Authority> = Arc::clone(&database) as _;
        let poller = Poller::new(Arc::clone(&authority), Arc::clone(&freshness));
        let policies = CachedPolicies::new(
            Arc::clone(&store) as _,
            Policy::new(Matrix::example()),
            Some(Arc::clone(&freshness)),
        );
        let bases = CachedBases::new(authority, freshness, settings);
        let cached = fixture.app_of(&store, Arc::new(bases), Arc::new(policies));
        fixture.cache = Some(Cache {
            oracle: std::mem::replace(&mut fixture.app, cached),
            poller,
            database,
        });
        fixture.learn_of_changes().await;
        fixture
    }

    /// What a poll does a few times while a change waits to return.
    pub(crate) async fn learn_of_changes(&self) {
        if let Some(cache) = &self.cache {
            cache.poller.poll().await.unwrap();
        }
    }
}

impl Cache {
    /// How often it asked the database.
    pub(crate) fn readings(&self) -> u64 {
        self.database.readings.load(Ordering::SeqCst)
    }
}

impl Authority for Counted {
    fn changes_since<'a>(&'a self, known: &'a [Position; Shard::COUNT]) -> Answer<'a, News> {
        self.store.changes_since(known)
    }

    fn entry<'a>(&'a self, key: &'a AccessKey) -> Answer<'a, Entry> {
        self.readings.fetch_add(1, Ordering::SeqCst);
        self.store.entry(key)
    }
}

impl AccessBasisSource for Counted {
    fn access_bases<'a>(
        &'a self,
        queries: &'a [AccessQuery<'a>],
    ) -> Answer<'a, Vec<Arc<AccessBasis>>> {
        self.readings.fetch_add(1, Ordering::SeqCst);
        self.store.access_bases(queries)
    }
}

impl BootClock for Running {
    fn now(&self) -> Duration {
        Duration::from_micros(self.0.now().as_micros().unsigned_abs())
    }
}
