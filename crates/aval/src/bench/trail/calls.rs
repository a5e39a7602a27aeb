//! Calls by several callers at once, and what is told of them.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::bench::threads::Threads;
use crate::language::say;
use crate::output::Rows;

/// What came of the calls of one kind.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    /// In microseconds.
    latencies: Histogram<u64>,
    elapsed: Duration,
}

/// One line of the report.
#[derive(Debug)]
struct Line {
    what: &'static str,
    size: Option<u64>,
    outcome: Outcome,
}

/// What is reported, in the order in which it was measured.
#[derive(Debug, Default)]
pub(super) struct Told(Vec<Line>);

impl Outcome {
    pub(super) fn none() -> Self {
        Self {
            latencies: Histogram::new(3).expect("three digits are a precision"),
            elapsed: Duration::ZERO,
        }
    }

    /// One more call.
    pub(super) fn note(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.latencies
            .record(micros)
            .expect("a histogram that resizes holds every latency");
        self.elapsed += took;
    }
}

/// So many calls, by so many callers at once on the callers' thread: each makes the next
/// once it is answered. `call` gets the number of the call.
pub(super) async fn made<C, F>(
    callers: u32,
    calls: u32,
    threads: &Threads,
    call: C,
) -> anyhow::Result<Outcome>
where
    C: Fn(u64) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let next = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut calling = JoinSet::new();
    for _ in 0..callers {
        let (next, call) = (Arc::clone(&next), call.clone());
        let caller = async move {
            let mut latencies = Outcome::none().latencies;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= u64::from(calls) {
                    return anyhow::Ok(latencies);
                }
                let begun = Instant::now();
                call(number).await?;
                let micros = u64::try_from(begun.elapsed().as_micros())?;
                latencies.record(micros)?;
            }
        };
        calling.spawn_on(caller, threads.callers());
    }
    let mut outcome = Outcome::none();
    while let Some(latencies) = calling.join_next().await {
        outcome.latencies.add(latencies??)?;
    }
    outcome.elapsed = begun.elapsed();
    Ok(outcome)
}

impl Told {
    pub(super) fn add(&mut self, what: &'static str, size: Option<u64>, outcome: Outcome) {
        self.0.push(Line {
            what,
            size,
            outcome,
        });
    }

    pub(super) fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    pub(super) fn rows(&self) -> Rows {
        let mut rows = Rows::new(vec![
            ("what", say("quoi", "what")),
            ("size", say("traces au journal", "entries of the log")),
            ("calls", say("appels", "calls")),
            ("per_second", say("par seconde", "a second")),
            ("p50_ms", say("p50 ms", "p50 ms")),
            ("p99_ms", say("p99 ms", "p99 ms")),
            ("most_ms", say("au plus ms", "most ms")),
        ]);
        for line in &self.0 {
            rows.push(line.row());
        }
        rows
    }
}

impl Line {
    fn row(&self) -> Vec<Value> {
        let latencies = &self.outcome.latencies;
        let milliseconds = |micros: u64| json!(Duration::from_micros(micros).as_secs_f64() * 1e3);
        vec![
            json!(self.what),
            json!(self.size),
            json!(latencies.len()),
            json!(per_second(latencies.len(), self.outcome.elapsed)),
            milliseconds(latencies.value_at_quantile(0.5)),
            milliseconds(latencies.value_at_quantile(0.99)),
            milliseconds(latencies.max()),
        ]
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "there are fewer calls than a float counts"
)]
fn per_second(calls: u64, elapsed: Duration) -> f64 {
    (calls as f64 / elapsed.as_secs_f64().max(f64::EPSILON)).round()
}
