//! The body of an answer, watched until its end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderMap, Response};
use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use tokio::time::Sleep;
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::body::Body;
use tonic::{Code, Status};

use crate::deadline;
use crate::status::Refusal;
use crate::telemetry::{self, CallRecord};

/// Passes an answer on and records how it ended. Ends it itself, with a status,
/// when its time runs out, when it panics, or when it is told to stop.
#[derive(Debug)]
pub struct AnswerBody {
    inner: Body,
    record: CallRecord,
    deadline: Option<Pin<Box<Sleep>>>,
    stop: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    has_ended: bool,
}

/// What may end an answer before its end.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    /// When it has taken too long.
    pub(crate) deadline: Option<Pin<Box<Sleep>>>,
    /// When its connection is over; or the server drains, for answers that never end by
    /// themselves.
    pub(crate) stop: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

/// Watches this answer. An answer whose headers hold its status is recorded at once.
pub(crate) fn watch(
    answer: Response<Body>,
    mut record: CallRecord,
    limits: Limits,
) -> Response<AnswerBody> {
    if let Some(code) = code_in(answer.headers()) {
        record.answered(code, || telemetry::reason_in(answer.headers()));
    }
    answer.map(|inner| AnswerBody {
        inner,
        record,
        deadline: limits.deadline,
        stop: limits.stop,
        has_ended: false,
    })
}

/// The code that headers or trailers hold.
pub(crate) fn code_in(headers: &HeaderMap) -> Option<Code> {
    headers
        .get("grpc-status")
        .map(|code| Code::from_bytes(code.as_bytes()))
}

impl AnswerBody {
    /// Whether the answer has taken too long.
    fn is_too_late(&mut self, cx: &mut Context<'_>) -> bool {
        let deadline = self.deadline.as_mut();
        deadline.is_some_and(|deadline| deadline.as_mut().poll(cx).is_ready())
    }

    /// Whether the answer is told to stop.
    fn must_stop(&mut self, cx: &mut Context<'_>) -> bool {
        let stop = self.stop.as_mut();
        stop.is_some_and(|stop| stop.as_mut().poll(cx).is_ready())
    }

    /// Ends the answer with this status.
    fn end_with(&mut self, status: &Status) -> Frame<Bytes> {
        self.has_ended = true;
        self.inner = Body::empty();
        self.record
            .answered(status.code(), || telemetry::reason_of(status));
        let mut trailers = HeaderMap::new();
        if status.add_header(&mut trailers).is_err() {
            // A status whose text is no header: its code says enough.
            let code = Status::new(status.code(), "");
            code.add_header(&mut trailers)
                .expect("a bare code is a header");
        }
        Frame::trailers(trailers)
    }
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        if this.has_ended {
            return Poll::Ready(None);
        }
        if this.is_too_late(cx) {
            return Poll::Ready(Some(Ok(this.end_with(&deadline::exceeded().into()))));
        }
        let inner = &mut this.inner;
        let poll = || catch_unwind(AssertUnwindSafe(|| Pin::new(inner).poll_frame(cx)));
        let polled = this.record.scope(poll);
        match polled {
            // What is ready goes out first: the last word of a health watch is that the
            // service stops.
            Ok(Poll::Pending) if this.must_stop(cx) => {
                Poll::Ready(Some(Ok(this.end_with(&over().into()))))
            }
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(Some(Ok(frame)))) => {
                if let Some(trailers) = frame.trailers_ref()
                    && let Some(code) = code_in(trailers)
                {
                    this.record
                        .answered(code, || telemetry::reason_in(trailers));
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Ok(Poll::Ready(Some(Err(status)))) => {
                this.record
                    .answered(status.code(), || telemetry::reason_of(&status));
                Poll::Ready(Some(Err(status)))
            }
            Ok(Poll::Ready(None)) => {
                this.has_ended = true;
                this.record.end(Code::Unknown);
                Poll::Ready(None)
            }
            Err(_) => Poll::Ready(Some(Ok(this.end_with(&panicked().into())))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The end of a stream whose connection, or server, ends: it goes on over another.
fn over() -> Refusal {
    Refusal::new(
        aval_proto::common::v1::ErrorReason::DependencyUnavailable,
        "this connection ends; go on over another",
    )
}

/// The answer of a handler that panicked. Where it did stands in the log already.
pub(crate) fn panicked() -> Refusal {
    Refusal::new(
        aval_proto::common::v1::ErrorReason::Internal,
        "the service failed; the request id finds the cause in its logs",
    )
}
