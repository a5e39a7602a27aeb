//! One watcher's task: it reads ahead of its reader by a few items and no more.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aval_domain::time::{Clock, Timestamp};
use aval_runtime::page::PageTokens;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};
use tokio_stream::Stream;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::super::erased::Listed;
use super::super::reading::{Reading, require_treating_doctor};
use super::super::withheld::Kept;
use crate::entry::{Altered, StoredEntry};
use crate::error::Error;
use crate::query::{Filter, Onward};
use crate::sentence::Reader;
use crate::store::Store;

/// How many items wait for their reader.
const LONGEST_QUEUE: usize = 64;

/// How many events are read at once.
const EVENTS_PER_READ: u64 = 100;

/// One item, and the way on from it.
#[derive(Debug, Clone)]
pub struct WatchItem {
    /// What.
    pub news: WatchNews,
    /// To go on after this item.
    pub cursor: String,
}

/// An event, or a sign of life.
#[derive(Debug, Clone)]
pub enum WatchNews {
    /// An event.
    Event(Listed),
    /// Nothing more for now.
    Heartbeat {
        /// By this service's clock.
        at: Timestamp,
        /// The newest signed checkpoint.
        checkpoint: String,
    },
}

/// The items of one watcher. The last is always an error.
#[derive(Debug)]
pub struct Watch {
    /// For whom events are put into words.
    pub reader: Reader,
    items: mpsc::Receiver<WatchItem>,
    end: Option<oneshot::Receiver<Error>>,
}

/// When signs of life are given, and how long a reader may take for one item.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) heartbeat: Duration,
    pub(super) slowest: Duration,
}

pub(super) struct Feed {
    pub(super) store: Arc<dyn Store>,
    pub(super) page_tokens: Arc<PageTokens>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) digest: [u8; 32],
    pub(super) reading: Reading,
    pub(super) filter: Filter,
    pub(super) hiding: Kept,
    /// The next place of the log that was not sent.
    pub(super) from: u64,
    pub(super) woken: watch::Receiver<()>,
    pub(super) token_ends: Option<Duration>,
    pub(super) stopping: CancellationToken,
    pub(super) pace: Pace,
    /// Given back when the task ends.
    pub(super) place: OwnedSemaphorePermit,
}

impl Feed {
    /// Runs the feed in a task of its own, which ends with its reader.
    pub(super) fn start(self, reader: Reader) -> Watch {
        let (items, received) = mpsc::channel(LONGEST_QUEUE);
        let (end, ended) = oneshot::channel();
        let outlet = Outlet {
            items,
            slowest: self.pace.slowest,
        };
        let task = async move {
            if let Some(error) = self.run(&outlet).await {
                // A reader that has gone away needs no reason.
                let _gone = end.send(error);
            }
        };
        tokio::spawn(task.in_current_span());
        Watch {
            reader,
            items: received,
            end: Some(ended),
        }
    }

    /// Why it ended; none: the reader has gone.
    async fn run(mut self, outlet: &Outlet) -> Option<Error> {
        let (stopping, token_ends) = (self.stopping.clone(), self.token_ends);
        let token_ended = async {
            match token_ends {
                Some(left) => sleep(left).await,
                None => std::future::pending().await,
            }
        };
        let ended = tokio::select! {
            biased;
            () = stopping.cancelled() => Err(End::Because(Error::Stopping)),
            () = token_ended => Err(End::Because(Error::TokenEnded)),
            () = outlet.items.closed() => Err(End::Gone),
            ended = self.feed(outlet) => ended,
        };
        drop(self.place);
        match ended {
            Ok(never) => match never {},
            Err(End::Gone) => None,
            Err(End::Because(error)) => Some(error),
        }
    }

