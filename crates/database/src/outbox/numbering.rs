//! Which event gets which number: decided in transactions, under the head's row lock.

use aval_domain::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, Func};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, Statement,
};

use super::entity::{self, head};
use super::{Batch, NumberedEvent, Report};
use crate::{Database, DatabaseError, Transaction};

/// Begins a new life of this outbox, and says its epoch: for whoever has restored
/// the database from an older copy, before the service starts again. Events that
/// wait are numbered anew, from 1; the receiver knows them by their identifiers.
pub async fn start_new_epoch(db: &Database, now: Timestamp) -> Result<u64, DatabaseError> {
    let epoch = db
        .transaction("database.start_new_epoch", async |tx| {
            let current = locked_head(&tx, now).await?;
            // Later than the restored one, whatever the clock says.
            let epoch = now.as_micros().max(current.epoch + 1);
            entity::Entity::update_many()
                .col_expr(entity::Column::Sequence, Expr::value(Option::<i64>::None))
                .filter(entity::Column::Sequence.is_not_null())
                .exec(&tx)
                .await?;
            let mut renewed = head::ActiveModel::from(current);
            renewed.epoch = Set(epoch);
            renewed.last_sequence = Set(0);
            renewed.update(&tx).await?;
            Ok::<_, DatabaseError>(epoch)
        })
        .await?;
    Ok(unsigned(epoch))
}

/// The most that one delivery carries, in bytes of events as they stand in the outbox; one that
/// is longer goes alone. Encoded they are shorter, and the receiver takes 4 MiB.
pub const LARGEST_DELIVERY: u64 = 2 * 1024 * 1024;

/// What is to be delivered next.
#[derive(Debug)]
pub(super) struct Next {
    pub(super) batch: Batch,
    /// Whether it is as large as a batch may be, so that more may be numbered already.
    pub(super) is_full: bool,
}

/// Which events the receiver has: those of `epoch` up to `last`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Acknowledged {
    pub(super) epoch: u64,
    pub(super) last: u64,
}

/// Whether a relay has anything to do.
pub(super) async fn is_empty(db: &Database) -> Result<bool, DatabaseError> {
    let any = entity::Entity::find()
        .select_only()
        .column(entity::Column::Id)
        // By the index, which skips what was removed and not yet vacuumed.
        .order_by_asc(entity::Column::Id)
        .limit(1)
        .into_tuple::<i64>()
        .one(db.reader())
        .await?;
    Ok(any.is_none())
}

/// How the outbox of `source` stands. It writes once in the outbox's life, where no relay met
/// it before, so that the epoch has its name.
pub(super) async fn standing(
    db: &Database,
    source: &str,
    now: Timestamp,
) -> Result<Report, DatabaseError> {
    let met = head::Entity::find_by_id(head::ONLY)
        .one(db.reader())
        .await?;
    let head = if let Some(head) = met {
        head
    } else {
        let first = async |tx: Transaction| locked_head(&tx, now).await;
        db.quiet_transaction("outbox.begin", first).await?
    };
    // By the index: of those that waited longest the first.
    let oldest = entity::Entity::find()
        .select_only()
        .column(entity::Column::OccurredAt)
        .order_by_asc(entity::Column::Id)
        .limit(1)
        .into_tuple::<i64>()
        .one(db.reader())
        .await?;
    Ok(Report {
        source: source.to_owned(),
        epoch: unsigned(head.epoch),
        newest_sequence: unsigned(head.last_sequence),
        oldest_waiting_at: oldest.map(Timestamp::from_micros),
    })
}

/// Removes what is acknowledged and gives the next events to deliver: those that
/// have a number already, or else those that get one now. At most `limit`, and of those no more
/// than [`LARGEST_DELIVERY`]: the others keep their numbers and are next.
pub(super) async fn advance(
    tx: &Transaction,
    source: &str,
    acknowledged: Option<Acknowledged>,
    limit: u64,
    now: Timestamp,
) -> Result<Next, DatabaseError> {
    by_the_indexes(tx).await?;
    // From here on a second relay, cut off from its lock without knowing, waits.
    let head = locked_head(tx, now).await?;
    if let Some(done) = acknowledged.filter(|done| done.epoch == unsigned(head.epoch)) {
        entity::Entity::delete_many()
            .filter(entity::Column::Sequence.lte(signed(done.last)))
            .exec(tx)
            .await?;
    }
    let epoch = unsigned(head.epoch);
    let mut sizes = sizes(tx, limit).await?;
    if sizes.is_empty() {
        number(tx, head, limit).await?;
        sizes = self::sizes(tx, limit).await?;
    }
    let fitting = fitting(&sizes);
    let rows = match fitting.last() {
        Some((last, _)) => numbered_to(tx, *last).await?,
        None => Vec::new(),
    };
    let is_full = fitting.len() < sizes.len() || fitting.len() as u64 >= limit;
    Ok(Next {
        batch: Batch {
            source: source.to_owned(),
            epoch,
            events: rows.iter().map(parse).collect::<Result<_, _>>()?,
        },
        is_full,
    })
}

