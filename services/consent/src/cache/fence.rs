//! What a change waits for before it returns.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::LEASE;
use super::metrics::FenceMetrics;
use super::poller::Poller;

/// After it, no instance answers as if the change had not been made.
#[derive(Clone, Default)]
pub struct ChangeFence(Option<Arc<Kind>>);

enum Kind {
    /// Other instances may hold promises: they run out.
    Replicated(FenceMetrics),
    /// This is the only instance: it learns of its own change.
    Sole(Arc<Poller>),
}

impl ChangeFence {
    /// For a database from which nobody answers out of a cache.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// For a database that several instances may answer from.
    #[must_use]
    pub fn replicated() -> Self {
        Self(Some(Arc::new(Kind::Replicated(FenceMetrics::new()))))
    }

    /// For a database of this instance alone.
    #[must_use]
    pub fn sole(poller: Arc<Poller>) -> Self {
        Self(Some(Arc::new(Kind::Sole(poller))))
    }

    /// Waits. To be called when the commit was answered: also for a repeated request
    /// and for an act that found nothing to change, since what they found may have
    /// been committed a moment ago.
    pub async fn pass(&self) {
        match self.0.as_deref() {
            None => {}
            Some(Kind::Replicated(metrics)) => {
                metrics.waited(LEASE);
                tokio::time::sleep(LEASE).await;
            }
            Some(Kind::Sole(poller)) => {
                if let Err(error) = poller.poll().await {
                    tracing::warn!(%error, "changes were not read: waiting instead");
                    tokio::time::sleep(LEASE).await;
                }
            }
        }
    }

    /// How long [`Self::pass`] takes at most when nothing fails.
    #[must_use]
    pub fn bound(&self) -> Duration {
        match self.0.as_deref() {
            Some(Kind::Replicated(_)) => LEASE,
            _ => Duration::ZERO,
        }
    }
}

impl fmt::Debug for ChangeFence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.0.as_deref() {
            None => "none",
            Some(Kind::Replicated(_)) => "replicated",
            Some(Kind::Sole(_)) => "sole",
        };
        formatter.debug_tuple("ChangeFence").field(&kind).finish()
    }
}
