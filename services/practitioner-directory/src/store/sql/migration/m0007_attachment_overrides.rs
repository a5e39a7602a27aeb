//! Local corrections of attachments.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, boolean, text, uuid, uuid_null};

use super::table::{add_columns, create_index, drop_columns, drop_tables};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0007_attachment_overrides"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut overrides = Table::create();
        overrides
            .table("attachment_overrides")
            .col(big_integer("revision").primary_key())
            .col(uuid("activity_id"))
            .col(uuid_null("source_organization_id"))
            .col(uuid("organization_id"))
            .col(uuid("agreed_situation"))
            .col(text("author"))
            .col(text("reason"))
            .col(big_integer("created_at"))
            .col(big_integer_null("ended_at"))
            .col(text("ended_by"));
        manager.create_table(overrides).await?;
        create_index(manager, "attachment_overrides", &["activity_id"]).await?;
        let is_overridden = boolean("is_overridden").default(false).take();
        add_columns(manager, "activities", [is_overridden]).await?;
        let retired = big_integer("overrides_retired").default(0).take();
        add_columns(manager, "imports", [retired]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_columns(manager, "imports", &["overrides_retired"]).await?;
        drop_columns(manager, "activities", &["is_overridden"]).await?;
        drop_tables(manager, &["attachment_overrides"]).await
    }
}
