//! Entries that turned out to be one human.
//!
//! Numbers and practice situations move to the entry that stays, and remember the one
//! that they came from.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, boolean, text, uuid, uuid_null};

use super::table::{add_columns, create_index, drop_columns, drop_index, drop_tables};

pub(super) struct Migration;

/// What moves.
const MOVED: [&str; 2] = ["practitioner_identifiers", "activities"];

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0006_merges"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let merged_into = uuid_null("merged_into");
        add_columns(manager, "practitioners", [merged_into]).await?;
        create_index(manager, "practitioners", &["merged_into"]).await?;
        for table in MOVED {
            add_columns(manager, table, [uuid_null("entry_id")]).await?;
            create_index(manager, table, &["entry_id"]).await?;
        }
        let mut merges = Table::create();
        merges
            .table("merges")
            .col(big_integer("revision").primary_key())
            .col(uuid("source_practitioner_id"))
            .col(uuid("target_practitioner_id"))
            .col(boolean("is_undo"))
            .col(text("author"))
            .col(text("reason"))
            .col(big_integer("created_at"));
        manager.create_table(merges).await?;
        create_index(manager, "merges", &["source_practitioner_id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["merges"]).await?;
        for (table, column) in [
            ("activities", "entry_id"),
            ("practitioner_identifiers", "entry_id"),
            ("practitioners", "merged_into"),
        ] {
            drop_index(manager, table, &[column]).await?;
            drop_columns(manager, table, &[column]).await?;
        }
        Ok(())
    }
}
