//! Keeps the matrices of access rights that operators load.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, string, text};

pub(super) struct CreateMatrices;

impl MigrationName for CreateMatrices {
    fn name(&self) -> &'static str {
        "m0008_create_matrices"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateMatrices {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut matrices = Table::create();
        matrices
            .table("matrices")
            .col(string("revision").primary_key())
            .col(text("content"))
            .col(big_integer_null("effective_from"))
            .col(big_integer("loaded_at"));
        manager.create_table(matrices).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut matrices = Table::drop();
        matrices.table("matrices");
        manager.drop_table(matrices).await
    }
}
