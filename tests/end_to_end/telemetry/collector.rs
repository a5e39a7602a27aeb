//! A collector of traces and metrics on this machine, which keeps what it is sent.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use aval_runtime::config::{LogFormat, TelemetryConfig};
use aval_runtime::telemetry::{self, TelemetryGuard};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};
use tracing_subscriber::fmt::MakeWriter;

/// A collector; it goes with the test.
#[derive(Debug)]
pub(crate) struct Collector {
    address: SocketAddr,
    received: Received,
}

#[derive(Debug, Clone, Default)]
struct Received {
    traces: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
    metrics: Arc<Mutex<Vec<ExportMetricsServiceRequest>>>,
}

impl Collector {
    /// Listens.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Received::default();
        let server = Server::builder()
            .add_service(TraceServiceServer::new(received.clone()))
            .add_service(MetricsServiceServer::new(received.clone()));
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        Self { address, received }
    }

    /// The telemetry of a process that exports to this collector.
    fn telemetry(&self) -> TelemetryConfig {
        TelemetryConfig {
            otlp_endpoint: Some(format!("http://{}", self.address)),
            trace_one_in: NonZeroU32::MIN,
            ..TelemetryConfig::default()
        }
    }

    /// Lets this process export to this collector, without a log.
    pub(crate) fn begin(&self) -> TelemetryGuard {
        let config = TelemetryConfig {
            log: LogFormat::Off,
            ..self.telemetry()
        };
        telemetry::init(&config).unwrap()
    }

    /// Lets this process export to this collector, and log everything but traces.
    pub(crate) fn begin_with_log<W>(&self, log: W) -> TelemetryGuard
    where
        W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
    {
        let config = TelemetryConfig {
            level: "debug".to_owned(),
            ..self.telemetry()
        };
        // A service's log says where a panic happened; a test says why it failed.
        let hook = std::panic::take_hook();
        let guard = telemetry::init_with_log(&config, log).unwrap();
        std::panic::set_hook(hook);
        guard
    }

    /// Waits until the process has sent what it had to send.
    pub(crate) async fn all_sent(&self, guard: TelemetryGuard) {
        // Dropping it waits for the collector, which needs this task's thread.
        let sent = tokio::task::spawn_blocking(|| drop(guard));
        sent.await.unwrap();
    }

    /// Every span that arrived.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let exports = self.received.traces.lock().unwrap();
        let resources = exports.iter().flat_map(|export| &export.resource_spans);
        let scopes = resources.flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    /// Every trace that arrived, as it arrived.
    pub(crate) fn trace_bytes(&self) -> Vec<u8> {
        let exports = self.received.traces.lock().unwrap();
        exports.iter().flat_map(Message::encode_to_vec).collect()
    }

    /// Every metric that arrived, as it arrived.
    pub(crate) fn metric_bytes(&self) -> Vec<u8> {
        let exports = self.received.metrics.lock().unwrap();
        exports.iter().flat_map(Message::encode_to_vec).collect()
    }
}

#[tonic::async_trait]
impl TraceService for Received {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.traces.lock().unwrap().push(request.into_inner());
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Received {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.metrics.lock().unwrap().push(request.into_inner());
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}
