//! One writer's time: from taking over to losing the log.

mod prepared;

use std::sync::Arc;
use std::time::Duration;

use aval_database::{DatabaseError, answered_within};
use aval_domain::id::{EventId, PatientId};
use aval_domain::time::Clock;

use crate::batch::{GrowthError, PatientHeads, Tip};
use crate::checkpoint_key::{CheckpointKey, CheckpointRefused};
use crate::erasure::{self, Erased, Erasure, Order, Part};
use crate::head_map::{HeadMap, HeadMapError, MapChange};
use crate::plan::{Plan, Recorded, Refused, claimed_before};
use crate::sequence::Positions;
use crate::store::{CommitError, Lease, Store};
use crate::submission::{NotASubmission, Submission, Unrecordable};

pub(super) use prepared::{Outcome, Prepared, Storing};

/// The state of the one who writes: what the store would say if it were asked.
#[derive(Debug)]
pub(super) struct Term {
    store: Arc<dyn Store>,
    key: Arc<CheckpointKey>,
    clock: Arc<dyn Clock>,
    tip: Tip,
    positions: Positions,
    /// Heads of patients of this term: nobody else moves them while it lasts.
    map: HeadMap,
    /// How long the database may say nothing before it is lost, and the term with it.
    answers_within: Duration,
    _lease: Lease,
}

