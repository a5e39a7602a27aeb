//! What a process says about itself: logs, traces, metrics.
//!
//! Logs go to the standard error. Metrics can always be read as Prometheus text
//! ([`metrics::text`]); with an OTLP endpoint they are pushed as well, and traces
//! with them. No metadata value, token, name or message body is ever said.

pub mod metrics;
mod otlp;
mod rpc;
mod trace_parent;

pub use otlp::TelemetryError;
pub(crate) use rpc::{CallRecord, MethodLabel, Side, enter};
pub use trace_parent::{InvalidTraceParent, TRACEPARENT, TraceId, TraceParent};

use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};

use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
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

static STARTED: AtomicBool = AtomicBool::new(false);
static TRACES_ARE_EXPORTED: AtomicBool = AtomicBool::new(false);

/// Starts logs, traces and metrics for the process. Call it once, early, inside
/// the asynchronous run time; later calls change nothing, so that several services
/// can live in one process.
pub fn init(config: &TelemetryConfig) -> Result<TelemetryGuard, TelemetryError> {
    start(config, std::io::stderr, is_terminal_with_colours())
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
    let filter: Targets =
        config
            .level
            .parse()
            .map_err(|error: tracing_subscriber::filter::ParseError| {
                TelemetryError::Level(error.to_string())
            })?;
    let filter = without_each_migration(filter, &config.level);
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

    let log = log_layer(config.log, log, coloured).map(|layer| layer.with_filter(filter));
    let spans = traces.as_ref().map(otlp::span_layer);
    tracing_subscriber::registry()
        .with(log)
        .with(spans.map(|layer| layer.with_filter(LevelFilter::INFO)))
        .try_init()
        .map_err(|_| TelemetryError::SubscriberTaken)?;
    if config.log != LogFormat::Off {
        std::panic::set_hook(Box::new(log_panic));
    }
    TRACES_ARE_EXPORTED.store(traces.is_some(), Ordering::Release);
    Ok(TelemetryGuard {
        traces,
        owns_metrics: true,
    })
}

/// The migrator says two lines of each step: those who migrate say one of all, and who wants
/// more asks for its target.
fn without_each_migration(filter: Targets, asked: &str) -> Targets {
    const MIGRATOR: &str = "sea_orm_migration";
    if asked.contains(MIGRATOR) {
        return filter;
    }
    filter.with_target(MIGRATOR, LevelFilter::WARN)
}

/// Whether spans leave the process, so that it is worth describing them.
pub(crate) fn traces_are_exported() -> bool {
    TRACES_ARE_EXPORTED.load(Ordering::Acquire)
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

fn log_layer<S, W>(
    format: LogFormat,
    log: W,
    coloured: bool,
) -> Option<Box<dyn Layer<S> + Send + Sync>>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(log)
        .with_ansi(coloured);
    match format {
        LogFormat::Readable => Some(layer.boxed()),
        LogFormat::Json => Some(layer.json().flatten_event(true).boxed()),
        LogFormat::Off => None,
    }
}

/// Colours are for people; a file or a pipe gets the bare text.
fn is_terminal_with_colours() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stderr().is_terminal() && !refused
}

/// Says where a panic happened and not what it said: its message may quote values.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic
        .location()
        .map_or_else(String::new, ToString::to_string);
    tracing::error!(panic.location = place, "a task panicked");
}

/// Fixes the type of the registry that the layers stand on.
const _: fn() -> Registry = tracing_subscriber::registry;
