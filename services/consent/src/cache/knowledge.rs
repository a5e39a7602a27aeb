//! What an instance knows of the changes, and for how long it may rely on it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use ahash::RandomState;
use aval_domain::time::{Clock, Timestamp};
use aval_runtime::boot_clock::BootClock;

use super::change::{Change, Dependency, News, Position, Shard};
use super::entry::{AccessKey, Positions};
use super::{LEASE, LEASE_MARGIN};

/// For how long a lease may be relied on.
const LEASE_HOLDS: Duration = LEASE.saturating_sub(LEASE_MARGIN);

/// For how long a change is remembered. Entries that were read before the oldest one
/// are read again.
const REMEMBERED_FOR: Duration = Duration::from_mins(10);

/// Why an entry is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// No poll began recently enough to know what changed.
    NoLease,
    /// The entry is from another life of the database.
    OtherHistory,
    /// It was read before the oldest change that is remembered.
    BelowFloor,
    /// Something it rests on has changed since.
    Changed,
    /// Together with others it would have to be of one state, and is newer.
    Newer,
}

impl Refused {
    /// For metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoLease => "no_lease",
            Self::OtherHistory => "other_history",
            Self::BelowFloor => "below_floor",
            Self::Changed => "changed",
            Self::Newer => "newer",
        }
    }
}

/// Which life of the database an instance is in; counts how often it changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Generation(u64);

/// The changes that are known.
#[derive(Debug, Default)]
struct Knowledge {
    history: Option<Arc<str>>,
    generation: Generation,
    shards: [ShardKnowledge; Shard::COUNT],
    /// What to forget next.
    remembered: VecDeque<(Duration, Change)>,
    lease: Option<Lease>,
}

#[derive(Debug, Default)]
struct ShardKnowledge {
    /// Every change up to here was brought by a poll, or is below the floor.
    applied: Position,
    /// Changes up to here may have been forgotten.
    floor: Position,
    /// The last change of each, where it is above the floor. Every check looks here for all
    /// that it rests on.
    last: HashMap<Dependency, Position, RandomState>,
}

/// Until when what is known may be relied on: counted from the beginning of a poll.
#[derive(Debug, Clone, Copy)]
struct Lease {
    began: Duration,
    began_at: Timestamp,
}

impl Knowledge {
    /// How far each shard is known: what the next poll asks beyond.
    fn applied(&self) -> [Position; Shard::COUNT] {
        std::array::from_fn(|index| self.shards[index].applied)
    }

    /// Takes in what a poll brought that began at `began`.
    fn apply(&mut self, news: &News, began: Duration) {
        let went_back = |(known, head): (&ShardKnowledge, &Position)| *head < known.applied;
        let other_history = self.history.as_deref() != Some(&news.history);
        if other_history || self.shards.iter().zip(&news.heads).any(went_back) {
            self.begin_again(news);
            return;
        }
        for shard in Shard::all() {
            let changes = news.changes.iter().filter(|change| change.shard == shard);
            self.shards[shard.index()].apply(news.heads[shard.index()], changes);
        }
        let dated = news.changes.iter().map(|change| (began, *change));
        self.remembered.extend(dated);
        self.forget(began.saturating_sub(REMEMBERED_FOR));
    }

    /// The first poll, or the first one of another life of the database: nothing is
    /// known of what changed before.
    fn begin_again(&mut self, news: &News) {
        self.history = Some(Arc::from(news.history.as_str()));
        self.generation = Generation(self.generation.0 + 1);
        self.remembered.clear();
        for (shard, head) in self.shards.iter_mut().zip(news.heads) {
            shard.begin_at(head);
        }
    }

    fn forget(&mut self, before: Duration) {
        while let Some((met, change)) = self.remembered.front()
            && *met < before
        {
            self.shards[change.shard.index()].forget(*change);
            self.remembered.pop_front();
        }
    }

