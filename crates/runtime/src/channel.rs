//! Channels to other services.

mod transport;

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use aval_proto::common::v1::ErrorReason;
use http::{Request, Response};
use tokio::time::{Instant, sleep_until};
use tonic::Status;
use tonic::body::Body;
use tower::Service;
use tracing::Instrument;

use crate::answer::{self, Limits};
use crate::config::PeerConfig;
use crate::methods::Methods;
use crate::status::{Causes, Refusal};
use crate::telemetry::{self, CallRecord, MethodLabel, Side, TRACEPARENT, TraceParent};
use crate::{call, deadline};

pub use crate::answer::AnswerBody;
pub use transport::ChannelError;
pub(crate) use transport::transport;

/// A channel to another service, for generated clients: `TrailServiceClient::new(channel)`.
/// Cheap to clone; clones share the connection.
///
/// A call carries the trace of the call that it is made for, and no more time than
/// that one has left. A unary call has at most the peer's configured deadline; one
/// that runs out of time answers `DEADLINE_EXCEEDED`, and one that does not get
/// through `UNAVAILABLE` with the reason `DEPENDENCY_UNAVAILABLE`.
#[derive(Debug, Clone)]
pub struct Channel {
    inner: tonic::transport::Channel,
    unary_deadline: Duration,
}

/// A channel that connects when it is first used, and again when the connection is
/// lost; the peer need not be there yet. Call it inside the asynchronous run time.
pub fn connect_lazy(peer: &PeerConfig) -> Result<Channel, ChannelError> {
    Ok(Channel {
        inner: transport(peer)?,
        unary_deadline: peer.deadline.get(),
    })
}

type AnswerFuture =
    Pin<Box<dyn Future<Output = Result<Response<AnswerBody>, tonic::transport::Error>> + Send>>;

impl Service<Request<Body>> for Channel {
    type Response = Response<AnswerBody>;
    type Error = tonic::transport::Error;
    type Future = AnswerFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> AnswerFuture {
        let method = Methods::known().find(request.uri().path());
        let label = method.map_or(MethodLabel::OTHER, |method| method.label);
        let is_streaming = method.is_some_and(|method| method.is_streaming);
        let span = enter_trace(&mut request, label);
        let deadline = self.limit(&mut request, is_streaming);
        let record = CallRecord::of_made(label, span.clone());

        // The clone that was polled ready is the one that is called.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        Box::pin(
            async move {
                let mut limits = Limits {
                    deadline: deadline.map(|deadline| Box::pin(sleep_until(deadline))),
                    ..Limits::default()
                };
                let answered = match &mut limits.deadline {
                    None => inner
                        .call(request)
                        .await
                        .map_err(|error| not_through(&error).into()),
                    Some(deadline) => tokio::select! {
                        biased;
                        () = deadline => Err(deadline::exceeded().into()),
                        answer = inner.call(request) => {
                            answer.map_err(|error| not_through(&error).into())
                        }
                    },
                };
                let answer = answered.unwrap_or_else(|status: Status| status.into_http());
                Ok(answer::watch(answer, record, limits))
            }
            .instrument(span),
        )
    }
}

impl Channel {
    /// Bounds the call by what its client set, by the call that it is made for, and, if
    /// it is unary, by the configuration.
    fn limit(&self, request: &mut Request<Body>, is_streaming: bool) -> Option<Instant> {
        let wait = [
            deadline::requested(request.headers()),
            call::remaining(),
            (!is_streaming).then_some(self.unary_deadline),
        ]
        .into_iter()
        .flatten()
        .min()?;
        request
            .headers_mut()
            .insert(deadline::GRPC_TIMEOUT, deadline::header(wait));
        Some(Instant::now() + wait)
    }
}

/// Puts the call into the trace that its client names, or else into that of the call
/// which it is made for.
fn enter_trace(request: &mut Request<Body>, label: MethodLabel) -> tracing::Span {
    let named = TraceParent::in_headers(request.headers());
    // The span of the call being served is the parent of this one by itself.
    let served = || call::current().filter(|_| !telemetry::traces_are_exported());
    let parent = named.or_else(|| Some(served()?.trace_parent));
    let (span, place) = telemetry::enter(Side::Client, label, parent);
    if let Some(place) = place {
        request.headers_mut().insert(TRACEPARENT, place.header());
    }
    span
}

/// What the caller learns of a call that did not get through. The cause goes to the
/// log, not on.
fn not_through(error: &tonic::transport::Error) -> Refusal {
    tracing::debug!(error = %Causes(error), "a call to another service did not get through");
    // The transport keeps the same deadline, and may notice first.
    if ran_out_of_time(error) {
        return deadline::exceeded();
    }
    Refusal::new(
        ErrorReason::DependencyUnavailable,
        "another service does not answer; nothing was decided",
    )
    .retry_after(Duration::from_secs(1))
}

fn ran_out_of_time(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<tonic::TimeoutExpired>() {
            return true;
        }
        cause = error.source();
    }
    false
}
