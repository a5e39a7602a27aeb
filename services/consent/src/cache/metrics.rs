//! What the cache counts, for operators.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aval_runtime::telemetry::metrics::meter;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, ObservableCounter, ObservableGauge};

use super::knowledge::{Freshness, Refused};

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tier {
    /// This process' memory.
    Local,
    /// The tier that instances share.
    Shared,
    /// The database.
    Database,
}

impl Tier {
    const ALL: [Self; 3] = [Self::Local, Self::Shared, Self::Database];

    const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Shared => "shared",
            Self::Database => "database",
        }
    }
}

/// Counts answers by tier, and entries that were not used by reason.
#[derive(Debug, Clone)]
pub(super) struct AnswerMetrics {
    /// Counted here and read when metrics are: nothing else is counted as often.
    answers: Arc<[AtomicU64; Tier::ALL.len()]>,
    _answers: ObservableCounter<u64>,
    refused: Counter<u64>,
    sampled: Counter<u64>,
}

impl AnswerMetrics {
    pub(super) fn new() -> Self {
        let meter = meter();
        let answers = Arc::<[AtomicU64; Tier::ALL.len()]>::default();
        let counted = Arc::clone(&answers);
        Self {
            answers,
            _answers: meter
                .u64_observable_counter("aval.consent.basis.answers")
                .with_description("What decisions rest on, by the tier that gave it.")
                .with_callback(move |counter| {
                    for tier in Tier::ALL {
                        let answers = counted[tier as usize].load(Ordering::Relaxed);
                        counter.observe(answers, &[KeyValue::new("tier", tier.name())]);
                    }
                })
                .build(),
            refused: meter
                .u64_counter("aval.consent.cache.refused")
                .with_description("Cached entries that were not used, by reason.")
                .build(),
            sampled: meter
                .u64_counter("aval.consent.cache.sampled")
                .with_description(
                    "Cached answers compared with the database, by result. A mismatch is a fault.",
                )
                .build(),
        }
    }

    pub(super) fn answered(&self, tier: Tier) {
        self.answers[tier as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refused(&self, reason: Refused) {
        self.refused
            .add(1, &[KeyValue::new("reason", reason.name())]);
    }

    pub(super) fn sampled(&self, result: &'static str) {
        self.sampled.add(1, &[KeyValue::new("result", result)]);
    }
}

/// Counts polls, and shows how long what they brought still holds.
#[derive(Debug)]
pub(super) struct PollerMetrics {
    polls: Counter<u64>,
    changes: Counter<u64>,
    _lease_left: ObservableGauge<f64>,
}

impl PollerMetrics {
    pub(super) fn new(freshness: Arc<Freshness>) -> Self {
        let meter = meter();
        Self {
            polls: meter
                .u64_counter("aval.consent.cache.polls")
                .with_description("Polls of the change clock, by result.")
                .build(),
            changes: meter
                .u64_counter("aval.consent.cache.changes")
                .with_description("Changes that polls brought.")
                .build(),
            _lease_left: meter
                .f64_observable_gauge("aval.consent.cache.lease_left")
                .with_description(
                    "For how long the cache may still be answered from; 0: it may not.",
                )
                .with_unit("s")
                .with_callback(move |gauge| {
                    let left = freshness.lease_left().unwrap_or_default();
                    gauge.observe(left.as_secs_f64(), &[]);
                })
                .build(),
        }
    }

    pub(super) fn polled(&self, changes: usize, answered: bool) {
        let result = if answered { "answered" } else { "failed" };
        self.polls.add(1, &[KeyValue::new("result", result)]);
        self.changes.add(changes as u64, &[]);
    }
}

/// The upper bounds of the buckets, in seconds: a single instance waits for as long as a
/// message takes, several for a lease.
const WAITS: [f64; 12] = [
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5,
];

/// Measures what changes wait.
#[derive(Debug, Clone)]
pub(super) struct FenceMetrics {
    waited: Histogram<f64>,
}

impl FenceMetrics {
    pub(super) fn new() -> Self {
        let waited = meter()
            .f64_histogram("aval.consent.change.wait")
            .with_description("How long a committed change waits before it returns.")
            .with_unit("s")
            .with_boundaries(WAITS.to_vec())
            .build();
        Self { waited }
    }

    pub(super) fn waited(&self, wait: Duration) {
        self.waited.record(wait.as_secs_f64(), &[]);
    }
}
