//! A batch that is made ready before the one ahead of it is stored.
//!
//! What a batch is made of is where the log, the producers and the patients' heads stand. The
//! term counts what is ready as stored, so that the next is made to follow it, and goes back
//! to what was before where it is not taken. Nothing is sent before what it follows is stored.
//!
//! ```text
//! t0  A is sent                            t2  A is stored: A is answered, B is sent
//! t1  B is made, to follow A               t3  B is stored: B is answered
//! t2' A holds an event that is in the log already: nothing of it was stored.
//!     The term goes back behind B and A, and makes both anew
//! t2" A is fenced, or the database failed: the term is over, and with it B
//! ```

use std::mem;
use std::sync::Arc;

use aval_database::answered_within;
use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Term, TermError};
use crate::batch::Tip;
use crate::head_map::MapChange;
use crate::plan::{Plan, Recorded, Refused, claimed_before};
use crate::sequence::Positions;
use crate::store::{CommitError, ReadyBatch};
use crate::submission::Submission;

/// A batch that the term counts as stored.
pub(in crate::writer) struct Prepared {
    ready: ReadyBatch,
    outcome: Outcome,
    before: Before,
}

/// What is to be said once it is stored.
pub(in crate::writer) struct Outcome {
    /// To each of its deliveries.
    pub(in crate::writer) answers: Vec<Result<u64, Refused>>,
    /// How many events it has.
    pub(in crate::writer) events: u64,
    /// How long the log is with it.
    pub(in crate::writer) size: u64,
}

/// A batch on its way into the store.
pub(in crate::writer) struct Storing {
    /// Ends when it is there, or not.
    pub(in crate::writer) stored: BoxFuture<'static, Result<(), CommitError>>,
    pub(in crate::writer) outcome: Outcome,
    before: Before,
}

/// What a term was.
struct Before {
    tip: Tip,
    positions: Positions,
    map: MapChange,
}

impl Term {
    /// Makes a batch of these deliveries that follows whatever was made before. None where
    /// that takes a look at what the store holds, or where the store makes nothing ready:
    /// then nothing is changed.
    ///
    /// Events that are said to have been delivered before may be in the batch ahead, of which
    /// the store does not know yet, and heads that are not stored yet must not be forgotten.
    pub(in crate::writer) async fn prepare(
        &mut self,
        submissions: &[&Submission],
    ) -> Result<Option<Prepared>, TermError> {
        let has_repeated = claimed_before(&self.positions, submissions)
            .next()
            .is_some();
        if has_repeated || self.map.is_full() {
            return Ok(None);
        }
        let plan = Plan::new(&self.positions, submissions, &Recorded::new());
        if plan.fresh.is_empty() || !self.store.makes_ready(&plan.fresh) {
            return Ok(None);
        }
        let heads = self.patient_heads(&plan).await?;
        let now = self.clock.now();
        let grown = self
            .tip
            .extend(&plan.fresh, heads, &self.map, now, &self.key);
        let (tip, batch) = grown?;
        let positions: Vec<_> = plan.moved.all().collect();
        let Some(ready) = self.store.ready(&batch, &positions) else {
            return Ok(None);
        };
        let ready = ready?;
        let outcome = Outcome {
            answers: plan.answers,
            events: batch.new_size - batch.old_size,
            size: batch.new_size,
        };
        let before = Before {
            tip: mem::replace(&mut self.tip, tip),
            positions: self.positions.of_those(&plan.moved),
            map: self.map.apply(batch.map),
        };
        self.positions.move_to(&plan.moved);
        Ok(Some(Prepared {
            ready,
            outcome,
            before,
        }))
    }

    /// Sends it, once the future is polled. Everything that it follows is stored.
    pub(in crate::writer) fn store(&self, prepared: Prepared) -> Storing {
        let (store, ready) = (Arc::clone(&self.store), prepared.ready);
        let longest = self.answers_within;
        Storing {
            stored: async move { answered_within(longest, store.commit_ready(ready)).await }
                .boxed(),
            outcome: prepared.outcome,
            before: prepared.before,
        }
    }

    /// Goes back behind a batch that the store did not take, and first behind the one that
    /// was made to follow it.
    pub(in crate::writer) fn take_back(&mut self, refused: Storing, follows: Option<Prepared>) {
        let follows = follows.map(|prepared| prepared.before);
        for before in follows.into_iter().chain([refused.before]) {
            self.tip = before.tip;
            self.positions.move_back(&before.positions);
            self.map.apply(before.map);
        }
    }
}