/// Why a term ended, or did not begin.
#[derive(Debug, thiserror::Error)]
pub enum TermError {
    /// Another writer has taken over.
    #[error("another writer has taken over the log")]
    Fenced,
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] DatabaseError),
    /// The log in the database is not the one that was signed: nothing more is written
    /// until a person has looked.
    #[error("the log in the database is not the one that was signed")]
    Damaged(#[from] CheckpointRefused),
    /// A patient's head in the database is not the one that was signed.
    #[error("the patients' heads in the database are not those that were signed")]
    HeadsAltered,
    /// The log cannot grow.
    #[error("the log cannot grow")]
    Growth(#[from] GrowthError),
    /// An erasure cannot be told.
    #[error("an erasure cannot be told")]
    Untellable(#[from] Unrecordable),
    /// The erasures of a step are out of bounds.
    #[error("the erasures of a step are out of bounds")]
    TooManyParts(#[from] NotASubmission),
    /// The store says that an event is there, and does not find it.
    #[error("the store contradicts itself about an event")]
    Contradiction,
}

impl Term {
    /// Takes over, and makes sure that the log is the one that was last signed. A new
    /// log gets its first checkpoint, of no entry, and one whose checkpoint is from
    /// before there was a map of heads a new one.
    pub(super) async fn begin(
        store: Arc<dyn Store>,
        key: Arc<CheckpointKey>,
        clock: Arc<dyn Clock>,
        answers_within: Duration,
    ) -> Result<Self, TermError> {
        let tenure = store.take_over().await?;
        let map = answered_within(answers_within, HeadMap::read(store.as_ref())).await?;
        let mut term = Self {
            store,
            key,
            clock,
            tip: tenure.tip,
            positions: tenure.positions,
            map,
            answers_within,
            _lease: tenure.lease,
        };
        let (size, root) = (term.tip.frontier.size(), term.tip.frontier.root());
        let map_root = term.map.root();
        let is_signed = match tenure.checkpoint {
            Some(note) => term.key.require_signed(&note, size, root, map_root)?,
            None if size == 0 => false,
            None => return Err(CheckpointRefused::RootDiffers { size: 0 }.into()),
        };
        if !is_signed {
            term.sign_as_it_is().await?;
        }
        Ok(term)
    }

    pub(super) const fn size(&self) -> u64 {
        self.tip.frontier.size()
    }

    /// Records what is new in these deliveries, durably, and answers each of them. After
    /// an error the term is over.
    pub(super) async fn record(
        &mut self,
        submissions: &[&Submission],
    ) -> Result<Vec<Result<u64, Refused>>, TermError> {
        let claimed: Vec<EventId> = claimed_before(&self.positions, submissions).collect();
        let mut recorded = self.look_up(&claimed).await?;
        loop {
            let plan = Plan::new(&self.positions, submissions, &recorded);
            match self.commit(&plan, None).await {
                Ok((tip, change)) => {
                    self.tip = tip;
                    self.positions.move_to(&plan.moved);
                    self.map.apply(change);
                    return Ok(plan.answers);
                }
                // Delivered before under other numbers: find out which, and plan again.
                Err(Failure::AlreadyRecorded) => {
                    let fresh = plan.fresh.iter().map(|(_, sealed)| sealed.event.event_id);
                    let known = self.look_up(&fresh.collect::<Vec<_>>()).await?;
                    if known.is_empty() {
                        return Err(TermError::Contradiction);
                    }
                    recorded.extend(known);
                }
                Err(Failure::Ended(error)) => return Err(error),
            }
        }
    }

    /// Erases the next of what is ordered, together with the entries that say so. After an
    /// error the term is over.
    pub(super) async fn erase(&mut self, order: &Order) -> Result<Erased, TermError> {
        let found = self.store.erasable(&order.target);
        let found = answered_within(self.answers_within, found).await?;
        let parts = erasure::parts(&order.target, &found);
        let done = Erased {
            count: found.rows.len() as u64,
            next: found.next,
        };
        if parts.is_empty() {
            return Ok(done);
        }
        let now = self.clock.now();
        let first = self.positions.last(erasure::SOURCE, erasure::EPOCH) + 1;
        let mut events = Vec::with_capacity(parts.len());
        for (sequence, part) in (first..).zip(&parts) {
            events.push((sequence, order.tell(part, now)?));
        }
        let submission = Submission::new(erasure::SOURCE, erasure::EPOCH, events)?;
        let plan = Plan::new(&self.positions, &[&submission], &Recorded::new());
        let erasing = Erasing {
            parts: &parts,
            key_of: order.key_of(&found),
        };
        match self.commit(&plan, Some(&erasing)).await {
            Ok((tip, change)) => {
                self.tip = tip;
                self.positions.move_to(&plan.moved);
                self.map.apply(change);
                Ok(done)
            }
            Err(Failure::AlreadyRecorded) => Err(TermError::Contradiction),
            Err(Failure::Ended(error)) => Err(error),
        }
    }

    async fn look_up(&self, events: &[EventId]) -> Result<Recorded, DatabaseError> {
        if events.is_empty() {
            return Ok(Recorded::new());
        }
        answered_within(self.answers_within, self.store.recorded(events)).await
    }

    /// Stores what the plan adds; gives the log's tip after it and what it changes of
    /// the patients' heads.
    async fn commit(
        &mut self,
        plan: &Plan<'_>,
        erasing: Option<&Erasing<'_>>,
    ) -> Result<(Tip, MapChange), Failure> {
        let heads = self.patient_heads(plan).await?;
        let positions: Vec<_> = plan.moved.all().collect();
        if plan.fresh.is_empty() && positions.is_empty() {
            return Ok((self.tip.clone(), MapChange::default()));
        }
        let now = self.clock.now();
        let grown = self
            .tip
            .extend(&plan.fresh, heads, &self.map, now, &self.key);
        let (tip, mut batch) = grown.map_err(TermError::from)?;
        if let Some(erasing) = erasing {
            let says = batch.entries.iter().map(|entry| entry.log_index);
            let erasures = says.zip(erasing.parts).map(|(erased_by, part)| Erasure {
                erased_by,
                log_indexes: part.log_indexes.iter().copied().collect(),
            });
            batch.erasures = erasures.collect();
            batch.erased_key = erasing.key_of;
        }
        let stored = self.store.commit(&batch, &positions);
        answered_within(self.answers_within, stored).await?;
        Ok((tip, batch.map))
    }

    async fn patient_heads(&mut self, plan: &Plan<'_>) -> Result<PatientHeads, TermError> {
        let fresh = plan.fresh.iter();
        let patients = fresh.filter_map(|(_, sealed)| sealed.event.patient_id);
        let patients = patients.collect();
        let heads = self.map.heads(self.store.as_ref(), &patients);
        Ok(answered_within(self.answers_within, heads).await?)
    }

    async fn sign_as_it_is(&mut self) -> Result<(), TermError> {
        let now = self.clock.now();
        let nobody = PatientHeads::new();
        let (tip, batch) = self.tip.extend(&[], nobody, &self.map, now, &self.key)?;
        let stored = self.store.commit(&batch, &[]);
        match answered_within(self.answers_within, stored).await {
            Ok(()) => {
                self.tip = tip;
                Ok(())
            }
            Err(CommitError::Database(error)) => Err(error.into()),
            Err(CommitError::Fenced) => Err(TermError::Fenced),
            Err(CommitError::AlreadyRecorded) => Err(TermError::Contradiction),
        }
    }
}

/// What the entries of a plan erase, one part each.
struct Erasing<'a> {
    parts: &'a [Part],
    key_of: Option<PatientId>,
}

/// Why a plan was not carried out.
enum Failure {
    AlreadyRecorded,
    Ended(TermError),
}

impl From<HeadMapError> for TermError {
    fn from(error: HeadMapError) -> Self {
        match error {
            HeadMapError::Database(error) => error.into(),
            HeadMapError::Altered => Self::HeadsAltered,
        }
    }
}

impl From<TermError> for Failure {
    fn from(error: TermError) -> Self {
        Self::Ended(error)
    }
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::AlreadyRecorded => Self::AlreadyRecorded,
            CommitError::Fenced => Self::Ended(TermError::Fenced),
            CommitError::Database(error) => Self::Ended(error.into()),
        }
    }
}

impl TermError {
    /// The database's failure, if that is what it was.
    #[must_use]
    pub const fn database(&self) -> Option<&DatabaseError> {
        match self {
            Self::Database(error) => Some(error),
            Self::Fenced
            | Self::Damaged(_)
            | Self::HeadsAltered
            | Self::Growth(_)
            | Self::Untellable(_)
            | Self::TooManyParts(_)
            | Self::Contradiction => None,
        }
    }
}
