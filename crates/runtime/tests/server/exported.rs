//! What leaves for a collector.

use std::convert::Infallible;
use std::net::SocketAddr;

use aval_proto::audit::v1::GetCheckpointRequest;
use aval_runtime::config::{LogFormat, TelemetryConfig};
use aval_runtime::telemetry;
use http::{HeaderMap, HeaderValue, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::sync::mpsc;
use tonic::Request;

use crate::stand::{Desk, PATIENCE, Stand};

const TRACE: u128 = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c;

/// An export: the method that was called and the message.
type Export = (String, Bytes);

/// A collector that takes every export and tells of it.
async fn collector() -> (SocketAddr, mpsc::UnboundedReceiver<Export>) {
    let (told, exports) = mpsc::unbounded_channel();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let told = told.clone();
            let take = service_fn(move |request: http::Request<Incoming>| {
                let told = told.clone();
                async move {
                    let path = request.uri().path().to_owned();
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    // Nobody listens any more when the test is over.
                    let _ = told.send((path, body));
                    Ok::<_, Infallible>(taken())
                }
            });
            let connection = http2::Builder::new(TokioExecutor::new());
            tokio::spawn(connection.serve_connection(TokioIo::new(stream), take));
        }
    });
    (address, exports)
}

/// An empty message and the status OK.
fn taken() -> Response<impl hyper::body::Body<Data = Bytes, Error = Infallible>> {
    let trailers = HeaderMap::from_iter([(
        http::HeaderName::from_static("grpc-status"),
        HeaderValue::from_static("0"),
    )]);
    let message = Full::new(Bytes::from_static(&[0; 5]));
    let mut answer = Response::new(message.with_trailers(async { Some(Ok(trailers)) }));
    let content_type = HeaderValue::from_static("application/grpc");
    answer.headers_mut().insert("content-type", content_type);
    answer
}

fn contains(message: &[u8], part: &[u8]) -> bool {
    message.windows(part.len()).any(|window| window == part)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spans_and_metrics_reach_the_collector_and_hold_no_secrets() {
    let (address, mut exports) = collector().await;
    let config = TelemetryConfig {
        service_name: "desk".to_owned(),
        log: LogFormat::Off,
        otlp_endpoint: Some(format!("http://{address}")),
        ..TelemetryConfig::default()
    };
    let guard = telemetry::init(&config).unwrap();
    let again = telemetry::init(&config).unwrap();

    let stand = Stand::start(&Desk::new(), |_| {}).await;
    let mut request = Request::new(GetCheckpointRequest {});
    let parent = format!("00-{TRACE:032x}-b7ad6b7169203331-01");
    request
        .metadata_mut()
        .insert("traceparent", parent.parse().unwrap());
    request
        .metadata_mut()
        .insert("authorization", "Bearer not-to-be-told".parse().unwrap());
    let refused = stand.client().get_checkpoint(request).await;
    assert!(refused.is_err(), "the token is no token");
    // Spans end with what they describe.
    stand.shutdown.cancel();
    stand.serving.await.unwrap();
    drop(again);
    tokio::task::spawn_blocking(|| drop(guard)).await.unwrap();

    let (mut spans, mut durations) = (None, None);
    while spans.is_none() || durations.is_none() {
        let next = tokio::time::timeout(PATIENCE, exports.recv()).await;
        let (path, message) = next.expect("traces and metrics are exported").unwrap();
        assert!(!contains(&message, b"not-to-be-told"));
        if path.ends_with("TraceService/Export") && contains(&message, &TRACE.to_be_bytes()) {
            spans = Some(message);
        } else if path.ends_with("MetricsService/Export") {
            durations = Some(message);
        }
    }
    let spans = spans.unwrap();
    let method = b"aval.audit.v1.TransparencyService/GetCheckpoint";
    for part in [
        method.as_slice(),
        b"rpc.status_code",
        b"UNAUTHENTICATED",
        b"desk",
        b"service.instance.id",
        b"service.version",
    ] {
        assert!(contains(&spans, part), "{}", String::from_utf8_lossy(part));
    }
    for absent in [b"code.file".as_slice(), b"thread.id", b"busy_ns"] {
        assert!(
            !contains(&spans, absent),
            "{}",
            String::from_utf8_lossy(absent)
        );
    }
    assert!(contains(&durations.unwrap(), b"rpc.server.call.duration"));
}

#[test]
fn a_level_that_is_none_is_refused() {
    let config = TelemetryConfig {
        level: "aval=enormous".to_owned(),
        ..TelemetryConfig::default()
    };
    assert!(telemetry::init(&config).is_err());
}

#[tokio::test]
async fn a_collector_elsewhere_is_not_spoken_to_in_clear() {
    let config = TelemetryConfig {
        otlp_endpoint: Some("http://collector.example:4317".to_owned()),
        ..TelemetryConfig::default()
    };
    assert!(telemetry::init(&config).is_err());
}
