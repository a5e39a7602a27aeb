//! Makes room for the newest checkpoint that witnesses cosigned. It has a table of its own:
//! the row of `log_head` is the writer's, who would wait for whoever keeps one.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, integer, text};

pub(super) struct CreateWitnessed;

impl MigrationName for CreateWitnessed {
    fn name(&self) -> &'static str {
        "m0006_create_witnessed"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateWitnessed {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut witnessed = Table::create();
        witnessed
            .table("witnessed")
            .col(integer("id").primary_key())
            .col(big_integer("size"))
            .col(text("checkpoint"));
        manager.create_table(witnessed).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("witnessed").take())
            .await
    }
}
