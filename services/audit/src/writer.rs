//! The one task that writes the log.
//!
//! Deliveries queue up while a batch is being stored, and are the next batch. No timer: a
//! lone delivery is stored at once, and under load one flush serves many.
//!
//! ```text
//! t0  A arrives, batch {A} begins         t2  batch {A} is durable: A is answered
//! t1  B, C, D arrive and wait             t3  batch {B, C, D} begins, in this order
//! ```
//!
//! Where hundreds wait, the next batch is made ready while the last one is being stored
//! (`writer/ahead.rs`), so that the store does not wait for it: it is those who waited by then.
//!
//! Every instance has such a task and one of them writes; deliveries to the others
//! are refused, and their senders try again elsewhere. Whoever loses the right to
//! write learns of it from the store, which takes nothing from them any more.
//!
//! A database that says nothing at all ends a term as well, after a bound: a network that is cut
//! in the middle never says so. Whether the last batch was stored is not known then, and need
//! not be:
//!
//! ```text
//! t0  A is sent, and nothing comes back     t1  the bound: A's senders are told that it failed
//! t2  the next term, here or elsewhere, raises the fence, which waits for the head's row while
//!     A is being stored. Stored: A is in the log that this term reads. Not yet begun: it finds
//!     another fence, and stores nothing
//! t3  A's senders deliver it again: it is known, or new
//! ```

mod ahead;
mod term;
mod waits;

use std::sync::Arc;
use std::time::Duration;

use aval_database::{DatabaseError, LONGEST_SILENCE};
use aval_domain::time::Clock;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::checkpoint_key::CheckpointKey;
use crate::erasure::{Erased, Order};
use crate::metrics::WriterMetrics;
use crate::plan::Refused;
use crate::store::Store;
use crate::submission::Submission;
use term::Term;
pub use term::TermError;
use waits::{Counted, Waits};

/// How many deliveries may wait.
const LONGEST_QUEUE: usize = 4_096;

/// How many erasures may wait.
const MOST_ERASURES: usize = 16;

/// How long to wait after losing the log or failing to take it; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Hands deliveries to the writing task. Cloning gives another handle on the same.
#[derive(Debug, Clone)]
pub struct Writer {
    queue: mpsc::Sender<Waiting>,
    erasures: mpsc::Sender<WaitingErasure>,
    leads: watch::Receiver<bool>,
    waits: Arc<Waits>,
}

/// The writing task, to be run.
#[derive(Debug)]
pub struct WriterTask {
    store: Arc<dyn Store>,
    key: Arc<CheckpointKey>,
    clock: Arc<dyn Clock>,
    queue: mpsc::Receiver<Waiting>,
    erasures: mpsc::Receiver<WaitingErasure>,
    leads: watch::Sender<bool>,
    waits: Arc<Waits>,
    metrics: WriterMetrics,
    answers_within: Duration,
}

/// Why a delivery was not recorded.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RecordError {
    /// It breaks the order of its producer.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Another instance writes, or none yet, or this one stops.
    #[error("this instance does not write the log")]
    NotWriting,
    /// More deliveries wait than may.
    #[error("too many deliveries wait for the log")]
    Overloaded,
    /// The log could not grow. Whether the delivery is recorded is not known: sending
    /// it again is harmless.
    #[error("the log did not take the delivery")]
    Failed(#[source] Arc<TermError>),
}

#[derive(Debug)]
struct Waiting {
    submission: Submission,
    answer: oneshot::Sender<Result<u64, RecordError>>,
    _counted: Counted,
}

#[derive(Debug)]
struct WaitingErasure {
    order: Box<Order>,
    answer: oneshot::Sender<Result<Erased, RecordError>>,
}

/// What is done next.
enum Work {
    Record(Waiting),
    Erase(WaitingErasure),
}

enum Ended {
    Stopped,
    Lost(Arc<TermError>),
}

impl Writer {
    /// A handle and the task behind it.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        key: Arc<CheckpointKey>,
        clock: Arc<dyn Clock>,
    ) -> (Self, WriterTask) {
        let (sender, queue) = mpsc::channel(LONGEST_QUEUE);
        let (erasing, erasures) = mpsc::channel(MOST_ERASURES);
        let (leads, leading) = watch::channel(false);
        let waits = Waits::new();
        let task = WriterTask {
            store,
            key,
            clock,
            queue,
            erasures,
            leads,
            waits: Arc::clone(&waits),
            metrics: WriterMetrics::new(),
            answers_within: LONGEST_SILENCE,
        };
        let writer = Self {
            queue: sender,
            erasures: erasing,
            leads: leading,
            waits,
        };
        (writer, task)
    }

    /// Records a delivery durably, then says the last sequence recorded of its source
    /// and epoch. Deliveries of one source that are made one after the other are
    /// recorded in that order.
    pub async fn record(&self, submission: Submission) -> Result<u64, RecordError> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting {
            _counted: self.waits.count(submission.count()),
            submission,
            answer,
        };
        self.queue.try_send(waiting).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => RecordError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => RecordError::NotWriting,
        })?;
        answered.await.unwrap_or(Err(RecordError::NotWriting))
    }

    /// Erases the next of what is ordered, between two batches; what is erased and the
    /// entries that say so are one transaction.
    pub async fn erase(&self, order: Order) -> Result<Erased, RecordError> {
        let (answer, answered) = oneshot::channel();
        let order = Box::new(order);
        let waiting = WaitingErasure { order, answer };
        self.erasures
            .try_send(waiting)
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => RecordError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => RecordError::NotWriting,
            })?;
        answered.await.unwrap_or(Err(RecordError::NotWriting))
    }

    /// Whether this instance writes, now and whenever that changes.
    #[must_use]
    pub fn leads(&self) -> watch::Receiver<bool> {
        self.leads.clone()
    }
}