    /// Whether an entry of this generation may be used.
    fn judge(
        &self,
        key: &AccessKey,
        as_of: &Positions,
        generation: Generation,
    ) -> Result<(), Refused> {
        if generation != self.generation {
            return Err(Refused::OtherHistory);
        }
        for dependency in key.dependencies() {
            let shard = dependency.shard();
            self.shards[shard.index()].judge_one(dependency, as_of.of(shard))?;
        }
        for other in &as_of.others {
            let dependency = Dependency::Patient(other.patient_id);
            let shard = &self.shards[dependency.shard().index()];
            shard.judge_one(dependency, Position(other.position))?;
        }
        Ok(())
    }

    /// Whether no shard of the entry was further than it is known here.
    fn has_reached(&self, key: &AccessKey, as_of: &Positions) -> bool {
        let own = [key.shard(), Shard::SPANNING].map(|shard| (shard, as_of.of(shard)));
        let others = as_of.others.iter().map(|other| {
            let shard = Shard::of_patient(other.patient_id);
            (shard, Position(other.position))
        });
        own.into_iter()
            .chain(others)
            .all(|(shard, position)| position <= self.shards[shard.index()].applied)
    }
}

impl ShardKnowledge {
    /// Whether what was read at this position, and rests on this alone, may be used.
    fn judge_one(&self, dependency: Dependency, as_of: Position) -> Result<(), Refused> {
        let last = self.last.get(&dependency);
        if as_of < self.floor {
            Err(Refused::BelowFloor)
        } else if last.is_some_and(|last| as_of < *last) {
            Err(Refused::Changed)
        } else {
            Ok(())
        }
    }

    fn begin_at(&mut self, head: Position) {
        self.applied = head;
        self.floor = head;
        self.last.clear();
    }

    fn apply<'a>(&mut self, head: Position, changes: impl Iterator<Item = &'a Change>) {
        let mut next = self.applied.0 + 1;
        let mut met = Vec::new();
        for change in changes {
            if change.position.0 > next {
                break; // a hole: found below
            }
            if change.position.0 == next {
                next += 1;
            }
            met.push(change);
        }
        // A change that is missing or of an unknown kind: what changed is not known,
        // so nothing read before is used.
        let unknown = met.iter().any(|change| change.dependency.is_none());
        if next != head.0 + 1 || unknown {
            self.begin_at(head);
            return;
        }
        for change in met {
            if let Some(dependency) = change.dependency {
                self.last.insert(dependency, change.position);
            }
        }
        self.applied = head;
    }

    fn forget(&mut self, change: Change) {
        self.floor = self.floor.max(change.position);
        if let Some(dependency) = change.dependency
            && self.last.get(&dependency) == Some(&change.position)
        {
            self.last.remove(&dependency);
        }
    }
}

impl Lease {
    /// Whether it may be relied on at this instant of the boot-time clock. If the wall
    /// clock tells of another duration, the machine was suspended unseen, or one of
    /// the clocks was set: then it may not.
    fn holds(self, boot: Duration, wall: Timestamp) -> bool {
        let Some(elapsed) = boot.checked_sub(self.began) else {
            return false;
        };
        let on_the_wall = wall.as_micros().abs_diff(self.began_at.as_micros());
        let on_the_wall = Duration::from_micros(on_the_wall);
        elapsed < LEASE_HOLDS && on_the_wall < elapsed + LEASE
    }
}

/// What one instance knows, shared by everything that asks it.
#[derive(Debug)]
pub struct Freshness {
    knowledge: RwLock<Knowledge>,
    boot_clock: Arc<dyn BootClock>,
    wall_clock: Arc<dyn Clock>,
}

/// The instant at which a poll begins: taken before the database is asked.
#[derive(Debug, Clone, Copy)]
pub struct PollBegan {
    boot: Duration,
    wall: Timestamp,
}

impl Freshness {
    /// Nothing is known yet, and nothing is answered from a cache.
    #[must_use]
    pub fn new(boot_clock: Arc<dyn BootClock>, wall_clock: Arc<dyn Clock>) -> Self {
        Self {
            knowledge: RwLock::default(),
            boot_clock,
            wall_clock,
        }
    }

