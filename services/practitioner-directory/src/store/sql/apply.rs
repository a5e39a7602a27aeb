//! The end of an import: applied in one step, or suspended.

mod anew;
mod changes;
mod establishments;
mod facts;
mod first;
mod in_use;
mod lending;
mod planning;
mod steps;

pub(super) use anew::Anew;
pub(super) use in_use::InUse;

use aval_database::{Database, DatabaseError, Transaction, outbox};
use aval_domain::event::Event;
use aval_domain::id::ImportId;
use aval_domain::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait};

use super::entity::import;
use super::imports::{end_surplus, import_of, update_record};
use super::{kept, revision, staging, stored};
use crate::error::Error;
use crate::import::limits::Suspicion;
use crate::import::{Changes, Import, ImportState, trace};
use crate::source::Source;
use crate::store::FinishImport;

/// The tables that people and structures are read from on PostgreSQL.
const SEARCHED: [&str; 10] = [
    "practitioners",
    "practitioner_identifiers",
    "organizations",
    "organization_words",
    "activities",
    "activity_rows",
    "person_skills",
    "qualifications",
    "mailboxes",
    "establishments",
];

/// Why applying stops, and everything it did is undone.
#[derive(Debug, thiserror::Error)]
enum Stop {
    /// It wants a person's look.
    #[error("the import is suspicious")]
    Suspicious {
        suspicions: Vec<Suspicion>,
        changes: Changes,
    },
    /// It failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<DatabaseError> for Stop {
    fn from(error: DatabaseError) -> Self {
        Self::Failed(error.into())
    }
}

/// Applies the import. How much it changes is counted where it changes, so nothing is
/// estimated: if it is too much, the transaction is rolled back and the figures stay.
pub(super) async fn finish(db: &Database, finish: &FinishImport) -> Result<Import, Error> {
    let is_first = first::complete(db, finish.import_id).await?;
    let applied = db
        .transaction(
            "practitioner_directory.apply_import",
            move |tx| async move { apply(&tx, finish).await },
        )
        .await;
    match applied {
        Ok(import) => {
            clear_up(db, &import, is_first).await;
            Ok(import)
        }
        Err(Stop::Suspicious {
            suspicions,
            changes,
        }) => suspend(db, finish, &suspicions, changes).await,
        Err(Stop::Failed(error)) => Err(error),
    }
}

async fn apply(tx: &Transaction, finish: &FinishImport) -> Result<Import, Stop> {
    let in_use = InUse::take_turn(tx, finish.source, finish.base).await?;
    if !staging::is_whole(tx, finish.import_id.as_uuid()).await? {
        return Err(Error::ImportAbandoned.into());
    }
    let changes = change(tx, &in_use, finish.import_id, finish.now).await?;
    let mut suspicions = finish.suspicions.clone();
    suspicions.extend(finish.limits.suspicions(&changes));
    if !suspicions.is_empty() {
        return Err(Stop::Suspicious {
            suspicions,
            changes,
        });
    }
    let row = recorded(finish, ImportState::Applied, String::new(), changes);
    let id = finish.import_id.as_uuid();
    if !update_record(tx, id, ImportState::Receiving, row).await? {
        return Err(Error::ImportAbandoned.into());
    }
    in_use
        .replace(tx, finish.import_id, changes, finish.now)
        .await?;
    trace_import(tx, &finish.event, finish.import_id)
        .await
        .map_err(Stop::from)
}

/// Turns what is staged into the directory, and counts what that changed. Nothing says
/// yet that the import is in use.
pub(super) async fn change(
    tx: &Transaction,
    in_use: &InUse,
    import_id: ImportId,
    now: Timestamp,
) -> Result<Changes, Error> {
    let id = import_id.as_uuid();
    let revision = revision::advance(tx).await?;
    let before = in_use.practitioner_count;
    let facts = match in_use.source {
        Source::PracticeSituations => {
            planning::prepare(tx).await?;
            if let Some(changes) = first::apply(tx, import_id, revision).await? {
                return Ok(changes);
            }
            let done = steps::run(tx, id, now, revision).await?;
            lending::lend(tx, id, lending::To::Described).await?;
            return Ok(changes::count(tx, id, before, done).await?);
        }
        Source::Skills => facts::SKILLS,
        Source::Mailboxes => facts::MAILBOXES,
        Source::Qualifications => facts::QUALIFICATIONS,
        Source::Establishments => {
            return Ok(establishments::apply(tx, id, now, revision, before).await?);
        }
    };
    Ok(facts.apply(tx, id, now, revision, before).await?)
}

