//! The metrics of the process.
//!
//! There is one registry. Whoever needs an instrument makes it from [`meter`];
//! [`text`] is what the ops listener answers to Prometheus.

use std::sync::OnceLock;

use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_otlp::MetricExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use prometheus::TextEncoder;

#[derive(Debug)]
struct Pipeline {
    registry: prometheus::Registry,
    provider: SdkMeterProvider,
}

static PIPELINE: OnceLock<Pipeline> = OnceLock::new();

/// Makes instruments. Without a [`super::init`] before, they are not pushed anywhere.
#[must_use]
pub fn meter() -> Meter {
    pipeline().provider.meter("aval")
}

/// Every metric in the Prometheus text format.
#[must_use]
pub fn text() -> String {
    let families = pipeline().registry.gather();
    TextEncoder::new()
        .encode_to_string(&families)
        .unwrap_or_else(|error| {
            tracing::warn!(%error, "the metrics could not be written");
            String::new()
        })
}

pub(super) fn start(resource: Resource, pushed: Option<MetricExporter>) {
    PIPELINE.get_or_init(|| build(Some(resource), pushed));
}

pub(super) fn flush() {
    if let Some(pipeline) = PIPELINE.get()
        && let Err(error) = pipeline.provider.force_flush()
    {
        tracing::warn!(%error, "the last metrics were not sent");
    }
}

fn pipeline() -> &'static Pipeline {
    PIPELINE.get_or_init(|| build(None, None))
}

fn build(resource: Option<Resource>, pushed: Option<MetricExporter>) -> Pipeline {
    let registry = prometheus::Registry::new();
    let mut provider = SdkMeterProvider::builder();
    let pulled = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .scope_info_enabled(false)
        .build();
    match pulled {
        Ok(pulled) => provider = provider.with_reader(pulled),
        Err(error) => tracing::error!(%error, "metrics cannot be read as Prometheus text"),
    }
    if let Some(resource) = resource {
        provider = provider.with_resource(resource);
    }
    if let Some(pushed) = pushed {
        provider = provider.with_reader(PeriodicReader::builder(pushed).build());
    }
    Pipeline {
        registry,
        provider: provider.build(),
    }
}
