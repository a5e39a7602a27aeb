//! One patient, one professional, a database, two instances.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use aval_domain::id::{OrganizationId, PatientId, PractitionerId};
use aval_domain::time::{ManualClock, Timestamp};
use aval_runtime::boot_clock::BootClock;
use futures::future::BoxFuture;
use uuid::Uuid;

use crate::access_basis::{AccessBasisSource, AccessQuery};
use crate::cache::shared::{CacheSecret, EntryKey, SharedTier};
use crate::cache::{
    AccessKey, Authority, CacheSettings, CachedBases, Change, Dependency, Entry, EntryVisibilities,
    Freshness, LEASE, News, Poller, Position, Positions, Shard,
};
use crate::decision::AccessBasis;
use crate::store::Answer;

/// What is taken out of the protocol, to see that the schedules would find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ablation {
    /// A change returns when it is committed.
    NoWait,
    /// What a poll brought is relied on for ever.
    NoLease,
    /// A change takes its position before it commits, as from a sequence.
    PositionsBeforeCommit,
}

#[derive(Debug, Clone)]
pub(super) struct World(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    ablation: Option<Ablation>,
    clocks: Clocks,
    database: Arc<FakeDatabase>,
    instances: Vec<Instance>,
    revoked: AtomicBool,
    findings: Mutex<Findings>,
}

#[derive(Debug)]
struct Instance {
    poller: Poller,
    cached: CachedBases,
}

/// What checks found that began after the revocation had returned.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Findings {
    /// How many were answered as before the revocation.
    pub(super) stale: usize,
    /// How many were answered from memory.
    pub(super) from_memory: usize,
}

impl World {
    pub(super) fn new(ablation: Option<Ablation>) -> Self {
        let clocks = Clocks::default();
        let database = Arc::new(FakeDatabase::default());
        let known_clocks = if ablation == Some(Ablation::NoLease) {
            Clocks::default() // which nobody moves
        } else {
            clocks.clone()
        };
        let tier = Arc::new(OldValues::default());
        let instance = |_| {
            let freshness = Arc::new(Freshness::new(
                Arc::new(known_clocks.clone()),
                Arc::new(known_clocks.wall.clone()),
            ));
            let authority: Arc<dyn Authority> = Arc::clone(&database) as _;
            let settings = CacheSettings {
                largest_bytes: 1 << 20,
                sample_one_in: 0,
            };
            Instance {
                poller: Poller::new(Arc::clone(&authority), Arc::clone(&freshness)),
                cached: CachedBases::new(authority, freshness, settings)
                    .with_shared(Arc::clone(&tier) as _, CacheSecret::new(&[1; 32])),
            }
        };
        Self(Arc::new(Inner {
            ablation,
            instances: (0..2).map(instance).collect(),
            clocks,
            database,
            revoked: AtomicBool::new(false),
            findings: Mutex::default(),
        }))
    }

    pub(super) fn findings(&self) -> Findings {
        *self.0.findings.lock().unwrap()
    }

    pub(super) fn pass(&self, time: Duration) {
        *self.0.clocks.boot.lock().unwrap() += time;
        self.0.clocks.wall.advance(time);
    }

    /// Asks for news, again and again.
    pub(super) fn polls(self, instance: usize) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            loop {
                self.0.instances[instance].poller.poll().await.unwrap();
                a_turn().await;
            }
        })
    }

    /// Checks, again and again.
    pub(super) fn checks(self, instance: usize) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            loop {
                let had_returned = self.0.revoked.load(Ordering::SeqCst);
                let reads = self.0.database.reads();
                let cached = &self.0.instances[instance].cached;
                let answer = cached.access_bases(&[key().query()]).await.unwrap();
                if had_returned {
                    let mut findings = self.0.findings.lock().unwrap();
                    findings.stale += usize::from(answer[0].treating_doctor);
                    let read_nothing = self.0.database.reads() == reads;
                    findings.from_memory += usize::from(read_nothing);
                }
                a_turn().await;
            }
        })
    }

    /// Revokes once, and returns as the protocol says.
    pub(super) fn revokes(self) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            a_turn().await;
            self.commit(Dependency::Patient(key().patient_id)).await;
            if self.0.ablation != Some(Ablation::NoWait) {
                let committed = self.0.clocks.now();
                while self.0.clocks.now() < committed + LEASE {
                    a_turn().await;
                }
            }
            self.0.revoked.store(true, Ordering::SeqCst);
        })
    }

    /// Another patient of the same shard changes something, three times.
    pub(super) fn writes_something_else(self) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let neighbour = PatientId::from_uuid(Uuid::from_u128(17));
            for _ in 0..3 {
                a_turn().await;
                self.commit(Dependency::Patient(neighbour)).await;
            }
        })
    }

    async fn commit(&self, dependency: Dependency) {
        let database = &self.0.database;
        let position = database.next_position();
        if self.0.ablation == Some(Ablation::PositionsBeforeCommit) {
            a_turn().await;
            a_turn().await;
        }
        // Otherwise the row of the clock stays locked from its change to the commit.
        database.commit(position, dependency);
        a_turn().await; // the answer to the commit travels
    }
}

