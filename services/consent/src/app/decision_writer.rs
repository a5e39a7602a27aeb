//! Writes decisions of concurrent calls together.
//!
//! A commit costs about the same for one decision as for a hundred. So the calls
//! that arrive while one batch is being committed form the next; nobody waits for a
//! timer, and a call that is alone is written at once.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::decision_log::{DecisionLog, RecordedDecision, TracedDecision};
use crate::error::Error;

/// The most decisions in one commit.
const LARGEST_BATCH: usize = 256;
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
        let (decisions, answers): (Vec<_>, Vec<_>) = batch
            .drain(..)
            .map(|waiting| (waiting.decision, waiting.answer))
            .unzip();
        let results = match log.record_decisions(&decisions).await {
            Ok(results) => results,
            Err(error) => {
                let error = Arc::new(error);
                let failed = || Err(Error::NotRecorded(Arc::clone(&error)));
                std::iter::repeat_with(failed).take(answers.len()).collect()
            }
        };
        for (answer, result) in answers.into_iter().zip(results) {
            // Who no longer waits has its decision recorded all the same.
            let _ = answer.send(result);
        }
    }
}
