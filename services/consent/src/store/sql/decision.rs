//! Decisions that were answered, each with its one event, and who is told of them.
//!
//! What was kept under a request is answered again only while it may still be opened: a
//! repetition that would be permitted less is a decision of its own.

use std::collections::BTreeMap;

use aval_database::{Database, DatabaseError, Transaction, outbox, rows};
use aval_domain::event::Event;
use aval_domain::id::EventId;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter,
};
use uuid::Uuid;

use super::SqlStore;
use super::access::{self, KnownPairs};
use super::entity::decision::{ActiveModel, Column, Entity, Model};
use crate::decision::Decision;
use crate::decision_log::{DecisionLog, RecordedDecision, TracedDecision};
use crate::error::Error;
use crate::store::Answer;

impl DecisionLog for SqlStore {
    fn record_decisions<'a>(
        &'a self,
        decisions: &'a [TracedDecision],
    ) -> Answer<'a, Vec<Result<RecordedDecision, Error>>> {
        Box::pin(record(&self.db, &self.known_pairs, decisions))
    }
}

async fn record(
    db: &Database,
    known: &KnownPairs,
    decisions: &[TracedDecision],
) -> Result<Vec<Result<RecordedDecision, Error>>, Error> {
    let (answers, accesses) = db
        .transaction("consent.record_decisions", async |tx| {
            let mut kept = insert(&tx, decisions).await?;
            let mut new = Vec::with_capacity(decisions.len());
            let mut answers = Vec::with_capacity(decisions.len());
            for decision in decisions {
                let answer = answer(&mut kept, decision);
                if matches!(&answer, Ok(answer) if answer.event_id == decision.event.event_id) {
                    new.push(decision);
                }
                answers.push(answer);
            }
            replace(&tx, kept).await?;
            let events: Vec<Event> = new.iter().map(|new| new.event.clone()).collect();
            outbox::append_all(&tx, &events).await?;
            let accesses: Vec<_> = new.iter().filter_map(|new| new.access).collect();
            access::record(&tx, known, &accesses).await?;
            Ok::<_, Error>((answers, accesses))
        })
        .await?;
    known.committed(&accesses);
    Ok(answers)
}

/// Who asked, and under which name.
type Name = (String, Uuid);

fn name_of(decision: &TracedDecision) -> Name {
    let key = &decision.key;
    (key.actor.clone(), key.request_id.as_uuid())
}

/// What stands under a name.
struct Kept<'a> {
    row: Model,
    /// What takes its place, because it permits less.
    instead: Option<&'a TracedDecision>,
}

/// Stores the decisions whose requests are new, and gives what stands under each name; of
/// decisions that are all new, nothing.
async fn insert<'a>(
    tx: &Transaction,
    decisions: &[TracedDecision],
) -> Result<BTreeMap<Name, Kept<'a>>, Error> {
    // In one order for all, so that no two batches wait for each other.
    let mut in_order: Vec<&TracedDecision> = decisions.iter().collect();
    in_order.sort_by(|one, other| {
        let name = |of: &TracedDecision| of.key.request_id.as_uuid();
        (&one.key.actor, name(one)).cmp(&(&other.key.actor, name(other)))
    });
    let in_order = in_order.into_iter().map(row_of).collect();
    let inserted = rows::insert(tx, in_order, &[Column::Actor, Column::RequestId]).await?;
    if inserted == decisions.len() as u64 {
        return Ok(BTreeMap::new());
    }
    let names = decisions.iter().map(|decision| {
        Column::Actor
            .eq(decision.key.actor.as_str())
            .and(Column::RequestId.eq(decision.key.request_id.as_uuid()))
    });
    let any = names.fold(Condition::any(), Condition::add);
    let recorded = Entity::find().filter(any).all(tx).await?;
    let kept = recorded.into_iter().map(|row| {
        let name = (row.actor.clone(), row.request_id);
        (name, Kept { row, instead: None })
    });
    Ok(kept.collect())
}

/// What is answered: the decision itself where it is new, or where what was kept would
/// open more than may be opened now; otherwise what was kept.
fn answer<'a>(
    kept: &mut BTreeMap<Name, Kept<'a>>,
    decision: &'a TracedDecision,
) -> Result<RecordedDecision, Error> {
    let itself = || RecordedDecision {
        decision: decision.decision.clone(),
        event_id: decision.event.event_id,
    };
    let Some(under_its_name) = kept.get_mut(&name_of(decision)) else {
        return Ok(itself());
    };
    let row = &under_its_name.row;
    if row.event_id == decision.event.event_id.as_uuid() {
        return Ok(itself());
    }
    if row.fingerprint != decision.key.fingerprint {
        return Err(Error::RequestIdReused);
    }
    let (earlier, event_id) = match under_its_name.instead {
        Some(instead) => (instead.decision.clone(), instead.event.event_id),
        None => (decision_of(row)?, EventId::from_uuid(row.event_id)),
    };
    if decision.decision.permits_all_of(&earlier) {
        return Ok(RecordedDecision {
            decision: earlier.holding_no_longer_than(&decision.decision),
            event_id,
        });
    }
    under_its_name.instead = Some(decision);
    Ok(itself())
}

/// Puts what permits less in the place of what was kept: a third call gets no more than
/// the second. In the order of the names, like the insert.
async fn replace(tx: &Transaction, kept: BTreeMap<Name, Kept<'_>>) -> Result<(), Error> {
    for Kept { instead, .. } in kept.into_values() {
        let Some(decision) = instead else { continue };
        let (actor, request_id) = name_of(decision);
        let row = ActiveModel {
            actor: NotSet,
            request_id: NotSet,
            fingerprint: NotSet,
            ..row_of(decision)
        };
        Entity::update_many()
            .set(row)
            .filter(
                Column::Actor
                    .eq(actor)
                    .and(Column::RequestId.eq(request_id)),
            )
            .exec(tx)
            .await?;
    }
    Ok(())
}

fn decision_of(row: &Model) -> Result<Decision, Error> {
    let corrupt = |_| DatabaseError::corrupt("decisions", "decision", &row.request_id);
    Ok(serde_json::from_str(&row.decision).map_err(corrupt)?)
}

fn row_of(decision: &TracedDecision) -> ActiveModel {
    let json = serde_json::to_string(&decision.decision).expect("a decision is plain data");
    ActiveModel {
        actor: Set(decision.key.actor.clone()),
        request_id: Set(decision.key.request_id.as_uuid()),
        fingerprint: Set(decision.key.fingerprint.to_vec()),
        decision: Set(json),
        event_id: Set(decision.event.event_id.as_uuid()),
        decided_at: Set(decision.decision.decided_at.as_micros()),
    }
}
