//! The key that seals page tokens, the same for every instance.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{blob, integer};

use super::table::drop_tables;

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0003_page_token_key"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create();
        table
            .table("page_token_key")
            .col(integer("id").primary_key())
            .col(blob("key"));
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["page_token_key"]).await
    }
}
