//! What a change waits for before it returns.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::LEASE;
use super::metrics::FenceMetrics;
use super::poller::Poller;

/// After it, no instance answers as if the change had not been made.
#[derive(Clone, Default)]
pub struct ChangeFence(Option<Arc<Fence>>);

struct Fence {
    kind: Kind,
    wait: Wait,
}

/// Lets so much time pass, by whatever clock.
type Wait = Box<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>;

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
        Self::of(Kind::Replicated(FenceMetrics::new()))
    }

    /// For a database of this instance alone.
    #[must_use]
    pub fn sole(poller: Arc<Poller>) -> Self {
        Self::of(Kind::Sole(poller))
    }

    fn of(kind: Kind) -> Self {
        let wait: Wait = Box::new(|time| tokio::time::sleep(time).boxed());
        Self(Some(Arc::new(Fence { kind, wait })))
    }

    /// The same, where time passes as `wait` says.
    #[cfg(test)]
    pub(crate) fn waiting_by(
        self,
        wait: impl Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Self {
        let fence = self.0.and_then(Arc::into_inner);
        let fence = fence.map(|fence| Fence {
            wait: Box::new(wait),
            ..fence
        });
        Self(fence.map(Arc::new))
    }

    /// Waits. To be called when the commit was answered: also for a repeated request
    /// and for an act that found nothing to change, since what they found may have
    /// been committed a moment ago.
    pub async fn pass(&self) {
        let Some(Fence { kind, wait }) = self.0.as_deref() else {
            return;
        };
        match kind {
            Kind::Replicated(metrics) => {
                metrics.waited(LEASE);
                wait(LEASE).await;
            }
            Kind::Sole(poller) => {
                if let Err(error) = poller.poll().await {
                    tracing::warn!(%error, "changes were not read: waiting instead");
                    wait(LEASE).await;
                }
            }
        }
    }

    fn kind(&self) -> Option<&Kind> {
        self.0.as_deref().map(|fence| &fence.kind)
    }

    /// How long [`Self::pass`] takes at most when nothing fails.
    #[must_use]
    pub fn bound(&self) -> Duration {
        match self.kind() {
            Some(Kind::Replicated(_)) => LEASE,
            _ => Duration::ZERO,
        }
    }
}

impl fmt::Debug for ChangeFence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind() {
            None => "none",
            Some(Kind::Replicated(_)) => "replicated",
            Some(Kind::Sole(_)) => "sole",
        };
        formatter.debug_tuple("ChangeFence").field(&kind).finish()
    }
}
