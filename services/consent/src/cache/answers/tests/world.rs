//! One patient, two professionals, a database, one instance or two.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aval_domain::id::{OrganizationId, PatientId, PractitionerId};
use aval_domain::time::{ManualClock, Timestamp};
use aval_runtime::boot_clock::BootClock;
use futures::future::BoxFuture;
use uuid::Uuid;

use super::database::{FakeDatabase, OldValues};
use super::schedule::a_turn;
use crate::access_basis::AccessBasisSource as _;
use crate::cache::shared::CacheSecret;
use crate::cache::{
    AccessKey, Authority, CacheSettings, CachedBases, ChangeFence, Dependency, Freshness, Poller,
};

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

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instances {
    /// The only one by construction, as on SQLite.
    One,
    /// Two on one database.
    Two,
}

#[derive(Debug, Clone)]
pub(super) struct World(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    ablation: Option<Ablation>,
    clocks: Clocks,
    database: Arc<FakeDatabase>,
    tier: Arc<OldValues>,
    instances: Vec<Instance>,
    fence: ChangeFence,
    revoked: AtomicBool,
    findings: Mutex<Findings>,
}

#[derive(Debug)]
struct Instance {
    poller: Arc<Poller>,
    cached: CachedBases,
}

/// What checks found that began after the revocation had returned.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Findings {
    /// How many were answered as before the revocation.
    pub(super) stale: usize,
    /// How many were answered from memory.
    pub(super) from_memory: usize,
    /// The same of those about two professionals at once.
    pub(super) stale_together: usize,
    /// The same of those.
    pub(super) together_from_memory: usize,
    /// How many of those were told of two states, whenever they were asked.
    pub(super) mixed: usize,
}

impl AddAssign for Findings {
    fn add_assign(&mut self, other: Self) {
        self.stale += other.stale;
        self.from_memory += other.from_memory;
        self.stale_together += other.stale_together;
        self.together_from_memory += other.together_from_memory;
        self.mixed += other.mixed;
    }
}

impl Instances {
    pub(super) const fn count(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }
}

impl World {
    pub(super) fn new(instances: Instances, ablation: Option<Ablation>) -> Self {
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
                poller: Arc::new(Poller::new(Arc::clone(&authority), Arc::clone(&freshness))),
                cached: CachedBases::new(authority, freshness, settings)
                    .with_shared(Arc::clone(&tier) as _, CacheSecret::new(&[1; 32])),
            }
        };
        let instances: Vec<Instance> = (0..instances.count()).map(instance).collect();
        let fence = match instances.as_slice() {
            _ if ablation == Some(Ablation::NoWait) => ChangeFence::none(),
            [alone] => ChangeFence::sole(Arc::clone(&alone.poller)),
            _ => ChangeFence::replicated(),
        };
        let waiting = clocks.clone();
        Self(Arc::new(Inner {
            ablation,
            instances,
            fence: fence.waiting_by(move |time| Box::pin(waiting.clone().wait(time))),
            clocks,
            database,
            tier,
            revoked: AtomicBool::new(false),
            findings: Mutex::default(),
        }))
    }

    pub(super) fn findings(&self) -> Findings {
        *self.0.findings.lock().unwrap()
    }

    /// How often the database was read, and the shared tier asked.
    pub(super) fn asked(&self) -> (usize, usize) {
        (self.0.database.reads(), self.0.tier.asked())
    }

    pub(super) fn pass(&self, time: Duration) {
        *self.0.clocks.boot.lock().unwrap() += time;
        self.0.clocks.wall.advance(time);
    }

    /// Asks for news, again and again.
    pub(super) fn polls(self, instance: usize) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            loop {
                self.poll(instance).await;
                a_turn().await;
            }
        })
    }

    /// Asks for news.
    pub(super) async fn poll(&self, instance: usize) {
        self.0.instances[instance].poller.poll().await.unwrap();
    }

    /// Whether the professional is the treating doctor.
    pub(super) async fn check(&self, instance: usize) -> bool {
        let cached = &self.0.instances[instance].cached;
        let answer = cached.access_bases(&[key().query()]).await.unwrap();
        answer[0].treating_doctor
    }

    /// Checks, again and again.
    pub(super) fn checks(self, instance: usize) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            loop {
                let had_returned = self.0.revoked.load(Ordering::SeqCst);
                let reads = self.0.database.reads();
                let cached = &self.0.instances[instance].cached;
                for key in [key(), colleague()] {
                    let answer = cached.access_bases(&[key.query()]).await.unwrap();
                    if had_returned {
                        let mut findings = self.0.findings.lock().unwrap();
                        findings.stale += usize::from(answer[0].treating_doctor);
                        let read_nothing = self.0.database.reads() == reads;
                        findings.from_memory += usize::from(read_nothing);
                    }
                }
                a_turn().await;
            }
        })
    }

    /// Checks about both professionals in one call, again and again. They are told of one
    /// state: never the one as before and the other as after.
    pub(super) fn checks_together(self, instance: usize) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            loop {
                let had_returned = self.0.revoked.load(Ordering::SeqCst);
                let reads = self.0.database.reads();
                let cached = &self.0.instances[instance].cached;
                let both = [key().query(), colleague().query()];
                let answers = cached.access_bases(&both).await.unwrap();
                let [one, other] = answers.as_slice() else {
                    panic!("two questions have two answers");
                };
                let read_nothing = self.0.database.reads() == reads;
                *self.0.findings.lock().unwrap() += Findings {
                    mixed: usize::from(one.treating_doctor != other.treating_doctor),
                    stale_together: usize::from(had_returned && one.treating_doctor),
                    together_from_memory: usize::from(had_returned && read_nothing),
                    ..Findings::default()
                };
                a_turn().await;
            }
        })
    }

    /// Revokes once, and returns when the fence lets it.
    pub(super) fn revokes(self) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            a_turn().await;
            self.commit(Dependency::Patient(key().patient_id)).await;
            self.0.fence.pass().await;
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

pub(super) fn key() -> AccessKey {
    AccessKey {
        patient_id: PatientId::from_uuid(Uuid::from_u128(1)),
        practitioner_id: Some(PractitionerId::from_uuid(Uuid::from_u128(2))),
        organization_id: Some(OrganizationId::from_uuid(Uuid::from_u128(3))),
    }
}

/// Another professional of the same organization.
fn colleague() -> AccessKey {
    AccessKey {
        practitioner_id: Some(PractitionerId::from_uuid(Uuid::from_u128(4))),
        ..key()
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

impl Clocks {
    async fn wait(self, time: Duration) {
        let until = self.now() + time;
        while self.now() < until {
            a_turn().await;
        }
    }
}

impl BootClock for Clocks {
    fn now(&self) -> Duration {
        *self.boot.lock().unwrap()
    }
}
