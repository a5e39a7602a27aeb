//! The files of imports, kept until they are applied or given up.

use std::io::{Read, Write};

use aval_database::{Database, DatabaseError, Load, Transaction};
use aval_domain::id::ImportId;
use aval_domain::time::Timestamp;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use sea_orm::ActiveValue::Set;
use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

use super::emptying::Together;
use super::entity::kept_part;
use super::{staging, stored};
use crate::error::Error;

/// Keeps the next part of an import's file.
pub(super) async fn keep(
    db: &Database,
    import_id: ImportId,
    number: u64,
    part: &[u8],
    now: Timestamp,
) -> Result<(), Error> {
    let id = import_id.as_uuid();
    let bytes = deflated(part).await.map_err(|_| corrupt(import_id))?;
    let row = kept_part::ActiveModel {
        import_id: Set(id),
        number: Set(stored(number)),
        bytes: Set(bytes),
    };
    let mut load = Load::into_database(db);
    load.add(vec![row])?;
    staging::put(db, "practitioner_directory.keep_part", load, id, now).await
}

/// A part of an import's file.
pub(super) async fn part(
    db: &Database,
    import_id: ImportId,
    number: u64,
) -> Result<Option<Vec<u8>>, Error> {
    let row = kept_part::Entity::find_by_id((import_id.as_uuid(), stored(number)))
        .one(db.reader())
        .await
        .map_err(DatabaseError::from)?;
    let Some(row) = row else { return Ok(None) };
    let mut part = Vec::new();
    DeflateDecoder::new(row.bytes.as_slice())
        .read_to_end(&mut part)
        .map_err(|_| corrupt(import_id))?;
    Ok(Some(part))
}

/// Whether an import's file is kept.
pub(super) async fn holds(tx: &Transaction, import_id: Uuid) -> Result<bool, DatabaseError> {
    let parts = kept_part::Entity::find()
        .filter(kept_part::Column::ImportId.eq(import_id))
        .count(tx)
        .await?;
    Ok(parts > 0)
}

/// Drops an import's file.
pub(super) async fn discard(tx: &Transaction, import_id: Uuid) -> Result<(), DatabaseError> {
    kept_part::Entity::delete_many()
        .filter(kept_part::Column::ImportId.eq(import_id))
        .exec(tx)
        .await?;
    Ok(())
}

/// Everything that is kept: row by row a hundred megabytes take a second. Whoever keeps
/// something of another import waits for the lock, and what they kept before is seen behind it.
pub(super) const ALL: Together = Together {
    names_imports: "kept_parts",
    lock: "ACCESS EXCLUSIVE",
    tables: "kept_parts",
};

/// A published text becomes a tenth; speed matters more than the last percent. Others have
/// their turn meanwhile: a part takes tens of milliseconds.
async fn deflated(part: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    for piece in part.chunks(DEFLATED_AT_ONCE) {
        encoder.write_all(piece)?;
        tokio::task::yield_now().await;
    }
    encoder.finish()
}

/// How many bytes are deflated before others have their turn.
const DEFLATED_AT_ONCE: usize = 64 * 1024;

fn corrupt(import_id: ImportId) -> DatabaseError {
    DatabaseError::corrupt("kept_parts", "bytes", &import_id)
}
