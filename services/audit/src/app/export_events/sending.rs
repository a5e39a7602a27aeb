//! A file on its way to its reader: no longer than the reader takes it, is still who they were,
//! and the service goes on.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::{Stream, TryStreamExt as _};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::error::Error;

/// How many pieces wait for their reader.
const LONGEST_QUEUE: usize = 4;

/// The pieces of a file. It is whole when they end without an error.
#[derive(Debug)]
pub struct Export {
    pieces: mpsc::Receiver<Vec<u8>>,
    end: Option<oneshot::Receiver<Result<(), Error>>>,
}

/// What ends a file before its end.
pub(in crate::app) struct Bounds {
    /// How long a reader may take for a piece.
    pub(in crate::app) slowest: Duration,
    /// How long the person's token still holds; none: there is no end.
    pub(in crate::app) token_ends: Option<Duration>,
    pub(in crate::app) stopping: CancellationToken,
    /// Given back when the file has ended, whether its reader has read it or not.
    pub(in crate::app) place: OwnedSemaphorePermit,
}

/// Why there is nothing more to send.
enum End {
    Gone,
    Because(Error),
}

impl Bounds {
    /// Writes these pieces in a task of its own: a reader that does not read keeps neither a
    /// place nor the database.
    pub(super) fn send(
        self,
        pieces: impl Stream<Item = Result<Vec<u8>, Error>> + Send + 'static,
    ) -> Export {
        let (sender, received) = mpsc::channel(LONGEST_QUEUE);
        let (end, ended) = oneshot::channel();
        let task = async move {
            let done = match self.within(pieces, &sender).await {
                Ok(()) => Ok(()),
                Err(End::Because(error)) => Err(error),
                Err(End::Gone) => return,
            };
            // A reader that has gone away needs no reason.
            let _gone = end.send(done);
        };
        tokio::spawn(task.in_current_span());
        Export {
            pieces: received,
            end: Some(ended),
        }
    }

    async fn within(
        self,
        pieces: impl Stream<Item = Result<Vec<u8>, Error>> + Send,
        sender: &mpsc::Sender<Vec<u8>>,
    ) -> Result<(), End> {
        let token_ended = async {
            match self.token_ends {
                Some(left) => sleep(left).await,
                None => std::future::pending().await,
            }
        };
        let ended = tokio::select! {
            biased;
            () = self.stopping.cancelled() => Err(End::Because(Error::Stopping)),
            () = token_ended => Err(End::Because(Error::TokenEnded)),
            () = sender.closed() => Err(End::Gone),
            done = write(pieces, sender, self.slowest) => done,
        };
        drop(self.place);
        ended
    }
}

async fn write(
    pieces: impl Stream<Item = Result<Vec<u8>, Error>> + Send,
    sender: &mpsc::Sender<Vec<u8>>,
    slowest: Duration,
) -> Result<(), End> {
    let mut pieces = pin!(pieces);
    while let Some(piece) = pieces.try_next().await.map_err(End::Because)? {
        match timeout(slowest, sender.reserve()).await {
            Ok(Ok(free)) => free.send(piece),
            Ok(Err(_)) => return Err(End::Gone),
            Err(_) => {
                tracing::info!("a reader of a file was too slow");
                return Err(End::Because(Error::ReaderTooSlow));
            }
        }
    }
    Ok(())
}

impl Stream for Export {
    type Item = Result<Vec<u8>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(piece) = ready!(self.pieces.poll_recv(cx)) {
            return Poll::Ready(Some(Ok(piece)));
        }
        let Some(end) = &mut self.end else {
            return Poll::Ready(None);
        };
        // A task that said nothing panicked, which the log tells.
        let ended = ready!(Pin::new(end).poll(cx)).unwrap_or(Err(Error::Stopping));
        self.end = None;
        Poll::Ready(ended.err().map(Err))
    }
}
