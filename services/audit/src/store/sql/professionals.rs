//! Which professionals are one human, read from the log by an index of its own.

use std::sync::Arc;

use aval_database::{Database, DatabaseError};
use aval_domain::event::EventKind;
use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
#[cfg(test)]
use sea_orm::{DbBackend, QueryTrait, Statement};
use tokio::sync::Mutex;

use super::entity::event::{Column, Entity};
use super::row;
use crate::entry::StoredEntry;
use crate::patient_keys::PatientKeys;
use crate::professionals::{KINDS, Professionals, TELLER, in_event};

/// How many events are read at once.
const EVENTS_AT_ONCE: u64 = 500;

/// What this process has read of it. Cloning gives another handle on the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Known(Arc<Mutex<UpTo>>);

/// What was told before a place in the log.
#[derive(Debug, Default)]
struct UpTo {
    place: i64,
    professionals: Professionals,
}

impl Known {
    /// What is told by now, after a look at what is new: an entry that can be seen is in it,
    /// since entries become visible in the order of the log.
    pub(super) async fn ask<Answer>(
        &self,
        db: &Database,
        keys: &PatientKeys,
        question: impl FnOnce(&Professionals) -> Answer,
    ) -> Result<Answer, DatabaseError> {
        let mut known = self.0.lock().await;
        loop {
            let rows = telling(known.place).all(db.reader()).await?;
            let Some(last) = rows.last() else {
                return Ok(question(&known.professionals));
            };
            let next = last.log_index + 1;
            let mut changes = Vec::new();
            for stored in row::entries_of(db.reader(), keys, &rows).await? {
                changes.extend(in_event(&opened(stored)?));
            }
            known.professionals.take(changes);
            known.place = next;
        }
    }
}

/// One that was altered leads nowhere: it is an error for whoever asks.
fn opened(stored: StoredEntry) -> Result<aval_domain::event::Event, DatabaseError> {
    let entry = stored.open();
    let entry = entry
        .map_err(|altered| DatabaseError::corrupt("events", altered.what, &altered.log_index))?;
    Ok(entry.event)
}

fn telling(from: i64) -> Select<Entity> {
    Entity::find()
        .filter(tells_of_professionals())
        .filter(Column::Source.eq(TELLER))
        .filter(Column::LogIndex.gte(from))
        .order_by_asc(Column::LogIndex)
        .limit(EVENTS_AT_ONCE)
}

/// The statement that looks for what is new. For the tests that look at its plan.
#[cfg(test)]
pub(crate) fn telling_statement(engine: DbBackend) -> Statement {
    telling(7).build(engine)
}

/// Word for word the condition of the index, without parameters: SQLite uses the index for
/// nothing else.
pub(super) fn tells_of_professionals() -> SimpleExpr {
    let codes = KINDS.map(|kind: EventKind| format!("'{}'", kind.code()));
    Expr::cust(format!("kind IN ({})", codes.join(", ")))
}
