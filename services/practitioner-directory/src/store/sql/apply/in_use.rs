//! The import in use of a source, and what takes its place.

use aval_database::{DatabaseError, Transaction};
use aval_domain::id::ImportId;
use aval_domain::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::super::entity::{import, source};
use super::super::imports::update_record;
use super::super::{count, freshness, revision, staging, stored};
use crate::error::Error;
use crate::import::{Changes, ImportState};
use crate::source::Source;

/// The directory as a source last made it, held by this transaction.
#[derive(Debug)]
pub(in crate::store::sql) struct InUse {
    /// Which.
    pub(in crate::store::sql) source: Source,
    newest_at: Option<i64>,
    /// How many practitioners are active, by this source.
    pub(in crate::store::sql) practitioner_count: u64,
}

impl InUse {
    /// Takes the turn to change the directory, if the import in use is still this one.
    /// The row is locked from here on: imports are applied one after the other.
    pub(in crate::store::sql) async fn take_turn(
        tx: &Transaction,
        source: Source,
        base: Option<ImportId>,
    ) -> Result<Self, Error> {
        revision::hold(tx).await?;
        source::Entity::insert(never(source))
            .on_conflict_do_nothing()
            .exec_without_returning(tx)
            .await
            .map_err(DatabaseError::from)?;
        let unchanged = match base {
            Some(base) => source::Column::ImportId.eq(base.as_uuid()),
            None => source::Column::ImportId.is_null(),
        };
        let held = source::Entity::update_many()
            .col_expr(
                source::Column::ChangedCount,
                Expr::col(source::Column::ChangedCount),
            )
            .filter(source::Column::Source.eq(source.name()))
            .filter(unchanged)
            .exec(tx)
            .await
            .map_err(DatabaseError::from)?;
        if held.rows_affected == 0 {
            return Err(Error::DirectoryChanged);
        }
        let row = freshness::of_source(tx, source).await?;
        let active = row.as_ref().map_or(0, |row| row.practitioner_count);
        Ok(Self {
            source,
            newest_at: row.and_then(|row| row.newest_at),
            practitioner_count: count("sources", "practitioner_count", active)?,
        })
    }

    /// Puts an import in use: freshness shows it from now on. Suspended imports were
    /// compared with a directory that is no more: what they staged is dropped.
    pub(in crate::store::sql) async fn replace(
        &self,
        tx: &Transaction,
        import_id: ImportId,
        changes: Changes,
        now: Timestamp,
    ) -> Result<(), Error> {
        let id = import_id.as_uuid();
        let import = import::Entity::find_by_id(id)
            .one(tx)
            .await
            .map_err(DatabaseError::from)?;
        let generated_at = import.and_then(|import| import.generated_at);
        let row = source::ActiveModel {
            import_id: Set(Some(id)),
            imported_at: Set(Some(now.as_micros())),
            generated_at: Set(generated_at),
            // A person may have approved a file that is older than the newest one.
            newest_at: Set(self.newest_at.max(generated_at)),
            changed_count: Set(stored(changes.touched_count())),
            practitioner_count: Set(stored(changes.practitioner_count)),
            activity_count: Set(stored(changes.activity_count)),
            organization_count: Set(stored(changes.organization_count)),
            ..Default::default()
        };
        source::Entity::update_many()
            .set(row)
            .filter(source::Column::Source.eq(self.source.name()))
            .exec(tx)
            .await
            .map_err(DatabaseError::from)?;
        self.drop_overtaken(tx).await
    }

    async fn drop_overtaken(&self, tx: &Transaction) -> Result<(), Error> {
        let waiting: Vec<Uuid> = import::Entity::find()
            .select_only()
            .column(import::Column::ImportId)
            .filter(import::Column::Source.eq(self.source.name()))
            .filter(import::Column::State.eq(ImportState::Suspended.code()))
            .filter(import::Column::IsStaged.eq(true))
            .into_tuple()
            .all(tx)
            .await
            .map_err(DatabaseError::from)?;
        for id in waiting {
            let unstaged = import::ActiveModel {
                is_staged: Set(false),
                ..Default::default()
            };
            update_record(tx, id, ImportState::Suspended, unstaged).await?;
            staging::discard_compared(tx, id).await?;
        }
        Ok(())
    }
}

/// A source of which nothing was imported yet.
fn never(source: Source) -> source::ActiveModel {
    source::ActiveModel {
        source: Set(source.name().to_owned()),
        import_id: Set(None),
        generated_at: Set(None),
        newest_at: Set(None),
        imported_at: Set(None),
        changed_count: Set(0),
        practitioner_count: Set(0),
        activity_count: Set(0),
        organization_count: Set(0),
    }
}
