//! What was measured in one run of load.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::load::Failure;

/// Calls, by how long they took and how they ended.
///
/// Throughput counts what succeeded; latencies count every call, however it ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measurement {
    latencies: Latencies,
    failures: BTreeMap<Cow<'static, str>, u64>,
    succeeded: u64,
    elapsed: Duration,
}

/// Latencies to the microsecond, or to one part in a thousand where that is more.
#[derive(Debug, Clone)]
pub(crate) struct Latencies(Histogram<u64>);

/// What is longer counts as so long, in microseconds.
const LONGEST: u64 = 60_000_000;

impl Measurement {
    /// A call ended.
    pub(crate) fn record(&mut self, outcome: Result<(), Failure>, latency: Duration) {
        self.latencies.record(latency);
        match outcome {
            Ok(()) => self.succeeded += 1,
            Err(failure) => *self.failures.entry(failure.into_name()).or_default() += 1,
        }
    }

    /// The run went on until so long after its beginning, at least.
    pub(crate) fn lasted(&mut self, elapsed: Duration) {
        self.elapsed = self.elapsed.max(elapsed);
    }

    /// Adds what another caller measured during the same run.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.latencies.merge(&other.latencies);
        for (name, count) in &other.failures {
            *self.failures.entry(name.clone()).or_default() += count;
        }
        self.succeeded += other.succeeded;
        self.lasted(other.elapsed);
    }

    pub(crate) fn latencies(&self) -> &Latencies {
        &self.latencies
    }

    /// How many calls failed of what.
    pub(crate) fn failures(&self) -> impl Iterator<Item = (&str, u64)> {
        self.failures
            .iter()
            .map(|(name, count)| (name.as_ref(), *count))
    }

    /// How many calls were answered as they must be.
    pub(crate) fn succeeded(&self) -> u64 {
        self.succeeded
    }

    /// From the first call's beginning to the last one's end.
    pub(crate) fn elapsed(&self) -> Duration {
        self.elapsed
    }
}

impl Latencies {
    pub(crate) fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(LONGEST);
        self.0.saturating_record(micros);
    }

    fn merge(&mut self, other: &Self) {
        self.0.add(&other.0).expect("both have the same bounds");
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// The latency, in microseconds, that this share of the calls did not exceed.
    pub(crate) fn quantile(&self, share: f64) -> u64 {
        self.0.value_at_quantile(share)
    }

    /// How often each was measured.
    pub(crate) fn histogram(&self) -> &Histogram<u64> {
        &self.0
    }

    /// The longest, in microseconds.
    pub(crate) fn longest(&self) -> u64 {
        self.0.max()
    }

    /// How many took as long as this, as far as can be told apart.
    #[cfg(test)]
    pub(crate) fn count_at(&self, latency: Duration) -> u64 {
        self.0.count_at(u64::try_from(latency.as_micros()).unwrap())
    }
}

impl Default for Latencies {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST, 3).expect("the bounds are sensible"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(micros: impl IntoIterator<Item = u64>) -> Measurement {
        let mut measurement = Measurement::default();
        for micros in micros {
            measurement.record(Ok(()), Duration::from_micros(micros));
        }
        measurement
    }

    #[test]
    fn merging_equals_measuring_together() {
        let (mut odd, even) = (
            measured((1..=999).step_by(2)),
            measured((2..=1_000).step_by(2)),
        );
        odd.merge(&even);
        let together = measured(1..=1_000);
        for share in [0.0, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0] {
            let expected = together.latencies().quantile(share);
            assert_eq!(odd.latencies().quantile(share), expected, "{share}");
        }
        assert_eq!(odd.latencies().count(), 1_000);
        assert_eq!(odd.succeeded(), 1_000);
    }

    #[test]
    fn merging_adds_failures_by_name_and_keeps_the_longer_run() {
        let failed = |failure, elapsed| {
            let mut measurement = Measurement::default();
            measurement.record(Err(failure), Duration::from_micros(5));
            measurement.lasted(elapsed);
            measurement
        };
        let mut first = failed(Failure::DATABASE, Duration::from_secs(2));
        first.merge(&failed(Failure::DATABASE, Duration::from_secs(3)));
        first.merge(&failed(Failure::NOT_STARTED, Duration::from_secs(1)));
        let failures: Vec<_> = first.failures().collect();
        assert_eq!(failures, [("Database", 2), ("NotStarted", 1)]);
        assert_eq!(first.elapsed(), Duration::from_secs(3));
        assert_eq!(first.succeeded(), 0);
    }

    #[test]
    fn quantiles_are_those_of_the_calls() {
        let latencies = measured(1..=1_000).latencies().clone();
        assert_eq!(latencies.quantile(0.5), 500);
        assert_eq!(latencies.quantile(0.99), 990);
        assert_eq!(latencies.quantile(0.999), 999);
        assert_eq!(latencies.longest(), 1_000);
    }

    #[test]
    fn what_is_longer_than_the_longest_counts_as_the_longest() {
        let latencies = measured([u64::MAX / 2]).latencies().clone();
        assert_eq!(latencies.count(), 1);
        assert!(latencies.quantile(0.5) >= LONGEST);
    }
}
