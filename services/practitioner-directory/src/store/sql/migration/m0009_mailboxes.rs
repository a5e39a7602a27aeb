//! Mailboxes of people and structures.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{text, uuid};

use super::table::{create_index, create_index_table, drop_tables, key_text};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0009_mailboxes"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut mailboxes = Table::create();
        mailboxes
            .table("mailboxes")
            .col(uuid("row_key").primary_key())
            .col(key_text(manager, "holder"))
            .col(key_text(manager, "address"));
        manager.create_table(mailboxes).await?;
        create_index(manager, "mailboxes", &["holder"]).await?;
        create_index(manager, "mailboxes", &["address"]).await?;
        let mut staged = Table::create();
        staged
            .table("staged_mailboxes")
            .col(uuid("import_id"))
            .col(uuid("row_key"))
            .col(key_text(manager, "holder"))
            .col(text("address"))
            .primary_key(Index::create().col("import_id").col("row_key"));
        create_index_table(manager, staged).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["staged_mailboxes", "mailboxes"]).await
    }
}
