//! What is said of people apart from their practice situations: their skills.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, boolean, text, uuid};

use super::table::{
    add_columns, create_index, create_index_table, drop_columns, drop_tables, key_text,
};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0008_person_skills"
    }
}

const COLUMNS: [&str; 5] = [
    "profession",
    "category",
    "skill_type",
    "skill_code",
    "skill_label",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut skills = Table::create();
        skills
            .table("person_skills")
            .col(uuid("row_key").primary_key())
            .col(key_text(manager, "national_id"));
        let mut staged = Table::create();
        staged
            .table("staged_person_skills")
            .col(uuid("import_id"))
            .col(uuid("row_key"))
            .col(key_text(manager, "national_id"));
        for column in COLUMNS {
            skills.col(text(column));
            staged.col(text(column));
        }
        staged.primary_key(Index::create().col("import_id").col("row_key"));
        manager.create_table(skills).await?;
        create_index(manager, "person_skills", &["national_id"]).await?;
        create_index_table(manager, staged).await?;
        create_touched(manager).await?;
        let unknown = big_integer("practitioners_unknown").default(0).take();
        add_columns(manager, "imports", [unknown]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_columns(manager, "imports", &["practitioners_unknown"]).await?;
        let tables = ["touched_holders", "staged_person_skills", "person_skills"];
        drop_tables(manager, &tables).await
    }
}

/// Whom an import is about, known or not, while it is applied.
async fn create_touched(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut touched = Table::create();
    touched
        .table("touched_holders")
        .col(uuid("import_id"))
        .col(key_text(manager, "holder"))
        .col(boolean("was_told_of"))
        .primary_key(Index::create().col("import_id").col("holder"));
    create_index_table(manager, touched).await
}
