//! A connection that lets its calls answer before it writes.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

use super::outgoing::Outgoing;

/// Polls a connection after everything else that is ready.
///
/// A run time polls a task soon after it is woken: a connection at once after the
/// first of its calls that has an answer, so that each answer is encrypted and written
/// alone. Here every waking costs one turn at the end of the queue; the calls that are
/// ready anyway answer meanwhile, and all their answers leave in one write. Where
/// nothing else is ready, that turn comes at once.
pub struct GiveWay<'a, F, W> {
    connection: F,
    outgoing: &'a Outgoing<W>,
    gave_way: bool,
}

impl<'a, F, W> GiveWay<'a, F, W> {
    /// Polls this, then sends what it wrote.
    pub const fn new(connection: F, outgoing: &'a Outgoing<W>) -> Self {
        Self {
            connection,
            outgoing,
            gave_way: false,
        }
    }
}

impl<F: Future + Unpin, W: AsyncWrite + Unpin> Future for GiveWay<'_, F, W> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        this.gave_way = !this.gave_way;
        if this.gave_way {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = Pin::new(&mut this.connection).poll(cx);
        this.outgoing.poll_send(cx);
        polled
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;
    use crate::server::outgoing::Socket;

    #[derive(Default)]
    struct Wakings(AtomicUsize);

    impl Wake for Wakings {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn every_waking_gives_way_once_and_is_never_lost() {
        let wakings = Arc::new(Wakings::default());
        let waker = Arc::clone(&wakings).into();
        let mut cx = Context::from_waker(&waker);
        let polls = AtomicUsize::new(0);
        let connection = std::future::poll_fn(|_| {
            if polls.fetch_add(1, Ordering::Relaxed) < 2 {
                Poll::Pending
            } else {
                Poll::Ready("closed")
            }
        });
        let socket = Socket::new(tokio::io::empty(), tokio::io::sink());
        let outgoing = socket.outgoing();
        let mut giving_way = GiveWay::new(connection, &outgoing);
        for waking in 1..=3 {
            assert!(Pin::new(&mut giving_way).poll(&mut cx).is_pending());
            assert_eq!(wakings.0.load(Ordering::Relaxed), waking);
            let polled = Pin::new(&mut giving_way).poll(&mut cx);
            assert_eq!(polled.is_ready(), waking == 3);
        }
        assert_eq!(polls.load(Ordering::Relaxed), 3);
    }
}
