//! What a connection sends: gathered while it is polled, written once afterwards.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// So many bytes wait at most; then what writes waits for the socket.
const MOST: usize = 64 * 1024;
/// A buffer that grew beyond this is given back once it is empty: most connections are
/// silent most of the time.
const KEPT: usize = 16 * 1024;

/// A socket whose writes are gathered.
///
/// HTTP/2 hands over every longer frame on its own and flushes it, so that each answer
/// is a system call, and wakes its reader. Gathered, all answers that are ready leave
/// together. A handshake wants each of its flights sent at once, hence [`gather`].
///
/// [`gather`]: Outgoing::gather
pub struct Socket<R, W> {
    reads: R,
    outgoing: Outgoing<W>,
}

/// The writing side of a [`Socket`], shared with whoever sends what was gathered.
pub struct Outgoing<W>(Arc<Mutex<Waiting<W>>>);

struct Waiting<W> {
    writes: W,
    gathers: bool,
    bytes: Vec<u8>,
    /// How many of the bytes are sent already.
    sent: usize,
    /// Why sending failed, until the protocol is told.
    failed: Option<io::Error>,
}

impl<R, W: AsyncWrite + Unpin> Socket<R, W> {
    /// Writes at once, until it is told to gather.
    pub fn new(reads: R, writes: W) -> Self {
        let waiting = Waiting {
            writes,
            gathers: false,
            bytes: Vec::new(),
            sent: 0,
            failed: None,
        };
        let outgoing = Outgoing(Arc::new(Mutex::new(waiting)));
        Self { reads, outgoing }
    }

    /// Its writing side.
    pub fn outgoing(&self) -> Outgoing<W> {
        Outgoing(Arc::clone(&self.outgoing.0))
    }
}

impl<W: AsyncWrite + Unpin> Outgoing<W> {
    /// From now on nothing leaves before [`Self::poll_send`], or before more than can
    /// wait is written, or the end.
    pub fn gather(&self) {
        self.waiting().gathers = true;
    }

    /// Sends what was gathered, as far as the socket takes it; wakes the task when it
    /// takes more, or when sending failed, which the next write then says.
    pub fn poll_send(&self, cx: &mut Context<'_>) {
        let mut waiting = self.waiting();
        if let Poll::Ready(Err(error)) = waiting.poll_send(cx) {
            waiting.failed = Some(error);
            cx.waker().wake_by_ref();
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<W>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: AsyncWrite + Unpin> Waiting<W> {
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if !self.gathers {
            return Pin::new(&mut self.writes).poll_write_vectored(cx, slices);
        }
        if self.bytes.len() - self.sent >= MOST {
            ready!(self.poll_send(cx))?;
        }
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Err(error));
        }
        for slice in slices {
            self.bytes.extend_from_slice(slice);
        }
        Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()))
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.bytes.len() {
            let rest = &self.bytes[self.sent..];
            let sent = ready!(Pin::new(&mut self.writes).poll_write(cx, rest));
            match sent {
                Ok(0) => return self.end(io::ErrorKind::WriteZero.into()),
                Ok(sent) => self.sent += sent,
                Err(error) => return self.end(error),
            }
        }
        self.forget();
        Poll::Ready(Ok(()))
    }

    /// Nothing more can be sent.
    fn end(&mut self, error: io::Error) -> Poll<io::Result<()>> {
        self.forget();
        Poll::Ready(Err(error))
    }

    fn forget(&mut self) {
        self.sent = 0;
        self.bytes.clear();
        self.bytes.shrink_to(KEPT);
    }
}

impl<R: AsyncRead + Unpin, W: Unpin> AsyncRead for Socket<R, W> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.reads).poll_read(cx, into)
    }
}