/// The directory must still be the one that the file was compared with: a person
/// decides on what the report says.
async fn suspend(
    db: &Database,
    finish: &FinishImport,
    suspicions: &[Suspicion],
    changes: Changes,
) -> Result<Import, Error> {
    db.transaction(
        "practitioner_directory.suspend_import",
        move |tx| async move {
            InUse::take_turn(&tx, finish.source, finish.base).await?;
            let reason = Suspicion::sentences(suspicions);
            let id = finish.import_id.as_uuid();
            let is_first = Anew::discard(&tx, id).await?;
            let row = import::ActiveModel {
                is_staged: Set(!is_first),
                ..recorded(finish, ImportState::Suspended, reason, changes)
            };
            if !update_record(&tx, id, ImportState::Receiving, row).await? {
                return Err(Error::ImportAbandoned);
            }
            end_surplus(&tx, finish.source, finish.now).await?;
            trace_import(&tx, &finish.event, finish.import_id).await
        },
    )
    .await
}

/// The import's record, once it came to this state.
fn recorded(
    finish: &FinishImport,
    state: ImportState,
    reason: String,
    changes: Changes,
) -> import::ActiveModel {
    let mut row = import::ActiveModel {
        state: Set(state.code().to_owned()),
        state_reason: Set(reason),
        finished_at: Set(Some(finish.now.as_micros())),
        row_count: Set(stored(finish.row_count)),
        quarantined_count: Set(stored(finish.quarantined_count)),
        file_sha256: Set(finish.file_sha256.clone()),
        base_import_id: Set(finish.base.map(ImportId::as_uuid)),
        is_staged: Set(true),
        ..counted(changes)
    };
    match (state, &finish.decided) {
        (ImportState::Suspended, _) => row.held_at = Set(Some(finish.now.as_micros())),
        (_, Some(decided)) => {
            row.decided_by = Set(decided.by.clone());
            row.decision_reason = Set(decided.reason.as_str().to_owned());
        }
        (_, None) => {}
    }
    row
}

/// The columns of an import's record that say what it changed.
pub(super) fn counted(changes: Changes) -> import::ActiveModel {
    import::ActiveModel {
        practitioners_before: Set(stored(changes.practitioners_before)),
        practitioner_count: Set(stored(changes.practitioner_count)),
        practitioners_added: Set(stored(changes.practitioners_added)),
        practitioners_changed: Set(stored(changes.practitioners_changed)),
        practitioners_deactivated: Set(stored(changes.practitioners_deactivated)),
        activity_count: Set(stored(changes.activity_count)),
        organization_count: Set(stored(changes.organization_count)),
        overrides_retired: Set(stored(changes.overrides_retired)),
        practitioners_unknown: Set(stored(changes.practitioners_unknown)),
        ..Default::default()
    }
}

/// The import as it is now, told to the trail in the same transaction.
pub(super) async fn trace_import(
    tx: &Transaction,
    call: &Event,
    import_id: ImportId,
) -> Result<Import, Error> {
    let import = by_id(tx, import_id).await?;
    if let Some(event) = trace::traced(call, &import) {
        outbox::append(tx, &event).await?;
    }
    Ok(import)
}

async fn by_id(tx: &Transaction, import_id: ImportId) -> Result<Import, Error> {
    let row = import::Entity::find_by_id(import_id.as_uuid())
        .one(tx)
        .await
        .map_err(DatabaseError::from)?;
    import_of(row.ok_or_else(|| DatabaseError::corrupt("imports", "import_id", &import_id))?)
}

/// What follows an applied import. If it fails the import holds all the same.
pub(super) async fn clear_up(db: &Database, import: &Import, is_first: bool) {
    let import_id = import.import_id;
    let are_many = import.report.changes.are_many();
    if let Err(error) = discard_staged(db, import_id, are_many && !is_first).await {
        // They stay, unseen, and cost space.
        tracing::warn!(import.id = %import_id, error = %error, "staged rows were not discarded");
    }
    // What a first file fills was looked at when it was indexed.
    if !are_many || is_first {
        return;
    }
    if let Err(error) = analyze(db).await {
        tracing::warn!(import.id = %import_id, error = %error, "the directory was not analyzed");
    }
}

async fn discard_staged(
    db: &Database,
    import_id: ImportId,
    are_many: bool,
) -> Result<(), DatabaseError> {
    db.transaction(
        "practitioner_directory.discard_staged",
        move |tx| async move {
            if are_many {
                staging::ALL.empty(&tx, import_id.as_uuid()).await?;
            }
            kept::ALL.empty(&tx, import_id.as_uuid()).await?;
            staging::discard(&tx, import_id.as_uuid()).await?;
            steps::forget_touched(&tx, import_id.as_uuid()).await
        },
    )
    .await
}

/// PostgreSQL plans by what it last saw of the tables, and looks by itself a minute later
/// at best: until then searches in a new directory would take a hundred times as long. After
/// an import that changed little it may take its time.
async fn analyze(db: &Database) -> Result<(), DatabaseError> {
    db.transaction("practitioner_directory.analyze", |tx| async move {
        if ConnectionTrait::get_database_backend(&tx) != DbBackend::Postgres {
            return Ok(());
        }
        tx.execute_unprepared("SET LOCAL statement_timeout = 0")
            .await?;
        let tables = SEARCHED.join(", ");
        tx.execute_unprepared(&format!("ANALYZE {tables}")).await?;
        Ok::<(), DatabaseError>(())
    })
    .await
}
