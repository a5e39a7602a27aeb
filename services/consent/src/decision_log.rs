//! Where decisions are recorded before anything is disclosed.

use std::fmt;

use aval_database::requests::RequestKey;
use aval_domain::event::Event;
use aval_domain::id::EventId;

use crate::decision::Decision;
use crate::error::Error;
use crate::notification::Access;
use crate::store::Answer;

/// A decision that is to be recorded.
#[derive(Debug, Clone)]
pub struct TracedDecision {
    /// Whose request it answers, under which name.
    pub key: RequestKey,
    /// What was decided.
    pub decision: Decision,
    /// What the trail is told.
    pub event: Event,
    /// What it opens, where somebody may have to be told of that.
    pub access: Option<Access>,
}

/// What was recorded under a request: the decision of its first call, or of the last one
/// that was permitted less than what had been recorded before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedDecision {
    /// What was decided.
    pub decision: Decision,
    /// The one event that tells of it.
    pub event_id: EventId,
}

/// Records decisions. Whoever implements it promises:
///
/// - when the answer is there, each decision and its event are durable;
/// - a request that was recorded before gives the recorded decision again and adds no
///   event, also when both are in one batch or run at once, as long as the decision handed
///   in permits all that the recorded one does; it is promised for no longer than both;
/// - otherwise the decision handed in is a new one with its own event, is what is given, and
///   takes the place of the recorded one;
/// - whoever has to be told of an access is told in the same transaction, as
///   [`Inboxes`](crate::inbox::Inboxes) promises;
/// - a request id that was used for another question gives
///   [`Error::RequestIdReused`] and adds nothing.
pub trait DecisionLog: fmt::Debug + Send + Sync {
    /// Records these decisions together, and says for each what holds.
    fn record_decisions<'a>(
        &'a self,
        decisions: &'a [TracedDecision],
    ) -> Answer<'a, Vec<Result<RecordedDecision, Error>>>;
}
