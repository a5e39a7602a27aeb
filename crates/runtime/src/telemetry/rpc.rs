//! What is measured of every call, under the stable OpenTelemetry conventions for
//! RPC: `rpc.server.call.duration` and `rpc.client.call.duration`, in seconds.
//!
//! One attribute of the conventions is left out: `rpc.method_original`, what an unknown method
//! was called. A caller could say anything by it.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use aval_proto::common::v1::ErrorReason;
use opentelemetry::metrics::Histogram;
use opentelemetry::trace::{Status, TraceContextExt};
use opentelemetry::{Context, KeyValue};
use tonic::Code;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{TraceParent, metrics, refusals};
use crate::call::Call;
use crate::status::reason_name;

/// The target of the spans of calls.
pub(super) const TARGET: &str = module_path!();

/// What `rpc.system.name` is of every call.
const SYSTEM: &str = "grpc";

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

    /// Spans of what nobody knows have the name of the protocol.
    const fn span_name(self) -> &'static str {
        match self.0.as_bytes() {
            b"_OTHER" => SYSTEM,
            _ => self.0,
        }
    }
}

/// What this process calls, as it is configured: its instances share it.
#[derive(Debug, Clone)]
pub(crate) struct Callee {
    address: Arc<str>,
    port: u16,
}

impl Callee {
    pub(crate) fn new(address: &str, port: u16) -> Self {
        Self {
            address: address.into(),
            port,
        }
    }
}

/// Which end of the call is measured.
#[derive(Debug)]
enum End {
    Server(Call),
    Client(Callee),
}

/// The upper bounds of the buckets, in seconds: those of the conventions, and finer
/// ones below for calls that are answered from memory.
const BOUNDS: [f64; 19] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5,
    0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

fn durations(end: &End) -> &'static Histogram<f64> {
    static SERVER: OnceLock<Histogram<f64>> = OnceLock::new();
    static CLIENT: OnceLock<Histogram<f64>> = OnceLock::new();
    let (instrument, name) = match end {
        End::Server(_) => (&SERVER, "rpc.server.call.duration"),
        End::Client(_) => (&CLIENT, "rpc.client.call.duration"),
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
    end: End,
    method: MethodLabel,
    span: Span,
    began: Instant,
    reason: Option<&'static str>,
    ended: bool,
}

impl CallRecord {
    /// A call that is being served.
    pub(crate) fn of_served(call: Call, span: Span) -> Self {
        Self::begin(End::Server(call), call.method, span)
    }

    /// A call that is being made.
    pub(crate) fn of_made(method: MethodLabel, callee: Callee, span: Span) -> Self {
        Self::begin(End::Client(callee), method, span)
    }

    fn begin(end: End, method: MethodLabel, span: Span) -> Self {
        Self {
            end,
            method,
            span,
            began: Instant::now(),
            reason: None,
            ended: false,
        }
    }

    /// It will be answered with an error for this reason.
    pub(crate) fn refused_for(mut self, reason: ErrorReason) -> Self {
        self.reason = Some(reason_name(reason));
        self
    }

    /// The call was answered with this code; with an error for this reason, unless it is known
    /// already.
    pub(crate) fn answered(&mut self, code: Code, reason: impl FnOnce() -> &'static str) {
        let is_refusal = code != Code::Ok && matches!(self.end, End::Server(_));
        if is_refusal && !self.ended {
            refusals::count(self.method, self.reason.unwrap_or_else(reason));
        }
        self.end(code);
    }

    /// Works for the call: in its span, and as a part of it.
    pub(crate) fn scope<T>(&self, work: impl FnOnce() -> T) -> T {
        self.span.in_scope(|| match self.end {
            End::Server(call) => call.sync_scope(work),
            End::Client(_) => work(),
        })
    }

    /// The call ended with this code. What comes after counts no more.
    pub(crate) fn end(&mut self, code: Code) {
        if self.ended {
            return;
        }
        self.ended = true;
        let is_error = is_error(&self.end, code);
        self.measure(code, is_error);
        if !self.span.is_disabled() {
            let code_name = code_name(code);
            self.span.set_attribute("rpc.status_code", code_name);
            if is_error {
                self.span.set_attribute("error.type", code_name);
                self.span.set_status(Status::error(""));
            }
        }
    }

    fn measure(&self, code: Code, is_error: bool) {
        let code_name = code_name(code);
        let [system, method, status, error] = [
            KeyValue::new("rpc.system.name", SYSTEM),
            KeyValue::new("rpc.method", self.method.as_str()),
            KeyValue::new("rpc.status_code", code_name),
            KeyValue::new("error.type", code_name),
        ];
        let seconds = self.began.elapsed().as_secs_f64();
        let histogram = durations(&self.end);
        // What only errors have comes last.
        let record = |attributes: &[KeyValue]| {
            let without = attributes.len() - usize::from(!is_error);
            histogram.record(seconds, &attributes[..without]);
        };
        match &self.end {
            End::Server(_) => record(&[system, method, status, error]),
            End::Client(callee) => {
                let address = KeyValue::new("server.address", Arc::clone(&callee.address));
                let port = KeyValue::new("server.port", i64::from(callee.port));
                record(&[system, method, status, address, port, error]);
            }
        }
    }
}

impl Drop for CallRecord {
    fn drop(&mut self) {
        self.end(Code::Cancelled);
    }
}

/// The span of a call that is served below `parent` and recorded, and the call's place in its
/// trace: the span's own, or the parent's if nobody takes the span.
pub(crate) fn enter_served(
    method: MethodLabel,
    parent: Option<TraceParent>,
) -> (Span, Option<TraceParent>) {
    // It is for a collector alone; the log knows of the call by itself.
    let span = || {
        tracing::info_span!(
            "rpc",
            otel.name = method.span_name(),
            otel.kind = "server",
            rpc.system.name = SYSTEM,
            rpc.method = method.as_str(),
        )
    };
    enter(span, parent)
}

/// The same of a call that is made.
pub(crate) fn enter_made(
    method: MethodLabel,
    callee: &Callee,
    parent: Option<TraceParent>,
) -> (Span, Option<TraceParent>) {
    let span = || {
        tracing::info_span!(
            "rpc",
            otel.name = method.span_name(),
            otel.kind = "client",
            rpc.system.name = SYSTEM,
            rpc.method = method.as_str(),
            server.address = &*callee.address,
            server.port = i64::from(callee.port),
        )
    };
    enter(span, parent)
}

fn enter(span: impl FnOnce() -> Span, parent: Option<TraceParent>) -> (Span, Option<TraceParent>) {
    let span = span();
    if let Some(parent) = parent {
        let context = Context::new().with_remote_span_context(parent.remote_span());
        // It fails for a span that nobody records, which needs no parent.
        let _ = span.set_parent(context);
    }
    let own = TraceParent::of_span(span.context().span().span_context()).or(parent);
    (span, own)
}

/// A server's error is its own failure; a client's error is any refusal.
const fn is_error(end: &End, code: Code) -> bool {
    match code {
        Code::Ok => false,
        Code::Unknown
        | Code::DeadlineExceeded
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => true,
        _ => matches!(end, End::Client(_)),
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
