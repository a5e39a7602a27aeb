//! An import as a row.

use aval_database::{DatabaseError, Transaction};
use aval_domain::id::ImportId;
use aval_domain::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::super::count;
use super::super::entity::import;
use crate::error::Error;
use crate::import::{Changes, Decided, Import, ImportReport, ImportState};
use crate::reason::Reason;
use crate::source::Source;
use crate::store::BeginImport;

/// The row of an import that begins.
pub(super) fn receiving(begin: &BeginImport) -> import::ActiveModel {
    import::ActiveModel {
        import_id: Set(begin.import_id.as_uuid()),
        source: Set(begin.source.name().to_owned()),
        file_name: Set(begin.file_name.clone()),
        state: Set(ImportState::Receiving.code().to_owned()),
        state_reason: Set(String::new()),
        generated_at: Set(begin.generated_at.map(Timestamp::as_micros)),
        started_at: Set(begin.now.as_micros()),
        heard_at: Set(begin.now.as_micros()),
        finished_at: Set(None),
        row_count: Set(0),
        quarantined_count: Set(0),
        file_sha256: Set(String::new()),
        practitioners_before: Set(0),
        practitioner_count: Set(0),
        practitioners_added: Set(0),
        practitioners_changed: Set(0),
        practitioners_deactivated: Set(0),
        activity_count: Set(0),
        organization_count: Set(0),
        overrides_retired: Set(0),
        practitioners_unknown: Set(0),
        base_import_id: Set(None),
        decided_by: Set(String::new()),
        decision_reason: Set(String::new()),
        held_at: Set(None),
        is_staged: Set(true),
    }
}

/// Changes the row of an import that is in this state, and says whether it is.
pub(in crate::store::sql) async fn update_record(
    tx: &Transaction,
    import_id: Uuid,
    state: ImportState,
    changes: import::ActiveModel,
) -> Result<bool, DatabaseError> {
    let updated = import::Entity::update_many()
        .set(changes)
        .filter(import::Column::ImportId.eq(import_id))
        .filter(import::Column::State.eq(state.code()))
        .exec(tx)
        .await?;
    Ok(updated.rows_affected == 1)
}

/// The import of a row.
pub(in crate::store::sql) fn import_of(row: import::Model) -> Result<Import, Error> {
    let corrupt = |column| DatabaseError::corrupt("imports", column, &row.import_id);
    let counted = |column, number| count("imports", column, number);
    let decided = match row.decided_by.as_str() {
        "" => None,
        by => Some(Decided {
            by: by.to_owned(),
            reason: Reason::parse(&row.decision_reason).map_err(|_| corrupt("decision_reason"))?,
        }),
    };
    Ok(Import {
        decided,
        import_id: ImportId::from_uuid(row.import_id),
        source: Source::from_name(&row.source).ok_or_else(|| corrupt("source"))?,
        state: ImportState::from_code(&row.state).ok_or_else(|| corrupt("state"))?,
        report: ImportReport {
            row_count: counted("row_count", row.row_count)?,
            quarantined_count: counted("quarantined_count", row.quarantined_count)?,
            changes: Changes {
                practitioners_before: counted("practitioners_before", row.practitioners_before)?,
                practitioner_count: counted("practitioner_count", row.practitioner_count)?,
                practitioners_added: counted("practitioners_added", row.practitioners_added)?,
                practitioners_changed: counted("practitioners_changed", row.practitioners_changed)?,
                practitioners_deactivated: counted(
                    "practitioners_deactivated",
                    row.practitioners_deactivated,
                )?,
                activity_count: counted("activity_count", row.activity_count)?,
                organization_count: counted("organization_count", row.organization_count)?,
                overrides_retired: counted("overrides_retired", row.overrides_retired)?,
                practitioners_unknown: counted("practitioners_unknown", row.practitioners_unknown)?,
            },
            file_sha256: row.file_sha256,
        },
        file_name: row.file_name,
        state_reason: row.state_reason,
        generated_at: row.generated_at.map(Timestamp::from_micros),
        started_at: Timestamp::from_micros(row.started_at),
        finished_at: row.finished_at.map(Timestamp::from_micros),
    })
}