impl WriterTask {
    /// Takes over the log whenever it can, and writes until it loses it. When `shutdown` is
    /// cancelled every delivery that waits by then is recorded and answered first.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut pause = FIRST_PAUSE;
        loop {
            let lost = match self.take_over(&shutdown).await {
                None => return,
                Some(Err(error)) => Arc::new(error),
                Some(Ok(term)) => {
                    tracing::info!(log.size = term.size(), "writing the log");
                    self.metrics.begins(term.size());
                    pause = FIRST_PAUSE;
                    self.leads.send_replace(true);
                    let ended = self.lead(term, &shutdown).await;
                    self.leads.send_replace(false);
                    match ended {
                        Ended::Stopped => return,
                        Ended::Lost(error) => error,
                    }
                }
            };
            tracing::error!(error = %Causes(lost.as_ref()), "not writing the log");
            if self.refuse_all_for(pause, &shutdown).await.is_none() {
                return;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Waits for the right to write, refusing what arrives meanwhile; `None` when the
    /// service stops.
    async fn take_over(&mut self, shutdown: &CancellationToken) -> Option<Result<Term, TermError>> {
        let taking_over = Term::begin(
            Arc::clone(&self.store),
            Arc::clone(&self.key),
            Arc::clone(&self.clock),
            self.answers_within,
        );
        let mut taking_over = std::pin::pin!(taking_over);
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return None,
                begun = &mut taking_over => return Some(begun),
                work = Work::next(&mut self.queue, &mut self.erasures) => work?.refuse(),
            }
        }
    }

    fn count(&self, answers: &[Result<u64, Refused>], events: u64, size: u64) {
        self.metrics.batch(answers.len(), events, size);
        if events > 0 {
            tracing::debug!(log.size = size, batch.events = events, "recorded a batch");
            self.metrics.signed(self.clock.now());
        }
        let refused = answers.iter().filter(|answer| answer.is_err()).count();
        self.metrics.refused(refused as u64);
    }

    async fn refuse_all_for(
        &mut self,
        pause: Duration,
        shutdown: &CancellationToken,
    ) -> Option<()> {
        let mut over = std::pin::pin!(tokio::time::sleep(pause));
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return None,
                () = &mut over => return Some(()),
                work = Work::next(&mut self.queue, &mut self.erasures) => work?.refuse(),
            }
        }
    }
}

/// Between two batches. After an error the term is over.
async fn erase(term: &mut Term, waiting: WaitingErasure) -> Result<(), Arc<TermError>> {
    let erased = term.erase(&waiting.order).await.map_err(Arc::new);
    let answer = erased.as_ref().copied();
    let answer = answer.map_err(|error| RecordError::Failed(Arc::clone(error)));
    // Whoever has gone away asks again, and what is erased stays so.
    let _gone = waiting.answer.send(answer);
    erased.map(|_| ())
}

impl Work {
    /// Whichever comes; where both wait, either: neither keeps the other from its turn.
    async fn next(
        queue: &mut mpsc::Receiver<Waiting>,
        erasures: &mut mpsc::Receiver<WaitingErasure>,
    ) -> Option<Self> {
        tokio::select! {
            waiting = queue.recv() => waiting.map(Self::Record),
            waiting = erasures.recv() => waiting.map(Self::Erase),
        }
    }

    fn refuse(self) {
        match self {
            Self::Record(waiting) => waiting.answer(Err(RecordError::NotWriting)),
            Self::Erase(waiting) => {
                let _gone = waiting.answer.send(Err(RecordError::NotWriting));
            }
        }
    }
}

impl Waiting {
    fn answer(self, answer: Result<u64, RecordError>) {
        // A caller that has gone away reads no answer, and will deliver again.
        let _gone = self.answer.send(answer);
    }
}

/// An error with everything that caused it, for a log line.
struct Causes<'a>(&'a (dyn std::error::Error + 'static));

impl std::fmt::Display for Causes<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(formatter, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl RecordError {
    /// The database's failure, if that is what it was.
    #[must_use]
    pub fn database(&self) -> Option<&DatabaseError> {
        match self {
            Self::Failed(error) => error.database(),
            Self::Refused(_) | Self::NotWriting | Self::Overloaded => None,
        }
    }
}

#[cfg(test)]
mod tests;
