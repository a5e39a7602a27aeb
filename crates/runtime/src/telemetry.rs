//! What a process says about itself: logs, traces, metrics.
//!
//! Logs go to the standard error. Metrics can always be read as Prometheus text
//! ([`metrics::text`]); with an OTLP endpoint they are pushed as well, and traces
//! with them. No metadata value, token, name or message body is ever said.

mod log;
pub mod metrics;
mod otlp;
mod panics;
mod refusals;
mod rpc;
mod sampling;
mod trace_parent;

pub use otlp::TelemetryError;
pub(crate) use refusals::{reason_in, reason_of};
pub(crate) use rpc::{CallRecord, Callee, MethodLabel, enter_made, enter_served};
pub(crate) use sampling::{records_below, records_from, records_unasked};
pub use trace_parent::{InvalidTraceParent, TRACEPARENT, TraceId, TraceParent};

use std::sync::atomic::{AtomicBool, Ordering};

use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use crate::config::{LogFormat, TelemetryConfig};

/// Keeps telemetry going; what is not sent yet is sent when it is dropped. That waits
/// for the collector: drop it last, in `main`, while the run time still runs.
#[derive(Debug)]
#[must_use = "telemetry ends when the guard is dropped"]
pub struct TelemetryGuard {
    traces: Option<SdkTracerProvider>,
    owns_metrics: bool,
}

/// What is wrong with what is asked of the log; nothing, if it can be.
pub(crate) fn check_level(asked: &str) -> Result<(), String> {
    match log::filter(asked) {
        Ok(_) => Ok(()),
        Err(TelemetryError::Level(problem)) => Err(problem),
        Err(other) => Err(other.to_string()),
    }
}

static STARTED: AtomicBool = AtomicBool::new(false);

/// Starts logs, traces and metrics for the process. Call it once, early, inside
/// the asynchronous run time; later calls change nothing, so that several services
/// can live in one process.
pub fn init(config: &TelemetryConfig) -> Result<TelemetryGuard, TelemetryError> {
    start(config, std::io::stderr, log::is_terminal_with_colours())
}

/// Like [`init`], with the log written elsewhere than to the standard error.
pub fn init_with_log<W>(config: &TelemetryConfig, log: W) -> Result<TelemetryGuard, TelemetryError>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    start(config, log, false)
}

fn start<W>(
    config: &TelemetryConfig,
    log: W,
    coloured: bool,
) -> Result<TelemetryGuard, TelemetryError>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let filter = log::filter(&config.level)?;
    let exporters = otlp::exporters(config)?;
    if STARTED.swap(true, Ordering::AcqRel) {
        return Ok(TelemetryGuard {
            traces: None,
            owns_metrics: false,
        });
    }
    let resource = otlp::resource(config);
    let (traces, pushed_metrics) = match exporters {
        Some(exporters) => (Some(exporters.traces), Some(exporters.metrics)),
        None => (None, None),
    };
    metrics::start(resource.clone(), pushed_metrics);
    let traces = traces.map(|exporter| otlp::tracer_provider(exporter, resource));

    let log = log::layer(config.log, log, coloured).map(|layer| layer.with_filter(filter));
    let spans = traces.as_ref().map(otlp::span_layer);
    tracing_subscriber::registry()
        .with(log)
        .with(spans.map(|layer| layer.with_filter(sampling::filter())))
        .try_init()
        .map_err(|_| TelemetryError::SubscriberTaken)?;
    panics::watch(config.log != LogFormat::Off);
    if traces.is_some() {
        sampling::start(config.trace_one_in.get());
    }
    Ok(TelemetryGuard {
        traces,
        owns_metrics: true,
    })
}

impl Drop for TelemetryGuard {
    fn drop(&mut self) {
        if let Some(traces) = &self.traces
            && let Err(error) = traces.shutdown()
        {
            tracing::warn!(%error, "the last traces were not sent");
        }
        if self.owns_metrics {
            metrics::flush();
        }
    }
}

/// Fixes the type of the registry that the layers stand on.
const _: fn() -> Registry = tracing_subscriber::registry;
