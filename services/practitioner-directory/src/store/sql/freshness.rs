//! What the directory was last made from.

use aval_database::{Database, DatabaseError, Transaction};
use aval_domain::id::ImportId;
use aval_domain::time::Timestamp;
use sea_orm::EntityTrait;

use super::count;
use super::entity::source;
use crate::error::Error;
use crate::freshness::{Freshness, SourceFreshness};
use crate::source::Source;

/// When the source of people and structures generated the file in use.
pub(super) async fn as_of(tx: &Transaction) -> Result<Option<Timestamp>, Error> {
    let row = of_source(tx, Source::PracticeSituations).await?;
    Ok(row
        .and_then(|row| row.generated_at)
        .map(Timestamp::from_micros))
}

/// What is kept of a source, if anything of it was ever imported.
pub(super) async fn of_source(
    tx: &Transaction,
    source: Source,
) -> Result<Option<source::Model>, Error> {
    source::Entity::find_by_id(source.name())
        .one(tx)
        .await
        .map_err(|error| DatabaseError::from(error).into())
}

/// How old each source is, but those that need not be imported and never were. The
/// counts are those of the last import of practice situations: nothing else changes them.
pub(super) async fn of(db: &Database) -> Result<Freshness, Error> {
    db.snapshot("practitioner_directory.freshness", |tx| async move {
        let mut freshness = Freshness {
            sources: Vec::new(),
            practitioner_count: 0,
            activity_count: 0,
            organization_count: 0,
        };
        for source in Source::ALL {
            let row = of_source(&tx, *source).await?;
            let is_imported = row.as_ref().is_some_and(|row| row.import_id.is_some());
            if !source.is_required() && !is_imported {
                continue;
            }
            if let Some(row) = row.as_ref().filter(|_| source.is_required()) {
                freshness.practitioner_count +=
                    count("sources", "practitioner_count", row.practitioner_count)?;
                freshness.activity_count += count("sources", "activity_count", row.activity_count)?;
                freshness.organization_count +=
                    count("sources", "organization_count", row.organization_count)?;
            }
            freshness.sources.push(source_freshness(*source, row)?);
        }
        Ok(freshness)
    })
    .await
}

fn source_freshness(source: Source, row: Option<source::Model>) -> Result<SourceFreshness, Error> {
    let changed = row.as_ref().map_or(0, |row| row.changed_count);
    Ok(SourceFreshness {
        source,
        generated_at: row
            .as_ref()
            .and_then(|row| row.generated_at)
            .map(Timestamp::from_micros),
        imported_at: row
            .as_ref()
            .and_then(|row| row.imported_at)
            .map(Timestamp::from_micros),
        changed_count: count("sources", "changed_count", changed)?,
        import_id: row.and_then(|row| row.import_id).map(ImportId::from_uuid),
    })
}
