//! Writes that a client may repeat: the first one's answer is kept beside its effect.
//!
//! A client names each write by a `request_id` of its own. The first transaction
//! of that write claims the name, does the work, and stores the answer; all three
//! commit together. Whoever comes later with the same name gets the stored answer.
//!
//! Two at once, on PostgreSQL (on SQLite they queue for the one writer):
//!
//! ```text
//! t0  A: INSERT (actor, id)                      takes the primary key
//! t1  B: INSERT (actor, id) ON CONFLICT DO NOTHING   waits for A's end
//! t2  A: work, complete, COMMIT                  B: no row inserted → reads A's answer: Replay
//! t2' A: ROLLBACK                                B: row inserted → Fresh
//! ```

mod entity;
mod fingerprint;
#[expect(
    elided_lifetimes_in_paths,
    reason = "MigrationTrait declares its methods without the lifetime, and async_trait wants the same"
)]
mod migration;

use aval_domain::id::RequestId;
use aval_domain::time::Timestamp;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, TryInsertResult};

use crate::{DatabaseError, Transaction};
pub use fingerprint::fingerprint;
pub use migration::CreateRequests;

/// What makes one write the same as another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// Who asks; the ids of two actors never collide.
    pub actor: String,
    /// The client's name for this write.
    pub request_id: RequestId,
    /// The use case, as in its span: `consent.revoke_grant`.
    pub operation: &'static str,
    /// Everything the client asked for, by [`fingerprint`].
    pub fingerprint: [u8; 32],
}

/// What [`claim`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Nobody did this yet: do it, then [`complete`] in the same transaction.
    Fresh,
    /// It is done: answer this, and change nothing.
    Replay {
        /// What [`complete`] was given.
        result: String,
    },
}

/// Why a request was not claimed.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// The same name was used for another write: `REQUEST_ID_REUSED`.
    #[error("the request id was used for another request")]
    Reused,
    /// The question could not be answered.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Claims `key` inside the transaction that does the work.
pub async fn claim(
    tx: &Transaction,
    key: &RequestKey,
    now: Timestamp,
) -> Result<Claim, ClaimError> {
    // A second turn only if the row was forgotten between the two statements.
    loop {
        if insert(tx, key, now).await? {
            return Ok(Claim::Fresh);
        }
        let known = entity::Entity::find_by_id((key.actor.clone(), key.request_id.as_uuid()))
            .one(tx)
            .await
            .map_err(DatabaseError::from)?;
        if let Some(known) = known {
            return replay(key, known);
        }
    }
}

/// Stores the answer of a claimed request: an identifier, or JSON; whatever the
/// service needs to give the same answer again. Never a secret.
pub async fn complete(
    tx: &Transaction,
    key: &RequestKey,
    result: &str,
) -> Result<(), DatabaseError> {
    let row = entity::ActiveModel {
        actor: Set(key.actor.clone()),
        request_id: Set(key.request_id.as_uuid()),
        result: Set(Some(result.to_owned())),
        ..Default::default()
    };
    entity::Entity::update(row).exec(tx).await?;
    Ok(())
}

/// Forgets the requests claimed before `horizon`, and says how many. A client that
/// repeats one later does it a second time: keep at least a day.
pub async fn forget_before(tx: &Transaction, horizon: Timestamp) -> Result<u64, DatabaseError> {
    let deleted = entity::Entity::delete_many()
        .filter(entity::Column::ClaimedAt.lt(horizon.as_micros()))
        .exec(tx)
        .await?;
    Ok(deleted.rows_affected)
}

/// Whether `key` was free, and is ours now.
async fn insert(tx: &Transaction, key: &RequestKey, now: Timestamp) -> Result<bool, DatabaseError> {
    let row = entity::ActiveModel {
        actor: Set(key.actor.clone()),
        request_id: Set(key.request_id.as_uuid()),
        operation: Set(key.operation.to_owned()),
        fingerprint: Set(key.fingerprint.to_vec()),
        result: Set(None),
        claimed_at: Set(now.as_micros()),
    };
    let inserted = entity::Entity::insert(row)
        .on_conflict_do_nothing_on([entity::Column::Actor, entity::Column::RequestId])
        .exec_without_returning(tx)
        .await?;
    Ok(matches!(inserted, TryInsertResult::Inserted(1)))
}

fn replay(key: &RequestKey, known: entity::Model) -> Result<Claim, ClaimError> {
    if known.operation != key.operation || known.fingerprint != key.fingerprint {
        return Err(ClaimError::Reused);
    }
    // A claim commits only together with its result.
    let result = known
        .result
        .ok_or_else(|| DatabaseError::corrupt("requests", "result", &key.request_id))?;
    Ok(Claim::Replay { result })
}

#[cfg(test)]
mod tests;
