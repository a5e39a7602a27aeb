//! What an import was compared with, and what a person decided about it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{text, uuid_null};

use super::table::{add_columns, drop_columns};

pub(super) struct Migration;

const TABLE: &str = "imports";

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0004_held_imports"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            uuid_null("base_import_id"),
            text("decided_by").default("").take(),
            text("decision_reason").default("").take(),
        ];
        add_columns(manager, TABLE, columns).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = ["base_import_id", "decided_by", "decision_reason"];
        drop_columns(manager, TABLE, &columns).await
    }
}
