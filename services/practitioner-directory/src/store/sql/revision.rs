//! The revisions of the directory: each transaction that changes it is one.
//!
//! The clock's row is locked from the beginning of the change to its commit, so that
//! revisions become visible in the order of their numbers. Numbers that were drawn
//! without a lock would not:
//!
//! ```text
//! t0  A: draws 7                  t2  reader: reads up to 8, remembers 8
//! t1  B: draws 8, COMMIT          t3  A: COMMIT            7 would never be seen
//! ```
//!
//! It also keeps an import and the corrections of single entries from changing the
//! directory at the same time.

use aval_database::{DatabaseError, Transaction};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter};

use super::count;
use super::entity::directory_clock::{Column, Entity};

/// The clock's only row.
const ROW: i32 = 1;

/// Waits until nobody else changes the directory, and keeps it so until this transaction
/// ends, without beginning a revision.
pub(super) async fn hold(tx: &Transaction) -> Result<(), DatabaseError> {
    Entity::update_many()
        .col_expr(Column::Revision, Expr::col(Column::Revision))
        .filter(Column::Id.eq(ROW))
        .exec(tx)
        .await?;
    Ok(())
}

/// Begins the next revision: from here on nobody else changes the directory until this
/// transaction ends.
pub(super) async fn advance(tx: &Transaction) -> Result<i64, DatabaseError> {
    Entity::update_many()
        .col_expr(Column::Revision, Expr::col(Column::Revision).add(1))
        .filter(Column::Id.eq(ROW))
        .exec(tx)
        .await?;
    let row = Entity::find_by_id(ROW).one(tx).await?;
    let row = row.ok_or_else(missing)?;
    Ok(row.revision)
}

/// The newest revision that is visible.
pub(super) async fn newest(db: &impl ConnectionTrait) -> Result<u64, DatabaseError> {
    let row = Entity::find_by_id(ROW).one(db).await?;
    count(
        "directory_clock",
        "revision",
        row.ok_or_else(missing)?.revision,
    )
}

fn missing() -> DatabaseError {
    DatabaseError::corrupt("directory_clock", "id", &ROW)
}
