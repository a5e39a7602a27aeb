//! What the one who writes does: a batch is stored, and where many wait the next one is made
//! ready meanwhile.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::term::{Outcome, Prepared, Storing, Term, TermError};
use super::{Ended, RecordError, Waiting, Work, WriterTask, erase};
use crate::store::CommitError;
use crate::submission::Submission;

/// How many events one transaction takes, unless a single delivery has more.
const EVENTS_PER_BATCH: usize = 2_048;

/// How many events wait at the least when the next batch is made ready while one is being
/// stored. Fewer are made ready in no time, and more may come.
const WORTH_PREPARING: usize = 256;

/// What waits behind a batch that is being stored.
struct Behind {
    waiting: Vec<Waiting>,
    /// The batch of all that wait; none: it is not made ready.
    next: Result<Option<Prepared>, TermError>,
}

impl WriterTask {
    /// Writes until the term is over. At `shutdown` every delivery that waits by then is recorded
    /// still, and no other: however many keep coming, the log goes to its next writer. An erasure
    /// that waits may be refused, and is ordered again.
    pub(super) async fn lead(&mut self, mut term: Term, shutdown: &CancellationToken) -> Ended {
        let mut waiting: Vec<Waiting> = Vec::new();
        loop {
            self.take_no_more_after(shutdown);
            // One, then those who wait: whoever delivers without a pause keeps no erasure from
            // its turn, and whoever erases without one no delivery.
            if let Ok(erasing) = self.erasures.try_recv()
                && let Err(lost) = erase(&mut term, erasing).await
            {
                return Ended::Lost(lost);
            }
            if waiting.is_empty() {
                let work = tokio::select! {
                    biased;
                    () = shutdown.cancelled(), if !self.queue.is_closed() => continue,
                    work = Work::next(&mut self.queue, &mut self.erasures) => work,
                };
                match work {
                    None => return Ended::Stopped,
                    Some(Work::Record(first)) => waiting.push(first),
                    Some(Work::Erase(erasing)) => match erase(&mut term, erasing).await {
                        Ok(()) => continue,
                        Err(lost) => return Ended::Lost(lost),
                    },
                }
            }
            let batch = std::mem::take(&mut waiting);
            match self.record(&mut term, batch, shutdown).await {
                Ok(behind) => waiting = behind,
                Err(lost) => return Ended::Lost(lost),
            }
        }
    }

    /// Records those who wait and those who come up to the batch's size, then whatever was
    /// made ready meanwhile. Gives who waits by then. After an error the term is over.
    async fn record(
        &mut self,
        term: &mut Term,
        mut batch: Vec<Waiting>,
        shutdown: &CancellationToken,
    ) -> Result<Vec<Waiting>, Arc<TermError>> {
        self.join_waiting(&mut batch);
        let prepared = term.prepare(&submissions(&batch)).await;
        let prepared = match prepared {
            Ok(Some(prepared)) => prepared,
            Ok(None) => {
                self.record_alone(term, batch).await?;
                return Ok(Vec::new());
            }
            Err(error) => return Err(fail(batch, error)),
        };
        let mut storing = term.store(prepared);
        loop {
            self.take_no_more_after(shutdown);
            let (stored, behind) = self.gather(term, &mut storing, events_of(&batch)).await;
            match stored {
                Ok(()) => self.answer(batch, storing.outcome),
                // Delivered before under other numbers: both batches are made anew.
                Err(CommitError::AlreadyRecorded) => {
                    term.take_back(storing, behind.next.ok().flatten());
                    self.record_alone(term, batch).await?;
                    return Ok(behind.waiting);
                }
                Err(CommitError::Fenced) => return Err(fail(batch, TermError::Fenced)),
                Err(CommitError::Database(error)) => return Err(fail(batch, error.into())),
            }
            match behind.next {
                Ok(Some(next)) => (batch, storing) = (behind.waiting, term.store(next)),
                Ok(None) => return Ok(behind.waiting),
                Err(error) => return Err(fail(behind.waiting, error)),
            }
        }
    }

    /// Waits until a batch of so many events is stored or not. Once as many wait, theirs is
    /// made ready: later, so that it is no smaller than it must be, and not too late.
    async fn gather(
        &mut self,
        term: &mut Term,
        storing: &mut Storing,
        events: usize,
    ) -> (Result<(), CommitError>, Behind) {
        let mut behind = Behind {
            waiting: Vec::new(),
            next: Ok(None),
        };
        let enough = events.clamp(WORTH_PREPARING, EVENTS_PER_BATCH);
        tokio::select! {
            biased;
            stored = &mut storing.stored => return (stored, behind),
            () = self.waits.reach(events + enough) => {}
        }
        // An erasure has its turn first.
        if !self.erasures.is_empty() {
            return ((&mut storing.stored).await, behind);
        }
        self.join_waiting(&mut behind.waiting);
        let waiting = submissions(&behind.waiting);
        let preparing = term.prepare(&waiting);
        #[cfg(test)]
        let preparing = futures::FutureExt::inspect(preparing, |next| {
            self.waits.tell_made_ready(matches!(next, Ok(Some(_))));
        });
        let (stored, next) = tokio::join!(&mut storing.stored, preparing);
        behind.next = next;
        (stored, behind)
    }

    /// Records what cannot be made ready.
    async fn record_alone(
        &self,
        term: &mut Term,
        batch: Vec<Waiting>,
    ) -> Result<(), Arc<TermError>> {
        let size = term.size();
        let recorded = term.record(&submissions(&batch)).await;
        match recorded {
            Ok(answers) => {
                let (events, size) = (term.size() - size, term.size());
                self.answer(
                    batch,
                    Outcome {
                        answers,
                        events,
                        size,
                    },
                );
                Ok(())
            }
            Err(error) => Err(fail(batch, error)),
        }
    }

    /// Those who come from now on are told that this instance does not write.
    fn take_no_more_after(&mut self, shutdown: &CancellationToken) {
        if shutdown.is_cancelled() {
            self.queue.close();
        }
    }

    fn answer(&self, batch: Vec<Waiting>, outcome: Outcome) {
        self.count(&outcome.answers, outcome.events, outcome.size);
        for (waiting, answer) in batch.into_iter().zip(outcome.answers) {
            waiting.answer(answer.map_err(RecordError::Refused));
        }
    }

    /// Those who wait in the queue by now, up to the batch's size.
    fn join_waiting(&mut self, batch: &mut Vec<Waiting>) {
        let mut events = events_of(batch);
        while events < EVENTS_PER_BATCH {
            let Ok(next) = self.queue.try_recv() else {
                break;
            };
            events += next.submission.count();
            batch.push(next);
        }
    }
}

fn events_of(batch: &[Waiting]) -> usize {
    let counts = batch.iter().map(|waiting| waiting.submission.count());
    counts.sum()
}

fn submissions(batch: &[Waiting]) -> Vec<&Submission> {
    batch.iter().map(|waiting| &waiting.submission).collect()
}

/// The term is over, and nobody of these is told that they were recorded.
fn fail(batch: Vec<Waiting>, error: TermError) -> Arc<TermError> {
    let error = Arc::new(error);
    for waiting in batch {
        waiting.answer(Err(RecordError::Failed(Arc::clone(&error))));
    }
    error
}
