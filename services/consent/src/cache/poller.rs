//! Asks the database what changed, again and again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::answers::Authority;
use super::knowledge::Freshness;
use super::metrics::PollerMetrics;
use crate::error::Error;

/// How often the database is asked.
pub const POLL_EVERY: Duration = Duration::from_millis(50);

/// Keeps [`Freshness`] up to date.
#[derive(Debug)]
pub struct Poller {
    authority: Arc<dyn Authority>,
    freshness: Arc<Freshness>,
    /// Polls do not overlap: what is known grows in the order of positions.
    turn: Mutex<()>,
    metrics: PollerMetrics,
}

impl Poller {
    /// One that asks this database. Nothing happens until it is asked to.
    #[must_use]
    pub fn new(authority: Arc<dyn Authority>, freshness: Arc<Freshness>) -> Self {
        Self {
            authority,
            metrics: PollerMetrics::new(Arc::clone(&freshness)),
            freshness,
            turn: Mutex::default(),
        }
    }

    /// Asks once. What it brings holds everything committed before this call.
    pub async fn poll(&self) -> Result<(), Error> {
        let _turn = self.turn.lock().await;
        let (began, applied) = self.freshness.begin_poll();
        let news = self.authority.changes_since(&applied).await;
        self.metrics.polled(
            news.as_ref().map_or(0, |news| news.changes.len()),
            news.is_ok(),
        );
        self.freshness.end_poll(began, &news?);
        Ok(())
    }

    /// Asks every [`POLL_EVERY`] until `shutdown`. While the database does not answer
    /// the lease runs out, and nothing is answered from a cache.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let for_ever = async {
            let mut turn = tokio::time::interval(POLL_EVERY);
            turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut silent = false;
            loop {
                turn.tick().await;
                match self.poll().await {
                    Ok(()) => silent = false,
                    Err(error) if !silent => {
                        tracing::warn!(%error, "changes are not read: every check reads the database");
                        silent = true;
                    }
                    Err(_) => {}
                }
            }
        };
        shutdown.run_until_cancelled(for_ever).await;
    }
}
