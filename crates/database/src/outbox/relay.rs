//! The one process per source that hands events over.

use std::convert::Infallible;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use aval_domain::event::Event;
use aval_domain::time::{Clock, Timestamp};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::numbering::{self, Acknowledged, Next};
use crate::{Database, DatabaseError, ExclusiveLock, answered};

/// Consecutive events of one source, to be recorded together or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The producer's name.
    pub source: String,
    /// Which life of its outbox, at least 1.
    pub epoch: u64,
    /// The events by ascending number, without holes.
    pub events: Vec<NumberedEvent>,
}

/// How an outbox stands. It tells of no event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The producer's name.
    pub source: String,
    /// Which life of its outbox, at least 1.
    pub epoch: u64,
    /// The last number that was given in it; 0 before the first.
    pub newest_sequence: u64,
    /// When the oldest event occurred that is not acknowledged; absent when none waits.
    pub oldest_waiting_at: Option<Timestamp>,
}

/// An event and its place in its source's epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedEvent {
    /// From 1, without holes, the same at every delivery.
    pub sequence: u64,
    /// What happened.
    pub event: Event,
}

/// How a [`Relay`] paces itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelaySettings {
    /// The most events in one delivery, 1 to 1,000. It has fewer where they are long
    /// ([`super::LARGEST_DELIVERY`]), and at least one.
    pub batch: u64,
    /// How often to look for events of other processes; this process's own commits
    /// wake the relay at once.
    pub poll_every: Duration,
    /// The shortest time between the beginnings of two deliveries: what comes meanwhile
    /// is delivered together, and a delivery costs about the same for one event as for
    /// a hundred. An event that finds the relay at rest goes at once.
    pub gather: Duration,
    /// How long to wait after the first failure; it doubles with each further one.
    pub first_pause: Duration,
    /// The longest wait between two attempts.
    pub longest_pause: Duration,
    /// How often the receiver is told how the outbox stands, whether there is something to
    /// deliver or not; and at once when the relay begins.
    pub report_every: Duration,
}

impl Default for RelaySettings {
    fn default() -> Self {
        Self {
            batch: 500,
            poll_every: Duration::from_millis(200),
            gather: Duration::from_millis(20),
            first_pause: Duration::from_millis(50),
            longest_pause: Duration::from_secs(10),
            report_every: Duration::from_secs(30),
        }
    }
}

/// Hands a source's events over, in order, at least once, for as long as it runs.
///
/// Every replica of a service runs one; an [`ExclusiveLock`] lets one of them work
/// and the next take over. It may be dropped at any moment and loses nothing:
/// what was delivered and not yet acknowledged is delivered again, under the same
/// numbers.
#[derive(Debug, Clone)]
pub struct Relay {
    db: Database,
    source: String,
    clock: Arc<dyn Clock>,
    settings: RelaySettings,
}

impl Relay {
    /// A relay of the outbox in `db`, whose events are those of `source`. The clock
    /// names the epoch when the outbox is new.
    #[must_use]
    pub fn new(db: Database, source: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        Self {
            db,
            source: source.into(),
            clock,
            settings: RelaySettings::default(),
        }
    }

    /// The same with another pace.
    #[must_use]
    pub fn with_settings(mut self, settings: RelaySettings) -> Self {
        self.settings = settings;
        self
    }

    /// Works until `shutdown`. `deliver` returns `Ok` once the receiver has recorded
    /// the whole batch durably; otherwise the same events are delivered again, after
    /// a growing pause. `report` tells it how the outbox stands, so that a relay which has
    /// nothing to deliver is not taken for one that died; it is between two deliveries, so
    /// that it never says less than was delivered. Failures are logged, never returned: there
    /// is nothing else to do than to try again.
    pub async fn run<E, F, Delivery, Reporting>(
        &self,
        shutdown: CancellationToken,
        deliver: impl Fn(Batch) -> Delivery,
        report: impl Fn(Report) -> Reporting,
    ) where
        E: Display,
        F: Display,
        Delivery: Future<Output = Result<(), E>> + Send,
        Reporting: Future<Output = Result<(), F>> + Send,
    {
        let for_ever = async {
            let mut pause = self.settings.first_pause;
            loop {
                // A lost lock, a lost database: begin again as if just started.
                let Err(error) = self.lead(&deliver, &report, &mut pause).await;
                tracing::warn!(
                    outbox.source = self.source,
                    error = %error,
                    error.code = error.engine_code(),
                    "outbox relay lost its database"
                );
                self.wait_longer(&mut pause).await;
            }
        };
        shutdown.run_until_cancelled(for_ever).await;
    }

