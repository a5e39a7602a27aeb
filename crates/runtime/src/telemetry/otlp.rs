//! Traces and metrics to a collector, over OTLP.

use aval_domain::random::{self, SystemRandom};
use opentelemetry::trace::TracerProvider;
use opentelemetry::{Key, KeyValue};
use opentelemetry_otlp::{MetricExporter, SpanExporter, WithTonicConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, Tracer};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;

use crate::channel::{ChannelError, Transport};
use crate::config::TelemetryConfig;

/// Why telemetry cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `telemetry.level` is neither a level nor a list of directives.
    #[error("telemetry.level: {0}")]
    Level(String),
    /// `telemetry.otlp_endpoint` cannot be used.
    #[error("telemetry.otlp_endpoint")]
    Endpoint(#[from] ChannelError),
    /// An exporter cannot be built.
    #[error("the OTLP exporter cannot be built")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// Something else in the process collects its log already.
    #[error("the process has another log subscriber")]
    SubscriberTaken,
}

/// The attribute that tells the instances of a service apart.
const INSTANCE: &str = "service.instance.id";

pub(super) struct Exporters {
    pub(super) traces: SpanExporter,
    pub(super) metrics: MetricExporter,
}

pub(super) fn exporters(config: &TelemetryConfig) -> Result<Option<Exporters>, TelemetryError> {
    let Some(collector) = config.collector() else {
        return Ok(None);
    };
    let transport = Transport::new(&collector)?.connect_by_name();
    Ok(Some(Exporters {
        traces: SpanExporter::builder()
            .with_tonic()
            .with_channel(transport.clone())
            .build()?,
        metrics: MetricExporter::builder()
            .with_tonic()
            .with_channel(transport)
            .build()?,
    }))
}

/// Which process says it. The standard variable `OTEL_RESOURCE_ATTRIBUTES` names the instance
/// where it is set; without it each process has a name of chance, so that what two instances
/// say is never taken for one's.
pub(super) fn resource(config: &TelemetryConfig) -> Resource {
    let named = Resource::builder().build();
    let instance = named.get(&Key::from_static_str(INSTANCE)).map_or_else(
        || hex::encode(random::bytes::<16>(&SystemRandom)),
        |named| named.to_string(),
    );
    Resource::builder()
        .with_service_name(config.service_name.clone())
        .with_attributes([
            KeyValue::new(INSTANCE, instance),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        ])
        .build()
}

/// Samples as the standard variables `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` say;
/// by default every span that is made ([`super::sampling`]).
pub(super) fn tracer_provider(exporter: SpanExporter, resource: Resource) -> SdkTracerProvider {
    SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .build()
}

/// Without places in the source and without threads: they say how we build, not
/// what happened.
pub(super) fn span_layer<S>(provider: &SdkTracerProvider) -> OpenTelemetryLayer<S, Tracer>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
{
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("aval"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
}
