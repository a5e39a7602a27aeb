//! Tells those who follow who turned out to be whom.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use aval_domain::time::{Clock, Timestamp};
use aval_runtime::context::RequestContext;
use futures::Stream;
use futures::stream::unfold;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{App, follow_merges};
use crate::error::Error;
use crate::merge::{MergeChange, MergeCursor};
use crate::store::Store;

/// How many are read at once. Nothing more is held for a watcher, however slow.
const READ_AT_ONCE: u64 = 200;
/// How often the store is asked. Merges are rare, and the question costs one row.
const POLL: Duration = Duration::from_secs(1);
/// After how much silence a sign of life is sent.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What a watcher is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchedMerge {
    /// What changed; `None`: there is nothing more at the moment.
    pub change: Option<MergeChange>,
    /// Where to go on after it.
    pub cursor: MergeCursor,
    /// When it is told.
    pub now: Timestamp,
}

impl App {
    /// Tells every merge from there on, until `stop`, and at once when it told all that
    /// there are.
    pub async fn watch_merges(
        &self,
        cx: &RequestContext,
        cursor: MergeCursor,
        stop: CancellationToken,
    ) -> Result<impl Stream<Item = Result<WatchedMerge, Error>> + Send + use<>, Error> {
        follow_merges(cx)?;
        let first = self.store.merges_after(cursor, READ_AT_ONCE).await?;
        let first = first.ok_or(Error::CursorUnknown)?;
        let watcher = Watcher {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&cx.clock),
            stop,
            cursor,
            waiting: first.into(),
            silence_ends: Instant::now(),
            ended: false,
        };
        Ok(unfold(watcher, Watcher::next))
    }
}

/// Somebody who watches.
struct Watcher {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    /// After what they were told last.
    cursor: MergeCursor,
    waiting: VecDeque<MergeChange>,
    /// When a sign of life is due.
    silence_ends: Instant,
    ended: bool,
}

impl Watcher {
    async fn next(mut self) -> Option<(Result<WatchedMerge, Error>, Self)> {
        loop {
            if self.ended || self.stop.is_cancelled() {
                return None;
            }
            if let Some(change) = self.waiting.pop_front() {
                self.cursor = change.cursor;
                // That this was all is told at once.
                self.silence_ends = Instant::now();
                return Some(self.tell(Some(change)));
            }
            let read = self.store.merges_after(self.cursor, READ_AT_ONCE).await;
            match read.and_then(|read| read.ok_or(Error::CursorUnknown)) {
                Ok(changes) => self.waiting = changes.into(),
                Err(error) => {
                    self.ended = true;
                    return Some((Err(error), self));
                }
            }
            if !self.waiting.is_empty() {
                continue;
            }
            if self.silence_ends <= Instant::now() {
                self.silence_ends = Instant::now() + HEARTBEAT;
                return Some(self.tell(None));
            }
            let pause = tokio::time::sleep(POLL);
            self.stop.run_until_cancelled(pause).await;
        }
    }

    fn tell(self, change: Option<MergeChange>) -> (Result<WatchedMerge, Error>, Self) {
        let watched = WatchedMerge {
            change,
            cursor: self.cursor,
            now: self.clock.now(),
        };
        (Ok(watched), self)
    }
}
