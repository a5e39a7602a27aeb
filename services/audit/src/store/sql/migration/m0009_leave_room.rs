//! Leaves room beside the rows that every batch changes, on PostgreSQL. A changed row then
//! stays on its page and no index learns of it, which halves what a patient's head costs. Pages
//! that are full already stay so: a database in use gains it for those that are filled from now
//! on, and for all with `VACUUM FULL` (`docs/postgresql.md`).

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

pub(super) struct LeaveRoom;

/// Few tables, and small ones beside the log: some hundred bytes a patient, and 4,369 tiles.
const CHANGED: [&str; 3] = ["patient_heads", "map_tiles", "producers"];

impl MigrationName for LeaveRoom {
    fn name(&self) -> &'static str {
        "m0009_leave_room"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for LeaveRoom {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        alter(manager, "SET (fillfactor = 50)").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        alter(manager, "RESET (fillfactor)").await
    }
}

/// SQLite changes rows in their places.
async fn alter(manager: &SchemaManager<'_>, how: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        for table in CHANGED {
            let alter = format!("ALTER TABLE {table} {how}");
            manager.get_connection().execute_unprepared(&alter).await?;
        }
    }
    Ok(())
}
