//! How much waits, told without reading it: the more waits the more often somebody asks.

use aval_domain::time::Timestamp;
use sea_orm::sea_query::{Expr, Func, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, FromQueryResult, Statement};

use super::entity::{Column, Entity};
use super::numbering::by_the_indexes;
use crate::{Database, DatabaseError};

/// How many of those that were appended first are looked at.
const LOOKED_AT: u64 = 1_000;

/// What waits in an outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// How many events are not acknowledged yet. Beyond a thousand they are not counted, but
    /// told by the places between the first and the last of them, which on PostgreSQL changes
    /// that were undone have had as well: it is then at least a thousand, and rather too many.
    pub count: u64,
    /// When the oldest of them occurred; absent when none waits. Of more than a thousand it is
    /// the oldest of those that were appended first: any later one occurred as late, but for
    /// what a change took from its beginning to its commit.
    pub oldest_at: Option<Timestamp>,
}

#[derive(FromQueryResult)]
struct Row {
    count: i64,
    oldest_at: Option<i64>,
    first: Option<i64>,
    last: Option<i64>,
}

/// What waits now. It looks at a thousand rows at the most, however many there are: poll it, do
/// not ask per call.
pub async fn backlog(db: &Database) -> Result<Backlog, DatabaseError> {
    let looked = db
        .snapshot::<_, DatabaseError, _>("outbox.backlog", async |tx| {
            by_the_indexes(&tx).await?;
            let asked = statement(tx.get_database_backend());
            Ok(Row::find_by_statement(asked).one(&tx).await?)
        })
        .await?;
    let Some(row) = looked else {
        return Ok(Backlog::default());
    };
    let counted = u64::try_from(row.count).unwrap_or_default();
    let places = row.first.zip(row.last);
    let places = places.map_or(0, |(first, last)| last.abs_diff(first) + 1);
    Ok(Backlog {
        count: if counted < LOOKED_AT {
            counted
        } else {
            counted.max(places)
        },
        oldest_at: row.oldest_at.map(Timestamp::from_micros),
    })
}

/// One statement, so that all of it is of one state. Its plan is looked at by a test.
pub(super) fn statement(engine: DbBackend) -> Statement {
    const FIRST: &str = "first_appended";
    let last = Query::select()
        .expr(Column::Id.max())
        .from(Entity)
        .to_owned();
    let mut appended_first = Query::select();
    appended_first
        .columns([Column::Id, Column::OccurredAt])
        .from(Entity)
        .order_by(Column::Id, sea_orm::Order::Asc)
        .limit(LOOKED_AT);
    let mut counted = Query::select();
    counted
        .expr_as(Expr::cust("count(*)"), "count")
        .expr_as(Func::min(Expr::col(Column::OccurredAt)), "oldest_at")
        .expr_as(Func::min(Expr::col(Column::Id)), "first")
        .expr_as(Expr::SubQuery(None, Box::new(last.into())), "last")
        .from_subquery(appended_first, FIRST);
    engine.build(&counted)
}
