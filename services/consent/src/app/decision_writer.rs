//! Writes decisions of concurrent calls together.
//!
//! A commit costs about the same for one decision as for a hundred. So the calls
//! that arrive while one batch is being committed form the next, and with them those that
//! are about to: whoever else is ready to go on does so first, as long as that brings more.
//! Nobody waits for a timer, and a call that is alone is written at once. Where callers come
//! back together, once their batch is written, the first of them is not written alone.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::{mpsc, oneshot};

use crate::decision_log::{DecisionLog, RecordedDecision, TracedDecision};
use crate::error::Error;

/// The most decisions in one commit.
const LARGEST_BATCH: usize = 256;
/// How often others go on before a batch is written.
const MOST_PASSES: usize = 4;
/// How many calls may wait; more wait before they are let in.
const QUEUE: usize = 4_096;

/// Hands decisions to the task that writes them. The task ends when the last writer
/// is dropped, after it has written what was handed in.
#[derive(Debug, Clone)]
pub(super) struct DecisionWriter {
    queue: mpsc::Sender<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    decision: TracedDecision,
    answer: oneshot::Sender<Result<RecordedDecision, Error>>,
}

impl DecisionWriter {
    /// Starts the task.
    pub(super) fn start(log: Arc<dyn DecisionLog>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(write(log, waiting));
        Self { queue }
    }

    /// Answers once the decision is durable.
    pub(super) async fn record(&self, decision: TracedDecision) -> Result<RecordedDecision, Error> {
        let (answer, recorded) = oneshot::channel();
        let handed_in = self.queue.send(Waiting { decision, answer }).await;
        handed_in.map_err(|_| Error::TrailUnavailable)?;
        recorded.await.map_err(|_| Error::TrailUnavailable)?
    }
}

async fn write(log: Arc<dyn DecisionLog>, mut queue: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::with_capacity(LARGEST_BATCH);
    while queue.recv_many(&mut batch, LARGEST_BATCH).await > 0 {
        gather(&mut batch, &mut queue).await;
        let (decisions, answers): (Vec<_>, Vec<_>) = batch
            .drain(..)
            .map(|waiting| (waiting.decision, waiting.answer))
            .unzip();
        let recording = AssertUnwindSafe(async { log.record_decisions(&decisions).await });
        let results = match recording.catch_unwind().await {
            Ok(Ok(results)) => results,
            Ok(Err(error)) => {
                let error = Arc::new(error);
                let failed = || Err(Error::NotRecorded(Arc::clone(&error)));
                std::iter::repeat_with(failed).take(answers.len()).collect()
            }
            // What became of these nobody knows, and nobody is answered; the next are written.
            Err(_) => continue,
        };
        for (answer, result) in answers.into_iter().zip(results) {
            // Who no longer waits has its decision recorded all the same.
            let _ = answer.send(result);
        }
    }
}

/// Lets others go on, as long as more are handed in thereby: one after the other at a busy
/// time, and so not for long.
async fn gather<T>(batch: &mut Vec<T>, queue: &mut mpsc::Receiver<T>) {
    for _ in 0..MOST_PASSES {
        let before = batch.len();
        if before == LARGEST_BATCH {
            return;
        }
        tokio::task::yield_now().await;
        while batch.len() < LARGEST_BATCH
            && let Ok(next) = queue.try_recv()
        {
            batch.push(next);
        }
        if batch.len() == before {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::app::Authorize;
    use crate::app::testing::Fixture;
    use crate::store::Answer;
    use crate::store::sql::SqlStore;

    /// It panics once.
    #[derive(Debug)]
    struct PanicsOnce {
        log: Arc<SqlStore>,
        has_panicked: AtomicBool,
    }

    impl DecisionLog for PanicsOnce {
        fn record_decisions<'a>(
            &'a self,
            decisions: &'a [TracedDecision],
        ) -> Answer<'a, Vec<Result<RecordedDecision, Error>>> {
            let has_panicked = self.has_panicked.swap(true, Ordering::Relaxed);
            assert!(has_panicked, "a defect of this test's log");
            self.log.record_decisions(decisions)
        }
    }

    #[tokio::test]
    async fn whoever_is_about_to_hand_in_is_waited_for() {
        let (handing_in, mut queue) = mpsc::channel(QUEUE);
        for late in [false, false, true] {
            let handing_in = handing_in.clone();
            tokio::spawn(async move {
                if late {
                    tokio::task::yield_now().await;
                }
                handing_in.send("one that came with others").await
            });
        }
        let mut batch = vec!["the first"];
        gather(&mut batch, &mut queue).await;
        assert_eq!(batch.len(), 4);
    }

    #[tokio::test]
    async fn whoever_comes_one_after_the_other_holds_up_nobody_for_long() {
        let (handing_in, mut queue) = mpsc::channel(QUEUE);
        let never_ends = tokio::spawn(async move {
            while handing_in.send(()).await.is_ok() {
                tokio::task::yield_now().await;
            }
        });
        let mut batch = vec![()];
        gather(&mut batch, &mut queue).await;
        assert!((2..=1 + MOST_PASSES).contains(&batch.len()), "{batch:?}");

        let mut batch = vec![(); LARGEST_BATCH];
        gather(&mut batch, &mut queue).await;
        assert_eq!(batch.len(), LARGEST_BATCH);
        never_ends.abort();
    }

    #[tokio::test]
    async fn decisions_after_a_panic_are_written() {
        let fixture = Fixture::with_log(|log| {
            let has_panicked = AtomicBool::new(false);
            Arc::new(PanicsOnce { log, has_panicked })
        })
        .await;
        let authorize = async || {
            let command = Authorize {
                question: fixture.question(),
                request_id: fixture.request_id(),
            };
            fixture.app.authorize(&fixture.as_doctor(), command).await
        };
        assert!(matches!(authorize().await, Err(Error::TrailUnavailable)));
        authorize().await.unwrap();
    }
}
