//! Follows the directory's changes, so that a professional who stops practising is signed
//! out when the directory knows it, and not when their software asks for the next token.
//!
//! What was done is remembered by a cursor in the database, now and then: doing it twice
//! changes nothing, so a cursor may be behind but never ahead. Every replica follows by
//! itself; whichever wrote last is right enough for all.

use std::sync::Arc;
use std::time::Duration;

use aval_domain::time::Timestamp;
use aval_runtime::caller::CallerId;
use aval_runtime::context::RequestContext;
use aval_runtime::environment::Environment;
use aval_runtime::following::{Attempt, Silence, follow};
use futures::StreamExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::directory::{NotFollowed, Told};
use crate::error::Error;
use crate::metrics::DirectoryMetrics;

/// So many changes at most are done together, if as many have come.
const DONE_AT_ONCE: usize = 200;
/// So many changes are done before it is remembered; a sign of life does it too.
const REMEMBERED_AFTER: usize = 200;
/// The directory gives a sign of life every few seconds; one that is silent for so long is
/// not there.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);
/// How often the age of what is known is measured.
const MEASURED_EVERY: Duration = Duration::from_secs(5);

/// Follows the directory.
#[derive(Debug)]
pub struct DirectoryFollower {
    app: Arc<App>,
    environment: Environment,
    /// In whose name sessions are closed.
    caller: CallerId,
    metrics: DirectoryMetrics,
    /// When the directory last told something, if it did.
    known_at: watch::Sender<Option<Timestamp>>,
}

/// Why following stopped.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    #[error(transparent)]
    NotFollowed(#[from] NotFollowed),
    #[error("the practitioner directory gives no sign of life")]
    Silent,
    #[error(transparent)]
    Failed(#[from] Error),
}

impl DirectoryFollower {
    /// Closes sessions in this caller's name.
    #[must_use]
    pub fn new(app: Arc<App>, environment: Environment, caller: CallerId) -> Self {
        Self {
            app,
            environment,
            caller,
            metrics: DirectoryMetrics::new(),
            known_at: watch::Sender::new(None),
        }
    }

    /// Follows until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let attempt = || async {
            let mut heard = false;
            let ended = self.follow(&mut heard).await;
            Attempt { heard, ended }
        };
        let random = self.environment.random.as_ref();
        tokio::join!(
            follow(random, shutdown.clone(), attempt, say),
            shutdown.run_until_cancelled(self.measure()),
        );
    }

    /// Does what the directory tells, until it stops.
    async fn follow(&self, told: &mut bool) -> Result<(), Stopped> {
        let store = &self.app.store;
        let cursor = store.directory_cursor().await?;
        let changes = match self.app.directory.changes(cursor).await {
            Err(NotFollowed::CursorUnknown) => {
                // Another directory than before. Who changed in between is found when
                // their session asks for its next token.
                tracing::error!("the directory does not know where it was followed to");
                store.keep_directory_cursor(None).await?;
                return Err(NotFollowed::CursorUnknown.into());
            }
            answered => answered?,
        };
        let mut changes = changes.ready_chunks(DONE_AT_ONCE);
        let mut since_remembered = 0;
        loop {
            let next = tokio::time::timeout(LONGEST_SILENCE, changes.next()).await;
            let Some(come) = next.map_err(|_| Stopped::Silent)? else {
                return Ok(());
            };
            // What came before a failure is done.
            let mut failure = None;
            let whole = come.into_iter().map_while(|change| match change {
                Ok(change) => Some((change.told, change.cursor)),
                Err(error) => {
                    failure = Some(error);
                    None
                }
            });
            let (news, cursors): (Vec<Told>, Vec<String>) = whole.unzip();
            if let Some(cursor) = cursors.last() {
                self.take(&news).await?;
                *told = true;
                since_remembered += news.len();
                if news.contains(&Told::Nothing) || since_remembered >= REMEMBERED_AFTER {
                    store.keep_directory_cursor(Some(cursor)).await?;
                    since_remembered = 0;
                }
            }
            if let Some(error) = failure {
                return Err(NotFollowed::from(error).into());
            }
        }
    }

    async fn take(&self, news: &[Told]) -> Result<(), Error> {
        let cx = RequestContext::for_service(&self.environment, self.caller.clone());
        let closed = self.app.directory_changed(&cx, news).await?;
        if closed > 0 {
            tracing::info!(sessions = closed, "sessions of professionals were closed");
            self.metrics.closed(closed);
        }
        self.known_at.send_replace(Some(cx.now));
        Ok(())
    }

    /// There is nothing to measure before the directory told something.
    async fn measure(&self) {
        let mut known_at = self.known_at.subscribe();
        // The sender is this follower's own: it does not go away.
        while let Ok(known) = known_at.wait_for(Option::is_some).await.map(|known| *known) {
            let now = self.environment.clock.now();
            let age = known.map(|known| now.since(known)).unwrap_or_default();
            self.metrics.age(age);
            tokio::time::sleep(MEASURED_EVERY).await;
        }
    }
}

fn say(ended: &Result<(), Stopped>, silence: Silence) {
    match (ended, silence) {
        (Ok(()), _) => tracing::debug!("the directory stopped telling its changes"),
        (Err(error), Silence::Short) => {
            tracing::debug!(%error, "the directory is not followed yet");
        }
        (Err(error), Silence::Lasting) => {
            tracing::warn!(%error, "the directory is not followed");
        }
    }
}