    async fn feed(&mut self, outlet: &Outlet) -> Result<std::convert::Infallible, End> {
        // The first beat is at once: a reader whose patient has no events has a cursor.
        let mut beats = interval(self.pace.heartbeat);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.woken.mark_unchanged();
            self.send_what_there_is(outlet).await?;
            tokio::select! {
                woken = self.woken.changed() => {
                    if woken.is_err() {
                        return Err(End::Because(Error::Stopping));
                    }
                }
                // A beat reads again as well: a call that went missing costs one beat.
                _ = beats.tick() => {
                    self.send_what_there_is(outlet).await?;
                    self.send_heartbeat(outlet).await?;
                }
            }
        }
    }

    async fn send_what_there_is(&mut self, outlet: &Outlet) -> Result<(), End> {
        loop {
            let size = self.size_to_skip().await?;
            let onward = Onward {
                scope: self.reading.scope,
                filter: self.filter.clone(),
                from: self.from,
                limit: EVENTS_PER_READ,
            };
            let stored = self.store.events_from(&onward).await?;
            if stored.is_empty() {
                self.from = self.from.max(size);
                return Ok(());
            }
            self.require_still().await?;
            let last = stored.last().map(|entry| entry.log_index);
            for event in self.told(stored).await? {
                let next = event.log_index() + 1;
                self.send(outlet, WatchNews::Event(event), next).await?;
            }
            // Beyond what is withheld from a list that is narrowed.
            self.from = last.map_or(self.from, |last| last + 1);
        }
    }

    /// How far the log goes, of which a narrowed list may leave out so much that to look at it
    /// again each time would take ever longer; of a whole list, which is read along its own index,
    /// nothing is to be skipped.
    async fn size_to_skip(&self) -> Result<u64, Error> {
        if self.filter.leaves_erased() {
            return Ok(0);
        }
        Ok(self.store.size().await?)
    }

    async fn told(&mut self, stored: Vec<StoredEntry>) -> Result<Vec<Listed>, Error> {
        let opened = stored.into_iter().map(StoredEntry::open);
        let events: Result<Vec<Listed>, _> = opened
            .map(|entry| Ok::<_, Altered>(Listed::Told(Box::new(entry?))))
            .collect();
        let (store, now) = (self.store.as_ref(), self.clock.now());
        let (reading, filter) = (&self.reading, &self.filter);
        let told = self.hiding.told_to(reading, filter, events?, store, now);
        told.await
    }

    /// Asks after what is to be sent was read: the log then tells at least as much as that.
    async fn require_still(&self) -> Result<(), End> {
        let (Some(doctor), Some(patient_id)) =
            (self.reading.treating_doctor, self.reading.patient_id())
        else {
            return Ok(());
        };
        let now = self.clock.now();
        require_treating_doctor(self.store.as_ref(), doctor, patient_id, now).await?;
        Ok(())
    }

    async fn send_heartbeat(&mut self, outlet: &Outlet) -> Result<(), End> {
        let checkpoint = self.store.checkpoint().await?.ok_or(Error::NotSigned)?;
        let at = self.clock.now();
        let news = WatchNews::Heartbeat { at, checkpoint };
        self.send(outlet, news, self.from).await
    }

    async fn send(&mut self, outlet: &Outlet, news: WatchNews, next: u64) -> Result<(), End> {
        let cursor = self
            .page_tokens
            .seal_for_good(&self.digest, &next.to_be_bytes());
        outlet.send(WatchItem { news, cursor }).await?;
        self.from = next;
        Ok(())
    }
}

/// Where the items leave.
struct Outlet {
    items: mpsc::Sender<WatchItem>,
    slowest: Duration,
}

enum End {
    Gone,
    Because(Error),
}

impl<E: Into<Error>> From<E> for End {
    fn from(error: E) -> Self {
        Self::Because(error.into())
    }
}

impl Outlet {
    /// Waits for the reader, for as long as a reader may take.
    async fn send(&self, item: WatchItem) -> Result<(), End> {
        let begun = Instant::now();
        match timeout(self.slowest, self.items.reserve()).await {
            Ok(Ok(free)) => {
                free.send(item);
                Ok(())
            }
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => {
                let waited_ms = begun.elapsed().as_millis();
                tracing::info!(waited_ms, "a reader of the trail was too slow");
                Err(End::Because(Error::ReaderTooSlow))
            }
        }
    }
}

impl Stream for Watch {
    type Item = Result<WatchItem, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(item) = ready!(self.items.poll_recv(cx)) {
            return Poll::Ready(Some(Ok(item)));
        }
        let Some(end) = &mut self.end else {
            return Poll::Ready(None);
        };
        // A task that said nothing panicked, which the log tells.
        let why = ready!(Pin::new(end).poll(cx)).unwrap_or(Error::Stopping);
        self.end = None;
        Poll::Ready(Some(Err(why)))
    }
}

#[cfg(test)]
mod tests {
    use tokio_stream::StreamExt as _;

    use super::*;

    fn item() -> WatchItem {
        WatchItem {
            news: WatchNews::Heartbeat {
                at: Timestamp::UNIX_EPOCH,
                checkpoint: String::new(),
            },
            cursor: String::new(),
        }
    }

    fn outlet() -> (Outlet, Watch, oneshot::Sender<Error>) {
        let (items, received) = mpsc::channel(LONGEST_QUEUE);
        let (end, ended) = oneshot::channel();
        let slowest = Duration::from_millis(20);
        let watch = Watch {
            reader: Reader::Holder,
            items: received,
            end: Some(ended),
        };
        (Outlet { items, slowest }, watch, end)
    }

    #[tokio::test]
    async fn a_reader_slower_than_the_bound_is_cut_off_after_what_it_was_sent() {
        let (outlet, mut watch, end) = outlet();
        let sent = tokio::spawn(async move {
            let mut count = 0;
            loop {
                match outlet.send(item()).await {
                    Ok(()) => count += 1,
                    Err(End::Because(error)) => {
                        end.send(error).unwrap();
                        return count;
                    }
                    Err(End::Gone) => panic!("the reader is there"),
                }
            }
        });
        let sent = sent.await.unwrap();
        assert_eq!(sent, LONGEST_QUEUE);
        for _ in 0..sent {
            assert!(watch.next().await.unwrap().is_ok());
        }
        let last = watch.next().await.unwrap();
        assert!(matches!(last, Err(Error::ReaderTooSlow)));
        assert!(watch.next().await.is_none());
    }

    #[tokio::test]
    async fn a_reader_that_has_gone_ends_the_feed() {
        let (outlet, watch, _end) = outlet();
        drop(watch);
        assert!(matches!(outlet.send(item()).await, Err(End::Gone)));
    }
}