    /// To be called before the database is asked for news.
    #[must_use]
    pub fn begin_poll(&self) -> (PollBegan, [Position; Shard::COUNT]) {
        let began = PollBegan {
            boot: self.boot_clock.now(),
            wall: self.wall_clock.now(),
        };
        let knowledge = self
            .knowledge
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        (began, knowledge.applied())
    }

    /// Takes in what the database answered. Polls must not overlap.
    pub fn end_poll(&self, began: PollBegan, news: &News) {
        let mut knowledge = self
            .knowledge
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        knowledge.apply(news, began.boot);
        knowledge.lease = Some(Lease {
            began: began.boot,
            began_at: began.wall,
        });
    }

    /// Which life of the database is the present one; `None` before the first poll. To
    /// be taken before an entry is read, and to be kept with it.
    #[must_use]
    pub fn generation(&self) -> Option<(Generation, Arc<str>)> {
        let knowledge = self
            .knowledge
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let history = knowledge.history.as_ref()?;
        Some((knowledge.generation, Arc::clone(history)))
    }

    /// Whether an entry may be used by a check that has begun.
    pub fn judge(
        &self,
        key: &AccessKey,
        as_of: &Positions,
        generation: Generation,
    ) -> Result<(), Refused> {
        let (boot, wall) = (self.boot_clock.now(), self.wall_clock.now());
        let knowledge = self
            .knowledge
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if !knowledge.lease.is_some_and(|lease| lease.holds(boot, wall)) {
            return Err(Refused::NoLease);
        }
        knowledge.judge(key, as_of, generation)
    }

    /// Whether what rests on this alone, and was read at this position of its shard, may be
    /// used by a call that has begun.
    pub fn judge_one(
        &self,
        dependency: Dependency,
        as_of: Position,
        generation: Generation,
    ) -> Result<(), Refused> {
        let (boot, wall) = (self.boot_clock.now(), self.wall_clock.now());
        let knowledge = self
            .knowledge
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if !knowledge.lease.is_some_and(|lease| lease.holds(boot, wall)) {
            return Err(Refused::NoLease);
        }
        if generation != knowledge.generation {
            return Err(Refused::OtherHistory);
        }
        knowledge.shards[dependency.shard().index()].judge_one(dependency, as_of)
    }

    /// The same of an entry, without asking for a lease: whether a change is known that makes the
    /// entry stale.
    pub fn judge_change(
        &self,
        key: &AccessKey,
        as_of: &Positions,
        generation: Generation,
    ) -> Result<(), Refused> {
        let knowledge = self
            .knowledge
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        knowledge.judge(key, as_of, generation)
    }

    /// Whether entries may be used together: all are of the state that is known.
    pub fn judge_together<'a>(
        &self,
        entries: impl IntoIterator<Item = (&'a AccessKey, &'a Positions, Generation)>,
    ) -> Result<(), Refused> {
        let (boot, wall) = (self.boot_clock.now(), self.wall_clock.now());
        let knowledge = self
            .knowledge
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if !knowledge.lease.is_some_and(|lease| lease.holds(boot, wall)) {
            return Err(Refused::NoLease);
        }
        for (key, as_of, generation) in entries {
            knowledge.judge(key, as_of, generation)?;
            if !knowledge.has_reached(key, as_of) {
                return Err(Refused::Newer);
            }
        }
        Ok(())
    }

    /// How much longer what is known may be relied on; `None` when it may not.
    #[must_use]
    pub fn lease_left(&self) -> Option<Duration> {
        let (boot, wall) = (self.boot_clock.now(), self.wall_clock.now());
        let knowledge = self
            .knowledge
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let lease = knowledge.lease.filter(|lease| lease.holds(boot, wall))?;
        (lease.began + LEASE_HOLDS).checked_sub(boot)
    }

    /// Whether every change up to an entry was brought by a poll, so that a cached entry
    /// and a fresh one can be compared.
    #[must_use]
    pub fn has_reached(&self, key: &AccessKey, as_of: &Positions) -> bool {
        let knowledge = self
            .knowledge
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        knowledge.has_reached(key, as_of)
    }
}

#[cfg(test)]
mod tests;
