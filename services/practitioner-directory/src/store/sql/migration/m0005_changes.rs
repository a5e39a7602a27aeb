//! Which revision of the directory last changed what.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, integer};

use super::table::{add_columns, create_index, drop_columns, drop_index, drop_tables};

pub(super) struct Migration;

/// Tables whose rows carry the revision that changed them, and their keys.
const TOLD: [(&str, &str); 2] = [
    ("organizations", "organization_id"),
    ("practitioners", "practitioner_id"),
];

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0005_changes"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, id) in TOLD {
            // What was there before is told as the very first revision.
            let revision = big_integer("revision").default(0).take();
            add_columns(manager, table, [revision]).await?;
            create_index(manager, table, &["revision", id]).await?;
        }
        let mut clock = Table::create();
        clock
            .table("directory_clock")
            .col(integer("id").primary_key())
            .col(big_integer("revision"));
        manager.create_table(clock).await?;
        let mut first = Query::insert();
        first
            .into_table("directory_clock")
            .columns(["id", "revision"])
            .values_panic([1.into(), 0.into()]);
        manager.execute(first).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["directory_clock"]).await?;
        for (table, id) in TOLD {
            drop_index(manager, table, &["revision", id]).await?;
            drop_columns(manager, table, &["revision"]).await?;
        }
        Ok(())
    }
}
