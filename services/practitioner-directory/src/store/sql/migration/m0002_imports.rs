//! Imports: their records, what they put aside, and what they stage.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, boolean, text, text_null, uuid};

use super::table::{create_index_table, drop_tables, key_text};

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0002_imports"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_imports(manager).await?;
        create_quarantine(manager).await?;
        create_staged_people(manager).await?;
        create_staged_structures(manager).await?;
        create_staged_rows(manager).await?;
        create_touched(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tables = [
            "touched_organizations",
            "touched_activities",
            "touched_practitioners",
            "staged_ends",
            "staged_rows",
            "staged_organizations",
            "staged_practitioners",
            "quarantined_rows",
            "imports",
        ];
        drop_tables(manager, &tables).await
    }
}

async fn create_imports(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut imports = Table::create();
    imports
        .table("imports")
        .col(uuid("import_id").primary_key())
        .col(text("source"))
        .col(text("file_name"))
        .col(text("state"))
        .col(text("state_reason"))
        .col(big_integer_null("generated_at"))
        .col(big_integer("started_at"))
        .col(big_integer("heard_at"))
        .col(big_integer_null("finished_at"))
        .col(big_integer("row_count"))
        .col(big_integer("quarantined_count"))
        .col(text("file_sha256"))
        .col(big_integer("practitioners_before"))
        .col(big_integer("practitioner_count"))
        .col(big_integer("practitioners_added"))
        .col(big_integer("practitioners_changed"))
        .col(big_integer("practitioners_deactivated"))
        .col(big_integer("activity_count"))
        .col(big_integer("organization_count"));
    manager.create_table(imports).await
}

async fn create_quarantine(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut rows = Table::create();
    rows.table("quarantined_rows")
        .col(uuid("import_id"))
        .col(big_integer("line"))
        .col(text("column_name"))
        .col(text("reason"))
        .primary_key(Index::create().col("import_id").col("line"));
    manager.create_table(rows).await
}

async fn create_staged_people(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut people = Table::create();
    people
        .table("staged_practitioners")
        .col(uuid("import_id"))
        .col(key_text(manager, "national_id"))
        .col(uuid("practitioner_id"))
        .col(text("family_name"))
        .col(text("given_name"))
        .col(text("civility"))
        .col(key_text(manager, "sort_name"))
        .col(text("words"))
        .col(big_integer("wording"))
        .primary_key(Index::create().col("import_id").col("national_id"));
    create_index_table(manager, people).await
}

async fn create_staged_structures(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut structures = Table::create();
    structures
        .table("staged_organizations")
        .col(uuid("import_id"))
        .col(key_text(manager, "technical_id"))
        .col(uuid("organization_id"));
    for number in ["finess", "legal_finess", "siret", "siren", "rpps_rank"] {
        structures.col(text_null(number));
    }
    structures
        .col(text("name"))
        .col(text("address_line"))
        .col(key_text(manager, "postal_code"))
        .col(text("town"))
        .col(key_text(manager, "town_key"))
        .col(text("town_code"))
        .col(text("department_code"))
        .col(text("sector_code"))
        .col(key_text(manager, "sort_name"))
        .col(text("words"))
        .col(big_integer("wording"))
        .primary_key(Index::create().col("import_id").col("technical_id"));
    create_index_table(manager, structures).await
}

async fn create_staged_rows(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut rows = Table::create();
    rows.table("staged_rows")
        .col(uuid("import_id"))
        .col(uuid("row_key"))
        .col(uuid("situation"))
        .col(uuid("activity_id"))
        .col(key_text(manager, "national_id"));
    let mut technical_id = key_text(manager, "technical_id");
    rows.col(technical_id.null());
    for code in [
        "profession",
        "category",
        "mode",
        "sector",
        "function",
        "kind",
    ] {
        rows.col(text(code));
    }
    rows.col(text("skill_type"))
        .col(text("skill_code"))
        .col(text("skill_label"))
        .primary_key(Index::create().col("import_id").col("row_key"));
    create_index_table(manager, rows).await?;

    let mut ends = Table::create();
    ends.table("staged_ends")
        .col(uuid("import_id"))
        .col(uuid("row_key"))
        .primary_key(Index::create().col("import_id").col("row_key"));
    create_index_table(manager, ends).await
}

/// What an import changes among what is there already, while it is applied.
async fn create_touched(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    for (name, id) in [
        ("touched_practitioners", "practitioner_id"),
        ("touched_activities", "activity_id"),
        ("touched_organizations", "organization_id"),
    ] {
        let mut table = Table::create();
        table
            .table(name)
            .col(uuid("import_id"))
            .col(uuid(id))
            .col(boolean("was_active"))
            .primary_key(Index::create().col("import_id").col(id));
        create_index_table(manager, table).await?;
    }
    Ok(())
}
