//! Where the collector passes on what it was told: over HTTP, compressed, as collectors do.

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::{Arc, Mutex};

use aval::stack::Ports;
use aval_testing::ports::claim_port;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;

/// What was passed on; it is kept as long as the test lasts.
#[derive(Debug)]
pub(super) struct Received {
    port: u16,
    kept: Kept,
}

#[derive(Debug, Clone, Default)]
struct Kept {
    traces: Arc<Mutex<Vec<Vec<u8>>>>,
    metrics: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Received {
    /// Listens.
    pub(super) async fn start() -> Self {
        let port = claim_port().unwrap();
        let listener = TcpListener::bind(Ports::address(port)).await.unwrap();
        let kept = Kept::default();
        let routes = Router::new()
            .route("/v1/traces", post(keep_traces))
            .route("/v1/metrics", post(keep_metrics))
            .with_state(kept.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { port, kept }
    }

    /// Where to send to.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Every span, and which service's it is.
    pub(super) fn spans(&self) -> Vec<(String, Span)> {
        let mut spans = Vec::new();
        for message in self.kept.traces.lock().unwrap().iter() {
            let export = ExportTraceServiceRequest::decode(&**message).unwrap();
            for of_one in export.resource_spans {
                let service = service_of(of_one.resource.as_ref());
                let of_all = of_one.scope_spans.into_iter();
                let of_all = of_all.flat_map(|scope| scope.spans);
                spans.extend(of_all.map(|span| (service.clone(), span)));
            }
        }
        spans
    }

    /// The services whose calls were measured.
    pub(super) fn services_with_metrics(&self) -> BTreeSet<String> {
        let mut services = BTreeSet::new();
        for message in self.kept.metrics.lock().unwrap().iter() {
            let export = ExportMetricsServiceRequest::decode(&**message).unwrap();
            for of_one in export.resource_metrics {
                let mut scopes = of_one.scope_metrics.iter();
                let measures_calls = scopes.any(|scope| {
                    let mut metrics = scope.metrics.iter();
                    metrics.any(|metric| metric.name == "rpc.server.call.duration")
                });
                if measures_calls {
                    services.insert(service_of(of_one.resource.as_ref()));
                }
            }
        }
        services
    }

    /// Everything, as it was passed on.
    pub(super) fn everything(&self) -> Vec<u8> {
        let traces = self.kept.traces.lock().unwrap().concat();
        let metrics = self.kept.metrics.lock().unwrap().concat();
        [traces, metrics].concat()
    }
}

/// The text that an attribute has.
pub(super) fn text_of(attributes: &[KeyValue], key: &str) -> Option<String> {
    let mut of_key = attributes.iter().filter(|attribute| attribute.key == key);
    match of_key.next()?.value.as_ref()?.value.as_ref()? {
        any_value::Value::StringValue(text) => Some(text.clone()),
        _ => None,
    }
}

fn service_of(resource: Option<&Resource>) -> String {
    let name = resource.and_then(|resource| text_of(&resource.attributes, "service.name"));
    name.unwrap_or_default()
}

async fn keep_traces(State(kept): State<Kept>, compressed: Bytes) {
    kept.traces.lock().unwrap().push(unpacked(&compressed));
}

async fn keep_metrics(State(kept): State<Kept>, compressed: Bytes) {
    kept.metrics.lock().unwrap().push(unpacked(&compressed));
}

fn unpacked(compressed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut unpacking = GzDecoder::new(compressed);
    unpacking.read_to_end(&mut bytes).unwrap();
    bytes
}
