//! Events as they are recorded.

mod feed;
mod places;

pub use feed::{Watch, WatchItem, WatchNews};

use std::sync::Arc;
use std::time::Duration;

use aval_database::requests::fingerprint;
use aval_runtime::context::RequestContext;
use aval_runtime::page::PageTokenInvalid;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::App;
use super::export_events::Bounds;
use super::trace_reading::reader;
use super::withheld::Kept;
use crate::config::WatchConfig;
use crate::error::Error;
use crate::query::{Filter, Scope, WatchEvents, WatchStart};
use crate::store::Store;
use crate::tail::Tail;
use feed::{Feed, Pace};
use places::Places;

/// How many follow what is found at once: each instance of the one service that may is one.
const MOST_FOLLOWERS: usize = 32;

/// What those share who are sent something for as long as they read it: watchers, and readers
/// of files.
#[derive(Debug)]
pub struct Watching {
    tail: Tail,
    places: Places,
    exports: Places,
    followers: Places,
    pace: Pace,
    stopping: CancellationToken,
}

impl Watching {
    /// Watchers within these bounds, until `stopping`. `tail` has to run.
    #[must_use]
    pub fn new(tail: Tail, config: &WatchConfig, stopping: CancellationToken) -> Self {
        Self {
            tail,
            places: Places::new(config.most, config.most_per_reader),
            exports: Places::new(config.most_exports, config.most_exports_per_reader),
            followers: Places::new(MOST_FOLLOWERS, MOST_FOLLOWERS),
            pace: Pace {
                heartbeat: config.heartbeat.get(),
                slowest: config.slowest_reader.get(),
            },
            stopping,
        }
    }

    /// A place for one more file.
    pub(super) fn export(&self, cx: &RequestContext) -> Result<Bounds, Error> {
        Ok(Bounds {
            slowest: self.pace.slowest,
            token_ends: time_left(cx),
            stopping: self.stopping.clone(),
            place: self.exports.take(cx)?,
        })
    }

    /// A place for one more who follows what is found.
    pub(super) fn follower(&self, cx: &RequestContext) -> Result<OwnedSemaphorePermit, Error> {
        self.followers.take(cx)
    }

    /// Cancelled when the service stops.
    pub(super) const fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }
}

impl App {
    /// Sends the events of a person, the oldest first, from a cursor on and then as they
    /// are recorded. When somebody else than the patient watches, that is traced first.
    /// Whoever watches as treating doctor is sent nothing more once they are none.
    ///
    /// The watch ends with an error, whatever happens: the token's end, the service's,
    /// or a reader that is too slow. Whoever comes back with the cursor of the last item
    /// misses nothing and sees nothing twice.
    pub async fn watch_events(
        &self,
        cx: &RequestContext,
        command: WatchEvents,
    ) -> Result<Watch, Error> {
        let reading = self.reading(cx, command.patient_id).await?;
        let scope = reading.scope;
        let digest = digest(scope, &command.filter);
        let cursor = match command.start {
            WatchStart::Now => None,
            WatchStart::Oldest => Some(0),
            WatchStart::After(cursor) => Some(self.place_in(&cursor, &digest, cx)?),
        };
        let watching = &self.watching;
        let place = watching.places.take(cx)?;
        // Whoever subscribes before reading cannot miss what comes in between.
        let woken = watching.tail.subscribe(scope);
        let from = match cursor {
            Some(from) => from,
            None => self.store.size().await?,
        };
        self.trace_reading(cx, reading.patient_id(), None, reading.ground())
            .await?;
        let feed = Feed {
            store: Arc::clone(&self.store) as Arc<dyn Store>,
            page_tokens: Arc::clone(&self.page_tokens),
            clock: Arc::clone(&cx.clock),
            digest,
            reading,
            filter: command.filter,
            hiding: Kept::default(),
            from,
            woken,
            token_ends: time_left(cx),
            stopping: watching.stopping.clone(),
            pace: watching.pace,
            place,
        };
        Ok(feed.start(reader(cx)))
    }

    fn place_in(
        &self,
        cursor: &str,
        digest: &[u8],
        cx: &RequestContext,
    ) -> Result<u64, PageTokenInvalid> {
        let position = self.page_tokens.open(cursor, digest, cx.now)?;
        let position = position.try_into().map_err(|_| PageTokenInvalid)?;
        Ok(u64::from_be_bytes(position))
    }
}

/// How long the person's token still holds; none: there is no end.
fn time_left(cx: &RequestContext) -> Option<Duration> {
    let end = cx.token_expires_at?;
    Some(end.since(cx.clock.now()))
}

/// What a cursor is sealed for: this method, these events, nobody else's.
fn digest(scope: Scope, filter: &Filter) -> [u8; 32] {
    let method = ["audit.watch_events".to_owned(), scope.text()];
    fingerprint(method.into_iter().chain(filter.texts()))
}
