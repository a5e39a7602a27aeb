//! Traces and metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aval_proto::audit::v1::transparency_service_client::TransparencyServiceClient;
use aval_proto::audit::v1::{GetCheckpointRequest, GetTileRequest};
use aval_runtime::condition::Condition;
use aval_runtime::config::OpsConfig;
use aval_runtime::ops::OpsServer;
use aval_runtime::vitals::Vitals;
use http::uri::PathAndQuery;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request};

use crate::stand::{Desk, Stand, reason};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn traced<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let parent = format!("00-{TRACE}-b7ad6b7169203331-01");
    request
        .metadata_mut()
        .insert("traceparent", parent.parse().unwrap());
    request
}

#[tokio::test]
async fn a_call_stands_in_its_callers_trace_and_so_do_the_calls_it_makes() {
    let second = Stand::start(&Desk::new(), |_| {}).await;
    let mut desk = Desk::new();
    desk.other = Some(second.client());
    let first = Stand::start(&desk, |_| {}).await;

    let answer = first
        .client()
        .get_checkpoint(traced(GetCheckpointRequest {}))
        .await
        .unwrap();
    assert_eq!(answer.into_inner().verifier_key, TRACE);
    let answer = first
        .client()
        .get_tile(traced(GetTileRequest::default()))
        .await
        .unwrap();
    assert_eq!(answer.into_inner().data, TRACE.as_bytes());
}

#[tokio::test]
async fn a_call_without_a_trace_begins_one_of_its_own() {
    let stand = Stand::start(&Desk::new(), |_| {}).await;
    let trace = async || {
        let answer = stand.client().get_checkpoint(GetCheckpointRequest {}).await;
        answer.unwrap().into_inner().verifier_key
    };
    let (one, two) = (trace().await, trace().await);
    assert_eq!((one.len(), two.len()), (32, 32));
    assert_ne!(one, two);
}

#[tokio::test]
async fn calls_are_measured_by_method_and_unknown_methods_have_one_name() {
    let stand = Stand::start(&Desk::new(), |_| {}).await;
    stand
        .client()
        .get_checkpoint(GetCheckpointRequest {})
        .await
        .unwrap();

    let mut client = tonic::client::Grpc::new(stand.channel("records"));
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/aval.audit.v1.TransparencyService/Guess");
    let codec = tonic_prost::ProstCodec::<GetCheckpointRequest, GetCheckpointRequest>::default();
    let answer = client
        .unary(Request::new(GetCheckpointRequest {}), path, codec)
        .await;
    let status = answer.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::Unimplemented, "NOT_IMPLEMENTED")
    );

    let text = aval_runtime::telemetry::metrics::text();
    let counted = |method: &str, code: &str| {
        text.lines().any(|line| {
            line.starts_with("rpc_server_call_duration_seconds_count")
                && line.contains("rpc_system_name=\"grpc\"")
                && line.contains(&format!("rpc_method=\"{method}\""))
                && line.contains(&format!("rpc_status_code=\"{code}\""))
        })
    };
    assert!(
        counted("aval.audit.v1.TransparencyService/GetCheckpoint", "OK"),
        "{text}"
    );
    assert!(counted("_OTHER", "UNIMPLEMENTED"), "{text}");
    let refused = |method: &str, reason: &str| {
        text.lines().any(|line| {
            line.starts_with("aval_rpc_refusals_total")
                && line.contains(&format!("rpc_method=\"{method}\""))
                && line.contains(&format!("reason=\"{reason}\""))
        })
    };
    assert!(refused("_OTHER", "NOT_IMPLEMENTED"), "{text}");
    let says_whom_it_called = |line: &str| {
        line.starts_with("rpc_client_call_duration_seconds_count")
            && line.contains("server_address=\"localhost\"")
            && line.contains("server_port=\"")
    };
    assert!(text.lines().any(says_whom_it_called), "{text}");
    assert!(!text.contains("Guess"), "{text}");
}

#[tokio::test]
async fn the_ops_listener_answers_life_readiness_and_metrics() {
    let config = OpsConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
    };
    let server = OpsServer::bind(&config).await.unwrap();
    let address = server.bound_address();
    let is_ready = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&is_ready);
    let condition = Condition::when(move || {
        let ready = asked.load(Ordering::SeqCst);
        Box::pin(async move { ready })
    });
    let vitals = Vitals::default();
    let condition = condition.while_alive(&vitals);
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(server.serve(condition, shutdown.clone()));

    aval_runtime::tls::install_crypto_provider();
    let get = async |path: &str| {
        let answer = reqwest::get(format!("http://{address}{path}"))
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(get("/live").await.0, 200);
    assert_eq!(get("/ready").await.0, 503);
    is_ready.store(true, Ordering::SeqCst);
    assert_eq!(get("/ready").await.0, 200);
    assert_eq!(get("/metrics").await.0, 200);
    assert_eq!(get("/").await.0, 404);
    let lost = vitals.spawn("lost", &shutdown, async {});
    lost.await.unwrap();
    assert_eq!(get("/live").await.0, 503);
    assert_eq!(get("/ready").await.0, 503);
    shutdown.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn a_client_is_refused_by_a_server_that_is_not_there() {
    let stand = Stand::start(&Desk::new(), |_| {}).await;
    let channel = stand.channel("records");
    stand.shutdown.cancel();
    stand.serving.await.unwrap();
    let mut client = TransparencyServiceClient::new(channel);
    let status = client
        .get_checkpoint(GetCheckpointRequest {})
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(reason(&status), "DEPENDENCY_UNAVAILABLE");
}
