//! What a person decides about a suspended import.

use aval_database::requests::{self, Claim};
use aval_database::{Database, DatabaseError, Transaction};
use aval_domain::id::ImportId;
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;

use super::apply::{self, InUse};
use super::entity::import;
use super::imports::{import_of, replayed, update_record};
use super::{kept, staging};
use crate::error::Error;
use crate::import::{Import, ImportState};
use crate::store::{DecideImport, Reopened};

/// Applies it. The directory is the one that it was compared with, or nothing happens.
pub(super) async fn approve(db: &Database, decide: &DecideImport) -> Result<Import, Error> {
    let import = db
        .transaction(
            "practitioner_directory.approve_import",
            move |tx| async move {
                let waiting = match claim(&tx, decide).await? {
                    Claimed::Waiting(import) => import,
                    Claimed::Answered(import) => return Ok(import),
                };
                let is_staged = waiting.is_staged;
                if !is_staged || !staging::is_whole(&tx, waiting.import_id).await? {
                    return Err(Error::DirectoryChanged);
                }
                let known = import_of(waiting.clone())?;
                let base = waiting.base_import_id.map(ImportId::from_uuid);
                let in_use = InUse::take_turn(&tx, known.source, base).await?;
                let id = decide.import_id;
                let changes = apply::change(&tx, &in_use, id, decide.now).await?;
                let row = apply::counted(changes);
                record(&tx, decide, ImportState::Applied, row).await?;
                in_use.replace(&tx, id, changes, decide.now).await?;
                apply::trace_import(&tx, &decide.event, id).await
            },
        )
        .await?;
    apply::clear_up(db, &import, false).await;
    Ok(import)
}

/// Takes it up again: it is being received once more, from its kept file.
pub(super) async fn reopen(db: &Database, decide: &DecideImport) -> Result<Reopened, Error> {
    db.transaction(
        "practitioner_directory.reopen_import",
        move |tx| async move {
            let waiting = match claim(&tx, decide).await? {
                Claimed::Waiting(import) => import,
                Claimed::Answered(import) => return Ok(Reopened::Answered(Box::new(import))),
            };
            let id = waiting.import_id;
            if !kept::holds(&tx, id).await? {
                return Err(Error::DirectoryChanged);
            }
            let receiving = import::ActiveModel {
                state: Set(ImportState::Receiving.code().to_owned()),
                heard_at: Set(decide.now.as_micros()),
                ..Default::default()
            };
            if !update_record(&tx, id, ImportState::Suspended, receiving).await? {
                return Err(Error::ImportNotSuspended);
            }
            staging::discard_compared(&tx, id).await?;
            staging::mark(&tx, id).await?;
            Ok(Reopened::Comparing(Box::new(import_of(waiting)?)))
        },
    )
    .await
}

/// Ends it.
pub(super) async fn reject(db: &Database, decide: &DecideImport) -> Result<Import, Error> {
    db.transaction(
        "practitioner_directory.reject_import",
        move |tx| async move {
            if let Claimed::Answered(import) = claim(&tx, decide).await? {
                return Ok(import);
            }
            let row = import::ActiveModel::default();
            record(&tx, decide, ImportState::Rejected, row).await?;
            staging::discard(&tx, decide.import_id.as_uuid()).await?;
            apply::trace_import(&tx, &decide.event, decide.import_id).await
        },
    )
    .await
}

/// What a decision found.
enum Claimed {
    /// The import waits for it.
    Waiting(import::Model),
    /// This request decided before.
    Answered(Import),
}

async fn claim(tx: &Transaction, decide: &DecideImport) -> Result<Claimed, Error> {
    if let Claim::Replay { result } = requests::claim(tx, &decide.request, decide.now).await? {
        return Ok(Claimed::Answered(replayed(tx, &result).await?));
    }
    let known = import::Entity::find_by_id(decide.import_id.as_uuid())
        .one(tx)
        .await
        .map_err(DatabaseError::from)?;
    let known = known.ok_or(Error::NotFound { what: "import" })?;
    requests::complete(tx, &decide.request, &decide.import_id.to_string()).await?;
    if known.state == ImportState::Suspended.code() {
        Ok(Claimed::Waiting(known))
    } else {
        Err(Error::ImportNotSuspended)
    }
}

/// Records the decision, unless somebody else decided meanwhile.
async fn record(
    tx: &Transaction,
    decide: &DecideImport,
    state: ImportState,
    row: import::ActiveModel,
) -> Result<(), Error> {
    let decided = import::ActiveModel {
        state: Set(state.code().to_owned()),
        finished_at: Set(Some(decide.now.as_micros())),
        decided_by: Set(decide.decided.by.clone()),
        decision_reason: Set(decide.decided.reason.as_str().to_owned()),
        ..row
    };
    let id = decide.import_id.as_uuid();
    if update_record(tx, id, ImportState::Suspended, decided).await? {
        Ok(())
    } else {
        Err(Error::ImportNotSuspended)
    }
}
