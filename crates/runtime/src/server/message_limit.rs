//! The largest message that a request may carry.

use std::pin::Pin;
use std::task::{Context, Poll};

use aval_proto::common::v1::ErrorReason;
use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use tonic::{Code, Status};

use crate::status::Refusal;

/// Passes a request's body on while its messages are small enough. A message that
/// says it is larger is refused before any of it is kept.
///
/// A body that its caller cut off ends in an error. Tonic would show it as a stream
/// that came to its end, and half an upload would pass for a whole one.
#[derive(Debug)]
pub(super) struct LimitedBody<B> {
    inner: B,
    messages: Messages,
}

/// Follows the frames of gRPC: a flag, a length of four bytes, then the message.
#[derive(Debug)]
struct Messages {
    limit: usize,
    header: [u8; 5],
    header_bytes: usize,
    remaining: usize,
}

impl<B> LimitedBody<B> {
    pub(super) fn new(inner: B, limit: usize) -> Self {
        let messages = Messages {
            limit,
            header: [0; 5],
            header_bytes: 0,
            remaining: 0,
        };
        Self { inner, messages }
    }
}

impl Messages {
    /// Looks at the next bytes; false if a message in them is too large.
    fn accept(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            if self.remaining > 0 {
                let passed = self.remaining.min(bytes.len());
                self.remaining -= passed;
                bytes = &bytes[passed..];
                continue;
            }
            let wanted = (5 - self.header_bytes).min(bytes.len());
            self.header[self.header_bytes..self.header_bytes + wanted]
                .copy_from_slice(&bytes[..wanted]);
            self.header_bytes += wanted;
            bytes = &bytes[wanted..];
            if self.header_bytes == 5 {
                let [_, length @ ..] = self.header;
                self.remaining = u32::from_be_bytes(length) as usize;
                self.header_bytes = 0;
                if self.remaining > self.limit {
                    return false;
                }
            }
        }
        true
    }
}

impl<B> HttpBody for LimitedBody<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let frame = match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(None) if this.inner.is_end_stream() => return Poll::Ready(None),
            Poll::Ready(None) => return Poll::Ready(Some(Err(cut_off().into()))),
            Poll::Ready(Some(Err(error))) => {
                let status = Status::from_error(error.into());
                let is_cut_off = status.code() == Code::Cancelled;
                return Poll::Ready(Some(Err(if is_cut_off {
                    cut_off().into()
                } else {
                    status
                })));
            }
            Poll::Ready(Some(Ok(frame))) => frame,
        };
        let is_accepted = frame
            .data_ref()
            .is_none_or(|data| this.messages.accept(data));
        Poll::Ready(Some(if is_accepted {
            Ok(frame)
        } else {
            Err(too_large().into())
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Nobody is there to read it; the handler is.
fn cut_off() -> Refusal {
    Refusal::new(
        ErrorReason::DependencyUnavailable,
        "the request was cut off before its end",
    )
}

/// No want of room, which would be told to come back: it is as large the next time.
fn too_large() -> Refusal {
    Refusal::new(
        ErrorReason::MessageTooLarge,
        "a message of the request is larger than this listener takes",
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn messages(limit: usize) -> Messages {
        LimitedBody::new((), limit).messages
    }

    fn framed(lengths: &[usize]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for &length in lengths {
            bytes.push(0);
            bytes.extend_from_slice(&u32::try_from(length).unwrap().to_be_bytes());
            bytes.resize(bytes.len() + length, 0xff);
        }
        bytes
    }

    /// A body of no bytes, ended by its caller or not.
    struct Ended {
        by_its_caller: bool,
        with: Option<Status>,
    }

    impl HttpBody for Ended {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            Poll::Ready(self.with.take().map(Err))
        }

        fn is_end_stream(&self) -> bool {
            self.by_its_caller
        }
    }

    #[test]
    fn a_request_that_is_cut_off_does_not_pass_for_one_that_ended() {
        let end_of = |by_its_caller, with| {
            let mut body = LimitedBody::new(
                Ended {
                    by_its_caller,
                    with,
                },
                10,
            );
            let mut cx = Context::from_waker(std::task::Waker::noop());
            match Pin::new(&mut body).poll_frame(&mut cx) {
                Poll::Ready(None) => None,
                Poll::Ready(Some(Err(status))) => Some(status.code()),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(end_of(true, None), None);
        assert_eq!(end_of(false, None), Some(Code::Unavailable));
        let cancelled = Some(Status::cancelled("reset"));
        assert_eq!(end_of(false, cancelled), Some(Code::Unavailable));
        let other = Some(Status::internal("a defect"));
        assert_eq!(end_of(false, other), Some(Code::Internal));
    }

    #[test]
    fn a_message_of_the_limit_passes_and_a_larger_one_does_not() {
        assert!(messages(10).accept(&framed(&[10, 0, 10])));
        assert!(!messages(10).accept(&framed(&[10, 11])));
        assert!(!messages(10).accept(&[0, 0xff, 0xff, 0xff, 0xff]));
    }

    proptest! {
        #[test]
        fn pieces_are_judged_like_the_whole(
            lengths in prop::collection::vec(0usize..40, 0..6),
            piece in 1usize..50,
        ) {
            let bytes = framed(&lengths);
            let mut in_pieces = messages(30);
            let accepted = bytes.chunks(piece).all(|chunk| in_pieces.accept(chunk));
            prop_assert_eq!(accepted, lengths.iter().all(|&length| length <= 30));
        }
    }
}
