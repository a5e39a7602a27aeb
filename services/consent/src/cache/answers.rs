//! The basis of decisions, from the nearest tier that may give it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aval_runtime::flights::{Flights, Landed};

use super::change::{News, Position, Shard};
use super::entry::{AccessKey, Entry};
use super::knowledge::{Freshness, Generation, Refused};
use super::metrics::{AnswerMetrics, Tier};
use super::sampler::Sampler;
use super::shared::{CacheSecret, SharedTier};
use super::shared_entries::SharedEntries;
use super::tier::{Kept, LocalTier};
use crate::access_basis::{AccessBasisSource, AccessQuery};
use crate::decision::AccessBasis;
use crate::error::Error;
use crate::store::Answer;

/// How long a question waits for an entry that another reads: many times what a reading
/// takes, and a small part of what a call may.
const TOGETHER_AT_MOST: Duration = Duration::from_secs(1);

/// The database, as the caches ask it. Whoever implements it promises what
/// [`AccessBasisSource`] promises, and:
///
/// - an [`Entry`] is one state of the database, and its positions are those of that
///   state;
/// - a state at a position holds every change of that shard up to the position;
/// - both methods ask the database that takes the writes, never a replica of it.
pub trait Authority: AccessBasisSource {
    /// One state: how far each shard is, and the changes beyond what is known.
    fn changes_since<'a>(&'a self, known: &'a [Position; Shard::COUNT]) -> Answer<'a, News>;

    /// Everything that decisions about these three rest on.
    fn entry<'a>(&'a self, key: &'a AccessKey) -> Answer<'a, Entry>;
}

/// How much is kept, and how often it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSettings {
    /// About how many bytes of entries this process keeps.
    pub largest_bytes: u64,
    /// One in so many cached answers is compared with the database; 0: none.
    pub sample_one_in: u64,
}

/// Gives what decisions rest on from memory while the rule of [`super`] permits it.
pub struct CachedBases {
    authority: Arc<dyn Authority>,
    freshness: Arc<Freshness>,
    local: LocalTier,
    shared: Option<SharedEntries>,
    flights: Flights<AccessKey, Arc<Kept>, Error>,
    metrics: AnswerMetrics,
    sampler: Sampler,
    sample_one_in: u64,
    until_sample: AtomicU64,
}

impl CachedBases {
    /// An empty cache of this database. It gives nothing from memory before `freshness`
    /// has been told of a poll.
    #[must_use]
    pub fn new(
        authority: Arc<dyn Authority>,
        freshness: Arc<Freshness>,
        settings: CacheSettings,
    ) -> Self {
        let metrics = AnswerMetrics::new();
        Self {
            sampler: Sampler::new(
                Arc::clone(&authority),
                Arc::clone(&freshness),
                metrics.clone(),
            ),
            authority,
            freshness,
            local: LocalTier::new(settings.largest_bytes),
            shared: None,
            flights: Flights::waiting_at_most(TOGETHER_AT_MOST),
            metrics,
            sample_one_in: settings.sample_one_in,
            until_sample: AtomicU64::new(0),
        }
    }

    /// The same with a tier that instances share. Whoever has the secret reads and
    /// writes entries there.
    #[must_use]
    pub fn with_shared(mut self, tier: Arc<dyn SharedTier>, secret: CacheSecret) -> Self {
        self.shared = Some(SharedEntries::new(tier, secret));
        self
    }

    /// How many compared answers were not what the database said, since the start. It
    /// must stay 0.
    #[must_use]
    pub fn mismatches(&self) -> u64 {
        self.sampler.mismatches()
    }

