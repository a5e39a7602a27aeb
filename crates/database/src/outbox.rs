//! Events that wait for the trail, written in the transaction of the change they tell.
//!
//! A change and its trace commit together, or neither does ([`append`]). Later a
//! [`Relay`] numbers the events and hands them over, in order, at least once.
//!
//! A number is given only after the commit, by the one relay, never by the
//! producer: a sequence's values become visible out of order, so reading `id >
//! last` loses events:
//!
//! ```text
//! t0  A: INSERT → id 7            t2  relay: reads up to 8, remembers 8
//! t1  B: INSERT → id 8, COMMIT    t3  A: COMMIT            7 would never be seen
//! ```
//!
//! The relay instead takes whatever has no number yet. It gives gapless numbers in
//! a transaction of its own, before it delivers, and an event keeps its number for
//! ever: delivering again uses the same numbers.
//!
//! Numbers run from 1 within an epoch. The epoch names one life of this outbox: it
//! is the instant, in microseconds, at which the first relay met it. A database
//! restored from an older copy would give numbers a second time, to other events;
//! whoever restores it calls [`start_new_epoch`] before the service starts again.
//! If that is forgotten, the receiver sees a known number with an unknown event
//! and refuses it.
//!
//! Every half minute the relay also says how the outbox stands ([`Report`]), whether it has
//! something to deliver or not: a receiver that hears nothing knows that something is wrong,
//! and one that hears of a lower number than it recorded, that a database was put back.

mod entity;
#[expect(
    elided_lifetimes_in_paths,
    reason = "MigrationTrait declares its methods without the lifetime, and async_trait wants the same"
)]
mod migration;
mod numbering;
mod relay;
mod waiting;

use aval_domain::event::Event;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveValue::NotSet, DbErr};

use crate::{DatabaseError, Transaction, rows};
pub use migration::CreateOutbox;
pub use numbering::{LARGEST_DELIVERY, start_new_epoch};
pub use relay::{Batch, NumberedEvent, Relay, RelaySettings, Report};
pub use waiting::{Backlog, backlog};

/// Appends `event` inside the transaction of the change that it tells.
pub async fn append(tx: &Transaction, event: &Event) -> Result<(), DatabaseError> {
    append_all(tx, std::slice::from_ref(event)).await
}

/// Appends `events` in their order, in as few statements as possible.
pub async fn append_all(tx: &Transaction, events: &[Event]) -> Result<(), DatabaseError> {
    let events = events.iter().map(row_of).collect::<Result<Vec<_>, _>>()?;
    rows::insert(tx, events, &[]).await?;
    Ok(())
}

fn row_of(event: &Event) -> Result<entity::ActiveModel, DatabaseError> {
    // Strings, integers, lists and maps with text keys always have a JSON form.
    let payload = serde_json::to_string(event).map_err(|error| DbErr::Json(error.to_string()))?;
    Ok(entity::ActiveModel {
        id: NotSet,
        event_id: Set(event.event_id.as_uuid()),
        occurred_at: Set(event.occurred_at.as_micros()),
        payload: Set(payload),
        sequence: NotSet,
    })
}

#[cfg(test)]
mod tests;
