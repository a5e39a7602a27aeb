//! The records of imports.

mod record;

pub(super) use record::{import_of, update_record};

use aval_database::requests::{self, Claim};
use aval_database::{Database, DatabaseError, Transaction};
use aval_domain::id::ImportId;
use aval_domain::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

use super::entity::{import, quarantined_row};
use super::{count, freshness, staging, stored};
use crate::error::Error;
use crate::import::{Import, ImportState, QuarantinedRow};
use crate::page::{Page, PageOf};
use crate::source::Source;
use crate::store::{BeginImport, Begun, FailImport, MOST_HELD};

/// What the record of an import says that was given up.
const GIVEN_UP: &str = "it was silent for too long and was given up";
/// What that of a suspended one says.
const UNDECIDED: &str = "nobody decided on it for too long";
/// What that of a suspended one says when too many came after it.
const SURPLUS: &str = "too many later imports wait for a decision";

pub(super) async fn begin(db: &Database, begin: &BeginImport) -> Result<Begun, Error> {
    db.transaction(
        "practitioner_directory.begin_import",
        move |tx| async move {
            give_up_silent(&tx, begin).await?;
            give_up_undecided(&tx, begin).await?;
            if let Claim::Replay { result } =
                requests::claim(&tx, &begin.request, begin.now).await?
            {
                let import = replayed(&tx, &result).await?;
                match import.state {
                    ImportState::Receiving => return Err(Error::ImportRunning),
                    ImportState::Failed => {}
                    ImportState::Suspended | ImportState::Applied | ImportState::Rejected => {
                        return Ok(Begun::Answered(Box::new(import)));
                    }
                }
            }
            import::Entity::insert(record::receiving(begin))
                .exec_without_returning(&tx)
                .await
                .map_err(DatabaseError::from)?;
            staging::mark(&tx, begin.import_id.as_uuid()).await?;
            requests::complete(&tx, &begin.request, &begin.import_id.to_string()).await?;
            let newest = freshness::of_source(&tx, begin.source)
                .await?
                .and_then(|row| row.newest_at);
            Ok(Begun::Receiving {
                newest: newest.map(Timestamp::from_micros),
            })
        },
    )
    .await
}

pub(super) async fn fail(db: &Database, fail: &FailImport) -> Result<(), Error> {
    db.transaction("practitioner_directory.fail_import", move |tx| async move {
        let id = fail.import_id.as_uuid();
        if put_back(&tx, id).await? {
            return Ok(());
        }
        let failed = update_record(
            &tx,
            id,
            ImportState::Receiving,
            import::ActiveModel {
                state: Set(ImportState::Failed.code().to_owned()),
                state_reason: Set(fail.reason.clone()),
                finished_at: Set(Some(fail.now.as_micros())),
                row_count: Set(stored(fail.row_count)),
                quarantined_count: Set(stored(fail.quarantined_count)),
                ..Default::default()
            },
        )
        .await?;
        if !failed {
            return Ok(());
        }
        staging::discard(&tx, id).await?;
        Ok(discard_quarantined(&tx, id).await?)
    })
    .await
}

pub(super) async fn by_id(db: &Database, import_id: ImportId) -> Result<Option<Import>, Error> {
    let row = import::Entity::find_by_id(import_id.as_uuid())
        .one(db.reader())
        .await
        .map_err(DatabaseError::from)?;
    row.map(import_of).transpose()
}

/// Identifiers of imports are in the order of time.
pub(super) async fn list(
    db: &Database,
    page: &PageOf<ImportId>,
) -> Result<Page<Import, ImportId>, Error> {
    let rows = import::Entity::find()
        .apply_if(page.after, |query, after| {
            query.filter(import::Column::ImportId.lt(after.as_uuid()))
        })
        .order_by_desc(import::Column::ImportId)
        .limit(page.size.with_one_more())
        .all(db.reader())
        .await
        .map_err(DatabaseError::from)?;
    let imports: Vec<Import> = rows.into_iter().map(import_of).collect::<Result<_, _>>()?;
    Ok(Page::cut(imports, page.size, |import| import.import_id))
}

pub(super) async fn quarantined_rows(
    db: &Database,
    import_id: ImportId,
    page: &PageOf<u64>,
) -> Result<Option<Page<QuarantinedRow, u64>>, Error> {
    db.snapshot(
        "practitioner_directory.quarantined_rows",
        move |tx| async move {
            let id = import_id.as_uuid();
            let known = import::Entity::find_by_id(id).one(&tx).await;
            if known.map_err(DatabaseError::from)?.is_none() {
                return Ok(None);
            }
            let rows = quarantined_row::Entity::find()
                .filter(quarantined_row::Column::ImportId.eq(id))
                .apply_if(page.after, |query, after| {
                    query.filter(quarantined_row::Column::Line.gt(stored(after)))
                })
                .order_by_asc(quarantined_row::Column::Line)
                .limit(page.size.with_one_more())
                .all(&tx)
                .await
                .map_err(DatabaseError::from)?;
            let rows = rows
                .into_iter()
                .map(|row| {
                    Ok(QuarantinedRow {
                        line: count("quarantined_rows", "line", row.line)?,
                        column: row.column_name,
                        reason: row.reason,
                    })
                })
                .collect::<Result<Vec<_>, Error>>()?;
            Ok(Some(Page::cut(rows, page.size, |row| row.line)))
        },
    )
    .await
}

