//! The files of imports, kept until they are applied or given up.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, blob, boolean, uuid};

use super::table::{add_columns, drop_columns, drop_tables};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0011_kept_files"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut parts = Table::create();
        parts
            .table("kept_parts")
            .col(uuid("import_id"))
            .col(big_integer("number"))
            .col(blob("bytes"))
            .primary_key(Index::create().col("import_id").col("number"));
        manager.create_table(parts).await?;
        let columns = [
            big_integer_null("held_at"),
            boolean("is_staged").default(true).take(),
        ];
        add_columns(manager, "imports", columns).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_columns(manager, "imports", &["held_at", "is_staged"]).await?;
        drop_tables(manager, &["kept_parts"]).await
    }
}
