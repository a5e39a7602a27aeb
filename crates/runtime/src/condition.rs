//! Whether a service can do its work: what probes are answered.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aval_database::Database;
use futures::future::BoxFuture;

use crate::vitals::Vitals;

/// A database that takes longer to say anything does not answer. The kubelet waits no longer
/// either.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// What a service depends on, asked whenever somebody wants to know. Cloning it gives the
/// same.
#[derive(Clone)]
pub struct Condition {
    answers: Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>,
    vitals: Vitals,
}

impl Condition {
    /// Of a service that can work when its database answers, which is asked beside the calls:
    /// what a busy instance has no room for it refuses call by call.
    #[must_use]
    pub fn of(db: Database) -> Self {
        Self::when(move || {
            let db = db.clone();
            Box::pin(async move { db.ping().await.is_ok() })
        })
    }

    /// Of a service that can work when this says so.
    #[must_use]
    pub fn when(answers: impl Fn() -> BoxFuture<'static, bool> + Send + Sync + 'static) -> Self {
        Self {
            answers: Arc::new(answers),
            vitals: Vitals::default(),
        }
    }

    /// The same of a service that is dead when it has lost one of these.
    #[must_use]
    pub fn while_alive(self, vitals: &Vitals) -> Self {
        Self {
            vitals: vitals.clone(),
            ..self
        }
    }

    /// Whether the service may go on: if not, nothing but a new start will mend it.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.vitals.are_whole()
    }

    /// Whether the service can work now. It takes a second at most.
    pub async fn is_ready(&self) -> bool {
        if !self.is_alive() {
            return false;
        }
        let answered = tokio::time::timeout(ANSWERS_WITHIN, (self.answers)());
        answered.await.unwrap_or(false)
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_does_not_answer_is_not_ready() {
        let mute = Condition::when(|| Box::pin(std::future::pending()));
        assert!(!mute.is_ready().await);
        let well = Condition::when(|| Box::pin(async { true }));
        assert!(well.is_ready().await);
    }
}
