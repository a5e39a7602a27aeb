//! What changes in the directory, from a position on and for as long as somebody
//! watches.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use aval_domain::time::{Clock, Timestamp};
use aval_runtime::context::RequestContext;
use futures::Stream;
use futures::stream::unfold;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{App, read_directory};
use crate::change::{Change, ChangePosition};
use crate::error::Error;
use crate::store::Store;

/// How many changes are read at once. Nothing more is held for a watcher, however slow:
/// the next ones are read when these are taken.
const READ_AT_ONCE: u64 = 200;

/// From where somebody watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchFrom {
    /// From the very first change.
    Start,
    /// From now on.
    Now,
    /// After this change.
    After(ChangePosition),
}

/// How long somebody watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchUntil {
    /// For as long as they like.
    Stopped,
    /// Until nothing remains to be told, which they are told last.
    CaughtUp,
}

/// What somebody watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchWhat {
    /// Every change.
    Everything,
    /// Merges, and those that were taken back.
    Merges,
}

/// What a watcher is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// What changed; `None`: nothing, and this instance is alive.
    pub change: Option<Change>,
    /// Where to go on after it.
    pub position: ChangePosition,
    /// When it is told.
    pub now: Timestamp,
}

/// How watching goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchSettings {
    /// How often the store is asked when nothing ticks.
    pub poll: Duration,
    /// After how much silence a sign of life is sent.
    pub heartbeat: Duration,
}

impl App {
    /// Tells every change of what is watched from there on, until `stop`, or until nothing
    /// remains to be told. Whoever watches from now on is told at once that nothing
    /// happened, so that they have a position.
    pub async fn watch_changes(
        &self,
        cx: &RequestContext,
        from: WatchFrom,
        what: WatchWhat,
        until: WatchUntil,
        stop: CancellationToken,
    ) -> Result<impl Stream<Item = Result<Watched, Error>> + Send + 'static, Error> {
        read_directory(cx)?;
        // Subscribed before the first read: what is committed in between ticks.
        let commits = self.store.commits();
        let newest = self.store.newest_revision().await?;
        let position = match from {
            WatchFrom::Start => ChangePosition::START,
            WatchFrom::Now => ChangePosition::end_of(newest),
            WatchFrom::After(position) if position.revision > newest => {
                return Err(Error::CursorUnknown);
            }
            WatchFrom::After(position) => position,
        };
        let settings = self.settings.watch;
        let silence_ends = match from {
            WatchFrom::Now => Instant::now(),
            WatchFrom::Start | WatchFrom::After(_) => Instant::now() + settings.heartbeat,
        };
        let watcher = Watcher {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&cx.clock),
            settings,
            what,
            until,
            stop,
            commits,
            position,
            waiting: VecDeque::new(),
            silence_ends,
            ended: false,
        };
        Ok(unfold(watcher, Watcher::next))
    }
}

/// Somebody who watches.
struct Watcher {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    settings: WatchSettings,
    what: WatchWhat,
    until: WatchUntil,
    stop: CancellationToken,
    commits: watch::Receiver<u64>,
    /// What they were told last.
    position: ChangePosition,
    waiting: VecDeque<(ChangePosition, Change)>,
    /// When a sign of life is due.
    silence_ends: Instant,
    ended: bool,
}

impl Watcher {
    async fn next(mut self) -> Option<(Result<Watched, Error>, Self)> {
        loop {
            if self.ended || self.stop.is_cancelled() {
                return None;
            }
            if let Some((position, change)) = self.waiting.pop_front() {
                self.position = position;
                return Some(self.tell(Some(change)));
            }
            self.commits.mark_unchanged();
            match self.read().await {
                Ok(changes) if changes.is_empty() => {
                    if self.until == WatchUntil::CaughtUp {
                        self.ended = true;
                        return Some(self.tell(None));
                    }
                }
                Ok(changes) => {
                    self.waiting = changes.into();
                    continue;
                }
                Err(error) => {
                    self.ended = true;
                    return Some((Err(error), self));
                }
            }
            if self.silence_ends <= Instant::now() {
                return Some(self.tell(None));
            }
            self.wait().await;
        }
    }

    async fn read(&self) -> Result<Vec<(ChangePosition, Change)>, Error> {
        let (store, position) = (&self.store, self.position);
        match self.what {
            WatchWhat::Everything => store.changes_after(position, READ_AT_ONCE).await,
            WatchWhat::Merges => store.merges_after(position, READ_AT_ONCE).await,
        }
    }

    fn tell(mut self, change: Option<Change>) -> (Result<Watched, Error>, Self) {
        self.silence_ends = Instant::now() + self.settings.heartbeat;
        let watched = Watched {
            change,
            position: self.position,
            now: self.clock.now(),
        };
        (Ok(watched), self)
    }

    /// Until something may have changed, or a sign of life is due, or the instance
    /// stops.
    async fn wait(&mut self) {
        let poll = (Instant::now() + self.settings.poll).min(self.silence_ends);
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep_until(poll) => {}
            Ok(()) = self.commits.changed() => {}
        }
    }
}
