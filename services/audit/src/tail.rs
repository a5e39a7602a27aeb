//! The end of the log, where those who wait for their events are woken.
//!
//! One task an instance looks at what is new and wakes only those whom it concerns, so
//! that a thousand watchers cost one small query a batch and not a thousand. It looks
//! after each commit of its own process, and every now and then for those of others.
//!
//! ```text
//! t0  a watcher subscribes            t2  it reads its events up to here, and waits
//! t1  (the log grows)                 t3  the task looks, and wakes it if t1 was missed
//! ```
//!
//! A task that had nobody to look for does not know what it missed: it then wakes
//! everybody once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aval_database::DatabaseError;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::query::Scope;
use crate::store::{MOST_NEWS, Store};

/// How often to look for what other processes have written.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Wakes those who wait for somebody's events. Cloning gives another handle on the same.
#[derive(Debug, Clone)]
pub struct Tail {
    store: Arc<dyn Store>,
    waiting: Arc<Mutex<HashMap<Scope, watch::Sender<()>>>>,
}

impl Tail {
    /// The end of this log. [`Tail::run`] has to run for anybody to be woken.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            waiting: Arc::default(),
        }
    }

    /// Changes after there may be something new in this list.
    #[must_use]
    pub fn subscribe(&self, scope: Scope) -> watch::Receiver<()> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = waiting.entry(scope).or_default();
        sender.subscribe()
    }

    /// Looks for what is new until `stopping`.
    pub async fn run(self, stopping: CancellationToken) {
        let mut commits = self.store.commits();
        // The place up to which everybody who waits has been told; none: nobody waited.
        let mut told = None;
        loop {
            match self.look(told).await {
                Ok(next) => told = next,
                Err(error) => tracing::warn!(%error, "the end of the log was not read"),
            }
            tokio::select! {
                () = stopping.cancelled() => return,
                Ok(()) = commits.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn look(&self, told: Option<u64>) -> Result<Option<u64>, DatabaseError> {
        if !self.anybody_waits() {
            return Ok(None);
        }
        let Some(mut next) = told else {
            let size = self.store.size().await?;
            self.wake(|_| true);
            return Ok(Some(size));
        };
        loop {
            let news = self.store.news_from(next).await?;
            self.wake(|scope| news.scopes.contains(scope));
            if news.next < next + MOST_NEWS {
                return Ok(Some(news.next));
            }
            next = news.next;
        }
    }

    /// Forgets those who have gone.
    fn anybody_waits(&self) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, sender| sender.receiver_count() > 0);
        !waiting.is_empty()
    }

    fn wake(&self, concerned: impl Fn(&Scope) -> bool) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let concerned = waiting.iter().filter(|(scope, _)| concerned(scope));
        for (_, sender) in concerned {
            sender.send_replace(());
        }
    }
}
