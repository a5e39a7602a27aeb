//! Entries that turn out to be one human.
//!
//! Merging moves the source's numbers and practice situations to the target; each
//! remembers the entry that it came from, and so does what later imports bring under
//! those numbers. Taking a merge back moves them home again.

use std::collections::HashMap;

use aval_database::requests::{self, Claim};
use aval_database::{Database, DatabaseError, Transaction, outbox};
use aval_domain::id::PractitionerId;
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter, Statement, Value,
};

use super::entity::{merge as merge_row, practitioner, source};
use super::{count, practitioners, revision, stored};
use crate::error::Error;
use crate::merge::Merge;
use crate::practitioner::Practitioner;
use crate::source::Source;
use crate::store::MergeEntries;

/// The tables of what moves.
const MOVED: [&str; 2] = ["practitioner_identifiers", "activities"];

/// An entry and all that lead to it.
const TREE: &str = "WITH RECURSIVE tree (id) AS ( \
    SELECT practitioner_id FROM practitioners WHERE practitioner_id = $1 \
    UNION SELECT p.practitioner_id FROM practitioners p JOIN tree ON p.merged_into = tree.id)";

/// Merges, or takes a merge back.
pub(super) async fn merge(db: &Database, command: &MergeEntries) -> Result<Practitioner, Error> {
    db.transaction(
        "practitioner_directory.merge_practitioners",
        move |tx| async move {
            let Merge { target, .. } = command.merge;
            if let Claim::Fresh = requests::claim(&tx, &command.request, command.now).await? {
                carry_out(&tx, command).await?;
                requests::complete(&tx, &command.request, &target.to_string()).await?;
            }
            let mut known = practitioners::by_ids(&tx, &[target]).await?;
            known.value.pop().flatten().ok_or(NO_PRACTITIONER)
        },
    )
    .await
}

const NO_PRACTITIONER: Error = Error::NotFound {
    what: "practitioner",
};

async fn carry_out(tx: &Transaction, command: &MergeEntries) -> Result<(), Error> {
    let revision = revision::advance(tx).await?;
    let Merge {
        source,
        target,
        is_undo,
    } = command.merge;
    let (from, into) = (entry(tx, source).await?, entry(tx, target).await?);
    let human = if is_undo {
        if from.merged_into != Some(target.as_uuid()) {
            return Err(Error::NotMerged);
        }
        human_of(tx, target.as_uuid()).await?
    } else {
        if from.merged_into.is_some() {
            return Err(Error::SourceMerged);
        }
        if into.merged_into.is_some() {
            return Err(Error::TargetMerged);
        }
        target.as_uuid()
    };
    let source = source.as_uuid();
    let before = active_among(tx, [source, human]).await?;
    if is_undo {
        bring_home(tx, source, human).await?;
    } else {
        move_away(tx, source, human).await?;
    }
    let led_to = (!is_undo).then_some(human);
    lead(tx, source, led_to).await?;
    for id in [source, human] {
        judge(tx, id, revision, command.now.as_micros()).await?;
    }
    recount(tx, before, active_among(tx, [source, human]).await?).await?;
    record(tx, command, revision).await?;
    Ok(outbox::append(tx, &command.event).await?)
}

async fn entry(tx: &Transaction, id: PractitionerId) -> Result<practitioner::Model, Error> {
    let row = practitioner::Entity::find_by_id(id.as_uuid()).one(tx).await;
    row.map_err(DatabaseError::from)?.ok_or(NO_PRACTITIONER)
}

/// The entry that this one leads to in the end.
async fn human_of(tx: &Transaction, id: Uuid) -> Result<Uuid, Error> {
    let mut human = id;
    loop {
        let row = practitioner::Entity::find_by_id(human).one(tx).await;
        match row
            .map_err(DatabaseError::from)?
            .and_then(|row| row.merged_into)
        {
            Some(next) => human = next,
            None => return Ok(human),
        }
    }
}

async fn move_away(tx: &Transaction, source: Uuid, human: Uuid) -> Result<(), DatabaseError> {
    for table in MOVED {
        let sql = format!(
            "UPDATE {table} SET entry_id = COALESCE(entry_id, practitioner_id), \
                practitioner_id = $2 WHERE practitioner_id = $1"
        );
        execute(tx, &sql, vec![source.into(), human.into()]).await?;
    }
    Ok(())
}

