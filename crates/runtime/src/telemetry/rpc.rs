//! What is measured of every call, under the stable OpenTelemetry conventions for
//! RPC: `rpc.server.call.duration` and `rpc.client.call.duration`, in seconds.

use std::sync::OnceLock;
use std::time::Instant;

use opentelemetry::metrics::Histogram;
use opentelemetry::trace::{Status, TraceContextExt};
use opentelemetry::{Context, KeyValue};
use tonic::Code;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{TraceParent, metrics};
use crate::call::Call;

/// The target of the spans of calls.
pub(super) const TARGET: &str = module_path!();

/// `package.Service/Method`, or `_OTHER` for what the contract does not know: a
/// caller must not be able to fill the metrics with names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MethodLabel(&'static str);

impl MethodLabel {
    pub(crate) const OTHER: Self = Self("_OTHER");

    pub(crate) const fn known(name: &'static str) -> Self {
        Self(name)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        self.0
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
    served: Option<Call>,
    began: Instant,
    ended: bool,
}

impl CallRecord {
    /// A call that is being served.
    pub(crate) fn of_served(call: Call, span: Span) -> Self {
        Self::begin(Side::Server, call.method, span, Some(call))
    }

    /// A call that is being made.
    pub(crate) fn of_made(method: MethodLabel, span: Span) -> Self {
        Self::begin(Side::Client, method, span, None)
    }

    fn begin(side: Side, method: MethodLabel, span: Span, served: Option<Call>) -> Self {
        Self {
            side,
            method,
            span,
            served,
            began: Instant::now(),
            ended: false,
        }
    }

    /// Works for the call: in its span, and as a part of it.
    pub(crate) fn scope<T>(&self, work: impl FnOnce() -> T) -> T {
        self.span.in_scope(|| match self.served {
            Some(call) => call.sync_scope(work),
            None => work(),
        })
    }

    /// The call ended with this code. What comes after counts no more.
    pub(crate) fn end(&mut self, code: Code) {
        if self.ended {
            return;
        }
        self.ended = true;
        let code_name = code_name(code);
        let attributes = [
            KeyValue::new("rpc.system.name", "grpc"),
            KeyValue::new("rpc.method", self.method.as_str()),
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
/// own where it is recorded, the parent's otherwise. Without a collector there is none.
pub(crate) fn enter(
    side: Side,
    method: MethodLabel,
    parent: Option<TraceParent>,
) -> (Span, Option<TraceParent>) {
    if !super::traces_are_exported() {
        return (Span::none(), parent);
    }
    let span = call_span(side, method.as_str());
    if let Some(parent) = parent {
        let context = Context::new().with_remote_span_context(parent.remote_span());
        // It fails for a span that nobody records, which needs no parent.
        let _ = span.set_parent(context);
    }
    let own = TraceParent::of_span(span.context().span().span_context()).or(parent);
    (span, own)
}

/// It is for a collector alone; the log knows of the call by itself.
fn call_span(side: Side, method: &'static str) -> Span {
    let kind = match side {
        Side::Server => "server",
        Side::Client => "client",
    };
    tracing::info_span!("rpc", otel.name = method, otel.kind = kind)
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
