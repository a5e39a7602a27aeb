//! What the service counts and measures, for operators.

use std::time::Duration;

use aval_runtime::environment::Environment;
use aval_runtime::telemetry::metrics::meter;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge};
use tokio_util::sync::CancellationToken;

use crate::app::{App, FreshnessReport};
use crate::import::ImportState;

/// How often the age of the sources is measured.
const EVERY: Duration = Duration::from_secs(30);

/// What imports count.
#[derive(Debug, Clone)]
pub(crate) struct ImportMetrics {
    imports: Counter<u64>,
    alarms: Counter<u64>,
}

impl ImportMetrics {
    pub(crate) fn new() -> Self {
        let meter = meter();
        Self {
            imports: meter
                .u64_counter("aval.directory.imports")
                .with_description("Imports that came into a state, by that state.")
                .build(),
            alarms: meter
                .u64_counter("aval.directory.import.alarms")
                .with_description(
                    "Imports held because they would change or deactivate more practitioners \
                     than the alarm share.",
                )
                .build(),
        }
    }

    /// An import came into this state.
    pub(crate) fn came_into(&self, state: ImportState) {
        self.imports.add(1, &[KeyValue::new("state", state.code())]);
    }

    /// An import is alarming.
    pub(crate) fn alarm(&self) {
        self.alarms.add(1, &[]);
    }
}

/// What reading single people counts.
#[derive(Debug, Clone)]
pub(crate) struct ReadingMetrics(Counter<u64>);

impl ReadingMetrics {
    pub(crate) fn new() -> Self {
        let read = meter()
            .u64_counter("aval.directory.people.read")
            .with_description("People who were read one by one, by where from.")
            .build();
        Self(read)
    }

    /// Somebody was read from there.
    pub(crate) fn read(&self, from: &'static str) {
        self.0.add(1, &[KeyValue::new("from", from)]);
    }
}

/// What searches for people count.
#[derive(Debug, Clone)]
pub(crate) struct SearchMetrics(Counter<u64>);

impl SearchMetrics {
    pub(crate) fn new() -> Self {
        let shown = meter()
            .u64_counter("aval.directory.searches.shown")
            .with_description(
                "Searches for people that were answered, by where what they show was read from.",
            )
            .build();
        Self(shown)
    }

    /// What a search shows was read from there.
    pub(crate) fn shown(&self, from: &'static str) {
        self.0.add(1, &[KeyValue::new("from", from)]);
    }
}

/// Measures how old the sources are, and says so when one gets too old.
#[derive(Debug)]
pub(crate) struct FreshnessGauges {
    age: Gauge<f64>,
    stale: Gauge<u64>,
    changes: Gauge<u64>,
}

impl FreshnessGauges {
    pub(crate) fn new() -> Self {
        let meter = meter();
        Self {
            age: meter
                .f64_gauge("aval.directory.source.age")
                .with_description("How old the file in use of a source is.")
                .with_unit("s")
                .build(),
            stale: meter
                .u64_gauge("aval.directory.source.stale")
                .with_description(
                    "1: a source is older than the alarm age, or was never imported; 0: it is not.",
                )
                .build(),
            changes: meter
                .u64_gauge("aval.directory.source.changes")
                .with_description("Practitioners that the import in use of a source changed.")
                .build(),
        }
    }

    /// Measures until `shutdown`.
    pub(crate) async fn run(
        self,
        app: &App,
        environment: &Environment,
        shutdown: CancellationToken,
    ) {
        let for_ever = async {
            let mut was_too_old = false;
            loop {
                match app.judge_freshness(environment.clock.now()).await {
                    Ok(report) => {
                        let is_too_old = self.record(&report);
                        if is_too_old && !was_too_old {
                            tracing::error!("the directory is older than the alarm age");
                        }
                        was_too_old = is_too_old;
                    }
                    Err(error) => tracing::warn!(%error, "the directory's age was not measured"),
                }
                tokio::time::sleep(EVERY).await;
            }
        };
        shutdown.run_until_cancelled(for_ever).await;
    }

    /// Whether what one of the sources gave is too old. A directory that nothing was
    /// imported into yet has no age: only the gauge tells of it.
    fn record(&self, report: &FreshnessReport) -> bool {
        for (source, age) in report.freshness.sources.iter().zip(&report.ages) {
            let of_source = [KeyValue::new("source", source.source.name())];
            if let Some(age) = age.age {
                self.age.record(age.as_secs_f64(), &of_source);
            }
            self.stale.record(u64::from(age.is_stale), &of_source);
            self.changes.record(source.changed_count, &of_source);
        }
        let mut ages = report.ages.iter();
        ages.any(|age| age.is_stale && age.age.is_some())
    }
}