/// What came from the source, or from an entry that leads to it.
async fn bring_home(tx: &Transaction, source: Uuid, human: Uuid) -> Result<(), DatabaseError> {
    for table in MOVED {
        let sql = format!(
            "{TREE} UPDATE {table} SET practitioner_id = $1, \
                entry_id = CASE WHEN entry_id = $1 THEN NULL ELSE entry_id END \
             WHERE practitioner_id = $2 AND entry_id IN (SELECT id FROM tree)"
        );
        execute(tx, &sql, vec![source.into(), human.into()]).await?;
    }
    Ok(())
}

async fn lead(tx: &Transaction, source: Uuid, to: Option<Uuid>) -> Result<(), DatabaseError> {
    practitioner::Entity::update_many()
        .col_expr(practitioner::Column::MergedInto, Expr::value(to))
        .filter(practitioner::Column::PractitionerId.eq(source))
        .exec(tx)
        .await?;
    Ok(())
}

/// Tells the entry as changed, and whether it is active now.
async fn judge(tx: &Transaction, id: Uuid, revision: i64, now: i64) -> Result<(), DatabaseError> {
    let sql = "UPDATE practitioners SET revision = $2, updated_at = $3, \
        active = EXISTS (SELECT 1 FROM activities a \
            WHERE a.practitioner_id = practitioners.practitioner_id AND a.active) \
        WHERE practitioner_id = $1";
    execute(tx, sql, vec![id.into(), revision.into(), now.into()]).await
}

async fn active_among(tx: &Transaction, ids: [Uuid; 2]) -> Result<i64, DatabaseError> {
    let rows = practitioner::Entity::find()
        .filter(practitioner::Column::PractitionerId.is_in(ids))
        .filter(practitioner::Column::Active.eq(true))
        .all(tx)
        .await?;
    Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX))
}

/// Freshness says how many people are active.
async fn recount(tx: &Transaction, before: i64, after: i64) -> Result<(), DatabaseError> {
    source::Entity::update_many()
        .col_expr(
            source::Column::PractitionerCount,
            Expr::col(source::Column::PractitionerCount).add(after - before),
        )
        .filter(source::Column::Source.eq(Source::PracticeSituations.name()))
        .exec(tx)
        .await?;
    Ok(())
}

async fn record(
    tx: &Transaction,
    command: &MergeEntries,
    revision: i64,
) -> Result<(), DatabaseError> {
    let row = merge_row::ActiveModel {
        revision: Set(revision),
        source_practitioner_id: Set(command.merge.source.as_uuid()),
        target_practitioner_id: Set(command.merge.target.as_uuid()),
        is_undo: Set(command.merge.is_undo),
        author: Set(command.author.clone()),
        reason: Set(command.reason.as_str().to_owned()),
        created_at: Set(command.now.as_micros()),
    };
    merge_row::Entity::insert(row)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

/// The merges of these revisions.
pub(super) async fn of_revisions(
    tx: &Transaction,
    revisions: impl Iterator<Item = u64>,
) -> Result<HashMap<u64, Merge>, Error> {
    let revisions: Vec<i64> = revisions.map(stored).collect();
    if revisions.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = merge_row::Entity::find()
        .filter(merge_row::Column::Revision.is_in(revisions))
        .all(tx)
        .await
        .map_err(DatabaseError::from)?;
    rows.into_iter()
        .map(|row| {
            let merge = Merge {
                source: PractitionerId::from_uuid(row.source_practitioner_id),
                target: PractitionerId::from_uuid(row.target_practitioner_id),
                is_undo: row.is_undo,
            };
            Ok((count("merges", "revision", row.revision)?, merge))
        })
        .collect()
}

pub(super) async fn execute(
    tx: &Transaction,
    sql: &str,
    values: Vec<Value>,
) -> Result<(), DatabaseError> {
    let backend = ConnectionTrait::get_database_backend(tx);
    tx.execute_raw(Statement::from_sql_and_values(backend, sql, values))
        .await?;
    Ok(())
}
