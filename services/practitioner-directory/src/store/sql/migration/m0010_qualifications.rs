//! What people obtained or were granted in order to practise.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{text, uuid};

use super::table::{create_index, create_index_table, drop_tables, key_text};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0010_qualifications"
    }
}

const COLUMNS: [&str; 5] = ["kind", "type_code", "type_label", "code", "label"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut known = Table::create();
        known
            .table("qualifications")
            .col(uuid("row_key").primary_key())
            .col(key_text(manager, "national_id"));
        let mut staged = Table::create();
        staged
            .table("staged_qualifications")
            .col(uuid("import_id"))
            .col(uuid("row_key"))
            .col(key_text(manager, "national_id"));
        for column in COLUMNS {
            known.col(text(column));
            staged.col(text(column));
        }
        staged.primary_key(Index::create().col("import_id").col("row_key"));
        manager.create_table(known).await?;
        create_index(manager, "qualifications", &["national_id"]).await?;
        create_index_table(manager, staged).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["staged_qualifications", "qualifications"]).await
    }
}
