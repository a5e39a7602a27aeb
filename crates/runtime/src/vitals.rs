//! The tasks that a service cannot be right without.
//!
//! A task that panicked is not begun again in place: what it left half done nobody knows. The
//! service is dead from then on, says so to its probes ([`crate::condition`]), and is started
//! again by whoever asks them: it begins from what is durable, as after a crash.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Whether all of them are at work. Cloning it gives the same.
#[derive(Debug, Clone, Default)]
pub struct Vitals {
    has_lost_one: Arc<AtomicBool>,
}

impl Vitals {
    /// Starts a task that goes on until this token is cancelled. If it ends before, or panics,
    /// the service is dead.
    pub fn spawn(
        &self,
        name: &'static str,
        until: &CancellationToken,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> JoinHandle<()> {
        let (vitals, until) = (self.clone(), until.clone());
        tokio::spawn(async move {
            let ended = AssertUnwindSafe(task).catch_unwind().await;
            if ended.is_err() || !until.is_cancelled() {
                tracing::error!(
                    task = name,
                    "a task that the service cannot be right without has ended: it must be \
                     started again"
                );
                vitals.has_lost_one.store(true, Ordering::Relaxed);
            }
        })
    }

    /// Whether none of them is lost.
    #[must_use]
    pub fn are_whole(&self) -> bool {
        !self.has_lost_one.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_or_ends_too_early_is_lost_and_one_that_is_told_to_end_is_not() {
        let (vitals, until) = (Vitals::default(), CancellationToken::new());
        let told = vitals.spawn("told", &until, until.clone().cancelled_owned());
        until.cancel();
        told.await.unwrap();
        assert!(vitals.are_whole());
        for early in [true, false] {
            let (vitals, until) = (Vitals::default(), CancellationToken::new());
            let task = async move { assert!(early, "a defect of this task") };
            vitals.spawn("lost", &until, task).await.unwrap();
            assert!(!vitals.are_whole());
        }
        // Also one that panics while it is told to end: what it had to finish is not.
        let vitals = Vitals::default();
        let late = vitals.spawn("late", &until, async { panic!("a defect of this task") });
        late.await.unwrap();
        assert!(!vitals.are_whole());
    }
}