    async fn lead<E, F, Delivery, Reporting>(
        &self,
        deliver: &impl Fn(Batch) -> Delivery,
        report: &impl Fn(Report) -> Reporting,
        pause: &mut Duration,
    ) -> Result<Infallible, DatabaseError>
    where
        E: Display,
        F: Display,
        Delivery: Future<Output = Result<(), E>> + Send,
        Reporting: Future<Output = Result<(), F>> + Send,
    {
        let mut lock = ExclusiveLock::acquire(&self.db, &format!("outbox.{}", self.source)).await?;
        let mut commits = self.db.commits();
        let mut acknowledged = None;
        let mut next = Instant::now();
        let mut report_at = next;
        loop {
            tokio::time::sleep_until(next).await;
            lock.verify().await?;
            let began = Instant::now();
            let next_batch = self.next_batch(acknowledged.take()).await?;
            // What was acknowledged is removed by now, and does not count as waiting.
            if report_at <= began {
                report_at = began + self.settings.report_every;
                self.say_how_it_stands(report).await?;
            }
            let Some(Next { batch, is_full }) = next_batch else {
                self.wait_for_work(&mut commits, report_at).await;
                continue;
            };
            // A full batch says that more waits already.
            next = if is_full {
                began
            } else {
                began + self.settings.gather
            };
            let delivered = Acknowledged {
                epoch: batch.epoch,
                last: batch.events.last().map_or(0, |last| last.sequence),
            };
            match deliver(batch).await {
                Ok(()) => {
                    acknowledged = Some(delivered);
                    *pause = self.settings.first_pause;
                }
                Err(error) => {
                    tracing::warn!(
                        outbox.source = self.source,
                        outbox.sequence = delivered.last,
                        error = %error,
                        "outbox delivery failed"
                    );
                    self.wait_longer(pause).await;
                }
            }
        }
    }

    async fn next_batch(
        &self,
        acknowledged: Option<Acknowledged>,
    ) -> Result<Option<Next>, DatabaseError> {
        if acknowledged.is_none() && numbering::is_empty(&self.db).await? {
            return Ok(None);
        }
        let (now, limit) = (self.clock.now(), self.limit());
        let advance = self.db.quiet_transaction("outbox.advance", async |tx| {
            numbering::advance(&tx, &self.source, acknowledged, limit, now).await
        });
        let next = answered(advance).await?;
        Ok(Some(next).filter(|next| !next.batch.events.is_empty()))
    }

    async fn say_how_it_stands<F, Reporting>(
        &self,
        report: &impl Fn(Report) -> Reporting,
    ) -> Result<(), DatabaseError>
    where
        F: Display,
        Reporting: Future<Output = Result<(), F>> + Send,
    {
        let standing = numbering::standing(&self.db, &self.source, self.clock.now());
        let standing = answered(standing).await?;
        if let Err(error) = report(standing).await {
            tracing::warn!(
                outbox.source = self.source,
                error = %error,
                "outbox report failed"
            );
        }
        Ok(())
    }

    fn limit(&self) -> u64 {
        self.settings.batch.clamp(1, 1_000)
    }

    async fn wait_for_work(&self, commits: &mut watch::Receiver<u64>, report_at: Instant) {
        // A commit since the last wait has ticked already. The sender lives in
        // `self.db`: `changed` cannot fail, and if it could there is still the poll.
        let poll_at = Instant::now() + self.settings.poll_every;
        let poll = tokio::time::sleep_until(poll_at.min(report_at));
        tokio::select! {
            Ok(()) = commits.changed() => {}
            () = poll => {}
        }
    }

    async fn wait_longer(&self, pause: &mut Duration) {
        tokio::time::sleep(*pause).await;
        *pause = (*pause * 2).min(self.settings.longest_pause);
    }
}
