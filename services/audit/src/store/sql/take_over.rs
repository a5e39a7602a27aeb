//! How a writer takes over.
//!
//! ```text
//! t0  A: lease, fence 7                    B: waits for the lease
//! t1  A: prepares a batch                  (A's connection breaks; the lease is free)
//! t2                                       B: lease, fence 8
//! t3  A: UPDATE … WHERE fence = 7 → no row: Fenced, nothing of the batch is stored
//! ```
//!
//! If A's update comes before t2 instead, B's waits for A's transaction to end on
//! the head's row lock, and then reads the log with A's batch in it.

use std::time::Duration;

use aval_database::{
    Database, DatabaseError, ExclusiveLock, Transaction, answered, answered_within,
};
use aval_domain::time::Timestamp;
use aval_merkle_log::tree::{Frontier, MissingNode, OpenGroups};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{EntityTrait, ExprTrait};

use super::entity::{log_head, producer};
use super::{alias, months, row, tree};
use crate::batch::Tip;
use crate::patient_keys::PatientKeys;
use crate::sequence::Positions;
use crate::store::{Lease, Tenure};

/// Longer than reading where the log stands takes, also after a program that knew nothing of who
/// is whom wrote a long part of it. A database that says nothing for so long is lost.
const LONGEST: Duration = Duration::from_mins(10);

pub(super) async fn take_over(db: &Database, keys: &PatientKeys) -> Result<Tenure, DatabaseError> {
    let lock = ExclusiveLock::acquire(db, "audit.writer").await?;
    // The last writer may have erased some.
    keys.forget_owners();
    let made = db.transaction("audit.make_months", async |tx| months::make(&tx).await);
    if let Err(error) = answered(made).await {
        // There are a year's worth, and a part for what is beyond.
        tracing::warn!(%error, "the parts of the months to come were not made");
    }
    let taken = db.transaction::<_, DatabaseError, _>("audit.take_over", async |tx| {
        let head = raise_fence(&tx).await?;
        let size = row::unsigned(head.size, "log_head", "size", &head.id)?;
        alias::catch_up(&tx, keys, head.aliases_to..head.size).await?;
        let nodes = tree::stored_nodes(&tx, &OpenGroups::needed(size)).await?;
        let groups = OpenGroups::from_nodes(&nodes, size).map_err(missing)?;
        Ok((head, positions(&tx).await?, groups))
    });
    let (head, positions, groups) = answered_within(LONGEST, taken).await?;
    let size = row::unsigned(head.size, "log_head", "size", &head.id)?;
    Ok(Tenure {
        tip: Tip {
            fence: row::unsigned(head.fence, "log_head", "fence", &head.id)?,
            // Of the groups, so that the root that was signed speaks of all that is in them.
            frontier: Frontier::from_nodes(&groups, size).map_err(missing)?,
            groups,
            recorded_at: Timestamp::from_micros(head.recorded_at),
        },
        positions,
        checkpoint: head.checkpoint,
        lease: Lease::new(lock),
    })
}

fn missing(node: MissingNode) -> DatabaseError {
    DatabaseError::corrupt("events", "nodes", &node.0)
}

/// The head with a higher fence; the first writer ever makes it.
async fn raise_fence(tx: &Transaction) -> Result<log_head::Model, DatabaseError> {
    let first = log_head::ActiveModel {
        id: Set(log_head::ONLY),
        fence: Set(0),
        size: Set(0),
        recorded_at: Set(0),
        checkpoint: Set(None),
        aliases_to: Set(0),
    };
    log_head::Entity::insert(first)
        .on_conflict_do_nothing_on([log_head::Column::Id])
        .exec_without_returning(tx)
        .await?;
    let raised = log_head::Entity::update_many()
        .col_expr(
            log_head::Column::Fence,
            Expr::col(log_head::Column::Fence).add(1),
        )
        .exec_with_returning(tx)
        .await?;
    let head = raised.into_iter().next();
    head.ok_or_else(|| DatabaseError::corrupt("log_head", "id", &log_head::ONLY))
}

async fn positions(tx: &Transaction) -> Result<Positions, DatabaseError> {
    let rows = producer::Entity::find().all(tx).await?;
    rows.into_iter()
        .map(|producer| {
            let number =
                |number, column| row::unsigned(number, "producers", column, &producer.source);
            let epoch = number(producer.epoch, "epoch")?;
            let last = number(producer.last_sequence, "last_sequence")?;
            Ok((producer.source, epoch, last))
        })
        .collect()
}
