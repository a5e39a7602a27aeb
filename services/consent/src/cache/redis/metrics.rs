//! What the tier in Redis counts, for operators.

use aval_runtime::telemetry::metrics::meter;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge};

use super::circuit::Breaker;

/// How a question to Redis ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A value was there, or was stored.
    Done,
    /// There was none.
    Missed,
    /// It answered with an error, or the connection was lost.
    Failed,
    /// It did not answer in time.
    TimedOut,
    /// The circuit is open.
    NotAsked,
    /// Too many entries were on their way.
    Dropped,
}

impl Outcome {
    const fn of_read(self) -> &'static str {
        match self {
            Self::Done => "hit",
            Self::Missed => "miss",
            other => other.of_either(),
        }
    }

    const fn of_write(self) -> &'static str {
        match self {
            Self::Done | Self::Missed => "stored",
            other => other.of_either(),
        }
    }

    const fn of_either(self) -> &'static str {
        match self {
            Self::Failed => "error",
            Self::TimedOut => "timeout",
            Self::NotAsked => "not_asked",
            Self::Dropped => "dropped",
            Self::Done | Self::Missed => "ok",
        }
    }
}

#[derive(Debug)]
pub(super) struct Metrics {
    reads: Counter<u64>,
    writes: Counter<u64>,
    breaker: Gauge<u64>,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let meter = meter();
        Self {
            reads: meter
                .u64_counter("aval.consent.cache.redis.reads")
                .with_description("Entries asked of Redis, by result; of several asked at once and not answered, one.")
                .build(),
            writes: meter
                .u64_counter("aval.consent.cache.redis.writes")
                .with_description("Entries to be stored in Redis, by result.")
                .build(),
            breaker: meter
                .u64_gauge("aval.consent.cache.redis.breaker")
                .with_description("Whether Redis is asked: 0 yes, 1 it is being tried, 2 no.")
                .build(),
        }
    }

    pub(super) fn read(&self, outcome: Outcome, count: u64) {
        if count > 0 {
            let result = KeyValue::new("result", outcome.of_read());
            self.reads.add(count, &[result]);
        }
    }

    pub(super) fn wrote(&self, outcome: Outcome) {
        let result = KeyValue::new("result", outcome.of_write());
        self.writes.add(1, &[result]);
    }

    pub(super) fn breaker(&self, breaker: Breaker) {
        let number = match breaker {
            Breaker::Closed => 0,
            Breaker::HalfOpen => 1,
            Breaker::Open => 2,
        };
        self.breaker.record(number, &[]);
    }
}