/// PostgreSQL keeps the plans of prepared statements. Those that were made while the outbox
/// was small read it from end to end when it is full, for each event that is numbered
/// anew; and what was last counted of it says nothing of how full it is now. So plans are
/// made each time, and by the indexes.
pub(super) async fn by_the_indexes(tx: &Transaction) -> Result<(), DatabaseError> {
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared(
            "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL enable_seqscan = off",
        )
        .await?;
    }
    Ok(())
}

/// The one row of `outbox_head`, ours until the transaction ends; the first relay
/// to come makes it.
async fn locked_head(tx: &Transaction, now: Timestamp) -> Result<head::Model, DatabaseError> {
    let locked = || {
        head::Entity::find_by_id(head::ONLY)
            .lock_exclusive()
            .one(tx)
    };
    if let Some(head) = locked().await? {
        return Ok(head);
    }
    let first = head::ActiveModel {
        id: Set(head::ONLY),
        epoch: Set(now.as_micros().max(1)),
        last_sequence: Set(0),
    };
    head::Entity::insert(first)
        .on_conflict_do_nothing_on([head::Column::Id])
        .exec_without_returning(tx)
        .await?;
    locked()
        .await?
        .ok_or_else(|| DatabaseError::corrupt("outbox_head", "id", &head::ONLY))
}

/// Numbers the oldest events without a number and moves the head past them.
async fn number(tx: &Transaction, head: head::Model, limit: u64) -> Result<(), DatabaseError> {
    // One statement for the whole batch; the query builder has no form for it.
    // The parts that differ between engines are none.
    const NUMBER_OLDEST: &str = "\
        UPDATE outbox SET sequence = $1 + fresh.place FROM ( \
            SELECT id, row_number() OVER (ORDER BY id) AS place FROM ( \
                SELECT id FROM outbox WHERE sequence IS NULL ORDER BY id LIMIT $2 \
            ) AS oldest \
        ) AS fresh WHERE outbox.id = fresh.id";

    let last = head.last_sequence;
    let statement = Statement::from_sql_and_values(
        tx.get_database_backend(),
        NUMBER_OLDEST,
        [last.into(), signed(limit).into()],
    );
    let given = tx.execute_raw(statement).await?.rows_affected();
    if given > 0 {
        let mut moved = head::ActiveModel::from(head);
        moved.last_sequence = Set(last + signed(given));
        moved.update(tx).await?;
    }
    Ok(())
}

/// The number of an event, and how many bytes it has.
type Size = (i64, i64);

/// How large the first of those are that have a number. Neither engine reads an event to say
/// how long it is.
async fn sizes(tx: &Transaction, limit: u64) -> Result<Vec<Size>, DatabaseError> {
    let bytes = Func::cust("octet_length").arg(Expr::col(entity::Column::Payload));
    Ok(entity::Entity::find()
        .select_only()
        .column(entity::Column::Sequence)
        .column_as(Expr::from(Func::cast_as(bytes, "bigint")), "bytes")
        .filter(entity::Column::Sequence.is_not_null())
        .order_by_asc(entity::Column::Sequence)
        .limit(limit)
        .into_tuple()
        .all(tx)
        .await?)
}

/// The first of these that go together: at least one, so that the relay never stands still.
fn fitting(sizes: &[Size]) -> &[Size] {
    let mut left = LARGEST_DELIVERY;
    let fits = |(_, bytes): &&Size| {
        let rest = left.checked_sub(unsigned(*bytes));
        left = rest.unwrap_or_default();
        rest.is_some()
    };
    let count = sizes.iter().take_while(fits).count();
    &sizes[..count.max(1).min(sizes.len())]
}

/// Everything that has a number up to this one.
async fn numbered_to(tx: &Transaction, last: i64) -> Result<Vec<entity::Model>, DatabaseError> {
    Ok(entity::Entity::find()
        .filter(entity::Column::Sequence.lte(last))
        .order_by_asc(entity::Column::Sequence)
        .all(tx)
        .await?)
}

fn parse(row: &entity::Model) -> Result<NumberedEvent, DatabaseError> {
    let event = serde_json::from_str(&row.payload)
        .map_err(|_| DatabaseError::corrupt("outbox", "payload", &row.id))?;
    let sequence = row
        .sequence
        .ok_or_else(|| DatabaseError::corrupt("outbox", "sequence", &row.id))?;
    Ok(NumberedEvent {
        sequence: unsigned(sequence),
        event,
    })
}

/// Numbers and epochs are positive and far below 2⁶³.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
