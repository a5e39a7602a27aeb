//! The step that creates the `requests` table.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, text, text_null, uuid};

/// Creates `requests`; a service lists it among its migrations.
#[derive(Debug, Clone, Copy)]
pub struct CreateRequests;

impl MigrationName for CreateRequests {
    fn name(&self) -> &'static str {
        "aval_database_requests_1"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateRequests {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = Table::create();
        table
            .table("requests")
            .col(text("actor"))
            .col(uuid("request_id"))
            .col(text("operation"))
            .col(blob("fingerprint"))
            .col(text_null("result"))
            .col(big_integer("claimed_at"))
            .primary_key(
                Index::create()
                    .name("requests_pkey")
                    .col("actor")
                    .col("request_id"),
            );
        manager.create_table(table).await?;
        let mut by_age = Index::create();
        by_age
            .name("requests_claimed_at")
            .table("requests")
            .col("claimed_at");
        manager.create_index(by_age).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("requests").take())
            .await
    }
}
