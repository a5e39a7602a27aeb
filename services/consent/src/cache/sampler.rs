//! Compares cached answers with the database, for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::answers::Authority;
use super::entry::{AccessKey, Entry};
use super::knowledge::Freshness;
use super::metrics::AnswerMetrics;
use super::tier::Kept;

/// How many comparisons go on at once; more are left out.
const AT_ONCE: usize = 4;
/// How often it is looked whether the polls have caught up with the comparison, and
/// how many times.
const CATCH_UP: (Duration, u32) = (Duration::from_millis(25), 400);

#[derive(Debug, Clone)]
pub(super) struct Sampler {
    authority: Arc<dyn Authority>,
    freshness: Arc<Freshness>,
    metrics: AnswerMetrics,
    turns: Arc<Semaphore>,
    mismatches: Arc<AtomicU64>,
}

impl Sampler {
    pub(super) fn new(
        authority: Arc<dyn Authority>,
        freshness: Arc<Freshness>,
        metrics: AnswerMetrics,
    ) -> Self {
        Self {
            authority,
            freshness,
            metrics,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            mismatches: Arc::default(),
        }
    }

    pub(super) fn mismatches(&self) -> u64 {
        self.mismatches.load(Ordering::Relaxed)
    }

    /// Begins to compare an answer that was just given, and does not wait.
    pub(super) fn compare(&self, key: AccessKey, kept: Arc<Kept>) {
        let Ok(turn) = Arc::clone(&self.turns).try_acquire_owned() else {
            return;
        };
        let sampler = self.clone();
        tokio::spawn(async move {
            let result = sampler.result(&key, &kept).await;
            sampler.metrics.sampled(result);
            drop(turn);
        });
    }

    async fn result(&self, key: &AccessKey, kept: &Kept) -> &'static str {
        let Ok(present) = self.authority.entry(key).await else {
            return "unread";
        };
        if same_facts(&present, &kept.entry) {
            return "same";
        }
        // It changed meanwhile, or the answer was wrong: the polls tell.
        if !self.catch_up(key, &present).await {
            return "unread";
        }
        let judged = self
            .freshness
            .judge_change(key, &kept.entry.as_of, kept.generation);
        if judged.is_err() {
            return "changed";
        }
        self.mismatches.fetch_add(1, Ordering::Relaxed);
        tracing::error!("a cached answer was not what the database says");
        "mismatch"
    }

    async fn catch_up(&self, key: &AccessKey, present: &Entry) -> bool {
        for _ in 0..CATCH_UP.1 {
            if self.freshness.has_reached(key, &present.as_of) {
                return true;
            }
            tokio::time::sleep(CATCH_UP.0).await;
        }
        false
    }
}

fn same_facts(one: &Entry, other: &Entry) -> bool {
    one.basis == other.basis && one.visibilities == other.visibilities
}
