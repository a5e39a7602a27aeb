//! Decisions that were answered, each with its one event, and who is told of them.

use std::collections::HashMap;

use aval_database::{Database, DatabaseError, Transaction, outbox, rows};
use aval_domain::event::Event;
use aval_domain::id::EventId;
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter};
use uuid::Uuid;

use super::SqlStore;
use super::access::{self, KnownPairs};
use super::entity::decision::{ActiveModel, Column, Entity, Model};
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
            let earlier = insert(&tx, decisions).await?;
            let is_new = |decision: &&TracedDecision| !earlier.contains_key(&name_of(decision));
            let new: Vec<&TracedDecision> = decisions.iter().filter(is_new).collect();
            let events: Vec<Event> = new.iter().map(|new| new.event.clone()).collect();
            outbox::append_all(&tx, &events).await?;
            let accesses: Vec<_> = new.iter().filter_map(|new| new.access).collect();
            access::record(&tx, known, &accesses).await?;
            let answers = decisions.iter().map(|one| answer(&earlier, one)).collect();
            Ok::<_, Error>((answers, accesses))
        })
        .await?;
    known.committed(&accesses);
    Ok(answers)
}

/// Who asked, and under which name; for a new decision also which event is its own:
/// two decisions of one batch may bear one name.
type Name = (String, Uuid, EventId);

fn name_of(decision: &TracedDecision) -> Name {
    let key = &decision.key;
    (
        key.actor.clone(),
        key.request_id.as_uuid(),
        decision.event.event_id,
    )
}

/// Stores the decisions whose requests are new, and gives what was recorded before
/// under the names of the others.
async fn insert(
    tx: &Transaction,
    decisions: &[TracedDecision],
) -> Result<HashMap<Name, Model>, Error> {
    // In one order for all, so that no two batches wait for each other.
    let mut in_order: Vec<&TracedDecision> = decisions.iter().collect();
    in_order.sort_by(|one, other| {
        let name = |of: &TracedDecision| of.key.request_id.as_uuid();
        (&one.key.actor, name(one)).cmp(&(&other.key.actor, name(other)))
    });
    let in_order = in_order.into_iter().map(row_of).collect();
    let inserted = rows::insert(tx, in_order, &[Column::Actor, Column::RequestId]).await?;
    if inserted == decisions.len() as u64 {
        return Ok(HashMap::new());
    }
    let names = decisions.iter().map(|decision| {
        Column::Actor
            .eq(decision.key.actor.as_str())
            .and(Column::RequestId.eq(decision.key.request_id.as_uuid()))
    });
    let any = names.fold(Condition::any(), Condition::add);
    let recorded = Entity::find().filter(any).all(tx).await?;
    let recorded: HashMap<_, _> = recorded
        .into_iter()
        .map(|row| ((row.actor.clone(), row.request_id), row))
        .collect();
    let earlier = decisions.iter().filter_map(|decision| {
        let (actor, request_id, event_id) = name_of(decision);
        let row = recorded.get(&(actor, request_id))?;
        (row.event_id != event_id.as_uuid()).then(|| (name_of(decision), row.clone()))
    });
    Ok(earlier.collect())
}

fn answer(
    earlier: &HashMap<Name, Model>,
    decision: &TracedDecision,
) -> Result<RecordedDecision, Error> {
    let Some(row) = earlier.get(&name_of(decision)) else {
        return Ok(RecordedDecision {
            decision: decision.decision.clone(),
            event_id: decision.event.event_id,
        });
    };
    if row.fingerprint != decision.key.fingerprint {
        return Err(Error::RequestIdReused);
    }
    let corrupt = |_| DatabaseError::corrupt("decisions", "decision", &row.request_id);
    Ok(RecordedDecision {
        decision: serde_json::from_str(&row.decision).map_err(corrupt)?,
        event_id: EventId::from_uuid(row.event_id),
    })
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