/// The import that a request made or decided about.
pub(super) async fn replayed(tx: &Transaction, result: &str) -> Result<Import, Error> {
    let corrupt = || DatabaseError::corrupt("requests", "result", &result);
    let import_id: ImportId = result.parse().map_err(|_| corrupt())?;
    let row = import::Entity::find_by_id(import_id.as_uuid())
        .one(tx)
        .await
        .map_err(DatabaseError::from)?;
    import_of(row.ok_or_else(corrupt)?)
}

/// Ends the imports that nobody was heard of: their process or their sender is gone.
async fn give_up_silent(tx: &Transaction, begin: &BeginImport) -> Result<(), Error> {
    let silent: Vec<Uuid> = import::Entity::find()
        .select_only()
        .column(import::Column::ImportId)
        .filter(import::Column::State.eq(ImportState::Receiving.code()))
        .filter(import::Column::HeardAt.lt(begin.silent_since.as_micros()))
        .into_tuple()
        .all(tx)
        .await
        .map_err(DatabaseError::from)?;
    for id in silent {
        if !put_back(tx, id).await? {
            end(tx, id, GIVEN_UP, begin.now).await?;
            discard_quarantined(tx, id).await?;
        }
    }
    Ok(())
}

/// Ends the suspended imports that nobody decided about for too long.
async fn give_up_undecided(tx: &Transaction, begin: &BeginImport) -> Result<(), Error> {
    let undecided: Vec<Uuid> = import::Entity::find()
        .select_only()
        .column(import::Column::ImportId)
        .filter(import::Column::State.eq(ImportState::Suspended.code()))
        .filter(import::Column::HeldAt.lt(begin.held_since.as_micros()))
        .into_tuple()
        .all(tx)
        .await
        .map_err(DatabaseError::from)?;
    for id in undecided {
        end(tx, id, UNDECIDED, begin.now).await?;
    }
    Ok(())
}

/// Ends the suspended imports of a source but for the newest ones.
pub(super) async fn end_surplus(
    tx: &Transaction,
    source: Source,
    now: Timestamp,
) -> Result<(), Error> {
    let waiting: Vec<Uuid> = import::Entity::find()
        .select_only()
        .column(import::Column::ImportId)
        .filter(import::Column::State.eq(ImportState::Suspended.code()))
        .filter(import::Column::Source.eq(source.name()))
        .order_by_desc(import::Column::ImportId)
        .into_tuple()
        .all(tx)
        .await
        .map_err(DatabaseError::from)?;
    let most = usize::try_from(MOST_HELD).unwrap_or(usize::MAX);
    for id in waiting.into_iter().skip(most) {
        end(tx, id, SURPLUS, now).await?;
    }
    Ok(())
}

/// Suspends an import again that was taken up and did not come to its end, and says
/// whether it is one. Its file is to be compared anew.
async fn put_back(tx: &Transaction, import_id: Uuid) -> Result<bool, DatabaseError> {
    let suspended = import::Entity::update_many()
        .set(import::ActiveModel {
            state: Set(ImportState::Suspended.code().to_owned()),
            is_staged: Set(false),
            ..Default::default()
        })
        .filter(import::Column::ImportId.eq(import_id))
        .filter(import::Column::State.eq(ImportState::Receiving.code()))
        .filter(import::Column::HeldAt.is_not_null())
        .exec(tx)
        .await?;
    if suspended.rows_affected == 0 {
        return Ok(false);
    }
    staging::discard_compared(tx, import_id).await?;
    Ok(true)
}

/// Records that an import failed, and drops what it staged. What it put aside stays to
/// be looked at.
async fn end(tx: &Transaction, import_id: Uuid, reason: &str, now: Timestamp) -> Result<(), Error> {
    import::Entity::update_many()
        .set(import::ActiveModel {
            state: Set(ImportState::Failed.code().to_owned()),
            state_reason: Set(reason.to_owned()),
            finished_at: Set(Some(now.as_micros())),
            ..Default::default()
        })
        .filter(import::Column::ImportId.eq(import_id))
        .exec(tx)
        .await
        .map_err(DatabaseError::from)?;
    Ok(staging::discard(tx, import_id).await?)
}

async fn discard_quarantined(tx: &Transaction, import_id: Uuid) -> Result<(), DatabaseError> {
    quarantined_row::Entity::delete_many()
        .filter(quarantined_row::Column::ImportId.eq(import_id))
        .exec(tx)
        .await?;
    Ok(())
}
