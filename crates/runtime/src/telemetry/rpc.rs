//! What is measured of every call, under the stable OpenTelemetry conventions for
//! RPC: `rpc.server.call.duration` and `rpc.client.call.duration`, in seconds.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use opentelemetry::metrics::Histogram;
use opentelemetry::trace::{Status, TraceContextExt};
use opentelemetry::{Context, KeyValue, Value};
use tonic::Code;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{TraceParent, metrics};

/// `package.Service/Method`, or `_OTHER` for what the contract does not know: a
/// caller must not be able to fill the metrics with names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MethodLabel(Arc<str>);

impl MethodLabel {
    pub(crate) fn known(name: &str) -> Self {
        Self(Arc::from(name))
    }

    pub(crate) fn other() -> Self {
        static OTHER: OnceLock<MethodLabel> = OnceLock::new();
        OTHER.get_or_init(|| Self::known("_OTHER")).clone()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which end of the call is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Server,
    Client,
}

/// The upper bounds of the buckets, in seconds: those of the conventions, and finer
/// ones below for calls that are answered from memory.
const BOUNDS: [f64; 19] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5,
    0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

fn durations(side: Side) -> &'static Histogram<f64> {
    static SERVER: OnceLock<Histogram<f64>> = OnceLock::new();
    static CLIENT: OnceLock<Histogram<f64>> = OnceLock::new();
    let (instrument, name) = match side {
        Side::Server => (&SERVER, "rpc.server.call.duration"),
        Side::Client => (&CLIENT, "rpc.client.call.duration"),
    };
    instrument.get_or_init(|| {
        metrics::meter()
            .f64_histogram(name)
            .with_unit("s")
            .with_boundaries(BOUNDS.to_vec())
            .build()
    })
}

/// One call, measured when it ends. A call that nobody ends was cancelled by its
/// caller: that is measured too.
#[derive(Debug)]
pub(crate) struct CallRecord {
    side: Side,
    method: MethodLabel,
    span: Span,
    began: Instant,
    ended: bool,
}

impl CallRecord {
    pub(crate) fn begin(side: Side, method: MethodLabel, span: Span) -> Self {
        Self {
            side,
            method,
            span,
            began: Instant::now(),
            ended: false,
        }
    }

    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// The call ended with this code. What comes after counts no more.
    pub(crate) fn end(&mut self, code: Code) {
        if self.ended {
            return;
        }
        self.ended = true;
        let code_name = code_name(code);
        let method = Value::String(Arc::clone(&self.method.0).into());
        let attributes = [
            KeyValue::new("rpc.system.name", "grpc"),
            KeyValue::new("rpc.method", method),
            KeyValue::new("rpc.response.status_code", code_name),
            KeyValue::new("error.type", code_name),
        ];
        let is_error = is_error(self.side, code);
        let attributes = if is_error {
            &attributes[..]
        } else {
            &attributes[..3]
        };
        durations(self.side).record(self.began.elapsed().as_secs_f64(), attributes);
        if super::traces_are_exported() {
            for attribute in attributes {
                self.span
                    .set_attribute(attribute.key.clone(), attribute.value.clone());
            }
            if is_error {
                self.span.set_status(Status::error(""));
            }
        }
    }
}

impl Drop for CallRecord {
    fn drop(&mut self) {
        self.end(Code::Cancelled);
    }
}

/// The span of a call below `parent`, and the call's place in its trace: the span's
/// own where it is recorded, the parent's otherwise.
pub(crate) fn enter(
    side: Side,
    method: &MethodLabel,
    parent: Option<TraceParent>,
) -> (Span, Option<TraceParent>) {
    let span = call_span(side, method, parent);
    if !super::traces_are_exported() {
        return (span, parent);
    }
    if let Some(parent) = parent {
        let context = Context::new().with_remote_span_context(parent.remote_span());
        // It fails for a span that nobody records, which needs no parent.
        let _ = span.set_parent(context);
    }
    let own = TraceParent::of_span(span.context().span().span_context()).or(parent);
    if let Some(own) = own {
        // A line of the log leads to the trace, and a refusal's id to the line.
        span.record("trace_id", tracing::field::display(own.trace_id));
    }
    (span, own)
}

/// It is described for a collector only when there is one.
fn call_span(side: Side, method: &MethodLabel, parent: Option<TraceParent>) -> Span {
    let method = method.as_str();
    match (side, super::traces_are_exported()) {
        (Side::Server, true) => {
            tracing::info_span!(
                "rpc",
                otel.name = method,
                otel.kind = "server",
                trace_id = tracing::field::Empty
            )
        }
        (Side::Client, true) => {
            tracing::info_span!("rpc", otel.name = method, otel.kind = "client")
        }
        (Side::Server, false) => tracing::info_span!(
            "rpc",
            rpc.method = method,
            trace_id = parent.map(|parent| tracing::field::display(parent.trace_id))
        ),
        (Side::Client, false) => Span::none(),
    }
}

/// A server's error is its own failure; a client's error is any refusal.
fn is_error(side: Side, code: Code) -> bool {
    match code {
        Code::Ok => false,
        Code::Unknown
        | Code::DeadlineExceeded
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => true,
        _ => side == Side::Client,
    }
}

/// The name that the gRPC specification gives to a code.
pub(crate) const fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