impl<R: Unpin, W: AsyncWrite + Unpin> AsyncWrite for Socket<R, W> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.outgoing.waiting().poll_write(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut waiting = self.outgoing.waiting();
        if waiting.gathers {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut waiting.writes).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut waiting = self.outgoing.waiting();
        ready!(waiting.poll_send(cx))?;
        Pin::new(&mut waiting.writes).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::task::Waker;

    use proptest::prelude::*;
    use tokio::io::{AsyncWriteExt, Empty};

    use super::*;

    /// A peer that takes so many bytes at a time, as it was told: 0 makes it wait.
    #[derive(Debug, Default)]
    struct Peer {
        takes: VecDeque<usize>,
        received: Arc<Mutex<Vec<u8>>>,
        writes: Arc<Mutex<usize>>,
        broken: bool,
    }

    impl AsyncWrite for Peer {
        fn poll_write(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            if self.broken {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            let taken = match self.takes.pop_front() {
                Some(0) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(most) => most.min(bytes.len()),
                None => bytes.len(),
            };
            *self.writes.lock().unwrap() += 1;
            let mut received = self.received.lock().unwrap();
            received.extend_from_slice(&bytes[..taken]);
            Poll::Ready(Ok(taken))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn gathering(peer: Peer) -> (Socket<Empty, Peer>, Outgoing<Peer>) {
        let socket = Socket::new(tokio::io::empty(), peer);
        let outgoing = socket.outgoing();
        outgoing.gather();
        (socket, outgoing)
    }

    fn send(outgoing: &Outgoing<Peer>) {
        outgoing.poll_send(&mut Context::from_waker(Waker::noop()));
    }

    #[tokio::test]
    async fn a_handshake_is_written_at_once_and_answers_together() {
        let peer = Peer::default();
        let (received, writes) = (Arc::clone(&peer.received), Arc::clone(&peer.writes));
        let mut socket = Socket::new(tokio::io::empty(), peer);
        socket.write_all(b"hello").await.unwrap();
        assert_eq!(*writes.lock().unwrap(), 1);
        let outgoing = socket.outgoing();
        outgoing.gather();
        for _ in 0..10 {
            socket.write_all(b"answer").await.unwrap();
            socket.flush().await.unwrap();
        }
        assert_eq!(received.lock().unwrap().len(), 5);
        send(&outgoing);
        assert_eq!(*writes.lock().unwrap(), 2);
        assert_eq!(received.lock().unwrap().len(), 65);
    }

    #[tokio::test]
    async fn who_takes_nothing_makes_what_writes_wait() {
        let peer = Peer {
            takes: VecDeque::from([0; 3]),
            ..Peer::default()
        };
        let received = Arc::clone(&peer.received);
        let (mut socket, outgoing) = gathering(peer);
        socket.write_all(&vec![1; MOST]).await.unwrap();
        let mut cx = Context::from_waker(Waker::noop());
        let more = Pin::new(&mut socket).poll_write(&mut cx, b"more");
        assert!(more.is_pending());
        send(&outgoing);
        socket.write_all(b"more").await.unwrap();
        socket.shutdown().await.unwrap();
        assert_eq!(received.lock().unwrap().len(), MOST + 4);
    }

    #[tokio::test]
    async fn who_left_is_told_to_the_next_write() {
        let peer = Peer {
            broken: true,
            ..Peer::default()
        };
        let (mut socket, outgoing) = gathering(peer);
        socket.write_all(b"answer").await.unwrap();
        send(&outgoing);
        let told = socket.write_all(b"answer").await.unwrap_err();
        assert_eq!(told.kind(), io::ErrorKind::BrokenPipe);
    }

    #[tokio::test]
    async fn a_buffer_that_grew_is_given_back() {
        let (mut socket, outgoing) = gathering(Peer::default());
        socket.write_all(&vec![1; MOST]).await.unwrap();
        send(&outgoing);
        assert!(outgoing.waiting().bytes.capacity() <= KEPT);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Write(usize),
        Send,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![(0..40_000_usize).prop_map(Step::Write), Just(Step::Send)];
        prop::collection::vec(step, 0..20)
    }

    proptest! {
        #[test]
        fn every_byte_arrives_once_and_in_order(
            steps in steps(),
            takes in prop::collection::vec(0..30_000_usize, 0..40),
        ) {
            let peer = Peer { takes: takes.into(), ..Peer::default() };
            let received = Arc::clone(&peer.received);
            let (mut socket, outgoing) = gathering(peer);
            let mut written = Vec::new();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                for (number, step) in steps.iter().enumerate() {
                    match step {
                        Step::Send => send(&outgoing),
                        Step::Write(length) => {
                            let bytes: Vec<u8> = (0..=250).cycle().skip(number).take(*length).collect();
                            socket.write_all(&bytes).await.unwrap();
                            written.extend(bytes);
                        }
                    }
                }
                socket.shutdown().await.unwrap();
            });
            prop_assert!(*received.lock().unwrap() == written);
        }
    }
}