/// Lets others go on.
async fn a_turn() {
    let mut waited = false;
    std::future::poll_fn(|_| {
        if waited {
            return Poll::Ready(());
        }
        waited = true;
        Poll::Pending
    })
    .await;
}

fn key() -> AccessKey {
    AccessKey {
        patient_id: PatientId::from_uuid(Uuid::from_u128(1)),
        practitioner_id: Some(PractitionerId::from_uuid(Uuid::from_u128(2))),
        organization_id: Some(OrganizationId::from_uuid(Uuid::from_u128(3))),
    }
}

#[derive(Debug, Clone)]
struct Clocks {
    boot: Arc<Mutex<Duration>>,
    wall: ManualClock,
}

impl Default for Clocks {
    fn default() -> Self {
        Self {
            boot: Arc::new(Mutex::new(Duration::from_hours(1))),
            wall: ManualClock::new(Timestamp::from_unix_seconds(1_800_000_000)),
        }
    }
}

impl BootClock for Clocks {
    fn now(&self) -> Duration {
        *self.boot.lock().unwrap()
    }
}

/// A professional is the treating doctor until the patient changes something. Asking
/// and answering take a turn each: what is answered may be old when it arrives.
#[derive(Debug, Default)]
struct FakeDatabase(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    given: u64,
    head: u64,
    revoked: bool,
    changes: Vec<Change>,
    reads: usize,
}

impl FakeDatabase {
    fn reads(&self) -> usize {
        self.0.lock().unwrap().reads
    }

    fn next_position(&self) -> Position {
        let mut state = self.0.lock().unwrap();
        state.given += 1;
        Position(state.given)
    }

    fn commit(&self, position: Position, dependency: Dependency) {
        let mut state = self.0.lock().unwrap();
        state.head = state.head.max(position.0);
        state.revoked |= dependency == Dependency::Patient(key().patient_id);
        state.changes.push(Change {
            shard: dependency.shard(),
            position,
            dependency: Some(dependency),
        });
    }

    fn news_beyond(&self, known: &[Position; Shard::COUNT]) -> News {
        let state = self.0.lock().unwrap();
        let mut heads = [Position(0); Shard::COUNT];
        heads[key().shard().index()] = Position(state.head);
        let beyond = |change: &&Change| change.position > known[change.shard.index()];
        let mut changes: Vec<_> = state.changes.iter().filter(beyond).copied().collect();
        changes.sort_by_key(|change| change.position);
        News {
            history: "fake".to_owned(),
            heads,
            changes,
        }
    }

    fn present_entry(&self) -> Entry {
        let mut state = self.0.lock().unwrap();
        state.reads += 1;
        Entry {
            as_of: Positions {
                patient: state.head,
                spanning: 0,
                others: Vec::new(),
            },
            basis: Arc::new(AccessBasis {
                treating_doctor: !state.revoked,
                ..AccessBasis::default()
            }),
            visibilities: EntryVisibilities::All(Vec::new()),
        }
    }
}

impl Authority for FakeDatabase {
    fn changes_since<'a>(&'a self, known: &'a [Position; Shard::COUNT]) -> Answer<'a, News> {
        Box::pin(async move {
            a_turn().await;
            let news = self.news_beyond(known);
            a_turn().await;
            Ok(news)
        })
    }

    fn entry<'a>(&'a self, _: &'a AccessKey) -> Answer<'a, Entry> {
        Box::pin(async move {
            a_turn().await;
            let entry = self.present_entry();
            a_turn().await;
            Ok(entry)
        })
    }
}

/// A shared tier that gives back any value it was ever given, or none: whatever a
/// failover, a restored file or a lost message could make of it.
#[derive(Debug, Default)]
struct OldValues {
    given: Mutex<Vec<Vec<u8>>>,
    asked: AtomicUsize,
}

impl SharedTier for OldValues {
    fn get<'a>(&'a self, _: &'a EntryKey) -> BoxFuture<'a, Option<Vec<u8>>> {
        Box::pin(async {
            a_turn().await;
            let asked = self.asked.fetch_add(1, Ordering::SeqCst);
            let value = {
                let given = self.given.lock().unwrap();
                // Some time round all of them, and past their end.
                given.get(asked * 7 % (given.len() + 2)).cloned()
            };
            a_turn().await;
            value
        })
    }

    fn get_many<'a>(&'a self, keys: &'a [EntryKey]) -> BoxFuture<'a, Vec<Option<Vec<u8>>>> {
        Box::pin(async { vec![None; keys.len()] })
    }

    fn put(&self, _: EntryKey, value: Vec<u8>, _: Duration) {
        self.given.lock().unwrap().push(value);
    }
}

impl AccessBasisSource for FakeDatabase {
    fn access_bases<'a>(
        &'a self,
        queries: &'a [AccessQuery<'a>],
    ) -> Answer<'a, Vec<Arc<AccessBasis>>> {
        Box::pin(async move {
            let mut bases = Vec::new();
            for query in queries {
                bases.push(self.entry(&AccessKey::of(query)).await?.basis);
            }
            Ok(bases)
        })
    }
}
