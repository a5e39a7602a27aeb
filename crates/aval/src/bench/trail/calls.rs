//! Calls by several callers at once, and what is told of them.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::bench::measurement::Measurement;
use crate::bench::spread::Spread;
use crate::bench::threads::{ProcessorTime, ThreadTimes, Threads};
use crate::language::say;
use crate::output::Rows;

/// What came of the calls of one kind.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    /// In microseconds.
    latencies: Histogram<u64>,
    elapsed: Duration,
    /// What they took of the processors, where that was read.
    used: Option<ProcessorTime>,
}

/// One line of the report.
#[derive(Debug, Default)]
struct Line {
    what: &'static str,
    size: Option<u64>,
    callers: Option<u32>,
    outcome: Option<Outcome>,
    /// Where it is not of all calls together: that of the rounds.
    per_second: Option<Spread>,
    /// How many times the next line's, in the same rounds.
    times: Option<Spread>,
    bytes: Option<u64>,
}

/// What is reported, in the order in which it was measured.
#[derive(Debug, Default)]
pub(super) struct Told(Vec<Line>);

impl Outcome {
    pub(super) fn none() -> Self {
        Self {
            latencies: Histogram::new(3).expect("three digits are a precision"),
            elapsed: Duration::ZERO,
            used: None,
        }
    }

    /// The calls of a round, and what they took of the processors.
    pub(super) fn add(&mut self, measured: &Measurement, used: Option<ProcessorTime>) {
        let before = self.used.unwrap_or_default();
        self.used = used.map(|used| ProcessorTime {
            callers: before.callers + used.callers,
            servers: before.servers + used.servers,
        });
        let latencies = measured.latencies().histogram();
        self.latencies
            .add(latencies)
            .expect("a histogram that resizes holds every latency");
        self.elapsed += measured.elapsed();
    }

    /// So many calls in this time, a second.
    #[expect(
        clippy::cast_precision_loss,
        reason = "there are fewer calls than a float counts"
    )]
    pub(super) fn rate(calls: u64, elapsed: Duration) -> f64 {
        (calls as f64 / elapsed.as_secs_f64().max(f64::EPSILON)).round()
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
    let before = ThreadTimes::read();
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
    outcome.used = used_since(before.as_ref());
    Ok(outcome)
}

/// What this process took of the processors since then.
pub(super) fn used_since(before: Option<&ThreadTimes>) -> Option<ProcessorTime> {
    Some(ThreadTimes::read()?.since(before?))
}

/// The connection of the call with this number: each has its turn.
pub(super) fn one_of<C: Clone>(connections: &[C], number: u64) -> C {
    let turn = usize::try_from(number).unwrap_or(usize::MAX) % connections.len();
    connections[turn].clone()
}

impl Told {
    pub(super) fn add(
        &mut self,
        (what, callers): (&'static str, u32),
        size: Option<u64>,
        outcome: Outcome,
    ) {
        self.0.push(Line {
            what,
            size,
            callers: Some(callers),
            outcome: Some(outcome),
            ..Line::default()
        });
    }

    /// What came of several rounds, `times` as fast as what is told next.
    pub(super) fn add_turns(
        &mut self,
        (what, callers): (&'static str, u32),
        size: Option<u64>,
        outcome: Outcome,
        per_second: Option<Spread>,
        times: Option<Spread>,
    ) {
        self.0.push(Line {
            what,
            size,
            callers: Some(callers),
            outcome: Some(outcome),
            per_second,
            times,
            ..Line::default()
        });
    }

    /// How many bytes something has at this size of the log.
    pub(super) fn add_bytes(&mut self, what: &'static str, size: u64, bytes: u64) {
        self.0.push(Line {
            what,
            size: Some(size),
            bytes: Some(bytes),
            ..Line::default()
        });
    }

    pub(super) fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    pub(super) fn rows(&self) -> Rows {
        let mut rows = Rows::new(vec![
            ("what", say("quoi", "what")),
            ("size", say("traces au journal", "entries of the log")),
            ("callers", say("appelants", "callers")),
            ("calls", say("appels", "calls")),
            ("per_second", say("par seconde", "a second")),
            (
                "per_second_range",
                say("d'un tour à l'autre", "from round to round"),
            ),
            ("p50_ms", say("p50 ms", "p50 ms")),
            ("p99_ms", say("p99 ms", "p99 ms")),
            ("most_ms", say("au plus ms", "most ms")),
            ("server_us", say("serveur µs", "server µs")),
            ("caller_us", say("appelant µs", "caller µs")),
            ("times_the_next", say("fois la suivante", "times the next")),
            (
                "times_range",
                say("d'un tour à l'autre", "from round to round"),
            ),
            ("bytes", say("octets", "bytes")),
        ]);
        for line in &self.0 {
            rows.push(line.row());
        }
        rows
    }
}

impl Line {
    fn row(&self) -> Vec<Value> {
        let latencies = self.outcome.as_ref().map(|outcome| &outcome.latencies);
        let quantile = |share: f64| {
            let micros = latencies.map(|latencies| latencies.value_at_quantile(share));
            let micros = micros.map(Duration::from_micros);
            json!(micros.map(|micros| (micros.as_secs_f64() * 1e6).round() / 1e3))
        };
        let of_all = self.outcome.as_ref().map(|outcome| {
            let calls = outcome.latencies.len();
            Outcome::rate(calls, outcome.elapsed)
        });
        let a_call = |side: fn(&ProcessorTime) -> Duration| {
            let outcome = self.outcome.as_ref();
            let used = outcome.and_then(|outcome| Some((outcome.used?, outcome.latencies.len())));
            let micros = used.and_then(|(used, calls)| {
                let calls = u32::try_from(calls).ok().filter(|calls| *calls > 0)?;
                Some((side(&used) / calls).as_secs_f64() * 1e6)
            });
            json!(micros.map(f64::round))
        };
        let times = self.times;
        let range = |spread: Option<Spread>, digits: usize| {
            let text = |spread: Spread| {
                let (lowest, highest) = (spread.lowest, spread.highest);
                format!("{lowest:.digits$}–{highest:.digits$}")
            };
            json!(spread.map(text))
        };
        vec![
            json!(self.what),
            json!(self.size),
            json!(self.callers),
            json!(latencies.map(Histogram::len)),
            json!(self.per_second.map(|spread| spread.median).or(of_all)),
            range(self.per_second, 0),
            quantile(0.5),
            quantile(0.99),
            quantile(1.0),
            a_call(|used| used.servers),
            a_call(|used| used.callers),
            json!(times.map(|times| (times.median * 100.0).round() / 100.0)),
            range(times, 2),
            json!(self.bytes),
        ]
    }
}
