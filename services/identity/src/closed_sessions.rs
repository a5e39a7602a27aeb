//! The list of closed sessions, as it is published beside the keys of the tokens.

use std::sync::Arc;
use std::time::Duration;

use aval_domain::time::{Clock, Timestamp};
use aval_runtime::token::{
    CLOSED_SESSIONS_LISTED_FOR, ClosedSessionList, ClosedSessionSource, ClosedSessionsUnavailable,
};
use futures::future::BoxFuture;
use tokio::sync::Mutex;

use crate::error::Error;
use crate::store::Store;

/// The list is read again when it is older, however many ask for it.
const READ_AGAIN_AFTER: Duration = Duration::from_millis(250);

/// The list of closed sessions, read from the store at most four times a second.
#[derive(Debug)]
pub struct ClosedSessionFeed {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    read: Mutex<Option<Read>>,
}

/// A list, and when its reading began.
#[derive(Debug)]
struct Read {
    began: Timestamp,
    list: ClosedSessionList,
}

impl ClosedSessionFeed {
    /// The list of this store's sessions.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            read: Mutex::new(None),
        }
    }

    /// The list, with its age. Those who ask at once wait for one reading.
    async fn list(&self) -> Result<ClosedSessionList, Error> {
        let mut read = self.read.lock().await;
        let now = self.clock.now();
        // A clock that was set back makes no list young.
        let is_young = |read: &&Read| read.began <= now && now.since(read.began) < READ_AGAIN_AFTER;
        if let Some(young) = read.as_ref().filter(is_young) {
            return Ok(ClosedSessionList {
                age: now.since(young.began),
                sessions: young.list.sessions.clone(),
            });
        }
        let since = now.saturating_sub(CLOSED_SESSIONS_LISTED_FOR);
        let closed = self.store.sessions_closed_since(since).await?;
        let mut list = ClosedSessionList {
            age: Duration::ZERO,
            sessions: closed.into_iter().collect(),
        };
        *read = Some(Read {
            began: now,
            list: list.clone(),
        });
        list.age = self.clock.now().since(now);
        Ok(list)
    }
}

impl ClosedSessionSource for ClosedSessionFeed {
    fn fetch(&self) -> BoxFuture<'_, Result<ClosedSessionList, ClosedSessionsUnavailable>> {
        Box::pin(async {
            self.list().await.map_err(|error| {
                tracing::error!(%error, "the closed sessions were not read");
                ClosedSessionsUnavailable
            })
        })
    }
}
