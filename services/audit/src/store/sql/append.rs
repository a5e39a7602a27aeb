//! How a batch becomes rows.

mod postgres;
mod sqlite;

use aval_database::{Backend, Database, DatabaseError};
use sea_orm::DbErr;

use super::alias;
use crate::batch::Batch;
use crate::store::CommitError;

pub(super) async fn commit(
    db: &Database,
    batch: &Batch<'_>,
    positions: &[(&str, u64, u64)],
) -> Result<(), CommitError> {
    db.transaction("audit.append", async |tx| {
        let stored = match db.backend() {
            Backend::Sqlite => sqlite::store(&tx, batch, positions).await,
            Backend::Postgres => postgres::store(&tx, batch, positions).await,
        };
        stored.map_err(already_recorded)?;
        Ok(alias::take(&tx, &batch.who_is_whom).await?)
    })
    .await
}

fn already_recorded(error: CommitError) -> CommitError {
    match error {
        CommitError::Database(error)
            if error.violates_unique("events_event_id_key", "events", &["event_id"]) =>
        {
            CommitError::AlreadyRecorded
        }
        other => other,
    }
}

impl From<DbErr> for CommitError {
    fn from(error: DbErr) -> Self {
        Self::Database(DatabaseError::from(error))
    }
}
