//! What one contender did in one round.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::measurement::Measurement;
use super::threads::ProcessorTime;

/// The figures of one turn. Times of calls are in microseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Figures {
    /// From the first call's beginning to the last one's end, in seconds.
    pub(crate) seconds: f64,
    /// Calls that were answered as they must be.
    pub(crate) succeeded: u64,
    /// Calls that were not, by what they failed of.
    pub(crate) failed: BTreeMap<String, u64>,
    /// Successful calls a second.
    pub(crate) per_second: f64,
    /// Half of the calls took no longer.
    pub(crate) p50_us: u64,
    /// 99 of 100 calls took no longer.
    pub(crate) p99_us: u64,
    /// 999 of 1,000 calls took no longer.
    pub(crate) p999_us: u64,
    /// None took longer.
    pub(crate) max_us: u64,
    /// Half of the calls that one caller made afterwards, with nobody else, took no longer.
    pub(crate) alone_p50_us: u64,
    /// Processor time of the servers and their databases for each call; absent where
    /// the system does not say.
    pub(crate) server_us_per_call: Option<f64>,
    /// How many cores the servers and their databases kept busy.
    pub(crate) server_cores: Option<f64>,
    /// How much of its core the callers' thread used: near 1, the callers were the
    /// limit and not the server.
    pub(crate) caller_cores: Option<f64>,
    /// What went on beside the calls; absent where nothing did.
    pub(crate) beside: Option<Beside>,
    /// Whether the servers were at rest before the turn; what was left of the turns
    /// before took part in this one if not.
    pub(crate) from_rest: bool,
}

/// What went on beside the calls of a turn: grants were revoked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Beside {
    /// How many a second.
    pub(crate) per_second: f64,
    /// 99 of 100 revocations returned within so many microseconds.
    pub(crate) p99_us: u64,
    /// The same of those before the calls began.
    pub(crate) p99_without_calls_us: u64,
}

impl Figures {
    pub(crate) fn new(
        measurement: &Measurement,
        alone: &Measurement,
        used: Option<ProcessorTime>,
        from_rest: bool,
    ) -> Self {
        let seconds = measurement.elapsed().as_secs_f64();
        let latencies = measurement.latencies();
        let cores = |time: Duration| ratio(time.as_secs_f64(), seconds);
        let failed = measurement.failures();
        Self {
            seconds,
            succeeded: measurement.succeeded(),
            failed: failed
                .map(|(name, count)| (name.to_owned(), count))
                .collect(),
            per_second: ratio(count(measurement.succeeded()), seconds),
            p50_us: latencies.quantile(0.5),
            p99_us: latencies.quantile(0.99),
            p999_us: latencies.quantile(0.999),
            max_us: latencies.longest(),
            alone_p50_us: alone.latencies().quantile(0.5),
            server_us_per_call: used
                .map(|used| ratio(used.servers.as_secs_f64() * 1e6, count(latencies.count()))),
            server_cores: used.map(|used| cores(used.servers)),
            caller_cores: used.map(|used| cores(used.callers)),
            beside: None,
            from_rest,
        }
    }

    /// Calls that failed, of whatever.
    pub(crate) fn failures(&self) -> u64 {
        self.failed.values().sum()
    }
}

/// Zero of nothing is nothing.
fn ratio(of: f64, to: f64) -> f64 {
    if to > 0.0 { of / to } else { 0.0 }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no bench makes as many calls as a double cannot count"
)]
pub(crate) fn count(calls: u64) -> f64 {
    calls as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::load::Failure;

    #[test]
    fn figures_are_those_of_what_was_measured() {
        let mut measurement = Measurement::default();
        for micros in 1..=99 {
            measurement.record(Ok(()), Duration::from_micros(micros));
        }
        measurement.record(Err(Failure::DATABASE), Duration::from_micros(100));
        measurement.lasted(Duration::from_millis(500));
        let used = ProcessorTime {
            callers: Duration::from_millis(250),
            servers: Duration::from_millis(400),
        };
        let mut alone = Measurement::default();
        alone.record(Ok(()), Duration::from_micros(30));
        let figures = Figures::new(&measurement, &alone, Some(used), true);
        assert_eq!((figures.seconds, figures.per_second), (0.5, 198.0));
        assert_eq!(
            (figures.p50_us, figures.p99_us, figures.max_us),
            (50, 99, 100)
        );
        assert_eq!(figures.alone_p50_us, 30);
        assert_eq!(figures.failures(), 1);
        assert_eq!(figures.server_us_per_call, Some(4_000.0));
        assert_eq!(figures.server_cores, Some(0.8));
        assert_eq!(figures.caller_cores, Some(0.5));
    }

    #[test]
    fn a_turn_in_which_nothing_happened_has_figures_all_the_same() {
        let nothing = Measurement::default();
        let figures = Figures::new(&nothing, &nothing, None, true);
        assert_eq!((figures.seconds, figures.per_second), (0.0, 0.0));
        assert_eq!(figures.server_us_per_call, None);
    }
}