    async fn answers(&self, queries: &[AccessQuery<'_>]) -> Result<Vec<Arc<AccessBasis>>, Error> {
        let Some((first, others)) = queries.split_first() else {
            return Ok(Vec::new());
        };
        let key = AccessKey::of(first);
        let one_entry = others.iter().all(|query| AccessKey::of(query) == key);
        let answers = if one_entry {
            let kept = self.kept(&key).await?;
            queries
                .iter()
                .map(|query| kept.entry.answer(query))
                .collect()
        } else {
            self.remembered_answers(queries).await
        };
        if let Some(answers) = answers {
            return Ok(answers);
        }
        self.metrics.answered(Tier::Database);
        self.authority.access_bases(queries).await
    }

    /// Several entries, if the caches have them all and they are of one state.
    async fn remembered_answers(
        &self,
        queries: &[AccessQuery<'_>],
    ) -> Option<Vec<Arc<AccessBasis>>> {
        let keys: Vec<_> = queries.iter().map(AccessKey::of).collect();
        let mut tier = Tier::Local;
        let mut kept: Vec<_> = keys.iter().map(|key| self.local.get(key)).collect();
        if kept.iter().any(Option::is_none) {
            tier = Tier::Shared;
            kept = self.shared_many(&keys).await?;
        }
        let kept: Vec<_> = kept.into_iter().collect::<Option<_>>()?;
        let entries = keys
            .iter()
            .zip(&kept)
            .map(|(key, kept)| (key, &kept.entry.as_of, kept.generation));
        if let Err(reason) = self.freshness.judge_together(entries) {
            self.metrics.refused(reason);
            return None;
        }
        self.metrics.answered(tier);
        queries
            .iter()
            .zip(&kept)
            .map(|(query, kept)| kept.entry.answer(query))
            .collect()
    }

    /// The entry of one key, from the nearest tier.
    async fn kept(&self, key: &AccessKey) -> Result<Arc<Kept>, Error> {
        let known = self.local.get(key);
        let judged = known.as_deref().map(|kept| self.judge(key, kept));
        if let (Some(kept), Some(Ok(()))) = (known, judged) {
            self.metrics.answered(Tier::Local);
            self.sample(key, &kept);
            return Ok(kept);
        }
        // On the heap: what few calls need would make every call's future larger.
        Box::pin(self.missed(key, judged.and_then(Result::err))).await
    }

    /// The same of what memory does not have, or has and may not give.
    async fn missed(&self, key: &AccessKey, refused: Option<Refused>) -> Result<Arc<Kept>, Error> {
        // Of what changed since this instance read it, the shared tier has the same old entry
        // most often, and whoever asks it in vain waits twice.
        if refused != Some(Refused::Changed)
            && let Some(kept) = self.shared_one(key).await
            && self.judge(key, &kept).is_ok()
        {
            self.metrics.answered(Tier::Shared);
            self.local.put(*key, Arc::clone(&kept));
            self.sample(key, &kept);
            return Ok(kept);
        }
        self.metrics.answered(Tier::Database);
        self.read_together(key).await
    }

    /// What the shared tier has, if there is any use in asking.
    async fn shared_one(&self, key: &AccessKey) -> Option<Arc<Kept>> {
        let shared = self.shared.as_ref()?;
        let (generation, history) = self.present_history()?;
        let entry = shared.get(&history, key).await?;
        Some(Arc::new(Kept { entry, generation }))
    }

    async fn shared_many(&self, keys: &[AccessKey]) -> Option<Vec<Option<Arc<Kept>>>> {
        let shared = self.shared.as_ref()?;
        let (generation, history) = self.present_history()?;
        let entries = shared.get_many(&history, keys).await;
        let kept = |entry| Arc::new(Kept { entry, generation });
        Some(entries.into_iter().map(|entry| entry.map(kept)).collect())
    }

    /// The life of the database whose entries may be used now.
    fn present_history(&self) -> Option<(Generation, Arc<str>)> {
        self.freshness.lease_left()?;
        self.freshness.generation()
    }

    /// Keeps what was read from the database.
    fn keep(&self, key: &AccessKey, kept: &Arc<Kept>, history: &str) {
        self.local.put(*key, Arc::clone(kept));
        if let Some(shared) = &self.shared {
            shared.put(history, key, &kept.entry);
        }
    }

    /// Whether an entry may be used, counted where it may not.
    fn judge(&self, key: &AccessKey, kept: &Kept) -> Result<(), Refused> {
        let judged = self
            .freshness
            .judge(key, &kept.entry.as_of, kept.generation);
        if let Err(reason) = judged {
            self.metrics.refused(reason);
        }
        judged
    }

    /// Reads the entry, with whoever else wants it now. Who joins a reading that was
    /// under way has to judge what it gave like any cached entry.
    async fn read_together(&self, key: &AccessKey) -> Result<Arc<Kept>, Error> {
        let Some((generation, history)) = self.freshness.generation() else {
            return self.read_alone(key).await;
        };
        let landed = self.flights.join(*key, || {
            let (authority, read_key) = (Arc::clone(&self.authority), *key);
            Box::pin(async move {
                let entry = authority.entry(&read_key).await?;
                Ok(Arc::new(Kept { entry, generation }))
            })
        });
        match landed.await.map_err(Error::ReadTogether)? {
            Landed::Own(kept) => {
                self.keep(key, &kept, &history);
                Ok(kept)
            }
            Landed::Shared(kept) if self.judge(key, &kept).is_ok() => Ok(kept),
            Landed::Shared(_) => self.read_alone(key).await,
        }
    }

    async fn read_alone(&self, key: &AccessKey) -> Result<Arc<Kept>, Error> {
        let present = self.freshness.generation();
        let entry = self.authority.entry(key).await?;
        let Some((generation, history)) = present else {
            let generation = Generation::default();
            return Ok(Arc::new(Kept { entry, generation }));
        };
        let kept = Arc::new(Kept { entry, generation });
        self.keep(key, &kept, &history);
        Ok(kept)
    }

    /// Compares one in so many answers with the database.
    fn sample(&self, key: &AccessKey, kept: &Arc<Kept>) {
        if self.sample_one_in == 0 {
            return;
        }
        let count = self.until_sample.fetch_add(1, Ordering::Relaxed);
        if count % self.sample_one_in == self.sample_one_in - 1 {
            self.sampler.compare(*key, Arc::clone(kept));
        }
    }
}

impl AccessBasisSource for CachedBases {
    fn access_bases<'a>(
        &'a self,
        queries: &'a [AccessQuery<'a>],
    ) -> Answer<'a, Vec<Arc<AccessBasis>>> {
        Box::pin(self.answers(queries))
    }
}

impl fmt::Debug for CachedBases {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CachedBases")
            .field("sample_one_in", &self.sample_one_in)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
