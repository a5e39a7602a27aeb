//! What the service counts, for operators.

use std::time::Duration;

use aval_domain::time::Timestamp;
use aval_runtime::telemetry::metrics::meter;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Counter, Gauge, Histogram, ObservableGauge};

/// What the writing task counts.
#[derive(Debug, Clone)]
pub(crate) struct WriterMetrics {
    recorded: Counter<u64>,
    batch: Histogram<u64>,
    size: Gauge<u64>,
    signed: Gauge<i64>,
    refused: Counter<u64>,
}

impl WriterMetrics {
    pub(crate) fn new() -> Self {
        let meter = meter();
        Self {
            recorded: meter
                .u64_counter("aval.audit.events.recorded")
                .with_description("Events recorded in the log.")
                .build(),
            batch: meter
                .u64_histogram("aval.audit.batch.deliveries")
                .with_description("Deliveries that one transaction served.")
                .with_boundaries(vec![1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0, 1024.0])
                .build(),
            size: meter
                .u64_gauge("aval.audit.log.size")
                .with_description("Events in the log, as the instance that writes it knows.")
                .build(),
            signed: meter
                .i64_gauge("aval.audit.checkpoint.time")
                .with_description(
                    "When the newest checkpoint was signed, in Unix time, as the instance that \
                     signed it knows.",
                )
                .with_unit("s")
                .build(),
            refused: deliveries_refused(),
        }
    }

    /// This instance writes the log, which is this long.
    pub(crate) fn begins(&self, size: u64) {
        self.size.record(size, &[]);
    }

    /// The log was signed.
    pub(crate) fn signed(&self, at: Timestamp) {
        self.signed.record(at.unix_seconds(), &[]);
    }

    /// A batch of deliveries was answered, after so many events were recorded, the last
    /// of which made the log this long.
    pub(crate) fn batch(&self, deliveries: usize, events: u64, size: u64) {
        self.size.record(size, &[]);
        self.recorded.add(events, &[]);
        self.batch.record(deliveries as u64, &[]);
    }

    /// Deliveries were refused.
    pub(crate) fn refused(&self, deliveries: u64) {
        self.refused.add(deliveries, &[]);
    }
}

/// What a producer says that does not follow on from what is recorded of it.
pub(crate) fn deliveries_refused() -> Counter<u64> {
    meter()
        .u64_counter("aval.audit.deliveries.refused")
        .with_description(
            "Deliveries refused because events are missing before them, or differ from what was \
             recorded, and reports of outboxes that contradict it: the trail is not complete.",
        )
        .build()
}

/// What is shown of the producers, each by its name, in seconds.
pub(crate) struct HearingGauges<Silence, Backlog> {
    pub(crate) silence: Silence,
    pub(crate) backlog: Backlog,
}

impl<Silence, Backlog> HearingGauges<Silence, Backlog>
where
    Silence: Fn() -> Vec<(&'static str, f64)> + Send + Sync + 'static,
    Backlog: Fn() -> Vec<(&'static str, f64)> + Send + Sync + 'static,
{
    /// Shows it whenever somebody looks.
    pub(crate) fn show(self) -> [ObservableGauge<f64>; 2] {
        let meter = meter();
        let silence = meter
            .f64_observable_gauge("aval.audit.producer.silence")
            .with_description(
                "For how long this instance has not heard of a producer, since its start at the \
                 most: neither a delivery nor a report. The least of all instances counts.",
            )
            .with_unit("s")
            .with_callback(move |gauge| observe(gauge, (self.silence)()))
            .build();
        let backlog = meter
            .f64_observable_gauge("aval.audit.producer.backlog")
            .with_description(
                "How long ago the oldest event occurred that waits for the trail, as its producer \
                 said to this instance of late; 0: none waits.",
            )
            .with_unit("s")
            .with_callback(move |gauge| observe(gauge, (self.backlog)()))
            .build();
        [silence, backlog]
    }
}

fn observe(gauge: &dyn AsyncInstrument<f64>, shown: Vec<(&'static str, f64)>) {
    for (source, seconds) in shown {
        gauge.observe(seconds, &[KeyValue::new("source", source)]);
    }
}

/// What is counted of the witnesses.
#[derive(Debug, Clone)]
pub(crate) struct WitnessMetrics {
    lag: Gauge<f64>,
    failures: Counter<u64>,
    conflict: Gauge<u64>,
}

impl WitnessMetrics {
    pub(crate) fn new() -> Self {
        let meter = meter();
        Self {
            lag: meter
                .f64_gauge("aval.audit.witnesses.lag")
                .with_description(
                    "For how long no newer checkpoint has found enough witnesses, as the instance \
                     that writes the log knows; 0: the newest has.",
                )
                .with_unit("s")
                .build(),
            failures: meter
                .u64_counter("aval.audit.witness.failures")
                .with_description("Times that a witness did not cosign as it should, by reason.")
                .build(),
            conflict: meter
                .u64_gauge("aval.audit.witness.conflict")
                .with_description(
                    "Whether a witness saw what the log does not continue: it was forked, or went \
                     back.",
                )
                .build(),
        }
    }

    /// For how long the newest checkpoint lacks witnesses; none: it has enough.
    pub(crate) fn behind(&self, lag: Option<Duration>) {
        self.lag.record(lag.unwrap_or_default().as_secs_f64(), &[]);
    }

    /// A witness did not cosign as it should.
    pub(crate) fn failed(&self, witness: &str, reason: &'static str) {
        let named = KeyValue::new("witness", witness.to_owned());
        self.failures
            .add(1, &[named, KeyValue::new("reason", reason)]);
    }

    /// Whether what a witness saw is at odds with the log.
    pub(crate) fn conflict(&self, witness: &str, is_one: bool) {
        let named = KeyValue::new("witness", witness.to_owned());
        self.conflict.record(u64::from(is_one), &[named]);
    }
}

/// Where lists are read, of a service that has a standby.
#[derive(Debug, Clone)]
pub(crate) struct ListMetrics {
    reads: Counter<u64>,
}

impl ListMetrics {
    pub(crate) fn new() -> Self {
        let reads = meter()
            .u64_counter("aval.audit.lists.read")
            .with_description("Reads of lists, by whether the standby or the primary was read.")
            .build();
        Self { reads }
    }

    /// The standby had everything.
    pub(crate) fn at_standby(&self) {
        self.reads.add(1, &[KeyValue::new("from", "standby")]);
    }

    /// It lagged, or was away.
    pub(crate) fn at_primary(&self) {
        self.reads.add(1, &[KeyValue::new("from", "primary")]);
    }
}
