//! Creates the decisions already answered.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, blob, text, uuid};

pub(super) struct CreateDecisions;

impl MigrationName for CreateDecisions {
    fn name(&self) -> &'static str {
        "m0004_create_decisions"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateDecisions {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut decisions = Table::create();
        decisions
            .table("decisions")
            .col(text("actor"))
            .col(uuid("request_id"))
            .col(blob("fingerprint"))
            .col(text("decision"))
            .col(uuid("event_id"))
            .col(big_integer("decided_at"))
            .primary_key(Index::create().col("actor").col("request_id"));
        manager.create_table(decisions).await?;
        let mut by_age = Index::create();
        by_age
            .name("decisions_decided_at")
            .table("decisions")
            .col("decided_at");
        manager.create_index(by_age).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("decisions").take())
            .await
    }
}
