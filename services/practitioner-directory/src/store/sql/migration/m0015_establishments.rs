//! Establishments of the FINESS register, and what they lend to structures.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, boolean, text, uuid};

use super::table::{
    add_columns, create_index, create_index_table, drop_columns, drop_tables, key_text,
    leave_out_of_the_log,
};

pub(super) struct Migration;

const STAGED: &str = "staged_establishments";

/// What a structure has of the establishment of its FINESS.
const LENT: [&str; 2] = ["name_lent", "address_lent"];

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0015_establishments"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut establishments = Table::create();
        establishments
            .table("establishments")
            .col(uuid("row_key").primary_key());
        describe(manager, &mut establishments);
        establishments.col(boolean("active"));
        manager.create_table(establishments).await?;
        create_index(manager, "establishments", &["finess"]).await?;

        let mut staged = Table::create();
        staged
            .table(STAGED)
            .col(uuid("import_id"))
            .col(uuid("row_key"));
        describe(manager, &mut staged);
        staged.primary_key(Index::create().col("import_id").col("row_key"));
        create_index_table(manager, staged).await?;
        leave_out_of_the_log(manager, STAGED).await?;

        let lent = LENT.map(|name| boolean(name).default(false).take());
        add_columns(manager, "organizations", lent).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_columns(manager, "organizations", &LENT).await?;
        drop_tables(manager, &[STAGED, "establishments"]).await
    }
}

fn describe(manager: &SchemaManager<'_>, table: &mut TableCreateStatement) {
    table
        .col(key_text(manager, "finess"))
        .col(text("name"))
        .col(key_text(manager, "sort_name"))
        .col(text("words"))
        .col(text("address_line"))
        .col(key_text(manager, "postal_code"))
        .col(text("town"))
        .col(key_text(manager, "town_key"))
        .col(text("town_code"))
        .col(text("department_code"))
        .col(text("category_code"))
        .col(text("category_label"))
        .col(text("opened_on"))
        .col(big_integer("wording"));
}
